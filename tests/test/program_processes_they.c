/*
 * Tests that are processes, which test_processes.c runs: what they say, and how they end, is what
 * is tested there.
 */
#include <coppice/log.h>
#include <coppice/server.h>
#include <coppice/test_process.h>
#include <coppice/text.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void set_up(void)
{
        printf("setup\n");
        cop_put(cop_atom("set up by"), cop_pid_term(cop_self()));
}

COP_TEST_PROCESSES(.setup = set_up);

/* A server that says when it starts and when it ends. */
struct noisy {
        cop_term name;
};

static cop_next noisy_init(struct noisy *n, cop_term name)
{
        cop_trap_exits(true);
        n->name = name;
        printf("start %s\n", cop_show(name));
        return cop_ok();
}

static cop_next noisy_info(struct noisy *n, cop_term message)
{
        if (cop_is(message, "crash"))
                cop_exit("crashed");
        return cop_noreply();
}

static void noisy_terminate(struct noisy *n, cop_term reason)
{
        printf("stop %s\n", cop_show(n->name));
}

COP_SERVER(noisy, struct noisy, .init = noisy_init, .handle_info = noisy_info,
           .terminate = noisy_terminate);

static void says(void *what)
{
        printf("exit %s\n", (const char *)what);
}

static void raises(void *unused)
{
        cop_error("not_put_away");
}

static char one[] = "one", two[] = "two";

COP_TEST(in_order, "setup, test, what is supervised, what is for the exit")
{
        cop_assert_equal(cop_to_pid(cop_get(cop_atom("set up by"))), cop_self());
        cop_on_exit(says, one);
        cop_start_supervised(COP_WORKER(noisy, "a", .id = "a"));
        cop_start_supervised(COP_WORKER(noisy, "b", .id = "b"));
        cop_on_exit(says, two);
        printf("test\n");
}

COP_TEST(fails_in_order, "the same after a failure")
{
        cop_on_exit(says, one);
        cop_start_supervised(COP_WORKER(noisy, "a"));
        cop_assert(1 == 2);
        printf("not reached\n");
}

COP_TEST(errors, "an error")
{
        cop_error("{no, luck}");
}

COP_TEST(exits, "an exit")
{
        cop_exit("normal");
}

COP_TEST(throws, "a throw")
{
        cop_throw("ball");
}

COP_TEST(faults, "a bad pointer")
{
        volatile int *volatile bad = (volatile int *)8;

        *bad = 1;
}

COP_TEST(exit_raises, "what is for the exit raises")
{
        cop_on_exit(says, one);
        cop_on_exit(raises, NULL);
}

static void ends(cop_term reason)
{
        cop_exit_term(reason);
}

COP_TEST(linked_shutdown, "a linked process ends with shutdown")
{
        cop_spawn(ends, cop_atom("shutdown"), .link = true);
        cop_receive(COP_FOREVER, "never");
}

COP_TEST(linked_normal, "a linked process ends with normal")
{
        cop_ref ref;

        cop_spawn(ends, cop_atom("normal"), .link = true, .monitor = &ref);
        cop_assert_receive(5000, "{'DOWN', ^R, process, _, normal}", &ref);
}

COP_TEST(linked_trapped, "a linked process ends, and the test traps exits")
{
        cop_trap_exits(true);
        cop_spawn(ends, cop_atom("boom"), .link = true);
        cop_assert_receive(5000, "{'EXIT', _, boom}");
}

COP_TEST(supervised_crash, "what is supervised crashes, and is started again")
{
        cop_pid first = cop_start_supervised(COP_WORKER(noisy, "a", .name = "noisy"));
        cop_ref ref = cop_monitor(first);

        cop_send(first, "crash");
        cop_assert_receive(5000, "{'DOWN', ^R, process, _, crashed}", &ref);
        while (cop_is_nobody(cop_whereis("noisy")))
                cop_yield();
        cop_assert(!cop_same(cop_whereis("noisy"), first));
}

COP_TEST(linked_crash, "what is supervised and linked crashes")
{
        cop_pid pid = cop_start_link_supervised(COP_WORKER(noisy, "a"));

        cop_send(pid, "crash");
        cop_receive(COP_FOREVER, "never");
}

COP_TEST(twice, "the same id twice, and stopped")
{
        cop_pid pid = cop_start_supervised(COP_WORKER(noisy, "a", .id = "n"));

        cop_assert_term(cop_try_start_supervised(COP_WORKER(noisy, "b", .id = "n")),
                        "{error, {already_started, Pid}}", pid);
        cop_assert_term(cop_stop_supervised("n"), "ok");
        cop_assert(!cop_is_alive(pid));
        cop_assert_term(cop_stop_supervised("n"), "{error, not_found}");
        cop_start_supervised(COP_WORKER(noisy, "c", .id = "n"));
}

static void starts_one(cop_term argument)
{
        cop_start_supervised(COP_WORKER(noisy, "a"));
}

COP_TEST(started_elsewhere, "another process starts something supervised")
{
        cop_spawn(starts_one, cop_nil());
        cop_receive(COP_FOREVER, "never");
}

COP_TEST(receives, "a message that comes, and one that does not")
{
        int64_t n;

        cop_send(cop_self(), "{number, 7}");
        cop_assert_receive(100, "{number, N}", &n);
        cop_assert_equal(n, 7);
        cop_refute_receive(0, "{number, _}");
}

COP_TEST(receives_nothing, "a message does not come")
{
        for (int i = 0; i < 12; i++)
                cop_send(cop_self(), "{other, I}", i);
        cop_assert_receive(1, "{number, _}");
}

COP_TEST(receives_unwanted, "a message comes that should not")
{
        cop_send(cop_self(), "{number, 7}");
        cop_refute_receive(0, "{number, _}");
}

COP_TEST(hangs, "it does not end", .limit_s = 1)
{
        cop_assert(true);
        cop_receive(COP_FOREVER, "never");
}

static void asserts(cop_term argument)
{
        cop_assert_term(argument, "expected");
}

COP_TEST(other_asserts, "an assertion fails in another process")
{
        cop_on_exit(says, one);
        cop_spawn(asserts, cop_atom("found"));
        cop_receive(COP_FOREVER, "never");
}

static void logs(void *unused)
{
        cop_log_error("the %s is hot", "stove");
}

static void logs_too(void *unused)
{
        const char *inner = cop_capture_log(logs, NULL);

        printf("inner %s", inner);
        cop_log_warning("and so is the pan");
}

COP_TEST(captures, "what is logged is collected")
{
        printf("outer %s", cop_capture_log(logs_too, NULL));
}
