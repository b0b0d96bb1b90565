#include "base/lock.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SPINS = 100 };

static inline void pause_a_little(void)
{
#if defined(__x86_64__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        __asm__ volatile("yield");
#endif
}

void cop__lock_wait(struct lock *lock)
{
        int i;

        for (i = 0; i < SPINS; i++) {
                uint32_t state = LOCK_FREE;

                pause_a_little();
                if (atomic_compare_exchange_weak_explicit(&lock->state, &state, LOCK_HELD,
                                                          memory_order_acquire,
                                                          memory_order_relaxed))
                        return;
        }
        /* Whoever gets it this way leaves it marked, since others may sleep; at worst one wake too
         * many. */
        while (atomic_exchange_explicit(&lock->state, LOCK_WAITED_FOR, memory_order_acquire) !=
               LOCK_FREE)
                syscall(SYS_futex, &lock->state, FUTEX_WAIT_PRIVATE, LOCK_WAITED_FOR, NULL, NULL,
                        0);
}

void cop__lock_wake(struct lock *lock)
{
        syscall(SYS_futex, &lock->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}
