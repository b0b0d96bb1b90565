/*
 * Processes that never look at their inbox, and are ended all the same.
 *
 *     runtime_loops WHAT SCHEDULERS TIMES
 *
 * The main thread starts one after another and kills it; prints how many ended as they should, and
 * within how many milliseconds the slowest: of the program's processor time where that is less, since
 * what a loop does is nothing while the machine does other things.
 */
#include <coppice.h>

#include <link.h>
#include <math.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Plain malloc() is not the process's: what a killed one has is lost. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
        return "detect_leaks=0";
}

static const char *what;
static _Atomic(int) begun;
static volatile double sum;
static FILE *file;
static int ends[2];

static void loop_pure(void)
{
        sum += 1;
}

static __attribute__((noinline)) int fibonacci(int n)
{
        return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static void loop_calls(void)
{
        sum += fibonacci(15);
}

static void loop_malloc(void)
{
        void *blocks[20];

        for (int i = 0; i < 20; i++)
                blocks[i] = malloc((size_t)(i * 100 + 1));
        for (int i = 0; i < 20; i++)
                free(blocks[i]);
}

static void loop_printf(void)
{
        fprintf(file, "%d %s %f\n", 42, "words", sum);
}

static void loop_math(void)
{
        sum += sin(sum) + pow(sum, 0.5);
}

static void loop_memory(void)
{
        static char a[100000], b[100000];

        memcpy(a, b, sizeof(a));
        sum += (double)strlen(a);
}

static void loop_terms(void)
{
        cop_scope {
                cop_term t = cop_build("{some, [Number, \"text\"]}", (int64_t)sum);

                sum += (double)cop_tuple_size(t);
        }
}

static void loop_sleep(void)
{
        sleep(1000);
}

static void loop_read(void)
{
        char byte;

        sum += (double)read(ends[0], &byte, 1);
}

static void loop_poll(void)
{
        struct pollfd fd = { .fd = ends[0], .events = POLLIN };

        sum += poll(&fd, 1, 1000000);
}

/* The pc is in the program's text, and the linker's lock is held. */
static int note_object(struct dl_phdr_info *object, size_t size, void *unused)
{
        for (int i = 0; i < 1000; i++)
                sum += object->dlpi_phnum;
        return 0;
}

static void loop_phdr(void)
{
        dl_iterate_phdr(note_object, NULL);
}

static int compare(const void *a, const void *b)
{
        return *(const int *)a - *(const int *)b;
}

static void loop_qsort(void)
{
        int numbers[100];

        for (int i = 0; i < 100; i++)
                numbers[i] = i * 37 % 101;
        qsort(numbers, 100, sizeof(numbers[0]), compare);
        sum += numbers[0];
}

static const struct {
        const char *what;
        void (*round)(void);
} loops[] = {
        { "pure", loop_pure },     { "calls", loop_calls }, { "malloc", loop_malloc },
        { "printf", loop_printf }, { "math", loop_math },   { "memory", loop_memory },
        { "terms", loop_terms },   { "sleep", loop_sleep }, { "read", loop_read },
        { "poll", loop_poll },     { "TRAP_1", loop_phdr }, { "qsort", loop_qsort },
};

static void destroy(void *argument)
{
        atomic_fetch_add((_Atomic(int) *)argument, 1);
}

static _Atomic(int) destroyed;

static void loop(cop_term none)
{
        void (*volatile round)(void) = NULL;

        for (size_t i = 0; i < sizeof(loops) / sizeof(loops[0]); i++)
                if (strcmp(loops[i].what, what) == 0)
                        round = loops[i].round;
        cop_own(&destroyed, destroy);
        atomic_fetch_add(&begun, 1);
        for (;;)
                round();
}

static void loop_handling(void *state, const struct cop_message *message)
{
        loop(message->term);
}

static const struct cop_handler handler = { .name = "loop", .message = loop_handling };

static bool is_asleep(void)
{
        return strcmp(what, "sleep") == 0 || strcmp(what, "read") == 0 || strcmp(what, "poll") == 0;
}

static int64_t ms_since(int64_t then_ms, clock_t then)
{
        int64_t wall = cop_now_ms() - then_ms;
        int64_t own = (int64_t)(clock() - then) * 1000 / CLOCKS_PER_SEC;

        return own < wall && !is_asleep() ? own : wall;
}

/* Milliseconds until it has ended; -1: for another reason than it should. */
static int64_t end_one(bool in_handler, bool by_exit)
{
        int before = atomic_load(&begun);
        cop_term reason;
        cop_ref ref;
        cop_pid pid;
        int64_t then_ms;
        clock_t then;

        if (in_handler)
                pid = cop_spawn_handler(&handler, cop_nil());
        else
                pid = cop_spawn(loop, cop_nil());
        ref = cop_monitor(pid);
        if (in_handler)
                cop_send(pid, "go");
        while (atomic_load(&begun) == before)
                usleep(100);
        then_ms = cop_now_ms();
        then = clock();
        if (by_exit)
                cop_exit_to(pid, "{enough, 7}");
        else
                cop_kill(pid);
        if (!cop_receive(10000, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason))
                return 10000;
        if (!cop_is(reason, "killed") && !cop_match(reason, "{enough, 7}"))
                return -1;
        return ms_since(then_ms, then);
}

int main(int argc, char **argv)
{
        int times = atoi(argv[3]);
        int64_t slowest = 0;
        int ended = 0;

        what = argv[1];
        setenv("COP_SCHEDULERS", argv[2], 1);
        file = fopen("/dev/null", "w");
        if (!file || pipe(ends) < 0 || cop_system_start() < 0)
                return 1;
        for (int i = 0; i < times; i++) {
                int64_t ms = end_one(i % 2, i % 3 == 0);

                ended += ms >= 0 && ms < 10000;
                slowest = ms > slowest ? ms : slowest;
        }
        printf("%d ended, %d destroyed, slowest %lld ms\n", ended, atomic_load(&destroyed),
               (long long)slowest);
        return cop_system_stop(30000); /* however slow the machine is */
}
