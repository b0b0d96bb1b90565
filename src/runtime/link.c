/*
 * link.c: links, monitors, aliases and exit signals, as the process that makes them sees it.
 *
 * What they do to the other side is in deliver.c.
 */
#include "runtime/process.h"
#include "runtime/scheduler.h"

static bool is_local(uint64_t pid)
{
        return tag_of(term_of(pid)) == TAG_PID;
}

/* A signal without a term that is to be sent now, with room for its own answer (see deliver.c); fails
 * where memory is used up. */
static struct signal *signal_from(struct process *p, enum signal_kind kind, uint64_t to,
                                  uint64_t ref)
{
        struct signal *signal = cop__signal_new(kind, to, SIGNAL_SPARE_WORDS);

        if (!signal)
                cop__fail_limit("memory");
        signal->from = pid_of(p);
        signal->ref = ref;
        return signal;
}

/* ---- links ---- */

/* Nobody is there: who traps exits hears of it, by the signal that asked; who does not dies. */
static void link_failed(struct process *p, struct signal *link)
{
        if (!(p->flags & TRAPS_EXITS)) {
                cop__signal_free(link);
                cop_error("noproc");
        }
        link->kind = SIGNAL_EXIT;
        link->from = link->to;
        link->to = pid_of(p);
        link->term = ATOM(noproc);
        cop__deliver(link);
        cop__signals_handle(p);
}

void cop_link(cop_pid pid)
{
        struct process *p = cop__self();
        struct bond *unlinking;
        struct signal *signal;

        if (!is_local(pid.word) || p->flags & IS_GUEST)
                cop__fail_badarg(COP_HERE);
        if (pid.word == pid_of(p))
                return;
        cop__signals_handle(p);
        if (cop__links_has(&p->links, pid.word))
                return;
        signal = signal_from(p, SIGNAL_LINK, pid.word, 0);
        if (!cop__links_add(&p->links, pid.word)) {
                cop__signal_free(signal);
                cop__fail_limit("memory");
        }
        unlinking = cop__bond_find(&p->bonds, pid.word);
        if (unlinking)
                cop__bond_remove(&p->bonds, unlinking);
        if (!cop__deliver(signal)) {
                cop__links_remove(&p->links, pid.word);
                link_failed(p, signal);
        }
        cop__reductions(p, WORK_SEND);
}

void cop_unlink(cop_pid pid)
{
        struct process *p = cop__self();
        struct bond *bond;
        struct signal *signal;

        if (!is_local(pid.word))
                cop__fail_badarg(COP_HERE);
        cop__signals_handle(p);
        if (!cop__links_has(&p->links, pid.word))
                return;
        signal = signal_from(p, SIGNAL_UNLINK, pid.word, new_ref(p));
        bond = cop__bond_add(&p->bonds, pid.word, BOND_UNLINKING);
        if (!bond) {
                cop__signal_free(signal);
                cop__fail_limit("memory");
        }
        bond->other = signal->ref;
        cop__links_remove(&p->links, pid.word);
        if (!cop__deliver(signal)) {
                cop__signal_free(signal);
                cop__bond_remove(&p->bonds, cop__bond_find(&p->bonds, pid.word));
        }
        cop__reductions(p, WORK_SEND);
}

bool cop_trap_exits(bool trap)
{
        struct process *p = cop__self();
        bool trapped = p->flags & TRAPS_EXITS;

        /* What arrived before counts as it was then. */
        cop__signals_handle(p);
        p->flags = (uint16_t)(trap ? p->flags | TRAPS_EXITS : p->flags & ~TRAPS_EXITS);
        return trapped;
}

/* ---- exit signals ---- */

void cop_exit_to_term(cop_pid pid, cop_term reason)
{
        struct process *p = cop__self();
        struct signal *signal;

        if (!is_local(pid.word) || !reason.word)
                cop__fail_badarg(COP_HERE);
        signal = cop__signal_of_end(SIGNAL_EXIT, pid.word, reason);
        if (!signal)
                cop__fail_limit("memory");
        signal->from = pid_of(p);
        if (!cop__deliver(signal))
                cop__signal_free(signal);
        if (pid.word == pid_of(p))
                cop__signals_handle(p); /* to oneself it takes effect before the call returns */
        cop__reductions(p, WORK_SEND);
}

void cop_kill(cop_pid pid)
{
        cop_exit_to_term(pid, ATOM(kill));
}

/* ---- monitors ---- */

static bool is_registered_name(struct cop__to to)
{
        return to.kind == COP__TEXT || tag_of(term_of(to.word)) == TAG_ATOM;
}

static cop_term name_of(struct cop__to to)
{
        if (to.kind == COP__TEXT)
                return cop_atom((const char *)(uintptr_t)to.word);
        return term_of(to.word);
}

cop_ref cop__monitor(struct cop__to to, const struct cop_monitor_options *options)
{
        struct process *p = cop__self();
        uint64_t alias, ref = new_ref(p);
        uint64_t pid = cop__to_pid_word(NULL, to, &alias);
        cop_term tag = cop_keep(options->tag);
        struct bond *bond;
        struct signal *signal;

        if (options->alias == COP_ALIAS_REPLY || alias)
                cop__fail_badarg(COP_HERE);
        signal = signal_from(p, SIGNAL_MONITOR, pid, ref);
        bond = cop__bond_add(&p->bonds, ref, BOND_MONITOR);
        if (!bond) {
                cop__signal_free(signal);
                cop__fail_limit("memory");
        }
        bond->other = pid;
        bond->tag = tag;
        bond->name = is_registered_name(to) ? name_of(to) : COP_NONE;
        bond->alias = (uint8_t)options->alias;
        if (pid == pid_of(p))
                cop__signal_free(signal); /* allowed, and never fires */
        else if (!pid || !cop__deliver(signal))
                cop__answer_for_the_dead(signal, ATOM(noproc));
        cop__reductions(p, WORK_SEND);
        return (cop_ref){ ref };
}

bool cop_demonitor(cop_ref ref)
{
        struct process *p = cop__self();
        struct bond *bond;
        uint64_t watched;

        cop__signals_handle(p);
        bond = cop__bond_find(&p->bonds, ref.word);
        if (!bond || bond->kind != BOND_MONITOR)
                return false;
        watched = bond->other;
        cop__monitor_end(p, bond);
        cop__hint(SIGNAL_DEMONITOR, watched, pid_of(p), ref.word);
        return true;
}

static bool is_down_of(cop_term message, void *context)
{
        cop_ref ref = *(cop_ref *)context;
        cop_term object, reason, tag;

        return cop_match(message, "{Tag, ^Ref, process, Object, Reason}", &tag, &ref, &object,
                         &reason);
}

bool cop_demonitor_flush(cop_ref ref)
{
        bool active = cop_demonitor(ref);

        if (active)
                return true;
        cop_receive_if(is_down_of, &ref, 0);
        return false;
}

/* ---- aliases and references ---- */

cop_ref cop_alias(enum cop_alias_mode mode)
{
        struct process *p = cop__self();
        uint64_t ref = new_ref(p);
        struct bond *bond;

        if (mode != COP_ALIAS_EXPLICIT && mode != COP_ALIAS_REPLY)
                cop__fail_badarg(COP_HERE);
        bond = cop__bond_add(&p->bonds, ref, BOND_ALIAS);
        if (!bond)
                cop__fail_limit("memory");
        bond->alias = (uint8_t)mode;
        return (cop_ref){ ref };
}

bool cop_unalias(cop_ref alias)
{
        struct process *p = cop__self();
        struct bond *bond;
        bool active;

        /* What has arrived but was not handled is still under way: it is not let in. */
        bond = cop__bond_find(&p->bonds, alias.word);
        active = bond && (bond->kind == BOND_ALIAS || bond->kind == BOND_MONITOR) &&
                 bond->alias != COP_ALIAS_NONE;
        if (!active)
                return false;
        bond->alias = COP_ALIAS_NONE;
        if (bond->kind == BOND_ALIAS)
                cop__bond_remove(&p->bonds, bond);
        return true;
}

cop_ref cop_new_ref(void)
{
        return (cop_ref){ new_ref(cop__self()) };
}
