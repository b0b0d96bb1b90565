/*
 * BLOCK: blocking work on other threads, and waiting for descriptors.
 */
#include "support/world.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "runtime/process.h"

/* ---- cop_blocking() ---- */

static void *add_one(void *number)
{
        ++*(int *)number;
        return number;
}

COP_TEST(BLOCK_result, "cop_blocking() returns what the function returned")
{
        int number = 41;

        cop_assert(cop_blocking(add_one, &number) == &number);
        cop_assert_equal(number, 42);
}

/* A gate: a pipe that somebody reads from until it is opened. */
static int gate[2];
static _Atomic(int) at_gate, through_gate, destroyed;

static void build_gate(void)
{
        cop_assert_equal(pipe2(gate, O_CLOEXEC), 0);
        at_gate = through_gate = destroyed = 0;
}

static void open_gate(int times)
{
        cop_assert_equal(write(gate[1], "12345678", (size_t)times), times);
}

static void remove_gate(void)
{
        close(gate[0]);
        close(gate[1]);
}

/* Waits at the gate, then uses the process's memory. */
static void *pass_gate(void *memory)
{
        char byte;

        at_gate++;
        if (read(gate[0], &byte, 1) == 1)
                memset(memory, byte, 1000);
        through_gate++;
        return memory;
}

static void wait_until(_Atomic(int) *count, int wanted)
{
        while (*count < wanted)
                cop_sleep(1);
}

static void note_destruction(void *none)
{
        destroyed++;
}

static void work_on_stack(cop_term none)
{
        char memory[1000];

        cop_own(&destroyed, note_destruction);
        cop_blocking(pass_gate, memory);
}

static void work_on_heap(cop_term none)
{
        cop_own(&destroyed, note_destruction);
        cop_blocking(pass_gate, cop_alloc(1000));
}

COP_TEST(BLOCK_others, "others go on while one is in cop_blocking()")
{
        cop_pid pid;

        if (world_is_simulated())
                return; /* there it runs at once */
        build_gate();
        pid = cop_spawn(work_on_heap, cop_nil());
        wait_until(&at_gate, 1);
        cop_assert(cop_is_alive(pid));
        open_gate(1);
        wait_until(&destroyed, 1);
        remove_gate();
}

static void end_in_the_middle(cop_process_fn *fn, const char *how)
{
        cop_pid pid;
        cop_ref ref;

        build_gate();
        pid = cop_spawn(fn, cop_nil(), .name = "worker", .monitor = &ref, .link = true);
        wait_until(&at_gate, 1);
        cop_exit_to(pid, "How", cop_atom(how));
        cop_assert(cop_receive(5000, "{'DOWN', ^Ref, process, _, _}", &ref));
        cop_assert(cop_receive(5000, "{'EXIT', ^Pid, _}", &pid));
        cop_assert(!cop_is_alive(pid));
        cop_assert(cop_is_nobody(cop_whereis("worker")));
        cop_assert_equal(through_gate, 0);
        cop_assert_equal(destroyed, 0);
        open_gate(1);
        wait_until(&destroyed, 1);
        cop_assert_equal(through_gate, 1);
        remove_gate();
}

COP_TEST(TRAP_7_killed,
         "who is ended in cop_blocking() is dead at once; its memory stays for the thread")
{
        if (world_is_simulated())
                return;
        cop_trap_exits(true);
        end_in_the_middle(work_on_stack, "kill");
        end_in_the_middle(work_on_heap, "kill");
        end_in_the_middle(work_on_stack, "why_not");
}

static void handle_at_gate(void *state, const struct cop_message *message)
{
        cop_own(&destroyed, note_destruction);
        cop_blocking(pass_gate, state);
        cop_answer(message->from, "ok");
}

static const struct cop_handler gatekeeper = { "gatekeeper", 1000, NULL, handle_at_gate };

COP_TEST(TRAP_7_handler, "a caller is told at once, and the handler's state stays for the thread")
{
        cop_ref request;
        cop_term result;
        cop_pid pid;

        if (world_is_simulated())
                return;
        build_gate();
        pid = cop_spawn_handler(&gatekeeper, cop_nil());
        request = cop_send_request(pid, "pass");
        wait_until(&at_gate, 1);
        cop_kill(pid);
        cop_assert_equal(cop_receive_response(request, 5000, &result), COP_RESPONSE_ERROR);
        cop_assert_term(result, "killed");
        cop_assert_equal(through_gate, 0);
        open_gate(1);
        wait_until(&destroyed, 1);
        remove_gate();
}

COP_TEST(TRAP_7_many, "so it is however the kill and the thread's return meet")
{
        enum { MANY = 8 };
        cop_pid pids[MANY];
        int i, k;

        if (world_is_simulated())
                return;
        for (k = 0; k < world_times(); k++) {
                build_gate();
                for (i = 0; i < MANY; i++)
                        pids[i] = cop_spawn(i % 2 ? work_on_stack : work_on_heap, cop_nil());
                wait_until(&at_gate, k % MANY);
                open_gate(MANY);
                for (i = 0; i < MANY; i++)
                        cop_kill(pids[i]);
                for (i = 0; i < MANY; i++)
                        reason_of(pids[i]);
                cop_assert(cop_system_quiet(5000));
                while (cop__lingering_count()) /* also those whose thread is not at the gate yet */
                        cop_sleep(1);
                cop_assert_equal(through_gate, at_gate);
                remove_gate();
        }
}

/* ---- cop_wait_fd() ---- */

static void wait_for_bad(void *fd)
{
        cop_wait_fd(*(int *)fd, COP_READABLE, 1000);
}

COP_TEST(BLOCK_fd_ready, "cop_wait_fd() says what a descriptor is ready for, and 0 on timeout")
{
        char byte;

        if (world_is_simulated())
                return;
        build_gate();
        cop_assert_equal(cop_wait_fd(gate[0], COP_READABLE, 1), 0);
        cop_assert_equal(cop_wait_fd(gate[1], COP_WRITABLE, 5000), COP_WRITABLE);
        open_gate(1);
        cop_assert_equal(cop_wait_fd(gate[0], COP_READABLE, 5000), COP_READABLE);
        cop_assert_equal(read(gate[0], &byte, 1), 1);
        close(gate[1]);
        cop_assert_equal(cop_wait_fd(gate[0], COP_READABLE, 5000), COP_READABLE);
        close(gate[0]);
}

static void wait_at_gate(cop_term none)
{
        at_gate++;
        cop_wait_fd(gate[0], COP_READABLE, COP_FOREVER);
}

COP_TEST(BLOCK_fd_wrong, "a descriptor that cannot be waited for is an error that says why")
{
        cop_term reason;
        int fd = 12345;
        cop_pid pid;

        if (world_is_simulated()) {
                cop_assert_equal(cop_try(wait_for_bad, &fd, &reason), COP_ERROR);
                cop_assert_match(reason, "{{wait_fd, 12345, enotsup}, _}");
                return;
        }
        cop_assert_equal(cop_try(wait_for_bad, &fd, &reason), COP_ERROR);
        cop_assert_match(reason, "{{wait_fd, 12345, ebadf}, _}");
        fd = -1;
        cop_assert_equal(cop_try(wait_for_bad, &fd, &reason), COP_ERROR);
        cop_assert_match(reason, "{{wait_fd, -1, ebadf}, _}");

        build_gate();
        pid = cop_spawn(wait_at_gate, cop_nil());
        cop_assert(cop_system_quiet(5000));
        cop_assert_equal(cop_try(wait_for_bad, &gate[0], &reason), COP_ERROR);
        cop_assert_match(reason, "{{wait_fd, _, ebusy}, _}");
        cop_kill(pid);
        cop_assert(cop_system_quiet(5000));
        cop_assert_equal(cop_wait_fd(gate[0], COP_READABLE, 0), 0);
        remove_gate();
}

COP_TEST(BLOCK_fd_file, "a regular file is always ready")
{
        int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

        if (world_is_simulated())
                return;
        cop_assert(fd >= 0);
        cop_own_fd(fd);
        cop_assert_equal(cop_wait_fd(fd, COP_READABLE, COP_FOREVER), COP_READABLE);
}
