/*
 * Processes that run for ever, and what becomes of the others.
 *
 *     runtime_spinners SCHEDULERS SPINNERS
 *
 * Starts plain processes and a handler, and then so many that spin. All the time the others must
 * answer, those with a live stack and timers as well. Prints how many of 1,000 calls were answered, and
 * within how many microseconds; then ends the spinners, and prints how many ended.
 */
#include <coppice.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { CALLS = 1000, SPINNERS_MOST = 100 };

static _Atomic(int) spinning;

static void spin(cop_term none)
{
        volatile uint64_t sum = 0;

        atomic_fetch_add(&spinning, 1);
        for (;;)
                sum++;
}

static void answer(void *state, const struct cop_message *message)
{
        if (message->kind == COP_CALL)
                cop_answer(message->from, "ok");
}

static const struct cop_handler server = { .name = "server", .message = answer };

/* Has its stack for as long as it lives. */
static void echo(cop_term none)
{
        cop_pid from;

        for (;;)
                if (cop_receive(COP_FOREVER, "{echo, From}", &from))
                        cop_send(from, "echoed");
}

static void tick(cop_term to)
{
        for (;;) {
                cop_sleep(5);
                cop_send(cop_to_pid(to), "tick");
        }
}

static int compare(const void *a, const void *b)
{
        int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

        return (x > y) - (x < y);
}

static int64_t latencies[CALLS];

static int call_all(cop_pid pid)
{
        int answered = 0;

        for (int i = 0; i < CALLS; i++) {
                int64_t then = cop_now_ns();
                cop_term result;

                answered += cop_try_call(&result, 5000, pid, "how_are_you");
                latencies[i] = cop_now_ns() - then;
        }
        qsort(latencies, CALLS, sizeof(latencies[0]), compare);
        return answered;
}

static int count_messages(const char *what, int64_t within_ms, int most)
{
        int64_t deadline = cop_now_ms() + within_ms;
        int count = 0;

        while (count < most && cop_now_ms() < deadline) {
                bool came = what[0] == 't' ? cop_receive(100, "tick") : cop_receive(100, "echoed");

                count += came;
        }
        return count;
}

int main(int argc, char **argv)
{
        int spinners = atoi(argv[2]);
        cop_pid pids[SPINNERS_MOST];
        cop_pid pid, echoes[4];
        int answered, echoed, ticks, ended = 0;

        setenv("COP_SCHEDULERS", argv[1], 1);
        if (spinners > SPINNERS_MOST || cop_system_start() < 0)
                return 1;
        pid = cop_spawn_handler(&server, cop_nil());
        for (int i = 0; i < 4; i++)
                echoes[i] = cop_spawn(echo, cop_nil());
        cop_spawn(tick, cop_pid_term(cop_self()));
        cop_call(pid, "are_you_there");

        for (int i = 0; i < spinners; i++)
                pids[i] = cop_spawn(spin, cop_nil());
        answered = call_all(pid);
        for (int i = 0; i < 4; i++)
                cop_send(echoes[i], "{echo, Me}", cop_self());
        echoed = count_messages("echoed", 5000, 4);
        ticks = count_messages("tick", 5000, 20);
        while (atomic_load(&spinning) < spinners)
                continue;
        printf("%d answered, p99 %lld us, slowest %lld us, %d echoed, %d ticks\n", answered,
               (long long)latencies[CALLS * 99 / 100] / 1000,
               (long long)latencies[CALLS - 1] / 1000, echoed, ticks);

        for (int i = 0; i < spinners; i++) {
                cop_ref ref = cop_monitor(pids[i]);
                cop_term reason;

                cop_kill(pids[i]);
                if (cop_receive(5000, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason))
                        ended += cop_is(reason, "killed");
        }
        printf("%d ended\n", ended);
        return cop_system_stop(1000);
}
