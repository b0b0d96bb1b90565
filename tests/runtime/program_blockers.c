/*
 * Processes that block in the kernel, with one scheduler.
 *
 *     runtime_blockers most COUNT
 *     runtime_blockers moves
 *     runtime_blockers calls
 *
 * most: so many block. When it has been said that there is no thread to spare, prints how many of them
 * do; then lets them go, and prints how many ended.
 *
 * moves: one blocks while another waits in the middle of its code. Prints where that one goes on, and
 * what it finds at an address that it took before.
 *
 * calls: some sleep in the kernel for long enough to be handed over, while another one answers. Prints how
 * many of their calls came back early.
 */
#include <coppice.h>

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 100 };

static _Atomic(int) inside;
static int gate[2];

static void block(cop_term none)
{
        char byte;

        inside++;
        while (read(gate[0], &byte, 1) > 0)
                continue;
}

/* All that is said on standard error, up to this. */
static void wait_for_report(int from, const char *text)
{
        static char said[4096];
        size_t size = 0;
        ssize_t got;

        while (!strstr(said, text) && (got = read(from, said + size, sizeof(said) - 1 - size)) > 0)
                size += (size_t)got;
}

static int most(int count)
{
        cop_ref refs[MOST];
        int report[2], screen = dup(STDERR_FILENO), ended = 0;

        if (count > MOST || pipe(report) < 0 || cop_system_start() < 0)
                return 1;
        dup2(report[1], STDERR_FILENO);
        for (int i = 0; i < count; i++)
                cop_spawn(block, cop_nil(), .monitor = &refs[i]);
        wait_for_report(report[0], "there is no thread to spare");
        dup2(screen, STDERR_FILENO);
        printf("%d inside\n", inside);
        close(gate[1]);
        for (int i = 0; i < count; i++)
                ended += cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, normal}", &refs[i]);
        printf("%d ended\n", ended);
        return cop_system_stop(60000);
}

static __thread int number;

/* Where it is on the thread that asks. */
static __attribute__((noinline)) int *number_here(void)
{
        int *here = &number;

        __asm__ volatile("" : "+r"(here)); /* or a compiler would know it, wherever it is asked */
        return here;
}

static void move(cop_term none)
{
        int *before = number_here();
        long thread = syscall(SYS_gettid);

        *before = 7;
        cop_spawn(block, cop_nil());
        while (inside == 0)
                cop_sleep(1);
        cop_sleep(1);
        printf("on %s thread\n", syscall(SYS_gettid) == thread ? "the same" : "another");
        printf("%d here, %d at the address\n", *number_here(), *before);
        close(gate[1]);
}

static int moves(void)
{
        cop_ref ref;

        if (cop_system_start() < 0)
                return 1;
        cop_spawn(move, cop_nil(), .monitor = &ref);
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, normal}", &ref);
        return cop_system_stop(60000);
}

static _Atomic(int) early;

static void call_kernel(cop_term none)
{
        struct timespec moment = { .tv_nsec = 100000000 };

        early += nanosleep(&moment, NULL) != 0;
        early += poll(NULL, 0, 100) != 0;
        early += sleep(1) != 0;
}

static void answer(void *state, const struct cop_message *message)
{
        if (message->kind == COP_CALL)
                cop_answer(message->from, "ok");
}

static const struct cop_handler server = { .name = "server", .message = answer };

static int calls(void)
{
        enum { CALLERS = 3 };
        int ended = 0;
        cop_pid pid;

        if (cop_system_start() < 0)
                return 1;
        pid = cop_spawn_handler(&server, cop_nil());
        for (int i = 0; i < CALLERS; i++) {
                cop_ref ref;

                cop_spawn(call_kernel, cop_nil(), .monitor = &ref);
        }
        while (ended < CALLERS) {
                cop_call_within(COP_FOREVER, pid, "hello");
                ended += cop_receive(1, "{'DOWN', _, process, _, normal}");
        }
        printf("%d early\n", early);
        return cop_system_stop(60000);
}

int main(int argc, char **argv)
{
        setvbuf(stdout, NULL, _IOLBF, 0);
        setenv("COP_SCHEDULERS", "1", 1);
        setenv("COP_LONG_TURN_MS", "0", 1);
        if (pipe(gate) < 0)
                return 1;
        if (argc == 3)
                return most(atoi(argv[2]));
        return argc == 2 && strcmp(argv[1], "calls") == 0 ? calls() : moves();
}
