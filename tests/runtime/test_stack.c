/*
 * STACK: where the stacks come from, what guards them, and where they go.
 */
#include <coppice/test.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/sanitizers.h"
#include "runtime/stack.h"
#include "support/valgrind.h"

static struct stack_cache cache;
static int64_t blocks; /* that there were before: constructors have some */

static void start_stacks(bool mprotect_guards)
{
        struct stack_options options = { .mprotect_guards = mprotect_guards };

        blocks = cop__alloc_live_blocks();
        cop_assert_equal(cop__stacks_start(&options), 0);
}

static void stop_stacks(void)
{
        cop__stack_cache_release(&cache);
        cop__stacks_audit();
        cop__stacks_stop();
        cop_assert_equal(cop__alloc_live_blocks(), blocks);
}

/* A field of /proc/self/status, in KB. */
static size_t status_kb(const char *field)
{
        char line[256];
        size_t kb = 0;
        FILE *status = fopen("/proc/self/status", "re");

        while (status && fgets(line, sizeof(line), status))
                if (strncmp(line, field, strlen(field)) == 0)
                        kb = strtoul(line + strlen(field) + 1, NULL, 10);
        if (status)
                fclose(status);
        return kb;
}

static size_t mapping_count(void)
{
        size_t lines = 0;
        FILE *maps = fopen("/proc/self/maps", "re");
        int c;

        while (maps && (c = getc(maps)) != EOF)
                lines += c == '\n';
        if (maps)
                fclose(maps);
        return lines;
}

/* How an OS process ends that writes one byte there: its signal; 0: it went well. */
static int signal_of_write(char *at)
{
        pid_t child = fork();
        int status = 0;

        if (child == 0) {
                for (int signo = 1; signo < 32; signo++)
                        signal(signo, SIG_DFL);
                *(volatile char *)at = 1;
                _exit(0);
        }
        waitpid(child, &status, 0);
        return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void check_guard(struct stack *stack)
{
        char *guard = stack->low - STACK_GUARD;

        cop_assert(cop__stack_guards(stack->low - 1));
        cop_assert(cop__stack_guards(guard));
        cop_assert(!cop__stack_guards(stack->low));
        cop_assert(!cop__stack_guards(stack->high - 1));
        cop_assert_equal(signal_of_write(stack->low - 1), SIGSEGV);
        cop_assert_equal(signal_of_write(guard), SIGSEGV);
        cop_assert_equal(signal_of_write(stack->low), 0);
        cop_assert_equal(signal_of_write(stack->high - 1), 0);
}

static void check_guards(bool mprotect_guards)
{
        struct stack *ordinary, *small, *large;

        start_stacks(mprotect_guards);
        ordinary = cop__stack_take(&cache, 0);
        small = cop__stack_take(&cache, 10000);
        large = cop__stack_take(&cache, 3000001);
        cop_assert_equal(ordinary->high - ordinary->low, STACK_SIZE - STACK_GUARD);
        cop_assert_equal(small->high - small->low, STACK_SIZE - STACK_GUARD);
        cop_assert(large->high - large->low >= 3000001);
        check_guard(ordinary);
        check_guard(small);
        check_guard(large);
        cop_assert(!cop__stack_guards(&ordinary));
        cop_assert(!cop__stack_guards(NULL));
        cop_assert(!cop__stack_guards((void *)UINTPTR_MAX));
        cop__stack_give(&cache, large);
        cop_assert(!cop__stack_guards(large->low - 1));
        cop__stack_give(&cache, ordinary);
        cop__stack_give(&cache, small);
        stop_stacks();
}

COP_TEST(TRAP_2, "64 KB below each stack nobody can write, whatever its size")
{
        check_guards(false);
}

COP_TEST(TRAP_2_mprotect, "the same where the kernel has no guards but those of mprotect")
{
        check_guards(true);
}

COP_TEST(STACK_newest_first, "the stack that was given last is taken first")
{
        struct stack *a, *b;

        start_stacks(false);
        a = cop__stack_take(&cache, 0);
        b = cop__stack_take(&cache, 0);
        cop__stack_give(&cache, a);
        cop__stack_give(&cache, b);
        cop_assert(cop__stack_take(&cache, 0) == b);
        cop_assert(cop__stack_take(&cache, 0) == a);
        cop_assert_equal(cop__stack_count(), 2);
        cop__stack_give(&cache, a);
        cop__stack_give(&cache, b);
        stop_stacks();
}

COP_TEST(STACK_colours, "neighbours begin in different lines of the cache")
{
        struct stack *stacks[16];

        start_stacks(false);
        for (int i = 0; i < 16; i++) {
                stacks[i] = cop__stack_take(&cache, 0);
                cop_assert_equal((uintptr_t)stacks[i]->top % 16, 0);
                cop_assert(stacks[i]->high - stacks[i]->top < 2048);
                for (int j = 0; j < i; j++)
                        cop_assert((uintptr_t)stacks[i]->top % 4096 !=
                                   (uintptr_t)stacks[j]->top % 4096);
        }
        for (int i = 0; i < 16; i++)
                cop__stack_give(&cache, stacks[i]);
        stop_stacks();
}

/* Takes stacks, touches a page of each, and chains them. Returns how many there were. */
static size_t take_many(struct stack **list, size_t most)
{
        struct stack *stack;
        size_t count = 0;

        *list = NULL;
        while (count < most && (stack = cop__stack_take(&cache, 0))) {
                stack->top[-64] = 1;
                stack->next = *list;
                *list = stack;
                count++;
        }
        return count;
}

static void give_all(struct stack *list)
{
        while (list) {
                struct stack *stack = list;

                list = stack->next;
                cop__stack_give(&cache, stack);
        }
}

enum { MANY = COP_TSAN ? 7000 : 20000 };

COP_TEST(STACK_pages,
         "twenty thousand stacks that were used leave few pages behind when they are idle",
         .limit_s = 120)
{
        struct stack *list;
        size_t before, most, after;

        if (COP_TSAN || COP_ASAN)
                cop_skip("a sanitizer's own memory grows with the stacks");
        start_stacks(false);
        before = status_kb("VmRSS:");
        cop_assert_equal(take_many(&list, MANY), MANY);
        most = status_kb("VmRSS:");
        cop_assert(most - before >= (size_t)MANY * 4);
        give_all(list);
        while (cop__stacks_trim(&cache))
                ;
        after = status_kb("VmRSS:");
        cop__stacks_audit();
        cop_assert(cop__stack_idle_count() <= 64);
        cop_assert(after - before < (most - before) / 4); /* page tables and control blocks stay */

        cop_assert_equal(take_many(&list, MANY), MANY);
        cop_assert_equal(cop__stack_count(), MANY);
        give_all(list);
        stop_stacks();
}

COP_TEST(STACK_burst, "a burst of stacks keeps a bounded number of pages, without any trimming")
{
        struct stack *list;

        if (COP_TSAN)
                cop_skip("more stacks than ThreadSanitizer has fibers");
        start_stacks(false);
        cop_assert_equal(take_many(&list, 10000), 10000);
        give_all(list);
        cop__stacks_audit();
        cop_assert(cop__stack_idle_count() <= 4096);
        stop_stacks();
}

COP_TEST(STACK_mappings, "stacks are few mappings, however many they are")
{
        struct stack *list;
        size_t before;

        start_stacks(false);
        take_many(&list, 1);
        before = mapping_count();
        give_all(list);
        cop_assert_equal(take_many(&list, 5000), 5000);
        if (mapping_count() > before + 100) {
                give_all(list);
                cop_skip("this kernel has no MADV_GUARD_INSTALL: two mappings for each stack");
        }
        give_all(list);
        stop_stacks();
}

COP_TEST(STACK_mprotect_limit,
         "with guards by mprotect there is a limit, and room for other mappings", .limit_s = 120)
{
        struct stack *list;
        size_t count;
        void *other;

        if (COP_TSAN || COP_ASAN)
                cop_skip("a sanitizer needs more for each stack");
        not_under_valgrind("it can have a few thousand mappings");
        start_stacks(true);
        count = take_many(&list, 100000);
        cop_assert(count >= 10000);
        cop_assert(count < 100000);
        cop_assert(cop__stack_take(&cache, 0) == NULL);
        cop_assert(cop__stack_take(&cache, 1000000) == NULL);
        for (int i = 0; i < 1000; i++) {
                other = mmap(NULL, 8192, i % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
                             -1, 0);
                cop_assert(other != MAP_FAILED);
        }
        give_all(list);
        cop_assert_equal(take_many(&list, 100000), count);
        give_all(list);
        stop_stacks();
}

COP_TEST(TRAP_10, "where address space is limited, stacks end with NULL and nothing is left behind")
{
        struct rlimit limit;
        struct stack *list;
        size_t virtual_kb, count;

        if (COP_TSAN || COP_ASAN)
                cop_skip("a sanitizer reserves more address space than a limit could allow");
        start_stacks(false);
        virtual_kb = status_kb("VmSize:");
        limit.rlim_cur = limit.rlim_max = (virtual_kb + 600 * 1024) * 1024;
        cop_assert_equal(setrlimit(RLIMIT_AS, &limit), 0);

        count = take_many(&list, 1000000);
        cop_assert(count >= 1024);
        cop_assert(count < 1000000);
        for (int i = 0; i < 100; i++) {
                cop_assert(cop__stack_take(&cache, 0) == NULL);
                cop_assert(cop__stack_take(&cache, 1 << 30) == NULL);
        }
        cop_assert(status_kb("VmSize:") <= virtual_kb + 600 * 1024);
        give_all(list);
        cop_assert_equal(take_many(&list, 1000000), count);
        give_all(list);
        stop_stacks();
        cop_assert(status_kb("VmSize:") < virtual_kb);
}

COP_TEST(STACK_sizes, "a size that cannot be is NULL")
{
        start_stacks(false);
        cop_assert(cop__stack_take(&cache, SIZE_MAX) == NULL);
        cop_assert(cop__stack_take(&cache, SIZE_MAX / 2) == NULL);
        cop_assert(cop__stack_take(&cache, (size_t)1 << 50) == NULL);
        cop_assert_equal(cop__stack_count(), 0);
        stop_stacks();
}

COP_TEST(STACK_twice, "the stacks can be started and stopped many times over, one at a time")
{
        size_t before = 0;
        struct stack *list;

        for (int i = 0; i < 20; i++) {
                start_stacks(false);
                cop_assert(cop__stacks_start(&(struct stack_options){ 0 }) < 0);
                cop_assert_equal(take_many(&list, 300), 300);
                list->next->next = NULL; /* the others are lost: a stop frees them all the same */
                give_all(list);
                cop__stack_give(&cache, cop__stack_take(&cache, 1000000));
                stop_stacks();
                if (i == 0)
                        before = mapping_count();
        }
        if (!COP_TSAN && !COP_ASAN) /* they map memory of their own */
                cop_assert(mapping_count() <= before + 3);
}

/* ---- many threads ---- */

static void *take_and_give(void *seed)
{
        struct stack_cache mine = { 0 };
        struct stack *held[100] = { NULL };
        unsigned random = (unsigned)(uintptr_t)seed;

        for (int i = 0; i < 20000; i++) {
                struct stack **place = &held[(random = random * 1103515245 + 12345) / 65536 % 100];

                if (*place) {
                        cop_assert_equal(*(uintptr_t *)((*place)->top - 64), (uintptr_t)place);
                        cop__stack_give(&mine, *place);
                        *place = NULL;
                } else {
                        *place = cop__stack_take(&mine, random % 512 == 0 ? 500000 : 0);
                        cop_assert(*place != NULL);
                        *(uintptr_t *)((*place)->top - 64) = (uintptr_t)place;
                }
                if (i % 1000 == 0)
                        cop__stacks_trim(&mine);
        }
        for (int i = 0; i < 100; i++)
                if (held[i])
                        cop__stack_give(&mine, held[i]);
        cop__stack_cache_release(&mine);
        return NULL;
}

COP_TEST(STRESS_stacks, "threads that take and give stacks never have the same one", .limit_s = 120)
{
        pthread_t threads[4];

        start_stacks(false);
        for (uintptr_t i = 0; i < 4; i++)
                cop_assert_equal(pthread_create(&threads[i], NULL, take_and_give,
                                                (void *)(uintptr_t)cop_test_random()),
                                 0);
        for (int i = 0; i < 4; i++)
                pthread_join(threads[i], NULL);
        stop_stacks();
}
