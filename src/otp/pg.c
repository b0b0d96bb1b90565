/*
 * pg.c: a server that writes a directory, which everybody reads.
 *
 * An entry is one membership: its key is the group, its value means nothing. The scope's process makes
 * and takes them all, one request at a time; it monitors every member, and takes out all that a
 * process has when that ends. Its own end takes the directory with it, before its name is free.
 *
 * Order     An answer comes when the directory is changed and whoever monitors has been told, so a
 *           look after it sees the change.
 */
#include <coppice/memory.h>
#include <coppice/pg.h>
#include <coppice/table.h>

#include "otp/directory.h"

struct pg {
        cop_term scope;
        struct cop_table *members;  /* pid => monitor */
        struct cop_table *watchers; /* reference => {Pid, all} or {Pid, {group, Group}} */
};

/* ---- entries ---- */

static bool take_out(struct entry *entry, void *groups)
{
        cop_term *list = groups;

        *list = cop_cons(cop_copy(cop_held_term(entry->key)), *list);
        return true;
}

static bool take_one(struct entry *entry, void *taken)
{
        bool *done = taken, before = *done;

        *done = true;
        return !before;
}

static bool note(struct entry *entry, void *found)
{
        *(bool *)found = true;
        return false;
}

static bool add_member(struct entry *entry, void *members)
{
        cop_term *list = members;

        *list = cop_cons(cop_pid_term(entry->pid), *list);
        return false;
}

/* ---- all groups ---- */

struct listed {
        cop_term group, pids;
};

static bool add_to_group(struct entry *entry, void *groups)
{
        cop_term group = cop_held_term(entry->key);
        struct listed *listed = cop_table_find_pointer(groups, group);

        if (!listed) {
                listed = cop_alloc(sizeof(*listed));
                listed->group = cop_copy(group);
                listed->pids = cop_nil();
                cop_table_put_pointer(groups, group, listed);
        }
        listed->pids = cop_cons(cop_pid_term(entry->pid), listed->pids);
        return false;
}

/* #{Group => Pids}; COP_NONE: there is no such scope. */
static cop_term all_groups(cop_term scope)
{
        struct cop_table *groups = cop_table_new();
        enum directory_kind kind = cop__directory_each(scope, (struct selection){ .key = COP_NONE },
                                                       add_to_group, groups);
        size_t size = cop_table_size(groups), i = 0;
        cop_term *keys = cop_alloc(2 * size * sizeof(cop_term)), *values = keys + size, map;
        struct listed *listed;

        COP_TABLE_EACH(entry, groups)
        {
                listed = entry.pointer;
                keys[i] = listed->group;
                values[i++] = listed->pids;
                cop_free(listed);
        }
        map = cop_map(size, keys, values);
        cop_free(keys);
        cop_table_free(groups);
        return kind == DIRECTORY_GROUPS ? map : COP_NONE;
}

/* ---- what the rest of the program calls ---- */

static bool is_local(cop_term term)
{
        return cop_is_pid(term) && !cop_is_nobody(cop_to_pid(term));
}

/* A list of them. */
static cop_term local_pids(cop_term who)
{
        if (cop_is_pid(who))
                return cop_build("[Pid]", who);
        if (!cop_is_list(who))
                cop_error("function_clause");
        COP_EACH (pid, who)
                if (!is_local(pid))
                        cop_error("{nolocal, It}", pid);
        return who;
}

static cop_term ask(const char *scope, cop_term request)
{
        return cop_call_term(COP__TO(scope), request, COP_FOREVER);
}

void cop__pg_join(const char *scope, cop_term group, cop_term who)
{
        ask(scope, cop_build("{join_local, Group, Pids}", group, local_pids(who)));
}

bool cop__pg_leave(const char *scope, cop_term group, cop_term who)
{
        return cop_is(ask(scope, cop_build("{leave_local, Group, Pids}", group, local_pids(who))),
                      "ok");
}

cop_term cop__pg_get_members(const char *scope, cop_term group)
{
        cop_term list = cop_nil();
        enum directory_kind kind = cop__directory_each(
                cop_atom(scope), (struct selection){ .key = group }, add_member, &list);

        return kind == DIRECTORY_GROUPS ? list : cop_nil();
}

cop_term cop_pg_which_groups(const char *scope)
{
        cop_term groups = all_groups(cop_atom(scope)), list = cop_nil();
        size_t i;

        if (cop_is_none(groups))
                cop_error("badarg");
        for (i = cop_map_size(groups); i-- > 0;)
                list = cop_cons(cop_map_key(groups, i), list);
        return list;
}

static cop_ref watch(const char *scope, cop_term request, cop_term *now)
{
        cop_ref ref = { 0 };

        cop_match(ask(scope, request), "{Ref, Now}", &ref, now);
        return ref;
}

cop_ref cop_pg_monitor_scope(const char *scope, cop_term *groups)
{
        return watch(scope, cop_build("monitor"), groups);
}

cop_ref cop__pg_monitor(const char *scope, cop_term group, cop_term *members)
{
        return watch(scope, cop_build("{monitor, Group}", group), members);
}

bool cop_pg_demonitor(const char *scope, cop_ref ref)
{
        return cop_is(ask(scope, cop_build("{demonitor, Ref}", ref)), "ok");
}

/* ---- what the process does, one message at a time ---- */

static void free_directory(void *place)
{
        struct directory **directory = place;

        if (*directory)
                cop__directory_free(*directory);
}

static cop_next init(struct pg *pg, cop_term argument)
{
        struct directory **place = cop_alloc(sizeof(*place));
        struct directory_view view;

        pg->scope = cop_process_info(cop_self(), "registered_name");
        if (!cop_is_atom(pg->scope) || !cop_is_nil(argument))
                return cop_end("{badarg, Argument}", argument);
        pg->members = cop_table_new();
        pg->watchers = cop_table_new();
        cop_own(place, free_directory);
        *place = cop__directory_new(pg->scope, DIRECTORY_GROUPS, 1);
        if (!*place || !cop__directory_view(pg->scope, cop_self(), &view))
                cop_error("{system_limit, memory}");
        cop__directory_own(pg->scope, view.id, 0, cop_self());
        return cop_ok();
}

static void tell(struct pg *pg, const char *what, cop_term group, cop_term pids)
{
        cop_term watched, its_group;
        cop_pid pid;

        COP_TABLE_EACH(watcher, pg->watchers)
        {
                cop_match(watcher.value, "{Pid, Watched}", &pid, &watched);
                if (!cop_match(watched, "{group, Group}", &its_group) ||
                    cop_equal(its_group, group))
                        cop_send(pid, "{Ref, What, Group, Pids}", watcher.key, cop_atom(what),
                                 group, pids);
        }
}

static void join(struct pg *pg, cop_term group, cop_term pids)
{
        struct addition addition = { .key = group, .value = cop_nil(), .owner = cop_self() };
        cop_pid holder;

        COP_EACH (pid, pids) {
                addition.pid = cop_to_pid(pid);
                if (!cop_table_has(pg->members, pid))
                        cop_table_put(pg->members, pid, cop_ref_term(cop_monitor(addition.pid)));
                cop__directory_add(pg->scope, &addition, &holder);
        }
        if (!cop_is_nil(pids))
                tell(pg, "join", group, pids);
}

/* Nobody is monitored who is in no group. */
static void forget_if_gone(struct pg *pg, cop_term pid)
{
        struct selection its = { .pid = cop_to_pid(pid) };
        cop_term monitor;
        bool found = false;

        cop__directory_each(pg->scope, its, note, &found);
        if (found)
                return;
        monitor = cop_table_take(pg->members, pid);
        if (!cop_is_none(monitor))
                cop_demonitor_flush(cop_to_ref(monitor));
}

static cop_term leave(struct pg *pg, cop_term group, cop_term pids)
{
        bool any = false, one;

        COP_EACH (pid, pids) {
                struct selection its = { .key = group, .pid = cop_to_pid(pid) };

                one = false;
                cop__directory_each(pg->scope, its, take_one, &one);
                any = any || one;
                forget_if_gone(pg, pid);
        }
        if (!any)
                return cop_build("not_joined");
        tell(pg, "leave", group, pids);
        return cop_build("ok");
}

static cop_term start_watch(struct pg *pg, cop_pid pid, cop_term watched)
{
        cop_ref ref = cop_monitor(pid);
        cop_term now = cop_nil(), group;

        if (cop_match(watched, "{group, Group}", &group))
                cop__directory_each(pg->scope, (struct selection){ .key = group }, add_member,
                                    &now);
        else
                now = all_groups(pg->scope);
        cop_table_put(pg->watchers, cop_ref_term(ref), cop_build("{Pid, Watched}", pid, watched));
        return cop_build("{Ref, Now}", ref, now);
}

static cop_term end_watch(struct pg *pg, cop_ref ref)
{
        if (!cop_table_remove(pg->watchers, cop_ref_term(ref)))
                return cop_bool(false);
        cop_demonitor_flush(ref);
        return cop_build("ok");
}

static cop_next handle_call(struct pg *pg, cop_term request, cop_from from)
{
        cop_term group, pids;
        cop_ref ref;

        if (cop_match(request, "{join_local, Group, Pids}", &group, &pids)) {
                join(pg, group, pids);
                return cop_reply(cop_build("ok"));
        }
        if (cop_match(request, "{leave_local, Group, Pids}", &group, &pids))
                return cop_reply(leave(pg, group, pids));
        if (cop_is(request, "monitor"))
                return cop_reply(start_watch(pg, from.pid, cop_build("all")));
        if (cop_match(request, "{monitor, Group}", &group))
                return cop_reply(start_watch(pg, from.pid, cop_build("{group, Group}", group)));
        if (cop_match(request, "{demonitor, Ref}", &ref))
                return cop_reply(end_watch(pg, ref));
        return cop_no_clause();
}

/* A member has ended: it leaves as often as it has joined. */
static void bury(struct pg *pg, cop_term pid)
{
        struct selection its = { .pid = cop_to_pid(pid) };
        cop_term groups = cop_nil();

        cop_table_remove(pg->members, pid);
        cop__directory_each(pg->scope, its, take_out, &groups);
        COP_EACH (group, groups)
                tell(pg, "leave", group, cop_build("[Pid]", pid));
}

static cop_next handle_info(struct pg *pg, cop_term message)
{
        cop_term pid;
        cop_ref ref;

        if (cop_match(message, "{'DOWN', Ref, process, Pid, _}", &ref, &pid) &&
            !cop_table_remove(pg->watchers, cop_ref_term(ref)))
                bury(pg, pid);
        return cop_noreply();
}

static cop_term show(struct pg *pg)
{
        return cop_build("#{scope => Scope, members => M, monitors => W}", pg->scope,
                         cop_table_size(pg->members), cop_table_size(pg->watchers));
}

COP_SERVER(cop_pg, struct pg, .init = init, .handle_call = handle_call,
           .handle_info = handle_info, .show = show);
