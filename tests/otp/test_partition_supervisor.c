/*
 * PS: a supervisor of partitions, and how one is found.
 */
#include <coppice/held.h>
#include <coppice/partition_supervisor.h>

#include "support/actor.h"

static cop_term with_number(cop_term arguments, int partition)
{
        return cop_build("[#{id => x, partition => N}]", partition);
}

COP_PARTITION_SUPERVISOR(three, .partitions = 3,
                         .child_spec = COP_CHILD_SPEC(COP_WORKER(actor, "#{}")));
COP_PARTITION_SUPERVISOR(numbered, .partitions = 2, .with_arguments = with_number,
                         .max_restarts = COP_NO_RESTARTS, .strategy = COP_ONE_FOR_ALL,
                         .child_spec = COP_CHILD_SPEC(COP_WORKER(actor, "#{}")));
COP_PARTITION_SUPERVISOR(by_default, .child_spec = COP_CHILD_SPEC(COP_WORKER(actor, "#{}")));
COP_PARTITION_SUPERVISOR(empty, .partitions = 2);

static cop_pid begin(void)
{
        actors_begin();
        cop_set_report_level(COP_LEVEL_ERROR);
        cop_trap_exits(true);
        return cop_supervisor_start_link(three, .name = "parts");
}

static cop_pid child(int partition)
{
        cop_pid pid = { 0 };

        cop_assert_match(cop_which_child("parts", cop_int(partition)), "{ok, {_, Pid, _, _}}",
                         &pid);
        return pid;
}

static cop_pid found(cop_term key)
{
        return cop_find(cop_partition("parts", key));
}

static void ask_nobody(void *nothing)
{
        cop_partitions("parts");
}

static void resize(void *number)
{
        cop_partition_resize("parts", *(int *)number);
}

static void register_it(void *nothing)
{
        cop_register_via(cop_partition("parts", cop_int(0)));
}

COP_TEST(PS_1, "it is a supervisor of children that are numbered from 0")
{
        int i;

        begin();
        cop_assert_term(cop_count_children("parts"),
                        "[{specs, 3}, {active, 3}, {supervisors, 0}, {workers, 3}]");
        cop_assert_equal(cop_partitions("parts"), 3);
        for (i = 0; i < 3; i++)
                cop_assert(cop_same(found(cop_int(i)), child(i)));
        cop_assert_term(cop_get_childspec("parts", cop_int(1)),
                        "{ok, #{id => 1, modules => [actor], restart => permanent,"
                        "  shutdown => 5000, significant => false, type => worker,"
                        "  start => {cop_partition_supervisor, start_child,"
                        "            [actor, start_link, [#{}], parts, 1]}}}");
}

COP_TEST(PS_1_restart, "after a restart the new process is found")
{
        cop_pid old, fresh;

        begin();
        old = child(1);
        cop_kill(old);
        cop_assert(cop_system_quiet(5000));
        fresh = child(1);
        cop_assert(!cop_same(old, fresh));
        cop_assert(cop_same(found(cop_int(1)), fresh));
}

COP_TEST(PS_1_defaults, "as many as there are schedulers, three restarts in five seconds")
{
        cop_pid pid;

        actors_begin();
        pid = cop_supervisor_start_link(by_default, .name = "parts");
        cop_assert_equal(cop_partitions("parts"), cop_system_schedulers());
        cop_assert_match(cop_sys_get_state(pid), "#{intensity := 3, period := 5}");
        cop_supervisor_stop(pid);
}

COP_TEST(PS_1_end, "at its end, however it ends, its partitions are found no more")
{
        cop_term noproc = cop_build("{noproc, {cop_partition_supervisor, partitions, [parts]}}");
        cop_pid pid = begin();

        cop_supervisor_stop(pid);
        cop_assert_term(exit_of(ask_nobody, NULL), "X", noproc);
        pid = cop_supervisor_start_link(three, .name = "parts");
        cop_assert_equal(cop_partitions("parts"), 3);
        cop_kill(pid);
        cop_assert(cop_system_quiet(5000));
        cop_assert_term(exit_of(ask_nobody, NULL), "X", noproc);
}

COP_TEST(PS_2, "an integer chooses by its remainder, any other key by its hash")
{
        cop_term keys = cop_build("[a, <<\"a\">>, {a, 1}, 1.5, [], #{k => v}]");

        begin();
        cop_assert(cop_same(found(cop_int(4)), child(1)));
        cop_assert(cop_same(found(cop_int(-5)), child(2)));
        cop_assert(cop_same(found(cop_int(INT64_MIN)), child(2)));
        COP_EACH (key, keys) {
                cop_assert(cop_is_alive(found(key)));
                cop_assert(cop_same(found(key), found(cop_copy(key))));
        }
}

COP_TEST(PS_2_call, "a partition is called by its via")
{
        begin();
        cop_assert_term(cop_call(cop_partition("parts", cop_int(1)), "{do, {reply, here}}"),
                        "here");
        cop_assert_term(cop_call(cop_build("{via, cop_partition_supervisor, {parts, k}}"),
                                 "{do, {reply, here}}"),
                        "here");
        cop_assert(cop_match(exit_of(register_it, NULL), "{badarg, _}"));
}

COP_TEST(PS_2_dead, "one that is not started again is found, and is nobody's")
{
        cop_term result;

        begin();
        cop_terminate_child("parts", cop_int(1));
        cop_assert(!cop_try_call(&result, 5000, cop_partition("parts", cop_int(1)), "x"));
        cop_assert_term(result, "noproc");
}

COP_TEST(PS_3, "resized, up to as many as it was started with")
{
        int none = 0, many = 4;
        cop_pid third;

        begin();
        third = child(2);
        cop_partition_resize("parts", 2);
        cop_assert_equal(cop_partitions("parts"), 2);
        cop_assert(!cop_is_alive(third));
        cop_assert(cop_same(found(cop_int(2)), child(0)));
        cop_partition_resize("parts", 3);
        cop_assert_equal(cop_partitions("parts"), 3);
        cop_assert(cop_same(found(cop_int(2)), child(2)));
        cop_assert(cop_match(exit_of(resize, &none), "{badarg, _}"));
        cop_assert(cop_match(exit_of(resize, &many), "{badarg, _}"));
}

COP_TEST(PS_with_arguments, "each child may have arguments of its own")
{
        actors_begin();
        cop_supervisor_start_link(numbered, .name = "parts");
        cop_assert_match(cop_get_childspec("parts", cop_int(1)),
                         "{ok, #{start := {_, _, [actor, start_link,"
                         " [#{id := x, partition := 1}], parts, 1]}}}");
}

COP_TEST(PS_by_terms, "one is there already, described by a map")
{
        cop_term spec = cop_build("#{id => any, start => {actor, start_link, [#{}]}}");
        cop_pid pid;

        actors_begin();
        cop_trap_exits(true);
        pid = cop_server_start_link(cop_partition_supervisor,
                                    cop_build("#{child_spec => S, partitions => 2}", spec),
                                    .name = "parts");
        cop_assert_equal(cop_partitions("parts"), 2);
        cop_supervisor_stop(pid);
        cop_assert_term(cop_server_try_start_link(cop_partition_supervisor,
                                                  cop_build("#{child_spec => S, x => 1}", spec),
                                                  .name = "parts"),
                        "{error, {badarg, #{child_spec => S, x => 1}}}", spec);
        cop_assert_term(
                cop_server_try_start_link(cop_partition_supervisor,
                                          cop_build("#{child_spec => S, partitions => 0}", spec),
                                          .name = "parts"),
                "{error, {invalid_partitions, 0}}");
}

COP_TEST(PS_wrong, "what it cannot do without")
{
        actors_begin();
        cop_trap_exits(true);
        cop_assert_term(cop_server_try_start_link(three, cop_nil()), "{error, missing_name}");
        cop_assert_term(cop_server_try_start_link(empty, cop_nil(), .name = "parts"),
                        "{error, missing_child_spec}");
}
