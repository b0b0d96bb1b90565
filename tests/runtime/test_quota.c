/*
 * QUOTA: what becomes of a process that wants more than it may have, and of those who send to it.
 */
#include "support/world.h"

#include <poll.h>

#include "base/sanitizers.h"
#include "runtime/process.h"

enum { MOST = 3 };

static bool anything(cop_term message, void *context)
{
        return true;
}

/* Lets messages lie until an exit signal says go, then takes them all until one says stop, and sends
 * them to its owner as a list. */
static void hoard(cop_term owner)
{
        cop_term list = cop_nil(), message;

        cop_receive(COP_FOREVER, "{'EXIT', _, go}");
        for (;;) {
                message = cop_receive_if(anything, NULL, COP_FOREVER);
                if (cop_match(message, "{'EXIT', _, stop}"))
                        break;
                list = cop_cons(message, list);
        }
        cop_send(cop_to_pid(owner), "{hoard, List}", cop_reverse(list));
}

#define hoarder(...) cop_spawn(hoard, cop_pid_term(cop_self()), .trap_exits = true, __VA_ARGS__)

static cop_term hoard_of(cop_pid pid)
{
        cop_term list = cop_nil();

        cop_exit_to(pid, "go");
        cop_assert(cop_system_quiet(5000));
        cop_exit_to(pid, "stop");
        if (!cop_receive(5000, "{hoard, List}", &list))
                cop_fail("no hoard came");
        return list;
}

static void send_numbers(cop_pid to, int count)
{
        int i;

        for (i = 1; i <= count; i++)
                cop_send(to, "I", i);
}

/* Sends five numbers to {To, Owner}, then tells the owner. */
static void send_five(cop_term argument)
{
        cop_pid to, owner;

        if (!cop_match(argument, "{To, Owner}", &to, &owner))
                return;
        send_numbers(to, 5);
        cop_send(owner, "sent");
}

static cop_pid sender_to(cop_pid to)
{
        return cop_spawn(send_five, cop_build("{To, Me}", to, cop_self()));
}

/* ---- the inbox ---- */

COP_TEST(QUOTA_inbox_exit,
         "policy exit: who has more messages than it may ends with {quota, inbox}")
{
        cop_pid pid = hoarder(.inbox_max = MOST);

        cop_ref ref = cop_monitor(pid);

        send_numbers(pid, MOST);
        cop_assert(cop_system_quiet(5000));
        cop_assert(cop_is_alive(pid));
        cop_send(pid, "one_more");
        cop_assert_term(down_reason(ref), "{quota, inbox}");
}

COP_TEST(QUOTA_inbox_drop_new, "policy drop_new: what finds no room is lost, the rest is kept")
{
        cop_pid pid = hoarder(.inbox_max = MOST, .inbox_policy = COP_INBOX_DROP_NEW);

        send_numbers(pid, 5);
        cop_assert_term(hoard_of(pid), "[1, 2, 3]");
}

COP_TEST(QUOTA_inbox_drop_old, "policy drop_old: the newest are kept, in order")
{
        cop_pid pid = hoarder(.inbox_max = MOST, .inbox_policy = COP_INBOX_DROP_OLD);

        send_numbers(pid, 5);
        cop_assert_term(hoard_of(pid), "[3, 4, 5]");
}

COP_TEST(QUOTA_inbox_drop_one, "a limit of one keeps one")
{
        cop_pid newest = hoarder(.inbox_max = 1, .inbox_policy = COP_INBOX_DROP_OLD);
        cop_pid oldest = hoarder(.inbox_max = 1, .inbox_policy = COP_INBOX_DROP_NEW);

        send_numbers(newest, 5);
        send_numbers(oldest, 5);
        cop_assert_term(hoard_of(newest), "[5]");
        cop_assert_term(hoard_of(oldest), "[1]");
}

COP_TEST(QUOTA_inbox_block, "policy block: senders wait for room, and nothing is lost")
{
        cop_pid pid = hoarder(.inbox_max = MOST, .inbox_policy = COP_INBOX_BLOCK,
                              .inbox_block_ms = COP_FOREVER);

        sender_to(pid);
        cop_assert(cop_system_quiet(5000));
        cop_assert(!cop_receive(0, "sent"));
        cop_assert_term(hoard_of(pid), "[1, 2, 3, 4, 5]");
        cop_assert(cop_receive(5000, "sent"));
}

/* The numbers of {Sender, Number} in the list for this sender, in order. */
static cop_term numbers_of(cop_term list, cop_pid sender)
{
        cop_term numbers = cop_nil(), number;

        COP_EACH (message, list)
                if (cop_match(message, "{^Sender, Number}", &sender, &number))
                        numbers = cop_cons(number, numbers);
        return cop_reverse(numbers);
}

static void send_signed(cop_term to)
{
        int i;

        for (i = 1; i <= 5; i++)
                cop_send(cop_to_pid(to), "{Me, I}", cop_self(), i);
}

COP_TEST(QUOTA_inbox_block_order, "senders that wait get in one by one, each in its own order")
{
        enum { SENDERS = 10 };
        cop_pid pid = hoarder(.inbox_max = 2, .inbox_policy = COP_INBOX_BLOCK,
                              .inbox_block_ms = COP_FOREVER);
        cop_pid senders[SENDERS];
        cop_term list;
        int i;

        for (i = 0; i < SENDERS; i++)
                senders[i] = cop_spawn(send_signed, cop_pid_term(pid));
        cop_assert(cop_system_quiet(5000));
        list = hoard_of(pid);
        cop_assert_equal(cop_length(list), 5 * SENDERS);
        for (i = 0; i < SENDERS; i++)
                cop_assert_term(numbers_of(list, senders[i]), "[1, 2, 3, 4, 5]");
}

COP_TEST(QUOTA_inbox_block_deadline, "a sender that finds no room in time exits: {quota, inbox}")
{
        cop_pid pid =
                hoarder(.inbox_max = MOST, .inbox_policy = COP_INBOX_BLOCK, .inbox_block_ms = 20);
        cop_ref ref = cop_monitor(sender_to(pid));

        cop_assert_term(down_reason(ref), "{quota, inbox}");
        cop_assert_term(hoard_of(pid), "[1, 2, 3]");
}

COP_TEST(QUOTA_inbox_block_killed, "a sender that is killed while it waits leaves nothing behind")
{
        cop_pid pid = hoarder(.inbox_max = MOST, .inbox_policy = COP_INBOX_BLOCK,
                              .inbox_block_ms = COP_FOREVER);
        cop_pid sender = sender_to(pid);

        cop_assert(cop_system_quiet(5000));
        cop_kill(sender);
        cop_assert(cop_system_quiet(5000));
        cop_assert_term(hoard_of(pid), "[1, 2, 3]");
}

COP_TEST(QUOTA_inbox_block_receiver_dies, "senders go on when the receiver dies, as with any other")
{
        cop_pid pid = hoarder(.inbox_max = MOST, .inbox_policy = COP_INBOX_BLOCK,
                              .inbox_block_ms = COP_FOREVER);
        int i;

        for (i = 0; i < 4; i++)
                sender_to(pid);
        cop_assert(cop_system_quiet(5000));
        cop_kill(pid);
        for (i = 0; i < 4; i++)
                cop_assert(cop_receive(5000, "sent"));
}

static void send_to_self(cop_term none)
{
        send_numbers(cop_self(), 5);
}

COP_TEST(QUOTA_inbox_block_self, "who would wait for itself exits at once")
{
        cop_ref ref;
        cop_spawn(send_to_self, cop_nil(), .inbox_max = MOST, .inbox_policy = COP_INBOX_BLOCK,
                  .inbox_block_ms = COP_FOREVER, .monitor = &ref);

        cop_assert_term(down_reason(ref), "{quota, inbox}");
}

static void spawn_with_long_block(void *none)
{
        cop_spawn(hoard, cop_nil(), .inbox_max = 1, .inbox_block_ms = 60001);
}

static void spawn_with_wrong_policy(void *none)
{
        cop_spawn(hoard, cop_nil(), .inbox_max = 1, .inbox_policy = COP_INBOX_BLOCK + 1);
}

COP_TEST(QUOTA_inbox_options, "an option out of range is badarg")
{
        cop_term reason;

        cop_assert_equal(cop_try(spawn_with_long_block, NULL, &reason), COP_ERROR);
        cop_assert_match(reason, "{badarg, _}");
        cop_assert_equal(cop_try(spawn_with_wrong_policy, NULL, &reason), COP_ERROR);
        cop_assert_match(reason, "{badarg, _}");
}

/* ---- calls ---- */

COP_TEST(QUOTA_call_refused, "a call that is dropped fails at once, with {quota, inbox}")
{
        cop_pid newest = hoarder(.inbox_max = 1, .inbox_policy = COP_INBOX_DROP_OLD);
        cop_pid oldest = hoarder(.inbox_max = 1, .inbox_policy = COP_INBOX_DROP_NEW);
        cop_ref request = cop_send_request(newest, "will_be_dropped");
        cop_term result;

        cop_send(newest, "new");
        cop_assert_equal(cop_receive_response(request, 5000, &result), COP_RESPONSE_ERROR);
        cop_assert_term(result, "{quota, inbox}");

        cop_send(oldest, "old");
        cop_assert(!cop_try_call(&result, COP_FOREVER, oldest, "will_be_dropped"));
        cop_assert_term(result, "{quota, inbox}");
}

static void call_it(cop_term argument)
{
        cop_term result = cop_nil();
        cop_pid to, owner;

        if (cop_match(argument, "{To, Owner}", &to, &owner))
                cop_try_call(&result, COP_FOREVER, to, "question");
        cop_send(owner, "{result, Result}", result);
}

/* Waits for go, then answers calls. */
static void answer_all(cop_term none)
{
        cop_from from;

        cop_receive(COP_FOREVER, "{'EXIT', _, go}");
        for (;;) {
                if (cop_match(cop_next_message(), "{'$gen_call', {Pid, Ref}, _}", &from.pid,
                              &from.ref))
                        cop_answer(from, "answer");
        }
}

COP_TEST(QUOTA_call_in_line,
         "policy block: calls stand in line, and are answered when it is their turn")
{
        cop_pid pid = cop_spawn(answer_all, cop_nil(), .trap_exits = true, .inbox_max = 2,
                                .inbox_policy = COP_INBOX_BLOCK);
        cop_term result;
        int i;

        for (i = 0; i < 6; i++)
                cop_spawn(call_it, cop_build("{Pid, Me}", pid, cop_self()));
        cop_assert(cop_system_quiet(5000));
        cop_assert_equal(cop_to_int(cop_process_info(pid, "message_queue_len")), 2);
        cop_exit_to(pid, "go");
        for (i = 0; i < 6; i++) {
                cop_assert(cop_receive(5000, "{result, Result}", &result));
                cop_assert_term(result, "answer");
        }
}

COP_TEST(QUOTA_call_in_line_gives_up, "a call that timed out in the line is never seen")
{
        cop_pid pid = hoarder(.inbox_max = 1, .inbox_policy = COP_INBOX_BLOCK);
        cop_term result;

        cop_send(pid, "first");
        cop_assert(!cop_try_call(&result, 10, pid, "question"));
        cop_assert_term(result, "timeout");
        cop_assert_term(hoard_of(pid), "[first]");
}

static void send_cast(void *pid)
{
        cop_cast(*(cop_pid *)pid, "second");
}

static void send_question(void *pid)
{
        cop_send_request(*(cop_pid *)pid, "third");
}

COP_TEST(QUOTA_cast_waits, "casts and requests wait for room as messages do")
{
        cop_pid pid =
                hoarder(.inbox_max = 1, .inbox_policy = COP_INBOX_BLOCK, .inbox_block_ms = 10);
        cop_term reason;

        cop_cast(pid, "first");
        cop_assert_equal(cop_try(send_cast, &pid, &reason), COP_EXIT);
        cop_assert_term(reason, "{quota, inbox}");
        cop_assert_equal(cop_try(send_question, &pid, &reason), COP_EXIT);
        cop_assert_term(reason, "{quota, inbox}");
        cop_assert_term(hoard_of(pid), "[{'$gen_cast', first}]");
}

/* ---- what always gets in ---- */

COP_TEST(QUOTA_control, "exits, monitors, answers and system messages get in where messages do not")
{
        enum cop_inbox_policy policies[] = { COP_INBOX_DROP_NEW, COP_INBOX_DROP_OLD,
                                             COP_INBOX_BLOCK };
        cop_term list;
        cop_pid pid, friend;
        cop_ref ref;
        size_t i;

        for (i = 0; i < sizeof(policies) / sizeof(*policies); i++) {
                pid = hoarder(.inbox_max = 1, .inbox_policy = policies[i]);
                cop_send(pid, "full");
                friend = hoarder();
                cop_link(pid);
                ref = cop_monitor(pid);
                cop_exit_to(pid, "seen");
                cop_assert_match(cop_process_info(pid, "links"), "[_]");
                list = hoard_of(pid);
                cop_assert_match(list, "[full, {'EXIT', _, seen}]");
                cop_assert_term(down_reason(ref), "normal");
                cop_kill(friend);
        }
}

static void watch_and_hoard(cop_term argument)
{
        cop_pid watched, owner;

        if (!cop_match(argument, "{Watched, Owner}", &watched, &owner))
                return;
        cop_monitor(watched);
        hoard(cop_pid_term(owner));
}

COP_TEST(QUOTA_control_stays, "drop_old never drops the message of a monitor or an exit")
{
        cop_pid friend = hoarder();
        cop_pid pid =
                cop_spawn(watch_and_hoard, cop_build("{Friend, Me}", friend, cop_self()),
                          .trap_exits = true, .inbox_max = 2, .inbox_policy = COP_INBOX_DROP_OLD);

        cop_assert(cop_system_quiet(5000));
        cop_kill(friend);
        cop_assert(cop_system_quiet(5000));
        send_numbers(pid, 5);
        cop_assert_match(hoard_of(pid), "[{'DOWN', _, process, _, killed}, 5]");
}

COP_TEST(QUOTA_count,
         "what is counted on its way is off the count in the end, whatever became of it")
{
        cop_pid pid = hoarder(.inbox_max = MOST, .inbox_policy = COP_INBOX_DROP_NEW);
        struct process *p = cop__table_at(pid.word);

        send_numbers(pid, MOST);
        cop_kill(pid);
        send_numbers(pid, MOST);
        cop_assert(cop_system_quiet(5000));
        send_numbers(pid, MOST);
        cop_assert(cop_system_quiet(5000));
        cop_assert_equal(p->inbox_sent, 0);
}

COP_TEST(QUOTA_busy, "a receiver that does not look at its inbox does not drown in messages")
{
        cop_pid pid = hoarder(.inbox_max = 10, .inbox_policy = COP_INBOX_DROP_NEW);

        send_numbers(pid, 500);
        /* While messages go from the inbox to the mailbox, one may be counted in both. */
        cop_assert(cop_system_quiet(5000));
        cop_assert(cop_to_int(cop_process_info(pid, "message_queue_len")) <= 10);
        cop_assert_equal(cop_length(hoard_of(pid)), 10);
}

/* ---- memory ---- */

enum { KB = 1024, QUOTA = 256 * KB };

static void take_blocks(cop_term none)
{
        for (;;)
                cop_alloc(1000);
}

static void take_one_block(cop_term none)
{
        cop_alloc(QUOTA + 1);
}

static void take_growing(cop_term none)
{
        void *block = NULL;
        size_t size;

        for (size = 1000;; size += 1000)
                block = cop_realloc(block, size);
}

static void make_terms(cop_term none)
{
        cop_term list = cop_nil();

        for (;;)
                list = cop_cons(cop_int(1), list);
}

static void keep_terms(cop_term none)
{
        for (;;)
                cop_scope {
                        cop_keep(cop_build("{some, [terms, \"that are kept\"]}"));
                }
}

static void make_bytes(cop_term none)
{
        static char bytes[1000];

        for (;;)
                cop_binary(bytes, sizeof(bytes));
}

static void keep_bytes(cop_term none)
{
        static char bytes[1000];

        for (;;)
                cop_scope {
                        cop_keep(cop_binary(bytes, sizeof(bytes)));
                }
}

static void fill_dictionary(cop_term none)
{
        int64_t i;

        for (i = 0;; i++)
                cop_scope {
                        cop_put(cop_int(i), cop_text("a value of some length, and then some"));
                }
}

static void lie_in_wait(cop_term none)
{
        cop_receive(COP_FOREVER, "never");
}

/* How a process that does this ends when it may have QUOTA bytes. */
static cop_term end_of(cop_process_fn *fn)
{
        cop_ref ref;

        cop_spawn(fn, cop_nil(), .memory_max = QUOTA, .monitor = &ref);
        return down_reason(ref);
}

COP_TEST(QUOTA_memory, "who wants more memory than it may ends with {quota, memory}: whatever for")
{
        cop_process_fn *const ways[] = {
                take_blocks, take_one_block, take_growing, make_terms,
                keep_terms,  make_bytes,     keep_bytes,   fill_dictionary
        };
        size_t i;

        for (i = 0; i < sizeof(ways) / sizeof(*ways); i++)
                cop_assert_term(end_of(ways[i]), "{quota, memory}");
}

COP_TEST(QUOTA_memory_mailbox, "its mailbox counts")
{
        cop_pid pid = cop_spawn(lie_in_wait, cop_nil(), .memory_max = QUOTA);
        cop_ref ref = cop_monitor(pid);
        char text[100] = { 0 };
        int i;

        for (i = 0; i < QUOTA / 100; i++)
                cop_send_term(pid, cop_binary(text, sizeof(text)));
        cop_assert_term(down_reason(ref), "{quota, memory}");
}

/* Has never much at a time. */
static void be_moderate(cop_term none)
{
        cop_term kept = COP_NONE;
        static char bytes[20 * KB];
        void *block = NULL;
        int i;

        for (i = 0; i < 2000; i++) {
                cop_scope {
                        cop_replace(&kept, cop_build("{kept, I, [terms]}", i));
                        cop_list(1, &kept);
                        cop_binary(bytes, sizeof(bytes));
                }
                block = cop_realloc(block, (size_t)(i % 7) * 10000);
                cop_free(cop_alloc(50 * KB));
                cop_send(cop_self(), "{a, message}");
                cop_receive(0, "{a, message}");
                if (i % 50 == 0) {
                        cop_send(cop_self(), "last");
                        cop_assert_term(cop_next_message(), "last");
                }
        }
}

COP_TEST(QUOTA_memory_given_back, "what is given back may be had again")
{
        cop_assert_term(end_of(be_moderate), "normal");
}

static void alloc_too_much(void *none)
{
        cop_alloc(QUOTA + 1);
}

static void make_too_much(void *none)
{
        make_terms(cop_nil());
}

static void go_on_after(cop_term none)
{
        cop_term reason;

        cop_assert_equal(cop_try(alloc_too_much, NULL, &reason), COP_EXIT);
        cop_assert_term(reason, "{quota, memory}");
        cop_scope {
                cop_assert_equal(cop_try(make_too_much, NULL, &reason), COP_EXIT);
                cop_assert_term(reason, "{quota, memory}");
        }
        cop_alloc(1000);
        cop_build("{there, is, room, again}");
}

COP_TEST(QUOTA_memory_caught, "who catches it can go on with what it has")
{
        cop_assert_term(end_of(go_on_after), "normal");
}

struct state {
        int64_t count;
};

static void make_list(int length)
{
        cop_term list = cop_nil();

        while (length-- > 0)
                list = cop_cons(cop_int(length), list);
}

static void handle_greedily(void *state, const struct cop_message *message)
{
        cop_keep(message->term);
        make_list(1000);
        if (message->kind == COP_CALL)
                cop_answer(message->from, "ok");
}

static const struct cop_handler greedy = { "greedy", sizeof(struct state), NULL, handle_greedily };

COP_TEST(QUOTA_memory_handler, "a handler's quota is on what it keeps, not on all it ever made")
{
        cop_pid pid = cop_spawn_handler(&greedy, cop_nil(), .memory_max = QUOTA);
        cop_term result;
        int i;

        for (i = 0; i < 1000; i++)
                cop_assert(cop_try_call(&result, 5000, pid, "small"));
        for (i = 0; i < 3000; i++)
                cop_scope {
                        if (!cop_try_call(&result, 5000, pid, "{kept, [I, 1, 2, 3, 4, 5, 6, 7, 8]}",
                                          i))
                                break;
                        result = cop_nil();
                }
        cop_assert(!cop_is_alive(pid));
        cop_assert(!cop_try_call(&result, 5000, pid, "more"));
        cop_assert_term(result, "noproc");
}

/* ---- inheritance ---- */

static void be_grandchild(cop_term owner)
{
        cop_term reason;

        cop_assert_equal(cop_try(alloc_too_much, NULL, &reason), COP_EXIT);
        cop_send(cop_to_pid(owner), "{grandchild, Reason}", reason);
}

static void have_child(cop_term owner)
{
        cop_spawn(be_grandchild, owner);
}

static void have_grandchild(cop_term owner)
{
        cop_spawn(have_child, owner);
}

COP_TEST(QUOTA_inherited, "children have the quotas of a parent that says so, and theirs, too")
{
        cop_term reason;

        cop_spawn(have_grandchild, cop_pid_term(cop_self()), .memory_max = QUOTA,
                  .inherit_quotas = true);
        cop_assert(cop_receive(5000, "{grandchild, Reason}", &reason));
        cop_assert_term(reason, "{quota, memory}");
}

static void take_twice_the_quota(cop_term none)
{
        cop_alloc(2 * QUOTA);
}

static void spawn_with_more(cop_term owner)
{
        cop_ref all, more;

        cop_spawn(take_twice_the_quota, cop_nil(), .monitor = &all);
        cop_spawn(take_twice_the_quota, cop_nil(), .monitor = &more, .memory_max = 3 * QUOTA);
        cop_send(cop_to_pid(owner), "{A, B}", down_reason(all), down_reason(more));
}

COP_TEST(QUOTA_inherited_or_not, "a child may have a quota of its own; without inherit it has none")
{
        cop_term heir, other;

        cop_spawn(spawn_with_more, cop_pid_term(cop_self()), .memory_max = QUOTA,
                  .inherit_quotas = true);
        cop_assert(cop_receive(5000, "{A, B}", &heir, &other));
        cop_assert_term(heir, "{quota, memory}");
        cop_assert_term(other, "normal");

        cop_spawn(spawn_with_more, cop_pid_term(cop_self()), .memory_max = QUOTA);
        cop_assert(cop_receive(5000, "{A, B}", &heir, &other));
        cop_assert_term(heir, "normal");
        cop_assert_term(other, "normal");
}

/* ---- turns ---- */

static void spin(void)
{
        static volatile uint64_t sum;

        for (;;)
                sum++;
}

static void spin_for_ever(cop_term none)
{
        spin();
}

static void spin_at_message(void *state, const struct cop_message *message)
{
        spin();
}

static const struct cop_handler spinner = { "spinner", 0, NULL, spin_at_message };

/* Under ThreadSanitizer nobody is ended while it runs. */
static bool turns_are_looked_at(void)
{
        return !world_is_simulated() && !COP_TSAN;
}

COP_TEST(QUOTA_turn, "a turn that lasts too long ends its process, whether it traps exits or not")
{
        cop_ref plain, trapping, handler;
        cop_pid pid;

        if (!turns_are_looked_at())
                return;
        cop_spawn(spin_for_ever, cop_nil(), .max_turn_ms = 20, .monitor = &plain);
        cop_spawn(spin_for_ever, cop_nil(), .max_turn_ms = 1, .trap_exits = true,
                  .monitor = &trapping);
        pid = cop_spawn_handler(&spinner, cop_nil(), .max_turn_ms = 20, .monitor = &handler);
        cop_send(pid, "go");
        cop_assert_term(down_reason(plain), "{quota, turn}");
        cop_assert_term(down_reason(trapping), "{quota, turn}");
        cop_assert_term(down_reason(handler), "{quota, turn}");
}

static void wait_in_kernel(cop_term none)
{
        for (;;)
                poll(NULL, 0, -1);
}

COP_TEST(QUOTA_turn_waits, "the clock on the wall counts, also for one that waits in the kernel")
{
        cop_ref ref;

        if (!turns_are_looked_at())
                return;
        cop_spawn(wait_in_kernel, cop_nil(), .max_turn_ms = 20, .monitor = &ref);
        cop_assert_term(down_reason(ref), "{quota, turn}");
}

static void spawn_heir(cop_term owner)
{
        cop_ref ref;

        cop_spawn(spin_for_ever, cop_nil(), .monitor = &ref);
        cop_send(cop_to_pid(owner), "{heir, Reason}", down_reason(ref));
}

COP_TEST(QUOTA_turn_inherited, "children have the limit of a parent that says so")
{
        cop_term reason;

        if (!turns_are_looked_at())
                return;
        cop_spawn(spawn_heir, cop_pid_term(cop_self()), .max_turn_ms = 1000,
                  .inherit_quotas = true);
        cop_assert(cop_receive(20000, "{heir, Reason}", &reason));
        cop_assert_term(reason, "{quota, turn}");
}

static void wait_for_message(cop_term none)
{
        cop_receive(COP_FOREVER, "stop");
}

COP_TEST(QUOTA_turn_same, "a reason that is the same in an exit of another process is trapped")
{
        cop_ref ref;
        cop_pid pid = cop_spawn(wait_for_message, cop_nil(), .trap_exits = true, .monitor = &ref);

        cop_exit_to(pid, "{quota, turn}");
        cop_send(pid, "stop");
        cop_assert_term(down_reason(ref), "normal");
}

static void spawn_with_wrong(void *none)
{
        cop_spawn(wait_for_message, cop_nil(), .max_turn_ms = -1);
}

COP_TEST(QUOTA_turn_badarg, "a negative limit is badarg")
{
        cop_term reason;

        cop_assert_equal(cop_try(spawn_with_wrong, NULL, &reason), COP_ERROR);
        cop_assert_match(reason, "{badarg, _}");
}
