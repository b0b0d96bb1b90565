/*
 * QUOTA: messages on their way are counted at the slot that they go to, which goes on when a process ends: what
 * comes too late is off the count as well.
 */
#include "support/world.h"

#include <semaphore.h>

#include "runtime/process.h"

enum { MOST = 3 };

static void send_numbers(cop_pid to, int count)
{
        for (int i = 1; i <= count; i++)
                cop_send(to, "I", i);
}

static cop_pid told;

static void wait_to_go_on(void *unused)
{
        cop_send(told, "ending");
        cop_receive(COP_FOREVER, "go_on");
}

static void end_slowly(cop_term none)
{
        cop_own(NULL, wait_to_go_on);
}

COP_TEST(QUOTA_count_late,
         "what comes while a process ends, and when it has ended, is off the count in the end")
{
        cop_pid pid;
        struct process *p;
        cop_term answer;

        told = cop_self();
        pid = cop_spawn(end_slowly, cop_nil(), .inbox_max = MOST,
                        .inbox_policy = COP_INBOX_DROP_NEW);
        p = cop__table_at(pid.word);
        cop_assert(cop_receive(5000, "ending"));
        for (int i = 0; i < MOST - 1; i++) {
                cop_ref ref = cop_send_request(pid, "too_late");

                cop_assert(cop_system_quiet(5000));
                cop_receive_response(ref, 0, &answer);
        }
        cop_send(pid, "go_on");
        cop_assert(cop_system_quiet(5000));
        send_numbers(pid, MOST);
        cop_assert_equal(p->inbox_sent, 0);
}

static sem_t gate;

static void *wait_at_gate(void *unused)
{
        while (sem_wait(&gate) < 0)
                continue;
        return NULL;
}

static void work_slowly(cop_term none)
{
        cop_send(told, "working");
        cop_blocking(wait_at_gate, NULL);
}

COP_TEST(QUOTA_count_dead,
         "so is what comes for one that is dead but for a thread that works for it")
{
        cop_pid pid;
        cop_ref ref;
        struct process *p;

        if (world_is_simulated())
                return; /* there is no such thread */
        told = cop_self();
        sem_init(&gate, 0, 0);
        pid = cop_spawn(work_slowly, cop_nil(), .inbox_max = MOST, .monitor = &ref,
                        .inbox_policy = COP_INBOX_DROP_NEW);
        p = cop__table_at(pid.word);
        cop_assert(cop_receive(5000, "working"));
        cop_kill(pid);
        cop_assert_term(down_reason(ref), "killed");
        send_numbers(pid, MOST);
        sem_post(&gate);
        cop_assert(cop_system_quiet(5000));
        cop_assert_equal(p->inbox_sent, 0);
}
