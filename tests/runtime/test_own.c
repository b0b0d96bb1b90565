/*
 * OWN: what a process has is given back when it ends, however it ends.
 *
 * A journal notes which destructors ran, in what order. That no block of memory is left is seen at
 * the end of each test (support/world.h).
 */
#include "support/world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

static char journal[100];
static size_t length;

static void note(void *letter)
{
        if (length + 1 < sizeof(journal))
                journal[length++] = *(const char *)letter;
}

static void clear_journal(void)
{
        memset(journal, 0, sizeof(journal));
        length = 0;
}

static void own(const char *letter)
{
        cop_own((void *)(uintptr_t)letter, note);
}

static void have_much(void)
{
        own("a");
        cop_alloc(1000);
        own("b");
        cop_keep(cop_build("{some, [kept, \"term\"]}"));
        cop_put(cop_int(1), cop_build("{some, value}"));
        own("c");
}

static void and_return(cop_term none)
{
        have_much();
}

static void and_exit(cop_term none)
{
        have_much();
        cop_exit("done");
}

static void and_error(cop_term none)
{
        have_much();
        cop_error("wrong");
}

static void and_throw(cop_term none)
{
        have_much();
        cop_throw("ball");
}

static void and_fail(cop_term none)
{
        have_much();
        cop_to_int(cop_nil());
}

static void and_wait(cop_term none)
{
        have_much();
        cop_receive(COP_FOREVER, "never");
}

static void and_sleep(cop_term none)
{
        have_much();
        cop_sleep(COP_FOREVER);
}

static void and_call(cop_term none)
{
        cop_pid silent = cop_spawn(and_wait, cop_nil());

        have_much();
        cop_call_within(COP_FOREVER, silent, "question");
}

/* ---- however it ends ---- */

COP_TEST(OWN_by_itself, "destructors run, the newest first, when a process returns, exits or fails")
{
        cop_process_fn *const ends[] = { and_return, and_exit, and_error, and_throw, and_fail };
        cop_ref ref;
        size_t i;

        for (i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
                clear_journal();
                cop_spawn(ends[i], cop_nil(), .monitor = &ref);
                down_reason(ref);
                cop_assert_text(journal, "cba");
        }
}

COP_TEST(OWN_by_signal, "they run when it is killed, or ended by a link, while it waits")
{
        cop_process_fn *const waits[] = { and_wait, and_sleep };
        const char *const reasons[] = { "kill", "shutdown" };
        cop_ref ref;
        cop_pid pid;
        size_t i, k;

        for (i = 0; i < 2; i++) {
                for (k = 0; k < 2; k++) {
                        clear_journal();
                        pid = cop_spawn(waits[i], cop_nil(), .monitor = &ref);
                        cop_assert(cop_system_quiet(5000));
                        cop_assert_text(journal, "");
                        cop_exit_to(pid, "Reason", cop_atom(reasons[k]));
                        down_reason(ref);
                        cop_assert_text(journal, "cba");
                }
        }
}

COP_TEST(OWN_in_a_call, "they run when it is killed while it waits for an answer")
{
        cop_ref ref;
        cop_pid pid = cop_spawn(and_call, cop_nil(), .monitor = &ref);

        cop_assert(cop_system_quiet(5000));
        clear_journal();
        cop_kill(pid);
        down_reason(ref);
        cop_assert_text(journal, "cba");
}

COP_TEST(OWN_queued, "who is killed before it ever ran leaves nothing behind")
{
        cop_ref ref;
        int i;

        for (i = 0; i < world_times(); i++)
                cop_kill(cop_spawn(and_wait, cop_build("{an, argument}"), .monitor = &ref,
                                   .label = cop_build("{a, label}"), .memory_max = 1000000));
}

static void handle(void *state, const struct cop_message *message)
{
        have_much();
        if (cop_is(message->term, "finish"))
                cop_exit("done");
}

static const struct cop_handler handler = { "handler", 100, NULL, handle };

COP_TEST(OWN_handler, "they run for a handler: in its callback and between messages")
{
        cop_ref ref;
        cop_pid pid = cop_spawn_handler(&handler, cop_nil(), .monitor = &ref);

        clear_journal();
        cop_send(pid, "finish");
        down_reason(ref);
        cop_assert_text(journal, "cba");

        clear_journal();
        pid = cop_spawn_handler(&handler, cop_nil(), .monitor = &ref);
        cop_send(pid, "go_on");
        cop_assert(cop_system_quiet(5000));
        cop_assert_text(journal, "");
        cop_kill(pid);
        down_reason(ref);
        cop_assert_text(journal, "cba");
}

/* ---- destructors ---- */

static void raise_error(void *none)
{
        cop_error("destructor");
}

static void raise_exit(void *none)
{
        cop_exit("destructor");
}

static void raise_throw(void *none)
{
        cop_throw("destructor");
}

static void own_what_raises(cop_term none)
{
        own("a");
        cop_own(journal, raise_error);
        own("b");
        cop_own(journal, raise_exit);
        own("c");
        cop_own(journal, raise_throw);
        own("d");
        cop_exit("done");
}

COP_TEST(OWN_raises, "a destructor that raises does not keep the others from running")
{
        cop_ref ref;

        clear_journal();
        cop_spawn(own_what_raises, cop_nil(), .monitor = &ref);
        cop_assert_term(down_reason(ref), "done");
        cop_assert_text(journal, "dcba");
}

static void wait_for_ever(void *none)
{
        cop_receive(COP_FOREVER, "never");
}

static void try_to_wait(cop_term none)
{
        cop_term reason;

        own("a");
        cop_own(journal, raise_error);
        own("b");
        cop_try(wait_for_ever, NULL, &reason);
        own("c");
}

COP_TEST(OWN_raises_killed,
         "nor is what it raises caught by whom the process was in when it was killed")
{
        cop_ref ref;
        cop_pid pid;

        clear_journal();
        pid = cop_spawn(try_to_wait, cop_nil(), .monitor = &ref);
        cop_assert(cop_system_quiet(5000));
        cop_kill(pid);
        cop_assert_term(down_reason(ref), "killed");
        cop_assert_text(journal, "ba");
}

static void allocate(void *letter)
{
        char *text = cop_strdup("text");

        cop_alloc(100);
        cop_keep(cop_build("{some, term}"));
        cop_assert_text(text, "text");
        note(letter);
}

static void own_more(void *none)
{
        own("x");
}

static void own_what_allocates(cop_term none)
{
        own("a");
        cop_own((void *)(uintptr_t) "b", allocate);
        cop_own(journal, own_more);
        cop_receive(COP_FOREVER, "never");
}

COP_TEST(OWN_allocates, "a destructor may allocate, and own: that goes, too")
{
        cop_ref ref;
        cop_pid pid = cop_spawn(own_what_allocates, cop_nil(), .monitor = &ref);

        cop_assert(cop_system_quiet(5000));
        clear_journal();
        cop_kill(pid);
        down_reason(ref);
        cop_assert_text(journal, "xba");
}

COP_TEST(OWN_taken_back,
         "cop_disown() takes back, cop_dispose() destroys now, and either only once")
{
        clear_journal();
        own("a");
        own("b");
        cop_assert(cop_disown((void *)(uintptr_t) "a"));
        cop_assert(!cop_disown((void *)(uintptr_t) "a"));
        cop_assert(!cop_dispose((void *)(uintptr_t) "a"));
        cop_assert(cop_dispose((void *)(uintptr_t) "b"));
        cop_assert(!cop_dispose((void *)(uintptr_t) "b"));
        cop_assert_text(journal, "b");
}

/* ---- descriptors and streams ---- */

static void own_pipe(void *ends)
{
        int *fds = ends;

        cop_assert_equal(pipe2(fds, O_CLOEXEC), 0);
        cop_own_fd(fds[0]);
        cop_own_file(fdopen(fds[1], "w"));
}

static bool is_open(int fd)
{
        return fcntl(fd, F_GETFD) >= 0;
}

COP_TEST(OWN_descriptor, "owned descriptors and streams are closed; one that was disowned is not")
{
        static int fds[2];
        int mine = dup(0);
        cop_ref ref;

        cop_spawn_pointer(own_pipe, fds, .monitor = &ref);
        down_reason(ref);
        cop_assert(!is_open(fds[0]));
        cop_assert(!is_open(fds[1]));

        cop_own_fd(mine);
        cop_assert(cop_disown_fd(mine));
        cop_assert(!cop_disown_fd(mine));
        cop_assert(is_open(mine));
        close(mine);
}

/* ---- memory ---- */

COP_TEST(MEMORY_blocks, "blocks are zeroed, aligned, grow with what is in them, and are counted")
{
        size_t before = cop_memory_used();
        char *block = cop_alloc(1000);
        char *text = cop_strdup("a text");
        size_t i;

        for (i = 0; i < 1000; i++)
                cop_assert_equal(block[i], 0);
        cop_assert_equal((uintptr_t)block % _Alignof(max_align_t), 0);
        cop_assert_text(text, "a text");
        cop_assert_equal(cop_memory_used() - before, 1000 + sizeof("a text"));
        memset(block, 7, 1000);
        block = cop_realloc(block, 100000);
        cop_assert_equal(block[999], 7);
        cop_free(block);
        cop_free(text);
        cop_free(NULL);
        cop_assert_equal(cop_memory_used(), before);
}

static volatile size_t impossible = SIZE_MAX - 100;

static void ask_for_too_much(void *none)
{
        cop_alloc(impossible);
}

static void grow_too_much(void *none)
{
        cop_realloc(cop_alloc(10), impossible);
}

COP_TEST(MEMORY_too_much, "a size that cannot be is a system_limit")
{
        cop_term reason;

        cop_assert_equal(cop_try(ask_for_too_much, NULL, &reason), COP_ERROR);
        cop_assert_match(reason, "{{system_limit, memory}, _}");
        cop_assert_equal(cop_try(grow_too_much, NULL, &reason), COP_ERROR);
        cop_assert_match(reason, "{{system_limit, memory}, _}");
}
