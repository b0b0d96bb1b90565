/*
 * registry_partition.c: the process that cleans up a part of a registry, and hands out its locks.
 *
 * Entries   Who registers something links with this process. An exit signal therefore is the end of
 *           who had entries, which are taken out. The end of this process, however it comes, first
 *           takes out the entries that were its to clean up.
 * Locks     A kept list of {Key, Holder, Monitor, Waiting}. The first who asks has the lock, the
 *           others wait in their calls, oldest last in Waiting; a holder that ends lets go.
 */
#include <coppice/memory.h>
#include <coppice/registry.h>

#include "otp/directory.h"
#include "otp/registry.h"

struct partition {
        cop_term name;
        uint64_t id;
        unsigned index;
        cop_term locks; /* kept */
};

static void clear(void *partition)
{
        struct partition *p = partition;
        cop_pid nobody = { 0 };

        cop__directory_own(p->name, p->id, p->index, nobody);
}

static cop_next init(struct partition *p, cop_term argument)
{
        struct partition *mine;

        if (!cop_match(argument, "{Name, Id, Index}", &p->name, &p->id, &p->index))
                return cop_end("{badarg, Argument}", argument);
        p->locks = cop_nil();
        cop_trap_exits(true);
        mine = cop_alloc(sizeof(*mine));
        *mine = *p;
        cop_own(mine, clear);
        if (!cop__directory_own(p->name, p->id, p->index, cop_self()))
                return cop_end("shutdown");
        return cop_ok();
}

/* ---- entries ---- */

static bool go(struct entry *entry, void *context)
{
        return true;
}

/* ---- locks ---- */

/* The lock with this key or monitor, and in *others all the rest. */
static cop_term find_lock(struct partition *p, cop_term key, cop_ref monitor, cop_term *others)
{
        cop_term found = COP_NONE, its_key;
        cop_ref its_monitor;

        *others = cop_nil();
        COP_EACH (lock, p->locks) {
                if (cop_match(lock, "{Key, _, Monitor, _}", &its_key, &its_monitor) &&
                    (cop_is_none(key) ? its_monitor.word == monitor.word : cop_equal(its_key, key)))
                        found = lock;
                else
                        *others = cop_cons(lock, *others);
        }
        return found;
}

static cop_term held_by(cop_term key, cop_from from, cop_term waiting)
{
        return cop_build("{Key, Holder, Monitor, Waiting}", key, from.pid, cop_monitor(from.pid),
                         waiting);
}

static void take(struct partition *p, cop_term key, cop_from from)
{
        cop_ref none = { 0 }, monitor;
        cop_term others, waiting, lock = find_lock(p, key, none, &others);
        cop_pid holder;

        if (cop_match(lock, "{_, Holder, Monitor, Waiting}", &holder, &monitor, &waiting)) {
                lock = cop_build("{K, H, M, [F | W]}", key, holder, monitor, cop_from_term(from),
                                 waiting);
        } else {
                lock = held_by(key, from, cop_nil());
                cop_answer(from, "ok");
        }
        cop_replace(&p->locks, cop_cons(lock, others));
}

/* The next who waits has it. One that is dead by now lets go as soon as its monitor fires. */
static void give(struct partition *p, cop_term key, cop_ref monitor)
{
        cop_term others, waiting, oldest_first;
        cop_from next;

        if (!cop_match(find_lock(p, key, monitor, &others), "{Key, _, Monitor, Waiting}", &key,
                       &monitor, &waiting))
                return;
        cop_demonitor_flush(monitor);
        oldest_first = cop_reverse(waiting);
        if (!cop_is_nil(oldest_first)) {
                next = cop_to_from(cop_head(oldest_first));
                others = cop_cons(held_by(key, next, cop_reverse(cop_tail(oldest_first))), others);
                cop_answer(next, "ok");
        }
        cop_replace(&p->locks, others);
}

static cop_next handle_call(struct partition *p, cop_term request, cop_from from)
{
        cop_term key;

        if (!cop_match(request, "{lock, Key}", &key))
                return cop_no_clause();
        take(p, key, from);
        return cop_noreply();
}

static cop_next handle_cast(struct partition *p, cop_term request)
{
        cop_ref none = { 0 };
        cop_term key;

        if (!cop_match(request, "{unlock, Key}", &key))
                return cop_no_clause();
        give(p, key, none);
        return cop_noreply();
}

static cop_next handle_info(struct partition *p, cop_term message)
{
        struct selection its = { .key = COP_NONE };
        cop_ref monitor;

        if (cop_match(message, "{'EXIT', Pid, _}", &its.pid))
                cop__directory_each(p->name, its, go, NULL);
        else if (cop_match(message, "{'DOWN', Monitor, process, _, _}", &monitor))
                give(p, COP_NONE, monitor);
        return cop_noreply();
}

static cop_term show(struct partition *p)
{
        return cop_build("#{registry => Name, partition => Index, locks => Locks}", p->name,
                         p->index, p->locks);
}

COP_SERVER(cop_registry_partition, struct partition, .init = init, .handle_call = handle_call,
           .handle_cast = handle_cast, .handle_info = handle_info, .show = show);

/* ---- who wants a lock ---- */

struct locked {
        cop_registry_lock_fn *fn;
        cop_term argument, result;
};

static void run(void *argument)
{
        struct locked *locked = argument;

        locked->result = locked->fn(locked->argument);
}

cop_term cop__registry_lock(const char *registry, cop_term key, cop_registry_lock_fn *fn,
                            cop_term argument)
{
        struct locked locked = { fn, argument, COP_NONE };
        cop_term name = cop_atom(registry), reason;
        cop_pid like = { cop_hash(key) }; /* all who want this key ask the same partition */
        struct directory_view view;
        enum cop_class class;

        if (!cop__directory_view(name, like, &view) || cop_is_nobody(view.owner))
                cop_error("{unknown_registry, Name}", name);
        cop_call_within(COP_FOREVER, view.owner, "{lock, Key}", key);
        class = cop_try(run, &locked, &reason);
        cop_cast(view.owner, "{unlock, Key}", key);
        if (class == COP_THROW)
                cop_throw_term(reason);
        if (class != COP_NORMAL)
                cop_exit_term(reason);
        return locked.result;
}
