/*
 * What docs/c-in-a-process.md says of C, line by line.
 */
#include "support/world.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sanitizers.h"

/* ---- errno and thread-locals ---- */

static void keep_errno(cop_term argument)
{
        cop_pid owner;
        int mine, i;

        if (!cop_match(argument, "{Owner, Mine}", &owner, &mine))
                return;
        errno = mine;
        for (i = 0; i < 50; i++) {
                cop_yield();
                cop_sleep(i % 2);
                if (errno != mine)
                        cop_exit("{wrong_errno, Is}", errno);
        }
        cop_send(owner, "{kept, Mine}", mine);
}

COP_TEST(TRAP_3_errno, "errno is the process's own, over waits")
{
        int i;

        for (i = 1; i <= 10; i++)
                cop_spawn(keep_errno, cop_build("{Me, I}", cop_self(), i), .link = true);
        for (i = 1; i <= 10; i++)
                cop_assert(cop_receive(5000, "{kept, ^I}", &i));
}

static _Thread_local int last_user;

static void use_thread_local(cop_term argument)
{
        cop_pid owner;
        int mine;

        if (!cop_match(argument, "{Owner, Mine}", &owner, &mine))
                return;
        last_user = mine;
        cop_receive(COP_FOREVER, "look");
        cop_send(owner, "{found, Found}", __atomic_load_n(&last_user, __ATOMIC_RELAXED));
}

COP_TEST(TRAP_3_thread_local,
         "a thread-local is the thread's: the last one who wrote it is found there")
{
        cop_pid first = cop_spawn(use_thread_local, cop_build("{Me, 1}", cop_self()));
        int found = 0, i;

        cop_assert(cop_system_quiet(5000));
        for (i = 2; i < 20; i++)
                cop_spawn(use_thread_local, cop_build("{Me, I}", cop_self(), i));
        cop_assert(cop_system_quiet(5000));
        cop_send(first, "look");
        cop_assert(cop_receive(5000, "{found, Found}", &found));
        cop_assert(found >= 1 && found < 20);
}

/* ---- cleanup ---- */

static _Atomic(int) cleaned;

static void clean(int *unused)
{
        cleaned++;
}

static void clean_up(cop_term how)
{
        int guarded __attribute__((cleanup(clean))) = 1;

        if (cop_is(how, "exit"))
                cop_exit("done");
        (void)guarded;
}

COP_TEST(CLEANUP_not_run, "cleanup attributes run when a function returns, and not when it exits")
{
        cop_ref ref;

        cleaned = 0;
        cop_spawn(clean_up, cop_atom("return"), .monitor = &ref);
        down_reason(ref);
        cop_assert_equal(cleaned, 1);
        cop_spawn(clean_up, cop_atom("exit"), .monitor = &ref);
        down_reason(ref);
        cop_assert_equal(cleaned, 1);
}

/* ---- longjmp ---- */

static jmp_buf *inner_jump;

static void jump(void)
{
        longjmp(*inner_jump, 1);
}

COP_TEST(LONGJMP_within, "longjmp within one callback works, on the process's stack")
{
        jmp_buf buffer;
        volatile int steps = 0;

        inner_jump = &buffer;
        if (setjmp(buffer) == 0) {
                steps = steps + 1;
                jump();
        } else {
                steps = steps + 10;
        }
        cop_assert_equal(steps, 11);
        cop_yield();
        cop_assert_equal(steps, 11);
}

/* ---- fork ---- */

static int status_of(pid_t child)
{
        int status = 0;

        cop_assert_equal(waitpid(child, &status, 0), child);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void call_self(void)
{
        cop_self();
}

static void call_spawn(void)
{
        cop_spawn(clean_up, cop_nil());
}

static void call_exit(void)
{
        cop_exit("child");
}

static void call_own(void)
{
        cop_alloc(10);
}

static void call_sleep(void)
{
        cop_sleep(10);
}

COP_TEST(TRAP_13_fork, "a forked child may exec and _exit; any other use of Coppice ends it")
{
        static void (*const calls[])(void) = { call_self, call_spawn, call_exit, call_own,
                                               call_sleep };
        pid_t child;
        size_t i;

        if (COP_TSAN)
                return; /* whose children cannot do anything */
        for (i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
                child = fork();
                if (child == 0) {
                        close(STDERR_FILENO);
                        calls[i]();
                        _exit(0);
                }
                cop_assert_equal(status_of(child), 70);
        }
        child = fork();
        if (child == 0) {
                execl("/bin/true", "true", (char *)NULL);
                _exit(1);
        }
        cop_assert_equal(status_of(child), 0);
        cop_assert_equal(system("exit 3"), 3 << 8);
}

/* ---- stdio ---- */

static void write_lines(void *file)
{
        int i;

        for (i = 0; i < 100; i++) {
                fprintf(file, "%s\n", "a line that is written in one piece");
                cop_yield();
        }
}

COP_TEST(STDIO_lines, "lines that many processes print to one stream come out whole")
{
        FILE *file = tmpfile();
        char line[100];
        cop_ref refs[5];
        int count = 0, i;

        cop_assert(file);
        cop_own_file(file);
        for (i = 0; i < 5; i++)
                cop_spawn_pointer(write_lines, file, .monitor = &refs[i]);
        for (i = 0; i < 5; i++)
                down_reason(refs[i]);
        rewind(file);
        for (; fgets(line, sizeof(line), file); count++)
                cop_assert_text(line, "a line that is written in one piece\n");
        cop_assert_equal(count, 500);
}

/* ---- stacks and terms ---- */

static void use_stack(void *size)
{
        size_t bytes = (size_t)(uintptr_t)size;
        char *array = __builtin_alloca(bytes);

        memset(array, 1, bytes);
        cop_assert_equal(array[bytes / 2], 1);
}

COP_TEST(STACK_size, "a process has the stack it asked for")
{
        cop_ref ref;

        cop_spawn_pointer(use_stack, (void *)(uintptr_t)(3 << 20), .monitor = &ref,
                          .stack_size = 4 << 20);
        cop_assert_term(down_reason(ref), "normal");
}

static void make_many_terms(cop_term none)
{
        cop_term list = cop_nil();
        int i;

        for (i = 0; i < 10000000; i++)
                list = cop_cons(cop_int(i), list);
}

/* What is said on standard error of a process that runs this, and ends well; may take long. */
static const char *said_of(cop_process_fn *fn)
{
        static char text[1000];
        int saved = dup(STDERR_FILENO);
        FILE *file = tmpfile();
        cop_ref ref;

        cop_assert(file);
        dup2(fileno(file), STDERR_FILENO);
        cop_spawn(fn, cop_nil(), .monitor = &ref);
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, normal}", &ref);
        dup2(saved, STDERR_FILENO);
        close(saved);
        rewind(file);
        text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
        fclose(file);
        return text;
}

static void is_said_once(const char *text)
{
        const char *said = strstr(text, "MB of terms since its turn began");

        cop_assert(said != NULL);
        cop_assert_equal(strstr(said + 1, "MB of terms"), NULL);
}

COP_TEST(TRAP_6_report, "a turn that makes very many terms is reported, once, and goes on",
         .limit_s = 60)
{
        is_said_once(said_of(make_many_terms));
}

enum { LONG_LIST = 100000, LONG_LISTS = 60, LIST_BYTES = LONG_LIST * 16 };

static cop_term long_list(void)
{
        cop_term list = cop_nil();

        for (int i = 0; i < LONG_LIST; i++)
                list = cop_cons(cop_int(i), list);
        return list;
}

static void receive_many_terms(cop_term none)
{
        cop_term list = long_list();

        for (int i = 0; i < LONG_LISTS; i++) {
                cop_send_term(cop_self(), list);
                if (!cop_receive(0, "[_ | _]"))
                        cop_exit("nothing_came");
        }
        if (cop_memory_used() < (size_t)LONG_LISTS * LIST_BYTES)
                cop_exit("not_counted");
}

COP_TEST(TRAP_6_received, "so is one that receives very many, without a look at the next message",
         .limit_s = 60)
{
        is_said_once(said_of(receive_many_terms));
}

static void receive_in_scopes(cop_term none)
{
        cop_term list = long_list();
        size_t before = cop_memory_used();

        for (int i = 0; i < LONG_LISTS; i++) {
                cop_send_term(cop_self(), list);
                cop_scope {
                        if (!cop_receive(0, "[_ | _]"))
                                cop_exit("nothing_came");
                }
        }
        if (cop_memory_used() != before)
                cop_exit("not_freed");
}

COP_TEST(TRAP_6_scope, "what is received inside cop_scope dies with it", .limit_s = 60)
{
        cop_assert(!strstr(said_of(receive_in_scopes), "MB of terms"));
}
