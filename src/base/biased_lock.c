#include "base/biased_lock.h"

#include <linux/membarrier.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool have_membarrier;

bool cop__biased_lock_init(void)
{
        have_membarrier =
                syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
        return have_membarrier;
}

void cop__biased_lock_wait(struct biased_lock *lock)
{
        do {
                atomic_store_explicit(&lock->inside, 0, memory_order_release);
                /* pairs with the release in leave_visit */
                while (atomic_load_explicit(&lock->visitor, memory_order_acquire))
                        sched_yield(); /* a visit is short, but the visitor may have been pre-empted
                                        */
                atomic_store_explicit(&lock->inside, 1, memory_order_relaxed);
                atomic_thread_fence(memory_order_seq_cst); /* as in enter, but both halves */
        } while (atomic_load_explicit(&lock->visitor, memory_order_acquire));
}

bool cop__biased_lock_visit(struct biased_lock *lock)
{
        uint32_t nobody = 0;

        if (!have_membarrier ||
            !atomic_compare_exchange_strong_explicit(&lock->visitor, &nobody, 1,
                                                     memory_order_acquire, memory_order_relaxed))
                return false;
        syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
        /* pairs with the release in leave */
        if (atomic_load_explicit(&lock->inside, memory_order_acquire)) {
                cop__biased_lock_leave_visit(lock);
                return false;
        }
        return true;
}

void cop__biased_lock_leave_visit(struct biased_lock *lock)
{
        atomic_store_explicit(&lock->visitor, 0, memory_order_release);
}
