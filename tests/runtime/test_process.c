/*
 * PROC: what a process is besides its signals: dictionary, label, priority, group leader, mailbox;
 * and how it is looked at.
 */
#include "support/puppet.h"

#include <stdatomic.h>

#include "runtime/scheduler.h"

/* ---- beginning ---- */

static void tells_argument(cop_term argument)
{
        cop_term to = cop_element(argument, 0);

        cop_send(to, "{Me, Parent, Argument}", cop_self(), cop_parent(), argument);
}

COP_TEST(PROC_spawn, "a process gets a copy of its argument, knows itself and its parent")
{
        cop_term argument = cop_build("{Me, [\"text\", <<1, 2>>, 2.5], #{a => 1}}", cop_self());
        cop_pid pid = cop_spawn(tells_argument, argument);

        cop_assert_term(messages(), "[{Pid, Me, Argument}]", pid, cop_self(), argument);
}

static void sets_place(void *place)
{
        *(int *)place = 42;
}

COP_TEST(PROC_spawn_pointer, "a process may be given a pointer instead")
{
        int place = 0;
        cop_ref ref;

        cop_spawn_pointer(sets_place, &place, .monitor = &ref);
        cop_assert_term(down_reason(ref), "normal");
        cop_assert_equal(place, 42);
}

COP_TEST(PROC_many, "thousands of processes at once, each with a stack of its own")
{
        enum { MANY = 2000 };
        static cop_pid pids[MANY];
        int i;

        for (i = 0; i < MANY; i++)
                pids[i] = puppet();
        for (i = 0; i < MANY; i++)
                cop_send(pids[i], "{hello, I}", i);
        for (i = 0; i < MANY; i++)
                cop_assert(cop_receive(5000, "{^Pid, {hello, ^I}}", &pids[i], &i));
        cop_assert_equal(cop_process_count(), MANY + 1);
        for (i = 0; i < MANY; i++)
                cop_kill(pids[i]);
        cop_assert(cop_system_quiet(COP_FOREVER));
        cop_assert_equal(cop_process_count(), 1);
}

/* ---- the mailbox ---- */

COP_TEST(PROC_receive_oldest,
         "a receive takes the oldest message that matches, and leaves the rest")
{
        int number;

        cop_send(cop_self(), "{a, 1}");
        cop_send(cop_self(), "{b, 2}");
        cop_send(cop_self(), "{a, 3}");
        cop_send(cop_self(), "{b, 4}");
        cop_assert(cop_receive(0, "{b, N}", &number));
        cop_assert_equal(number, 2);
        cop_assert_term(messages(), "[{a, 1}, {a, 3}, {b, 4}]");
}

COP_TEST(PROC_receive_poll, "with timeout 0 a receive looks and does not wait")
{
        cop_assert(!cop_receive(0, "nothing"));
        cop_send(cop_self(), "something");
        cop_assert(!cop_receive(0, "nothing"));
        cop_assert(cop_receive(0, "something"));
}

static bool is_even(cop_term message, void *count)
{
        (*(int *)count)++;
        return cop_is_int(message) && cop_to_int(message) % 2 == 0;
}

COP_TEST(PROC_receive_if, "a function may say which message is wanted; each is looked at once")
{
        int count = 0, i;

        for (i = 1; i <= 4; i++)
                cop_send(cop_self(), "N", 2 * i + 1);
        cop_send(cop_self(), "8");
        cop_assert_term(cop_receive_if(is_even, &count, 1000), "8");
        cop_assert_equal(count, 5);
        cop_assert_term(messages(), "[3, 5, 7, 9]");
}

COP_TEST(PROC_receive_late, "who waits for one message is woken by others and goes on waiting")
{
        cop_pid noisy = puppet();

        pull_only(noisy, "{forward, Me, noise, 50}", cop_self());
        pull_only(noisy, "{send, Me, wanted}", cop_self());
        cop_assert(cop_receive(5000, "wanted"));
        cop_assert_equal(cop_length(messages()), 50);
}

static void echoes_sum(cop_term argument)
{
        int64_t sum = 0, value;
        cop_term to, message;

        to = cop_keep(cop_element(argument, 0));
        while (message = cop_next_message(), !cop_is(message, "enough"))
                if (cop_match(message, "{add, N}", &value))
                        sum += value;
        cop_send(to, "{sum, Sum}", sum);
}

COP_TEST(PROC_next_message, "cop_next_message() takes one after another; terms of the last one die")
{
        cop_pid pid = cop_spawn(echoes_sum, cop_build("{Me}", cop_self()));
        int i;

        for (i = 1; i <= 1000; i++)
                cop_send(pid, "{add, I}", i);
        cop_send(pid, "enough");
        cop_assert_term(messages(), "[{sum, 500500}]");
}

COP_TEST(PROC_send_term, "a term is sent as it is, to a pid, a name, a term that holds one")
{
        cop_term to = cop_pid_term(cop_self());

        cop_send_term(cop_self(), cop_build("{big, [1, 2, 3]}"));
        cop_register("me", cop_self());
        cop_send("me", "by_name");
        cop_send(cop_atom("me"), "by_atom");
        cop_send(to, "by_term");
        cop_assert_term(messages(), "[{big, [1, 2, 3]}, by_name, by_atom, by_term]");
        cop_unregister("me");
}

COP_TEST(PROC_send_copies, "what was sent does not change with what the sender does afterwards")
{
        cop_pid pid = puppet();
        int k;

        for (k = 0; k < world_times(); k++) {
                cop_term text;

                cop_scope {
                        cop_send(pid, "{K, [\"some\", <<\"longer text\">>, K]}", k);
                }
                cop_assert(cop_receive(5000, "{^Pid, {^K, [\"some\", Text, _]}}", &pid, &k, &text));
                cop_assert_term(text, "<<\"longer text\">>");
        }
}

/* ---- what it has ---- */

COP_TEST(PROC_dictionary, "put returns what was there, get finds it, erase takes it out")
{
        cop_term key = cop_build("{my, key}");

        cop_assert(cop_is_none(cop_get(key)));
        cop_assert(cop_is_none(cop_put(key, cop_int(1))));
        cop_assert_term(cop_put(key, cop_build("[second, \"value\"]")), "1");
        cop_put(cop_atom("other"), cop_int(2));
        cop_assert_term(cop_get(key), "[second, \"value\"]");
        cop_assert_term(cop_process_info(cop_self(), "dictionary"),
                        "[{other, 2}, {{my, key}, [second, \"value\"]}]");
        cop_assert_term(cop_erase(key), "[second, \"value\"]");
        cop_assert(cop_is_none(cop_erase(key)));
        cop_assert(cop_is_none(cop_get(key)));
}

static void keeps_dictionary(cop_term argument)
{
        cop_term to = cop_keep(cop_element(argument, 0));
        int i;

        for (i = 0; i < 200; i++) {
                cop_put(cop_int(i % 10), cop_build("{value, I, [I]}", i));
                cop_next_message();
        }
        cop_send(to, "Value", cop_get(cop_int(3)));
}

COP_TEST(PROC_dictionary_lives,
         "what is in the dictionary outlives the turn, and dies with the process")
{
        cop_pid pid = cop_spawn(keeps_dictionary, cop_build("{Me}", cop_self()));
        int i;

        for (i = 0; i < 200; i++)
                cop_send(pid, "go");
        cop_assert_term(messages(), "[{value, 193, [193]}]");
        cop_assert_term(cop_process_info(cop_self(), "dictionary"), "[]");
}

COP_TEST(PROC_label, "a label is any term, set at the start or later")
{
        cop_pid pid = puppet(.label = cop_build("{worker, 7}"));

        cop_assert_term(cop_process_info(pid, "label"), "{worker, 7}");
        cop_assert_term(cop_process_info(cop_self(), "label"), "undefined");
        cop_set_label(cop_build("[me]"));
        cop_set_label(cop_build("{me, \"again\"}"));
        cop_assert_term(cop_process_info(cop_self(), "label"), "{me, \"again\"}");
}

static void ignores(void *state, const struct cop_message *message)
{
}

COP_TEST(PROC_initial_call, "a handler is known by its name, a plain process by its function")
{
        static const struct cop_handler clerk = { "clerk", 1, NULL, ignores };
        cop_pid plain = cop_spawn(keeps_dictionary, cop_build("{Me}", cop_self()));

        cop_assert_term(cop_process_info(cop_spawn_handler(&clerk, cop_nil()), "initial_call"),
                        "clerk");
        cop_assert_equal(cop_to_uint(cop_process_info(plain, "initial_call")),
                         (uint64_t)(uintptr_t)keeps_dictionary);
}

static atomic_int order[3];
static atomic_int next_place;

static void notes_order(cop_term which)
{
        order[cop_to_int(which)] = ++next_place;
}

enum { LOW, NORMAL, HIGH };

/* Starts one of each, the least important first, and waits until all have run. */
static void run_one_of_each(void)
{
        static const enum cop_priority priorities[] = {
                [LOW] = COP_PRIORITY_LOW, [NORMAL] = COP_PRIORITY_NORMAL, [HIGH] = COP_PRIORITY_HIGH
        };
        cop_ref refs[3];
        int i;

        next_place = 0;
        cop_yield(); /* a new turn, so that this one does not end between the three */
        for (i = 0; i < 3; i++)
                cop_spawn(notes_order, cop_int(i), .priority = priorities[i], .monitor = &refs[i]);
        for (i = 0; i < 3; i++)
                down_reason(refs[i]);
        cop_assert_equal(next_place, 3);
}

/* Low goes before normal every eighth turn; and where the machine is busy, a long turn may have sent
 * some of them to another thread: so not all rounds are in order, but most. */
COP_TEST(PROC_priority, "on one scheduler high runs before normal, and normal before low")
{
        enum { ROUNDS = 40 };
        int in_order = 0, i;

        for (i = 0; i < ROUNDS; i++) {
                run_one_of_each();
                in_order += order[HIGH] < order[NORMAL] && order[NORMAL] < order[LOW];
        }
        if (cop__system.scheduler_count == 1 && !world_is_simulated())
                cop_assert(in_order > ROUNDS / 2);
        cop_assert_term(cop_process_info(puppet(.priority = COP_PRIORITY_HIGH), "priority"),
                        "high");
        cop_assert_term(cop_process_info(puppet(.priority = COP_PRIORITY_LOW), "priority"), "low");
        cop_assert_term(cop_process_info(cop_self(), "priority"), "normal");
}

static void busy(cop_term none)
{
        for (;;)
                cop_yield();
}

COP_TEST(PROC_priority_low_runs, "low processes get their turns while normal ones never rest")
{
        cop_pid a = cop_spawn(busy, cop_nil()), b = cop_spawn(busy, cop_nil());
        cop_ref ref;

        cop_spawn(notes_order, cop_int(0), .priority = COP_PRIORITY_LOW, .monitor = &ref);
        cop_assert_term(down_reason(ref), "normal");
        cop_kill(a);
        cop_kill(b);
}

COP_TEST(PROC_yield_sends, "one that sends all the time lets others run without yielding itself")
{
        cop_pid sink = puppet(), flood = puppet();

        pull(sink, "{sleep, 3600000}");
        pull_only(flood, "{forward, Sink, m, 100000}", sink);
        pull_only(flood, "{send, Me, flooded}", cop_self());
        cop_send(cop_self(), "first");
        cop_assert(cop_receive(5000, "first"));
        cop_assert(cop_receive(5000, "{_, flooded}") || cop_receive(5000, "flooded"));
        cop_assert(cop_to_int(cop_process_info(sink, "message_queue_len")) == 100000);
        cop_kill(sink);
}

COP_TEST(PROC_leader, "the group leader is inherited, can be given at the start and changed")
{
        cop_pid a = puppet(), b = puppet(.group_leader = a), c = puppet();

        cop_assert_term(cop_process_info(c, "group_leader"), "L", cop_group_leader());
        cop_assert_term(cop_process_info(b, "group_leader"), "A", a);
        cop_set_group_leader(c, a);
        cop_assert(cop_system_quiet(COP_FOREVER));
        cop_assert_term(cop_process_info(c, "group_leader"), "A", a);
        cop_assert_equal(cop_length(cop_processes_of(a)), 2);
        cop_assert(has(cop_processes_of(a), cop_pid_term(b)));
        cop_assert(has(cop_processes_of(a), cop_pid_term(c)));
        cop_set_group_leader(cop_self(), a);
        cop_assert(cop_system_quiet(COP_FOREVER));
        cop_assert(cop_same(cop_group_leader(), a));
        cop_assert_term(cop_process_info(puppet(), "group_leader"), "A", a);
}

/* ---- looking ---- */

COP_TEST(PROC_info, "each item of a waiting process")
{
        cop_pid pid = puppet(.name = "looked_at");

        pull(pid, "{trap, true}");
        cop_assert_term(cop_process_info(pid, "status"), "waiting");
        cop_assert_term(cop_process_info(pid, "registered_name"), "looked_at");
        cop_assert_term(cop_process_info(pid, "trap_exit"), "true");
        cop_assert_term(cop_process_info(pid, "parent"), "Me", cop_self());
        cop_assert_term(cop_process_info(pid, "links"), "[]");
        cop_assert_term(cop_process_info(pid, "monitors"), "[]");
        cop_assert_term(cop_process_info(pid, "monitored_by"), "[]");
        cop_assert_term(cop_process_info(pid, "dictionary"), "[]");
        cop_assert_term(cop_process_info(pid, "messages"), "[]");
        cop_assert_term(cop_process_info(pid, "message_queue_len"), "0");
        cop_assert(cop_to_int(cop_process_info(pid, "memory")) > 0);
        cop_assert(cop_to_int(cop_process_info(pid, "reductions")) >= 0);
        cop_assert_term(cop_process_info(cop_self(), "status"), "running");
}

COP_TEST(PROC_info_messages, "the messages of a process that sleeps, oldest first, and how many")
{
        cop_pid pid = puppet();

        pull(pid, "{sleep, 3600000}");
        cop_send(pid, "{one, [1]}");
        cop_cast(pid, "two");
        cop_send(pid, "three");
        cop_assert(cop_system_quiet(COP_FOREVER));
        cop_assert_term(cop_process_info(pid, "message_queue_len"), "3");
        cop_assert_term(cop_process_info(pid, "messages"),
                        "[{one, [1]}, {'$gen_cast', two}, three]");
}

static void ends_at_once(cop_term none)
{
}

COP_TEST(PROC_stacks, "whoever ends gives its stack back, however it ends")
{
        size_t before = cop__stack_count();

        for (int i = 0; i < 200; i++) {
                cop_ref refs[2];
                cop_pid waits = puppet(.monitor = &refs[0]);

                cop_spawn(ends_at_once, cop_nil(), .monitor = &refs[1]);
                if (i % 2)
                        cop_assert(cop_system_quiet(5000));
                cop_kill(waits);
                down_reason(refs[0]);
                down_reason(refs[1]);
        }
        cop_assert(cop_system_quiet(5000));
        cop_assert(cop__stack_count() < before + 100);
}

static void takes_all(cop_term test)
{
        cop_pid told = cop_to_pid(cop_keep(test));

        for (;;) {
                cop_next_message();
                cop_send(told, "taken");
        }
}

COP_TEST(PROC_info_length, "a message that is about to be taken counts once, or not any more")
{
        cop_pid pid = cop_spawn(takes_all, cop_pid_term(cop_self()));

        for (int i = 0; i < 100 * world_times(); i++) {
                cop_send(pid, "it");
                while (!cop_receive(0, "taken")) {
                        cop_term length = cop_process_info(pid, "message_queue_len");

                        cop_assert(cop_to_int(length) <= 1);
                        cop_yield();
                }
        }
        cop_kill(pid);
}

COP_TEST(PROC_info_transit,
         "a message is counted once: as one that waits, then as memory of the turn")
{
        enum { NUMBERS = 10000 };
        cop_term numbers = cop_nil();
        int64_t waiting, taken;

        for (int i = 0; i < NUMBERS; i++)
                numbers = cop_cons(cop_int(i), numbers);
        cop_send_term(cop_self(), numbers);
        cop_assert_term(cop_process_info(cop_self(), "message_queue_len"), "1");
        waiting = cop_to_int(cop_process_info(cop_self(), "memory"));
        cop_assert(cop_receive(0, "[_ | _]"));
        cop_assert_term(cop_process_info(cop_self(), "message_queue_len"), "0");
        taken = cop_to_int(cop_process_info(cop_self(), "memory"));
        cop_assert(taken - waiting >= NUMBERS * 16);
        cop_assert(taken - waiting < NUMBERS * 32);
}

COP_TEST(PROC_info_dead, "nothing is known of a dead process")
{
        cop_pid pid = puppet();

        cop_kill(pid);
        cop_assert(!cop_is_alive(pid));
        cop_assert(cop_is_none(cop_process_info(pid, "status")));
        cop_assert(cop_is_none(cop_process_info(pid, "links")));
        cop_assert(cop_is_none(cop_process_info(pid, "message_queue_len")));
}

static void asks_wrongly(void *unused)
{
        cop_process_info(cop_self(), "no_such_item");
}

COP_TEST(PROC_info_unknown, "an unknown item is badarg")
{
        cop_term reason, stack;

        cop_assert_equal(cop_try(asks_wrongly, NULL, &reason), COP_ERROR);
        cop_assert_match(reason, "{badarg, Stack}", &stack);
}

COP_TEST(PROC_list, "the list has all living processes, and is right while others come and go")
{
        cop_pid stays = puppet();
        int k;

        for (k = 0; k < world_times(); k++) {
                cop_pid goes = puppet();
                cop_term list;

                pull_only(goes, "return");
                list = cop_processes();
                cop_assert(has(list, cop_pid_term(stays)));
                cop_assert(has(list, cop_pid_term(cop_self())));
                COP_EACH (pid, list)
                        cop_process_info(cop_to_pid(pid), "links");
        }
        cop_assert(cop_system_quiet(COP_FOREVER));
        cop_assert_equal(cop_length(cop_processes()), 2);
        cop_assert_equal(cop_process_count(), 2);
}

static atomic_int memory_destroyed;

static void counts_down(void *unused)
{
        memory_destroyed++;
}

static void owns_much(cop_term how)
{
        char *text = cop_strdup("some text");
        void *block = cop_alloc(1000);
        int i;

        for (i = 0; i < 100; i++)
                cop_own(NULL, counts_down);
        block = cop_realloc(block, 100000);
        cop_free(text);
        cop_assert(cop_memory_used() >= 100000);
        if (cop_is(how, "exit"))
                cop_exit("done");
        if (cop_is(how, "error"))
                cop_error("done");
        if (cop_is(how, "wait"))
                cop_receive(COP_FOREVER, "never");
}

COP_TEST(PROC_owned, "what a process owned is given back, however it ends")
{
        static const char *const ways[] = { "exit", "error", "wait", "return" };
        int i;

        for (i = 0; i < 4; i++) {
                cop_pid pid;

                memory_destroyed = 0; /* before, as it may run at once on another scheduler */
                pid = cop_spawn(owns_much, cop_atom(ways[i]));
                cop_system_quiet(COP_FOREVER);
                cop_kill(pid);
                cop_assert(!cop_is_alive(pid));
                cop_assert_equal(memory_destroyed, 100);
        }
}
