/*
 * EXHAUST: memory, stacks or processes are used up.
 *
 * Whoever asks for more fails with {system_limit, What}; the others go on, and nobody misses the end
 * of another.
 */
#include "support/world.h"

#include <stdio.h>
#include <sys/resource.h>

#include "base/alloc.h"
#include "base/sanitizers.h"

enum { MB = 1024 * 1024 };

/* system_limit, with what or without, as an error or as the reason of a call. */
static void check_limit(cop_term reason)
{
        if (!cop_is(reason, "system_limit") && !cop_match(reason, "{system_limit, _}") &&
            !cop_match(reason, "{{system_limit, _}, _}"))
                cop_fail("not a limit: %s", cop_show(reason));
}

/* ---- the n-th allocation fails ---- */

static void answer_calls(cop_term none)
{
        cop_from from;
        cop_term what;

        for (;;) {
                if (cop_match(cop_next_message(), "{'$gen_call', {Pid, Ref}, What}", &from.pid,
                              &from.ref, &what))
                        cop_answer(from, "{answer, What}", what);
        }
}

static void end_soon(cop_term none)
{
        cop_exit("{done, <<\"as it should be\">>}");
}

/* So deep that a copy needs memory of its own. */
static cop_term deep_term(void)
{
        cop_term term = cop_build("bottom");

        for (int i = 0; i < 100; i++)
                term = cop_build("{deeper, [Term]}", term);
        return term;
}

/* A bit of everything; whatever of it fails raises. */
static void live(void *none)
{
        cop_ref ref, alias;
        cop_term result;
        cop_pid pid;

        pid = cop_spawn(answer_calls, cop_build("{an, argument}"), .link = true,
                        .label = cop_int(1));
        alias = cop_alias(COP_ALIAS_REPLY);
        cop_send(alias, "{through, alias}");
        cop_receive(0, "{through, alias}");
        cop_send_term(cop_self(), deep_term());
        cop_receive(0, "{deeper, _}");
        if (!cop_try_call(&result, 5000, pid, "{question, [1, 2, 3]}"))
                cop_exit_term(result);
        cop_put(cop_int(1), cop_build("{some, value}"));
        cop_cancel_timer(cop_send_after(5000, cop_self(), "{late, message}"));
        cop_unlink(pid);
        ref = cop_monitor(pid, .tag = cop_build("{a, tag}"));
        cop_kill(pid);
        cop_receive(5000, "{_, ^Ref, process, _, Reason}", &ref, &result);
        cop_spawn(end_soon, cop_nil(), .monitor = &ref);
        cop_receive(5000, "{'DOWN', ^Ref, process, _, Reason}", &ref, &result);
        cop_erase(cop_int(1));
}

static _Atomic(bool) may_live;

static void live_and_end(cop_term none)
{
        while (!may_live)
                cop_yield();
        live(NULL);
}

COP_TEST(EXHAUST_nth,
         "whichever allocation fails: the failure is a system_limit, and nothing is left")
{
        bool failed = true;
        cop_term reason;
        cop_ref ref;
        int64_t n;

        for (n = 1; failed; n++) {
                may_live = false;
                cop_spawn(live_and_end, cop_nil(), .monitor = &ref);
                cop__alloc_fail_at(n);
                may_live = true;
                reason = down_reason(ref);
                failed = cop__alloc_fail_at(0);
                if (!cop_is(reason, "normal"))
                        check_limit(reason);
                COP_EACH (pid, cop_processes()) /* its child, where it did not come to end it */
                        if (!cop_equal(pid, cop_pid_term(cop_self())))
                                cop_kill(cop_to_pid(pid));
                cop_assert(cop_system_quiet(5000));
        }
        cop_assert(n > 20);
}

/* ---- there is none ---- */

#if !COP_ASAN && !COP_TSAN

static size_t address_space(void)
{
        FILE *file = fopen("/proc/self/statm", "r");
        unsigned long pages = 0;

        if (file && fscanf(file, "%lu", &pages) != 1)
                pages = 0;
        if (file)
                fclose(file);
        return pages * 4096;
}

static void limit_memory(size_t bytes)
{
        struct rlimit limit;

        getrlimit(RLIMIT_AS, &limit);
        limit.rlim_cur = bytes;
        setrlimit(RLIMIT_AS, &limit);
}

static void take(void *size)
{
        cop_alloc((size_t)(uintptr_t)size);
}

/* Takes all there is, in ever smaller pieces. */
static void take_all(void)
{
        cop_term reason;
        size_t size;

        for (size = 8 * MB; size >= 16; size /= 2)
                while (cop_try(take, (void *)(uintptr_t)size, &reason) == COP_NORMAL)
                        continue;
}

static void lie_in_wait(cop_term none)
{
        cop_receive(COP_FOREVER, "never");
}

static _Atomic(bool) may_end;

static void be_greedy(cop_term none)
{
        cop_sleep(50);
        take_all();
        while (!may_end)
                cop_sleep(10);
}

static cop_term large; /* made while there was memory */

static cop_term make_large(void)
{
        cop_term list = cop_nil();
        int i;

        for (i = 0; i < 4000; i++)
                list = cop_cons(cop_int(i), list);
        return cop_keep(list);
}

static void spawn_large(void *none)
{
        cop_ref ref;
        int i;

        for (i = 0; i < 5000; i++)
                cop_spawn(answer_calls, large, .monitor = &ref);
}

static void send_large(void *to)
{
        for (;;)
                cop_send_term(*(cop_pid *)to, large);
}

/* Ends with a link and a monitor when its time has come, for which no memory is needed. */
static void end_in_time(cop_term none)
{
        cop_sleep(200);
        cop_exit("poor");
}

COP_TEST(EXHAUST_memory, "without memory spawning and sending fail for who asks, and others go on",
         .limit_s = 60)
{
        cop_pid server = cop_spawn(answer_calls, cop_nil());
        cop_pid sink = cop_spawn(lie_in_wait, cop_nil());
        cop_pid poor = cop_spawn(end_in_time, cop_nil(), .link = true);
        cop_ref poor_ref = cop_monitor(poor);
        cop_ref greedy_ref;
        cop_term reason;

        may_end = false;
        cop_spawn(be_greedy, cop_nil(), .monitor = &greedy_ref);
        large = make_large();
        cop_trap_exits(true);
        limit_memory(address_space() + 64 * MB);
        cop_assert(cop_receive(5000, "{'EXIT', ^Poor, _}", &poor));
        reason = down_reason(poor_ref);
        cop_assert(cop_is(reason, "poor") || cop_is(reason, "system_limit"));
        /* Asking whether it lives would take memory. */
        cop_assert(!cop_receive(0, "{'DOWN', ^Ref, process, _, _}", &greedy_ref));
        if (cop_try(spawn_large, NULL, &reason) == COP_NORMAL) /* then there was no stack for it */
                cop_assert(cop_receive(5000, "{'DOWN', _, process, _, {system_limit, _}}"));
        else
                check_limit(reason);
        cop_assert_equal(cop_try(send_large, &sink, &reason), COP_ERROR);
        check_limit(reason);

        may_end = true;
        reason = down_reason(greedy_ref);
        cop_assert(cop_is(reason, "normal") || cop_is(reason, "system_limit"));
        limit_memory(RLIM_INFINITY);
        cop_kill(sink);
        cop_assert_term(cop_call(server, "question"), "{answer, question}");
}

#endif
