/*
 * Does something terrible in a process, and says how the process ended: each time as a program of its
 * own, because some of it ends the program.
 *
 *     runtime_deeds WHAT [SCHEDULERS]
 */
#include <coppice.h>

#include <alloca.h>
#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <fenv.h>
#include <fnmatch.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *what;

static volatile int zero;
static int *volatile nowhere;
static void (*volatile no_function)(void);
static volatile uint64_t wild_term = 8; /* a box, and nothing is there */

/* Recursions without an end that the compiler could see. */
static __attribute__((noinline)) int recurse(int depth)
{
        volatile char frame[100];

        if (zero)
                return 0;
        frame[depth % 100] = (char)depth;
        return recurse(depth + 1) + frame[depth % 100];
}

static __attribute__((noinline)) int large_frames(int depth)
{
        volatile char frame[50000];

        if (zero)
                return 0;
        frame[0] = frame[sizeof(frame) - 1] = (char)depth;
        return large_frames(depth + 1) + frame[depth % 100];
}

/* Its first touch is further down than a guard is large. */
static __attribute__((noinline)) int huge_frame(void)
{
        volatile char frame[400000];

        frame[zero] = 1;
        return frame[zero];
}

/* Little at a time, and a library's function that needs more. */
static __attribute__((noinline)) int fill_stack(void)
{
        volatile char frame[100];
        char path[1];

        frame[zero] = (char)readlink("/", path, 0);
        free(realpath("/", NULL));
        if (zero)
                return 0;
        return fill_stack() + frame[zero];
}

/* Where the stack goes on is known by a register alone, and that is spoilt. */
static __attribute__((noinline)) int lose_frame(size_t size)
{
        volatile char *room = alloca(size);

        room[0] = 1;
#if defined(__x86_64__)
        __asm__ volatile("mov $16, %%rbp\n\tud2" : : : "memory");
#elif defined(__aarch64__)
        __asm__ volatile("mov x29, #16\n\tbrk #1" : : : "memory");
#endif
        return room[0];
}

static int compare(const void *a, const void *b)
{
        return *nowhere;
}

static int bus(void)
{
        char name[] = "/tmp/cop-bus-XXXXXX";
        int fd = mkstemp(name);
        volatile char *at;
        int value;

        unlink(name);
        at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
        value = at[100]; /* the file has no bytes */
        return value;
}

struct deed {
        const char *what;
        void (*commit)(void);
};

static void do_null(void)
{
        *nowhere = 1;
}
static void do_wild_read(void)
{
        zero = *(volatile int *)0x5555000;
}
static void do_divide(void)
{
        zero = 5 / zero;
}
static void do_illegal(void)
{
        __builtin_trap();
}
static void do_bus(void)
{
        zero = bus();
}
static void do_abort(void)
{
        abort();
}
static void do_assert(void)
{
        assert(zero == 1);
}
static void do_overflow(void)
{
        zero = recurse(0);
}
static void do_large_frames(void)
{
        zero = large_frames(0);
}
static void do_call_null(void)
{
        no_function();
}
static void do_strlen(void)
{
        zero = (int)strlen((const char *)nowhere);
}
static void do_memcpy(void)
{
        memcpy((void *)nowhere, "abcdefghijklmnopqrstuvwxyz", (size_t)(20 + zero));
}
static void do_term(void)
{
        cop_term term = { wild_term };

        zero = (int)cop_to_int(term);
}
static void do_text(void)
{
        cop_text((const char *)(nowhere + 1));
        zero++;
}
static void do_snprintf(void)
{
        char text[100];

        snprintf(text, sizeof(text), "%s", (const char *)(nowhere + 1));
        zero = text[0];
}
static void do_stderr(void)
{
        fprintf(stderr, "%s", (const char *)(nowhere + 1));
        zero++;
}
static FILE *stream;

static void do_stream(void)
{
        if (!stream)
                stream = fopen("/dev/null", "w");
        fprintf(stream, "%d %s", 7, (const char *)(nowhere + 1));
        zero++;
}
static void do_qsort(void)
{
        int numbers[10] = { 3, 2, 1 };

        qsort(numbers, 10, sizeof(numbers[0]), compare);
        zero = numbers[0];
}
/* The list of free blocks leads astray. */
static void do_allocator(void)
{
        void **blocks[100];

        for (int round = 0; round < 2; round++) {
                for (int i = 0; i < 100; i++)
                        blocks[i] = malloc(48);
                for (int i = 0; i < 100; i++) {
                        uintptr_t dangling = (uintptr_t)blocks[i];

                        free(blocks[i]);
                        __asm__("" : "+r"(dangling)); /* or the compiler would see what we do */
                        *(void *volatile *)dangling = (void *)0x5555550;
                }
        }
        zero++;
}
static void do_throw_in_try(void *argument)
{
        *nowhere = 1;
}
static void do_try(void)
{
        cop_term reason;

        zero = cop_try(do_throw_in_try, NULL, &reason);
}
static void destroy(void *argument)
{
        printf("destroyed %s\n", (const char *)argument);
}
static void destroy_badly(void *argument)
{
        *nowhere = 1;
}
static void do_own(void)
{
        cop_own((void *)"first", destroy);
        cop_own((void *)"second", destroy_badly);
        cop_own((void *)"third", destroy);
        *nowhere = 1;
}
static void destroy_deeply(void *argument)
{
        volatile char frame[150000];

        for (size_t i = 0; i < sizeof(frame); i += 1000)
                frame[i] = 1;
        printf("destroyed with an empty stack\n");
}
static void do_own_deeply(void)
{
        cop_own((void *)"deep", destroy_deeply);
        zero = recurse(0);
}
static void say_cleaned_up(int *unused)
{
        printf("cleaned up\n");
}
static void do_cleanup(void)
{
        __attribute__((cleanup(say_cleaned_up))) int number = 1;

        *nowhere = number;
        zero = number;
}
static void do_math(void)
{
        void (*volatile function)(double, double *, double *) = sincos;

        function(1, (double *)nowhere, (double *)nowhere);
        zero++;
}
static void do_huge_frame(void)
{
        zero = huge_frame();
}
static void do_overflow_in_library(void)
{
        zero = fill_stack();
}
/* Leaves frames behind that a sanitizer has fenced. */
static __attribute__((noinline)) int poison(int depth)
{
        volatile char frame[1000];

        if (zero)
                return 0;
        frame[depth] = 1;
        if (depth == 100)
                *nowhere = 1;
        return poison(depth + 1) + frame[depth];
}
static void do_poison(void)
{
        zero = poison(0);
}
static void do_library(void)
{
        zero = fnmatch("a*", (const char *)(nowhere + 1), 0);
}
/* By the C library's own functions, whoever else's malloc() is used. */
static void do_double_free(void)
{
        void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
        void *(*take)(size_t) = (void *(*)(size_t))(uintptr_t)dlsym(libc, "__libc_malloc");
        void (*give)(void *) = (void (*)(void *))(uintptr_t)dlsym(libc, "__libc_free");
        void *volatile block = take(48);
        void *volatile same = block;

        give(block);
        give(same);
        zero++;
}
/* Who copies a term has to do with its memory. */
static void do_own_code(void)
{
        cop_term term = { wild_term };

        cop_send_term(cop_self(), term);
        zero++;
}
static void do_in_handler(void)
{
        zero = lose_frame((size_t)(100 + zero));
}
/* What a plug-in does, that was loaded after the start. */
static void (*plugin(void))(void)
{
        char path[PATH_MAX];
        ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 32);
        void *object;

        path[size > 0 ? size : 0] = '\0';
        strcpy(strrchr(path, '/'), "/runtime_plugin.so");
        object = dlopen(path, RTLD_NOW);
        if (!object)
                exit(127);
        return (void (*)(void))(uintptr_t)dlsym(object, "plugin_fault");
}
/* Somebody else's memory, and nobody looks. */
static int64_t *somebody_elses;

static void do_wild_write(void)
{
        *somebody_elses = 8;
}
static void do_plugin(void)
{
        plugin()();
        zero++;
}
static void do_plugin_named(void)
{
        void (*fault)(void) = plugin();

        if (!cop_killable((const void *)(uintptr_t)fault))
                exit(126);
        fault();
        zero++;
}
static void do_signal(void)
{
        kill(getpid(), SIGSEGV);
        pause();
}
static void do_signal_handled(void)
{
        raise(SIGSEGV);
}
static void do_smash(void)
{
        volatile char here[16];

        for (int i = 0; i < 4096; i++)
                ((volatile char *)here)[i] = 0x41;
}
/* With registers as nobody else wants them. */
static void do_registers(void)
{
#if defined(__x86_64__)
        const unsigned upward = 0x5f80; /* rounds up, and the direction is down */

        __asm__ volatile("ldmxcsr %0\n\tstd" : : "m"(upward));
#else
        fesetround(FE_UPWARD);
#endif
        *nowhere = 1;
}

static bool is_usual(void)
{
        unsigned long flags = 0;

#if defined(__x86_64__)
        __asm__ volatile("pushfq\n\tpop %0" : "=r"(flags));
#endif
        return fegetround() == FE_TONEAREST && !(flags & 0x400);
}

static void do_nothing(void)
{
}

static const struct deed deeds[] = {
        { "null", do_null },
        { "wild_read", do_wild_read },
        { "divide", do_divide },
        { "illegal", do_illegal },
        { "bus", do_bus },
        { "abort", do_abort },
        { "assert", do_assert },
        { "overflow", do_overflow },
        { "large_frames", do_large_frames },
        { "call_null", do_call_null },
        { "strlen", do_strlen },
        { "memcpy", do_memcpy },
        { "term", do_term },
        { "text", do_text },
        { "snprintf", do_snprintf },
        { "stderr", do_stderr },
        { "stream", do_stream },
        { "qsort", do_qsort },
        { "allocator", do_allocator },
        { "library", do_library },
        { "double_free", do_double_free },
        { "own_code", do_own_code },
        { "in_handler", do_in_handler },
        { "plugin", do_plugin },
        { "plugin_named", do_plugin_named },
        { "math", do_math },
        { "wild_write", do_wild_write },
        { "poison", do_poison },
        { "huge_frame", do_huge_frame },
        { "overflow_in_library", do_overflow_in_library },
        { "cleanup", do_cleanup },
        { "own_deeply", do_own_deeply },
        { "try", do_try },
        { "own", do_own },
        { "signal", do_signal },
        { "handled_signal", do_signal_handled },
        { "handled_fault", do_qsort },
        { "registers", do_registers },
        { "smash", do_smash },
        { "nothing", do_nothing },
        { "storm", do_nothing },
        { "thread", do_nothing },
        { "handled_thread", do_nothing },
};

/* Not at the end of a function: the deed must not take the place of its caller's frame. */
static __attribute__((noinline)) void commit(const char *name)
{
        if (!is_usual())
                printf("the registers are not as usual\n");
        for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++)
                if (strcmp(deeds[i].what, name) == 0)
                        deeds[i].commit();
        zero = 0;
}

static void sinner(cop_term name)
{
        commit(cop_to_cstring(name));
        zero++;
}

/* A handler sins as well. */
static void sin_in_handler(void *state, const struct cop_message *message)
{
        commit(cop_to_cstring(message->term));
        if (message->kind == COP_CALL)
                cop_answer(message->from, "ok");
}

static const struct cop_handler handler = { .name = "sinner", .message = sin_in_handler };

static bool does_no_harm(void)
{
        return strcmp(what, "nothing") == 0 || strcmp(what, "handled_signal") == 0;
}

static void watch(bool in_handler)
{
        cop_term reason;
        cop_ref ref;

        if (in_handler) {
                cop_pid pid = cop_spawn_handler(&handler, cop_nil(), .monitor = &ref);

                if (does_no_harm()) { /* the others end by themselves */
                        cop_call(pid, "What", what);
                        cop_exit_to(pid, "done");
                } else {
                        cop_send(pid, "What", what);
                }
        } else {
                cop_spawn(sinner, cop_text(what), .monitor = &ref);
        }
        while (!cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason))
                continue;
        printf("%s\n", cop_show(reason));
}

/* Others go on, and so do the streams. */
static void storm(void)
{
        static const char *const often[] = { "null",   "divide", "illegal", "abort",    "overflow",
                                             "strlen", "stderr", "own",     "call_null" };
        cop_term reason;
        int count = 0;

        for (int i = 0; i < 3000; i++) {
                cop_ref ref;

                cop_spawn(sinner, cop_text(often[i % 9]), .monitor = &ref);
                while (!cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, Reason}", &ref,
                                    &reason))
                        continue;
                if (!cop_is(reason, "normal"))
                        count++;
        }
        fprintf(stderr, "%d ended, %zu live\n", count, cop_process_count());
}

/* All of a stack is written to and read. */
static void use_stack(cop_term none)
{
        volatile char frame[150000];
        int sum = 0;

        for (size_t i = 0; i < sizeof(frame); i++)
                frame[i] = 1;
        for (size_t i = 0; i < sizeof(frame); i++)
                sum += frame[i];
        cop_exit("{sum, N}", sum);
}

static cop_term reason_of(cop_process_fn *fn, cop_term argument)
{
        cop_term reason;
        cop_ref ref;

        cop_spawn(fn, argument, .monitor = &ref);
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason);
        return reason;
}

/* Stacks that faults have left are used by others. */
static void reuse(void)
{
        int whole = 0;

        for (int i = 0; i < 8; i++) {
                reason_of(sinner, cop_text("poison"));
                whole += cop_match(reason_of(use_stack, cop_nil()), "{sum, 150000}");
        }
        printf("%d whole\n", whole);
}

static void write_wildly(void)
{
        int64_t *number = cop_alloc(sizeof(*number));

        somebody_elses = number;
        printf("%s\n", cop_show(reason_of(sinner, cop_text("wild_write"))));
        printf("it is %d\n", (int)*number);
}

static void say_destroyed(void *argument)
{
        printf("destroyed, and the name is %s\n",
               cop_is_nobody(cop_whereis("victim")) ? "free" : "taken");
}

static void victim(cop_term none)
{
        cop_own((void *)"nothing", say_destroyed);
        cop_receive(COP_FOREVER, "go");
        *nowhere = 1;
}

/* What goes when, and who hears. */
static void watch_victim(void)
{
        cop_term reason;
        cop_ref ref, timer;
        cop_pid pid;

        cop_trap_exits(true);
        pid = cop_spawn(victim, cop_nil(), .name = "victim", .link = true, .monitor = &ref);
        timer = cop_send_after(3600000, pid, "late");
        cop_send(pid, "go");
        cop_receive(COP_FOREVER, "{'EXIT', ^Pid, Reason}", &pid, &reason);
        printf("the link hears %s, and the name is %s\n", cop_show(reason),
               cop_is_nobody(cop_whereis("victim")) ? "free" : "taken");
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason);
        printf("the monitor hears %s\n", cop_show(reason));
        printf("of the timer there is %d\n", (int)cop_cancel_timer(timer));
}

/* The last call of all: where it is optimised it takes the place of the frame. */
static void print_badly(cop_term none)
{
        puts((const char *)(nowhere + 1));
}

static void copy_badly(void *state, const struct cop_message *message)
{
        memcpy(state, (const char *)(nowhere + 1), (size_t)message->kind + 1000);
}

static const struct cop_handler copier = { .state_size = 2000, .message = copy_badly };

static void call_last_of_all(void)
{
        cop_term reason;
        cop_ref ref;
        cop_pid pid = cop_spawn_handler(&copier, cop_nil(), .monitor = &ref);

        cop_send(pid, "copy");
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason);
        printf("%s\n", cop_show(reason));
        printf("%s\n", cop_show(reason_of(print_badly, cop_nil())));
}

static void first(cop_term none)
{
        if (strcmp(what, "storm") == 0) {
                storm();
        } else if (strcmp(what, "reuse") == 0) {
                reuse();
        } else if (strcmp(what, "write_wildly") == 0) {
                write_wildly();
        } else if (strcmp(what, "tail_call") == 0) {
                call_last_of_all();
        } else if (strcmp(what, "watched") == 0) {
                watch_victim();
        } else {
                watch(false);
                watch(true);
        }
        fflush(stdout);
        cop_stop(0);
}

/* Somebody's who was there before us. */
static void handle_first(int signo, siginfo_t *info, void *context)
{
        static const char text[] = "handled by the program\n";
        ssize_t written = write(STDOUT_FILENO, text, sizeof(text) - 1);

        if (info->si_code > 0 || written < 0)
                _exit(3);
}

static bool what_begins_with(const char *start)
{
        return strncmp(what, start, strlen(start)) == 0;
}

int main(int argc, char **argv)
{
        struct sigaction before = { .sa_sigaction = handle_first, .sa_flags = SA_SIGINFO };
        int status;

        setvbuf(stdout, NULL, _IOLBF, 0);
        what = argv[1];
        if (argc > 2)
                setenv("COP_SCHEDULERS", argv[2], 1);
        if (what_begins_with("handled"))
                sigaction(SIGSEGV, &before, NULL);
        if (cop_system_start() < 0)
                return 1;
        if (strcmp(what, "thread") == 0 || strcmp(what, "handled_thread") == 0)
                do_null();
        cop_spawn(first, cop_nil());
        status = cop_system_wait();
        if (stream)
                printf("the stream is %s\n", ftrylockfile(stream) == 0 ? "free" : "locked");
        cop_system_stop(1000);
        return status;
}
