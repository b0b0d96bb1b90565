/*
 * Runs a script of process groups, and prints what came of each operation, as
 * tests/conformance/groups/run.erl does in Erlang; README.md there says what the operations are.
 *
 *     otp_groups_script FILE.script [SEED]       with a seed: simulated
 */
#include <coppice.h>

#include <stdio.h>
#include <string.h>

#include "support/script.h"

enum { MEMBERS = 4, WATCHES = 3 };

static cop_pid members[MEMBERS];
static cop_ref watches[WATCHES];
static cop_term heard_before; /* while the labels of those who have ended still held */

static void settle(void)
{
        while (!cop_system_quiet(5000))
                ;
}

/* ---- members ---- */

static void be_member(cop_term unused)
{
        cop_receive(COP_FOREVER, "stop");
}

static cop_term label(cop_term pid)
{
        static const char *const labels[MEMBERS] = { "p0", "p1", "p2", "p3" };
        int i;

        for (i = 0; i < MEMBERS; i++)
                if (cop_same(members[i], cop_to_pid(pid)))
                        return cop_atom(labels[i]);
        return cop_build("gone");
}

static cop_term labels_of(cop_term pids)
{
        cop_term list = cop_nil();

        COP_EACH (pid, pids)
                list = cop_cons(label(pid), list);
        return cop_reverse(list);
}

static cop_term pids_of(cop_term who)
{
        cop_term list = cop_nil();

        if (!cop_is_list(who))
                return cop_pid_term(members[cop_to_int(who)]);
        COP_EACH (p, who)
                list = cop_cons(cop_pid_term(members[cop_to_int(p)]), list);
        return cop_reverse(list);
}

/* ---- what monitors said ---- */

static cop_term slots_of(cop_ref ref)
{
        cop_term slots = cop_nil();
        int i;

        for (i = WATCHES; i-- > 0;)
                if (watches[i].word == ref.word)
                        slots = cop_cons(cop_int(i), slots);
        return slots;
}

static cop_term heard(void)
{
        cop_term list = heard_before, what, group, pids;
        cop_ref ref;

        while (cop_receive(0, "{Ref, What, Group, Pids}", &ref, &what, &group, &pids))
                list = cop_cons(cop_build("{Slots, What, Group, Labels}", slots_of(ref), what,
                                          group, labels_of(pids)),
                                list);
        heard_before = cop_nil();
        return list;
}

/* ---- operations ---- */

static cop_term finish(int p)
{
        cop_kill(members[p]);
        settle();
        heard_before = heard();
        members[p] = cop_spawn(be_member, cop_nil());
        return cop_build("finished");
}

static cop_term groups_of(cop_term map)
{
        cop_term list = cop_nil();
        size_t i;

        for (i = 0; i < cop_map_size(map); i++)
                list = cop_cons(cop_build("{Group, Pids}", cop_map_key(map, i),
                                          cop_sort(labels_of(cop_map_value(map, i)))),
                                list);
        return cop_sort(list);
}

static cop_term watch(cop_term operation)
{
        cop_term s, g, now;
        int n;

        if (cop_match(operation, "{monitor_scope, S, N}", &s, &n)) {
                watches[n] = cop_pg_monitor_scope(cop_to_atom_text(s), &now);
                return groups_of(now);
        }
        if (cop_match(operation, "{monitor, S, G, N}", &s, &g, &n)) {
                watches[n] = cop_pg_monitor(cop_to_atom_text(s), g, &now);
                return cop_sort(labels_of(now));
        }
        if (!cop_match(operation, "{demonitor, S, N}", &s, &n))
                return COP_NONE;
        if (!watches[n].word)
                return cop_build("none");
        return cop_atom(cop_pg_demonitor(cop_to_atom_text(s), watches[n]) ? "ok" : "false");
}

static cop_term run_operation(cop_term operation)
{
        cop_term s, g, who;
        int p;

        if (cop_match(operation, "{join, S, G, W}", &s, &g, &who)) {
                cop_pg_join(cop_to_atom_text(s), g, pids_of(who));
                return cop_build("ok");
        }
        if (cop_match(operation, "{leave, S, G, W}", &s, &g, &who))
                return cop_atom(cop_pg_leave(cop_to_atom_text(s), g, pids_of(who)) ? "ok"
                                                                                   : "not_joined");
        if (cop_match(operation, "{members, S, G}", &s, &g))
                return cop_sort(labels_of(cop_pg_get_members(cop_to_atom_text(s), g)));
        if (cop_match(operation, "{local, S, G}", &s, &g))
                return cop_sort(labels_of(cop_pg_get_local_members(cop_to_atom_text(s), g)));
        if (cop_match(operation, "{groups, S}", &s))
                return cop_pg_which_groups(cop_to_atom_text(s));
        if (cop_match(operation, "{wrong, S, X}", &s, &who)) {
                cop_pg_join(cop_to_atom_text(s), cop_atom("a"), who);
                return cop_build("ok");
        }
        if (cop_match(operation, "{finish, P}", &p))
                return finish(p);
        if (cop_match(operation, "{restart, S}", &s)) {
                cop_server_stop(s);
                cop_pg_start(cop_to_atom_text(s));
                return cop_build("restarted");
        }
        return watch(operation);
}

struct trial {
        cop_term operation, result;
};

static void try_it(void *argument)
{
        struct trial *trial = argument;

        trial->result = run_operation(trial->operation);
}

static cop_term outcome(cop_term operation)
{
        struct trial trial = { operation, COP_NONE };
        cop_term reason;

        switch (cop_try(try_it, &trial, &reason)) {
        case COP_NORMAL:
                return trial.result;
        case COP_EXIT:
                return cop_build("{exit, What}", cop_element(reason, 0));
        default:
                return cop_build("{error, What}", cop_element(reason, 0));
        }
}

/* ---- the script ---- */

static void run(void *path)
{
        cop_term result;
        int p;

        cop_set_report_level(COP_LEVEL_EMERGENCY);
        cop_pg_start("s");
        cop_pg_start("t");
        for (p = 0; p < MEMBERS; p++)
                members[p] = cop_spawn(be_member, cop_nil());
        heard_before = cop_nil();
        COP_EACH (operation, script_read(path)) {
                result = outcome(operation);
                if (cop_is_none(result))
                        cop_exit("{unknown, Operation}", operation);
                settle();
                printf("%s\n  %s\n", cop_show(operation),
                       cop_show(cop_build("{Result, Heard}", result, cop_sort(heard()))));
        }
}

int main(int argc, char **argv)
{
        return script_main(argc, argv, run);
}
