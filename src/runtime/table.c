/*
 * table.c: all control blocks, and which are free.
 *
 * Blocks lie in slabs of 1,024, made when needed and kept until the runtime stops. All but the first
 * are mapped with their pages: where there are so many processes there will be more. They are small
 * pages: huge ones are dearer, since the system has none that were used before. A slot's number and how
 * often it was used make a pid, so no pid is given twice. LIMIT: after 2^36 uses of one slot its pids
 * come round again.
 *
 * Owners  Free blocks are under the lock, the last one freed first, so that it comes back while it
 * is in the cache.
 */
#include <string.h>
#include <sys/mman.h>

#include "base/lock.h"
#include "runtime/process.h"
#include "runtime/scheduler.h"

enum {
        SLAB_SHIFT = 10,
        SLAB_SLOTS = 1 << SLAB_SHIFT,
        BLOCKS_STEP = 16, /* that are made ready at once */
        SLABS_MOST = 1 << (SLOT_BITS - SLAB_SHIFT),
        SLAB_BYTES = SLAB_SLOTS * sizeof(struct process),
};

static struct {
        _Atomic(struct process *) slabs[SLABS_MOST];
        struct lock lock;
        struct process *free; /* under the lock */
        size_t most;
        _Atomic(uint32_t) slots;
        _Atomic(size_t) count;
} table;

int cop__table_start(size_t processes_max)
{
        table.most = processes_max ? processes_max : SLOT_OF_TIMERS;
        return 0;
}

void cop__table_stop(void)
{
        uint32_t i;

        for (i = 0; i < SLABS_MOST; i++) {
                struct process *slab = table.slabs[i];

                if (!slab)
                        break;
                munmap(slab, SLAB_BYTES);
                table.slabs[i] = NULL;
        }
        table.free = NULL;
        table.slots = 0;
        table.count = 0;
}

static bool add_slab(uint32_t number)
{
        struct process *slab = mmap(
                NULL, SLAB_BYTES, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (number ? MAP_POPULATE : 0), -1, 0);

        if (slab == MAP_FAILED)
                return false;
        atomic_store_explicit(&table.slabs[number], slab, memory_order_release);
        return true;
}

/* Some more blocks go to the free list, the lowest slot first; the pages of a slab are touched as they are
 * needed. One that was not there yet is no process's: it has no pid. Under the lock. */
static bool add_blocks(void)
{
        uint32_t first = table.slots;
        uint32_t i;

        if (first >= SLOT_OF_TIMERS || (first % SLAB_SLOTS == 0 && !add_slab(first >> SLAB_SHIFT)))
                return false;
        for (i = BLOCKS_STEP; i-- > 0;) {
                struct process *p = &table.slabs[first >> SLAB_SHIFT][first % SLAB_SLOTS + i];

                p->slot = first + i;
                p->inbox.word = INBOX_CLOSED;
                p->next = table.free;
                table.free = p;
        }
        atomic_store_explicit(&table.slots, first + BLOCKS_STEP, memory_order_release);
        return true;
}

void cop__table_close(void)
{
        cop__lock_take(&table.lock);
        table.most = 0;
        cop__lock_give(&table.lock);
}

struct process *cop__table_take(uint64_t *pid)
{
        struct process *p = NULL;

        cop__lock_take(&table.lock);
        if (table.count < table.most && (table.free || add_blocks())) {
                p = table.free;
                table.free = p->next;
                atomic_store_explicit(&table.count, table.count + 1, memory_order_relaxed);
        }
        cop__lock_give(&table.lock);
        if (p)
                *pid = local_word(TAG_PID, p->slot, p->uses++);
        return p;
}

void cop__table_give(struct process *p)
{
        atomic_store_explicit(&p->pid, 0, memory_order_release);
        cop__lock_take(&table.lock);
        p->next = table.free;
        table.free = p;
        atomic_store_explicit(&table.count, table.count - 1, memory_order_relaxed);
        cop__lock_give(&table.lock);
}

struct process *cop__table_at(uint64_t pid)
{
        uint32_t slot = slot_of(pid);
        /* pairs with the release in add_slab */
        struct process *slab =
                atomic_load_explicit(&table.slabs[slot >> SLAB_SHIFT], memory_order_acquire);

        return slab ? &slab[slot & (SLAB_SLOTS - 1)] : NULL;
}

struct process *cop__table_slot(uint32_t slot)
{
        struct process *p = cop__table_at(local_word(TAG_PID, slot, 0));

        return p && pid_of(p) ? p : NULL;
}

uint32_t cop__table_slots(void)
{
        return atomic_load_explicit(&table.slots, memory_order_acquire);
}

size_t cop__table_count(void)
{
        return atomic_load_explicit(&table.count, memory_order_relaxed);
}

/* ---- for debuggers ---- */

#define NUMBER(value) ((const void *)(uintptr_t)(value))

/*
 * Where things are, for coppice-gdb.py, which has the same names in the same order; the first is to
 * grow when one of them changes its meaning. Here, since this file is in every program.
 */
COP_API extern const void *const cop_debugger[];
__attribute__((used)) const void *const cop_debugger[] = {
        NUMBER(1),
        table.slabs,
        &table.slots,
        NUMBER(SLAB_SLOTS),
        NUMBER(sizeof(struct process)),
        NUMBER(offsetof(struct process, pid)),
        NUMBER(offsetof(struct process, name)),
        NUMBER(offsetof(struct process, status)),
        NUMBER(offsetof(struct process, mail_count)),
        NUMBER(offsetof(struct process, flags)),
        NUMBER(offsetof(struct process, stack)),
        NUMBER(offsetof(struct process, code)),
        NUMBER(offsetof(struct stack, context.sp)),
        &cop__system.schedulers,
        &cop__system.scheduler_count,
        NUMBER(sizeof(struct scheduler)),
        NUMBER(offsetof(struct scheduler, running)),
        NUMBER(offsetof(struct scheduler, thread)),
        NUMBER(offsetof(struct thread, faults.id)),
        NUMBER(offsetof(struct atom, size)),
        NUMBER(offsetof(struct atom, text)),
        NUMBER(IS_HANDLER),
};
