/*
 * TRAP-7, at the system's stop: threads that do not come back do not keep it from stopping.
 */
#include <coppice/memory.h>
#include <coppice/system.h>
#include <coppice/test.h>

#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/sanitizers.h"

static int gate[2];
static _Atomic(int) at_gate, through_gate;

static void *pass_gate(void *memory)
{
        char byte;

        at_gate++;
        if (read(gate[0], &byte, 1) == 1)
                memset(memory, byte, 1000);
        through_gate++;
        return memory;
}

static void work(cop_term none)
{
        char memory[1000];

        cop_blocking(pass_gate, memory);
}

static void begin_work(void)
{
        cop_assert_equal(cop_system_start(.schedulers = 2), 0);
        cop_assert_equal(pipe2(gate, O_CLOEXEC), 0);
        at_gate = through_gate = 0;
        cop_spawn(work, cop_nil());
        while (!at_gate)
                cop_receive(1, "nothing");
}

COP_TEST(TRAP_7_stop,
         "a system stops while a thread blocks, and starts again; then the thread returns")
{
        if (COP_ASAN)
                cop_skip("what a thread that is left alone may use stays, and is a leak to it");
        begin_work();
        cop_assert(cop_system_stop(0) <= 1);
        cop_assert_equal(through_gate, 0);

        cop_assert_equal(cop_system_start(.schedulers = 2), 0);
        cop_spawn(work, cop_nil());
        while (at_gate < 2)
                cop_receive(1, "nothing");
        cop_assert_equal(write(gate[1], "xx", 2), 2);
        while (through_gate < 2)
                cop_receive(1, "nothing");
        cop_assert_equal(cop_system_stop(5000), 0);
}

COP_TEST(TRAP_7_stop_waits, "a thread that comes back in time is waited for")
{
        begin_work();
        cop_assert_equal(write(gate[1], "x", 1), 1);
        cop_system_stop(0);
        cop_assert_equal(through_gate, 1);
}

static void *return_at_once(void *argument)
{
        return argument;
}

static void work_a_little(cop_term none)
{
        cop_blocking(return_at_once, NULL);
}

COP_TEST(TRAP_7_late,
         "a thread that has just woken its process finds all it needs, though the system "
         "stops")
{
        for (int k = 0; k < 50; k++) {
                cop_assert_equal(cop_system_start(.schedulers = 2), 0);
                for (int i = 0; i < 4; i++)
                        cop_spawn(work_a_little, cop_nil());
                while (cop_process_count() > 0)
                        cop_receive(0, "nothing");
                cop_assert_equal(cop_system_stop(1000), 0);
        }
}
