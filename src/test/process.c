/*
 * process.c: a test as a process, and what belongs to it.
 *
 * Each test has an OS process of its own (run.c), so there is one of everything: a system, a process
 * of the test, its supervisor. The first thread is the watcher: it waits for the test's end, for that
 * of its supervisor (which is linked with the test, and stops its children), has what was left for the
 * exit called, and stops the system.
 *
 * A failed assertion is told at once (assert.c) and ends the process that made it, and the test; what is
 * put away after the test is put away then, too.
 */
#include <coppice/test_process.h>

#include <coppice/logger.h>
#include <coppice/system.h>
#include <coppice/text.h>

#include <stdio.h>
#include <unistd.h>

#include "test/run.h"
#include "test/sim.h"

enum { EXITS_MOST = 64, STOP_MS = 5000, SHOWN_MOST = 10 };

static struct {
        const struct cop_test_process_options *options;
        void (*test)(void);
        cop_pid pid;         /* of the test */
        cop_pid supervisor;  /* zero: it started nothing; the test's process writes it */
        atomic_bool is_over; /* the test came to its end */
        atomic_int exit_count;
        struct {
                void (*fn)(void *argument);
                void *argument;
        } exits[EXITS_MOST];
} it;

COP_SUPERVISOR(cop_test_supervisor, .strategy = COP_ONE_FOR_ONE, .intensity = 1000000, .period = 1);

/* ---- the process of the test ---- */

static void set_up_and_test(void *unused)
{
        if (it.options->setup)
                it.options->setup();
        it.test();
}

static void say_raised(enum cop_class class, cop_term reason)
{
        static const char *const words[] = { "normal", "error", "exit", "throw" };
        cop_term what = reason, stack = cop_nil();

        if (class == COP_ERROR)
                cop_match(reason, "{What, Stack}", &what, &stack);
        cop__test_say_failed("** (%s) %s", words[class], cop_show_pretty(what));
        COP_EACH (place, stack)
                fprintf(stderr, "        %s\n", cop_show(place));
}

static void be_the_test(void *unused)
{
        cop_term reason;
        enum cop_class class;

        it.pid = cop_self();
        class = cop_try(set_up_and_test, NULL, &reason);
        if (class == COP_NORMAL)
                atomic_store(&it.is_over, true);
        else
                say_raised(class, reason);
        cop_exit("shutdown");
}

/* Where an assertion has failed. The first thread is no process: it goes on, and leaves. */
static void end_the_test(void)
{
        if (gettid() == getpid())
                return;
        if (!cop_same(cop_self(), it.pid))
                cop_kill(it.pid);
        cop_exit("assertion_failed");
}

/* ---- the watcher ---- */

static void wait_for_test(void)
{
        cop_term reason;
        cop_ref ref;
        cop_pid pid = cop_spawn_pointer(be_the_test, NULL, .monitor = &ref);

        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason);
        if (!atomic_load(&it.is_over) && !atomic_load(&cop__test_watch->has_failed))
                cop__test_say_failed("** (EXIT from %s) %s", cop_show(cop_pid_term(pid)),
                                     cop_show_pretty(reason));
}

static void wait_for_supervisor(void)
{
        cop_ref ref;

        if (cop_is_nobody(it.supervisor))
                return;
        ref = cop_monitor(it.supervisor);
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, _}", &ref);
}

static void call_exits(void *unused)
{
        int at;

        it.pid = cop_self();
        while ((at = atomic_load(&it.exit_count)) > 0) {
                atomic_store(&it.exit_count, at - 1);
                it.exits[at - 1].fn(it.exits[at - 1].argument);
        }
}

static void do_exits(void)
{
        cop_term reason;
        cop_ref ref;

        while (atomic_load(&it.exit_count) > 0) {
                cop_spawn_pointer(call_exits, NULL, .monitor = &ref);
                cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason);
                if (!cop_is(reason, "normal") && !atomic_load(&cop__test_watch->has_failed))
                        cop__test_say_failed("cop_on_exit() ended with %s",
                                             cop_show_pretty(reason));
        }
}

/* seed: 0 in the real world. */
static void live(void (*test)(void), uint64_t seed, const struct cop_sim_options *options)
{
        int err = cop_system_start(.simulate = seed, .simulation = options);

        if (err < 0)
                cop_fail("the system does not start: error %d", -err);
        it.test = test;
        cop__test_leave_by(end_the_test);
        wait_for_test();
        wait_for_supervisor();
        do_exits();
        cop_logger_flush(STOP_MS);
        cop_system_stop(STOP_MS);
        if (atomic_load(&cop__test_watch->has_failed)) {
                fflush(stdout);
                _exit(TEST_FAILED);
        }
}

static void run_as_process(void (*test)(void))
{
        const struct cop_sim_options options = { .struct_size = sizeof(options) };
        struct cop_sim_found found;

        if (!cop__sim_seeds()) {
                live(test, 0, NULL);
                return;
        }
        cop__sim_find(&found, live, test, &options);
        cop__sim_judge(&found, __FILE__, __LINE__);
}

void cop__test_processes_with(const struct cop_test_process_options *options)
{
        it.options = options;
        cop__test_run_with(run_as_process);
}

/* ---- what a test starts, and puts away ---- */

static void check_caller(const char *what, const char *file, int line)
{
        if (!cop_same(cop_self(), it.pid))
                cop__test_fail(file, line, "%s is for the process of the test alone", what);
}

cop_term cop__try_start_supervised(cop_term spec, const char *file, int line)
{
        check_caller("cop_start_supervised()", file, line);
        if (cop_is_nobody(it.supervisor))
                it.supervisor = cop_supervisor_start_link(cop_test_supervisor);
        return cop_start_child(it.supervisor, "Spec", spec);
}

cop_pid cop__start_supervised(cop_term spec, bool link, const char *file, int line)
{
        cop_term result = cop__try_start_supervised(spec, file, line);
        cop_pid pid;

        if (!cop_match(result, "{ok, Pid}", &pid) && !cop_match(result, "{ok, Pid, _}", &pid))
                cop__test_fail(file, line, "it does not start\n        %s\n            is %s",
                               cop_show(spec), cop_show_pretty(result));
        if (link)
                cop_link(pid);
        return pid;
}

cop_term cop__stop_supervised(const char *id, const char *file, int line)
{
        cop_term result;

        check_caller("cop_stop_supervised()", file, line);
        if (cop_is_nobody(it.supervisor))
                return cop_build("{error, not_found}");
        result = cop_terminate_child(it.supervisor, cop_atom(id));
        if (cop_is(result, "ok"))
                cop_delete_child(it.supervisor, cop_atom(id)); /* a temporary one is gone already */
        return result;
}

void cop_on_exit(void (*fn)(void *), void *argument)
{
        int at = atomic_fetch_add(&it.exit_count, 1);

        if (at >= EXITS_MOST)
                cop_fail("cop_on_exit() was called more than %d times", EXITS_MOST);
        it.exits[at].fn = fn;
        it.exits[at].argument = argument;
}

/* ---- what a test waits for ---- */

/* The newest messages of the caller, which are taken out, as text. */
static const char *mailbox(void)
{
        static char text[8192];
        cop_term message, all = cop_nil();
        size_t count = 0, at;

        while (cop_receive(0, "Message", &message)) {
                all = cop_cons(message, all);
                count++;
        }
        at = (size_t)snprintf(text, sizeof(text), "showing %zu of %zu messages in the mailbox",
                              count < SHOWN_MOST ? count : (size_t)SHOWN_MOST, count);
        for (int i = 0; i < SHOWN_MOST && !cop_is_nil(all) && at < sizeof(text); i++) {
                at += (size_t)snprintf(text + at, sizeof(text) - at, "\n            %s",
                                       cop_show(cop_head(all)));
                all = cop_tail(all);
        }
        return text;
}

void cop__test_receive(struct cop__site *site, void *const *places, int64_t timeout_ms)
{
        const struct cop_place *at = &site->place;

        cop__test_at(at->file, at->line);
        if (cop__receive(site, places, timeout_ms))
                return;
        cop__test_fail(at->file, at->line,
                       "no matching message after %lld ms\n        expected %s\n        %s",
                       (long long)timeout_ms, site->pattern, mailbox());
}

struct unwanted {
        struct cop__site *site;
        void *const *places;
};

static bool is_unwanted(cop_term message, void *context)
{
        const struct unwanted *u = context;

        return cop__match(u->site, u->places, message);
}

void cop__test_refute(struct cop__site *site, void *const *places, int64_t timeout_ms)
{
        const struct cop_place *at = &site->place;
        struct unwanted unwanted = { site, places };
        cop_term message;

        cop__test_at(at->file, at->line);
        message = cop_receive_if(is_unwanted, &unwanted, timeout_ms);
        if (cop_is_none(message))
                return;
        cop__test_fail(at->file, at->line,
                       "a message came that matches\n        %s\n            is %s", site->pattern,
                       cop_show_pretty(message));
}

const char *cop_capture_log(void (*fn)(void *), void *argument)
{
        struct cop_log_capture *capture = cop_log_capture_begin(COP_LEVEL_DEBUG);

        if (!capture)
                cop_fail("no memory to capture the log");
        fn(argument);
        return cop_log_capture_end(capture);
}
