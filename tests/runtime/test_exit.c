/*
 * TERM: what happens at the end of a process, and in which order. EXIT: the reasons.
 */
#include "support/puppet.h"

#include <stdatomic.h>

#include "runtime/process.h"
#include "runtime/scheduler.h"

static atomic_int destroyed;
static cop_pid told;

static void destroy(void *what)
{
        destroyed++;
        cop_send(told, "{destroyed, N}", (int)(intptr_t)what);
}

static void owns(cop_term how)
{
        cop_own((void *)1, destroy);
        cop_own((void *)2, destroy);
        if (cop_is(how, "exit"))
                cop_exit("by_itself");
        cop_receive(COP_FOREVER, "never");
}

/* ---- TERM-1: the sequence ---- */

COP_TEST(TERM_1_sequence, "first what it owned goes, newest first; then links hear, then monitors")
{
        int k;

        told = cop_self();
        cop_trap_exits(true);
        for (k = 0; k < world_times(); k++) {
                cop_ref ref;
                cop_pid pid = cop_spawn(owns, cop_atom(k % 2 ? "exit" : "wait"), .link = true,
                                        .monitor = &ref);

                if (k % 4 == 0)
                        cop_system_quiet(COP_FOREVER);
                if (k % 2 == 0)
                        cop_exit_to(pid, "from_outside");
                if (k % 4 == 2) /* it may have died before it owned anything */
                        cop_receive(5000, "{'EXIT', ^Pid, _}", &pid), down_reason(ref),
                                cop_assert(messages().word || true);
                else
                        cop_assert_term(messages(),
                                        "[{destroyed, 2}, {destroyed, 1}, {'EXIT', Pid, Why},"
                                        " {'DOWN', Ref, process, Pid, Why}]",
                                        pid, cop_atom(k % 2 ? "by_itself" : "from_outside"), ref);
        }
}

COP_TEST(TERM_1_timers_for_it, "timers for the process are cancelled when it ends")
{
        cop_pid pid = puppet();
        cop_ref timer = cop_send_after(3600000, pid, "late");

        cop_assert(cop_read_timer(timer) > 3599000);
        pull(pid, "return");
        cop_assert_equal(cop_read_timer(timer), -1);
        cop_assert_equal(cop_cancel_timer(timer), -1);
}

static void sets_timer(cop_term argument)
{
        cop_pid to;

        if (cop_match(argument, "{To}", &to))
                cop_send_after(20, to, "from_the_dead");
}

COP_TEST(TERM_1_timers_by_it, "timers that the process made for others go on when it has ended")
{
        cop_ref ref;

        cop_spawn(sets_timer, cop_build("{Me}", cop_self()), .monitor = &ref);
        cop_assert_term(down_reason(ref), "normal");
        cop_assert(cop_receive(5000, "from_the_dead"));
}

COP_TEST(TERM_1_mailbox, "its mailbox goes, and who waits for an answer to what is in it hears why")
{
        cop_pid pid = puppet();
        cop_ref request;
        cop_term reason = cop_nil();

        pull(pid, "{sleep, 3600000}");
        cop_send(pid, "{big, \"0123456789012345678901234567890123456789012345678901234567890\"}");
        request = cop_send_request(pid, "question");
        cop_exit_to(pid, "over");
        cop_assert_equal(cop_receive_response(request, 5000, &reason), COP_RESPONSE_ERROR);
        cop_assert_term(reason, "over");
}

/* ---- TERM-2: before anybody hears of it ---- */

COP_TEST(TERM_2_name_and_owned, "who gets the DOWN finds the name free and what was owned released")
{
        int k;

        told = cop_self();
        for (k = 0; k < world_times(); k++) {
                cop_ref ref;
                cop_pid pid = cop_spawn(owns, cop_atom("wait"), .name = "owner", .monitor = &ref);

                destroyed = 0;
                cop_system_quiet(COP_FOREVER);
                cop_kill(pid);
                down_reason(ref);
                cop_assert_equal(destroyed, 2);
                cop_assert(cop_is_nobody(cop_whereis("owner")));
        }
}

COP_TEST(TERM_2_not_alive, "who is told that it does not live finds the name free")
{
        int k;

        told = cop_self();
        for (k = 0; k < world_times(); k++) {
                cop_pid pid = cop_spawn(owns, cop_atom("exit"), .name = "owner");

                while (cop_is_alive(pid))
                        cop_yield();
                cop_assert(cop_is_nobody(cop_whereis("owner")));
        }
}

/* ---- TERM-3 ---- */

COP_TEST(TERM_3_alive, "a process lives until it has been ended; the question comes after the kill")
{
        int k;

        for (k = 0; k < world_times(); k++) {
                cop_pid pid = puppet();

                if (k % 2)
                        cop_yield();
                cop_assert(cop_is_alive(pid));
                cop_kill(pid);
                cop_assert(!cop_is_alive(pid));
        }
        cop_assert(cop_is_alive(cop_self()));
}

static void waits_at_the_end(void *unused)
{
        cop_send(told, "ending");
        cop_receive(COP_FOREVER, "go_on");
}

static void ends_slowly(cop_term none)
{
        cop_own(NULL, waits_at_the_end);
        cop_exit("slowly");
}

COP_TEST(TERM_3_waits, "while what it owned is being released nobody hears that it is dead")
{
        cop_ref ref;
        cop_pid pid;

        told = cop_self();
        pid = cop_spawn(ends_slowly, cop_nil(), .monitor = &ref, .name = "slow");
        cop_assert(cop_receive(5000, "ending"));
        cop_assert_term(messages(), "[]");
        cop_assert(cop_same(cop_whereis("slow"), pid));
        cop_send(pid, "go_on");
        cop_assert(!cop_is_alive(pid));
        cop_assert(cop_is_nobody(cop_whereis("slow")));
        cop_assert_term(down_reason(ref), "slowly");
}

/* ---- TERM-4: one reason ---- */

COP_TEST(TERM_4_same_reason, "links and monitors get the same reason")
{
        cop_pid pid = puppet(), linked = puppet(.trap_exits = true);
        cop_ref ref = cop_monitor(pid);

        pull(linked, "{link, Pid}", pid);
        pull(pid, "{exit, {big, \"reason\", [1, 2, 3], #{a => 2.5}, <<1, 2, 3>>}}");
        cop_assert(cop_receive(
                5000, "{_, {'EXIT', ^Pid, {big, \"reason\", [1, 2, 3], #{a := 2.5}, <<1, 2, 3>>}}}",
                &pid));
        cop_assert_term(down_reason(ref), "{big, \"reason\", [1, 2, 3], #{a => 2.5}, <<1, 2, 3>>}");
}

COP_TEST(TERM_4_settled, "an exit signal that comes while it ends does not change the reason")
{
        cop_ref ref;
        cop_pid pid;

        told = cop_self();
        pid = cop_spawn(ends_slowly, cop_nil(), .monitor = &ref);
        cop_assert(cop_receive(5000, "ending"));
        cop_exit_to(pid, "{other, reason}");
        cop_assert_term(messages(), "[]");
        cop_kill(pid); /* ends the destructor that waits */
        cop_assert_term(down_reason(ref), "slowly");
}

COP_TEST(TERM_4_settled_outside, "the same for one that was ended from outside")
{
        cop_ref ref;
        cop_pid pid;

        told = cop_self();
        pid = cop_spawn(ends_slowly, cop_nil(), .monitor = &ref);
        cop_assert(cop_receive(5000, "ending"));
        cop_exit_to(pid, "{third, reason}");
        cop_exit_to(pid, "{fourth, reason}");
        cop_send(pid, "go_on");
        cop_assert_term(down_reason(ref), "slowly");
}

/* ---- TERM-5: timers for the dead ---- */

COP_TEST(TERM_5_dead_pid, "a timer for a dead pid is cancelled from the start")
{
        cop_pid pid = puppet();
        cop_ref timer;

        pull(pid, "return");
        timer = cop_send_after(10, pid, "late");
        cop_assert_equal(cop_cancel_timer(timer), -1);
}

COP_TEST(TERM_5_name, "a timer for a name that nobody has when it goes off is dropped")
{
        cop_ref timer;

        cop_register("short_lived", cop_self());
        timer = cop_send_after(5, "short_lived", "late");
        cop_unregister("short_lived");
        cop_send_after(30, cop_self(), "afterwards");
        cop_assert(cop_receive(5000, "afterwards"));
        cop_assert_equal(cop_cancel_timer(timer), -1);
        cop_assert_term(messages(), "[]");
}

/* ---- reasons ---- */

static void does_nothing(cop_term none)
{
}

static void divides(cop_term none)
{
        cop_error("badarith");
}

COP_TEST(EXIT_reasons,
         "returning is normal; cop_exit() its reason; an error and a throw carry a stack")
{
        cop_term what, stack, place;
        cop_ref ref;

        cop_spawn(does_nothing, cop_nil(), .monitor = &ref);
        cop_assert_term(down_reason(ref), "normal");
        cop_spawn(divides, cop_nil(), .monitor = &ref);
        cop_assert_match(down_reason(ref), "{badarith, [{Module, divides, 0, Place} | Stack]}",
                         &what, &place, &stack);
        cop_assert_term(what, "test_exit");
        cop_assert_match(place, "[{file, _}, {line, Line}]", &what);
        cop_assert(cop_is_int(what));
}

COP_TEST(EXIT_reason_survives, "a reason that was made on the stack of the dead arrives whole")
{
        int k;

        for (k = 0; k < world_times(); k++) {
                cop_ref ref;
                cop_pid pid = puppet(.monitor = &ref);

                pull_only(pid, "{exit, {K, [K, <<\"text\">>], #{k => K}}}", k);
                cop_assert_term(down_reason(ref), "{K, [K, <<\"text\">>], #{k => K}}", k);
        }
}

COP_TEST(EXIT_pid_late, "what comes for who had the place before is answered as by the dead")
{
        cop_pid old = puppet(), new = puppet();
        struct process *p = cop__table_at(new.word);
        struct signal *late = cop__signal_new(SIGNAL_LINK, old.word, SIGNAL_SPARE_WORDS);

        cop_trap_exits(true);
        cop_link(old);
        pull(old, "{exit, over}");
        messages();
        late->from = cop_self().word;
        if (cop__inbox_push(&p->inbox, late) == PUSH_WAKE)
                cop__enqueue(p);
        cop_assert_term(messages(), "[]");
        cop_assert_term(cop_process_info(new, "links"), "[]");
}

COP_TEST(EXIT_pid_not_reused, "the pid of a dead process is never that of another one")
{
        cop_pid first = puppet(), next;
        int k;

        cop_kill(first);
        cop_assert(!cop_is_alive(first));
        for (k = 0; k < 3000; k++) {
                next = cop_spawn(does_nothing, cop_nil());
                cop_assert(!cop_same(first, next));
                cop_assert(!cop_is_alive(first));
                cop_yield();
        }
}
