/*
 * guest.c: threads of the program's own.
 *
 * Everything a guest has hangs on its thread: it is made at the first use and given back when the
 * thread ends, leaves, or the system stops. The list of guests is for the last of these: whoever
 * takes a guest off it gives it back, and takes it away from its thread, which may find another
 * system when it comes back.
 *
 * A descriptor (an eventfd) is made when somebody asks for it. From then on the inbox is parked
 * whenever the thread has looked and found nothing, so that the next signal wakes it: that is, makes
 * the descriptor readable.
 */
#include "runtime/guest.h"

#include <coppice/system.h>
#include <coppice/text.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "runtime/driver_threads.h"
#include "runtime/scheduler.h"

struct guest {
        struct thread thread;
        struct process *process;
        struct bell bell;
        _Atomic(int) descriptor;  /* -1: nobody asked */
        struct guest *next, **at; /* under list_lock */
        struct thread **place;    /* where its thread keeps the address of `thread` */
};

static struct lock list_lock;
static struct guest *list;
static _Atomic(size_t) count;

static void list_put(struct guest *guest)
{
        cop__lock_take(&list_lock);
        guest->next = list;
        guest->at = &list;
        if (list)
                list->at = &guest->next;
        list = guest;
        count++;
        cop__lock_give(&list_lock);
}

/* Under the lock. From now on its thread is no guest. */
static void list_take(struct guest *guest)
{
        *guest->at = guest->next;
        if (guest->next)
                guest->next->at = guest->at;
        count--;
        *guest->place = NULL;
}

size_t cop__guest_count(void)
{
        return count;
}

struct process *cop__guest_enter(void)
{
        struct guest *guest;
        struct process *p;
        uint64_t pid;

        if (!cop__system.schedulers)
                return NULL;
        guest = cop__alloc_zeroed(sizeof(*guest));
        p = guest ? cop__table_take(&pid) : NULL;
        if (!p) {
                cop__free(guest);
                return NULL;
        }
        cop__process_wipe(p);
        p->flags = IS_GUEST;
        atomic_store_explicit(&p->is_guest, true, memory_order_relaxed);
        p->guest = guest;
        guest->process = p;
        guest->descriptor = -1;
        cop__region_init(&guest->thread.own_region);
        guest->thread.region = &guest->thread.own_region;
        guest->thread.current = p;
        atomic_store_explicit(&p->leader, pid, memory_order_relaxed);
        atomic_store_explicit(&p->status, STATUS_RUNNING, memory_order_relaxed);
        atomic_store_explicit(&p->timers_of, pid, memory_order_relaxed);
        atomic_store_explicit(&p->pid, pid, memory_order_release);
        atomic_store_explicit(&p->inbox.word, INBOX_EMPTY, memory_order_release);
        guest->place = cop__thread_place();
        cop__thread_set(&guest->thread);
        list_put(guest);
        cop__thread_end_calls(cop_thread_leave);
        return p;
}

static void release(struct guest *guest)
{
        struct process *p = guest->process;

        p->reason = ATOM(normal);
        atomic_store_explicit(&p->status, STATUS_EXITING, memory_order_relaxed);
        cop__bury(p);
        cop__region_release(&guest->thread.own_region);
        if (guest->descriptor >= 0)
                close(guest->descriptor);
        cop__free(guest);
}

static struct guest *mine(void)
{
        struct thread *t = cop__thread_or_null();

        return t && !t->scheduler ? (struct guest *)t : NULL;
}

void cop_thread_leave(void)
{
        struct guest *guest;

        cop__lock_take(&list_lock);
        guest = mine();
        if (guest)
                list_take(guest);
        cop__lock_give(&list_lock);
        if (guest)
                release(guest);
}

int cop_thread_descriptor(void)
{
        struct process *p = cop__self();
        int fd;

        if (!(p->flags & IS_GUEST))
                return -EINVAL;
        if (p->guest->descriptor < 0) {
                fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
                if (fd < 0)
                        return -errno;
                atomic_store(&p->guest->descriptor, fd);
                eventfd_write(fd, 1); /* look once */
        }
        return p->guest->descriptor;
}

void cop__guest_wake(struct process *p)
{
        int fd = atomic_load(&p->guest->descriptor);

        cop__driver->bell_ring(&p->guest->bell);
        if (fd >= 0)
                eventfd_write(fd, 1);
}

void cop__guest_wait(struct process *p, int64_t deadline_ns)
{
        cop__inbox_wake(&p->inbox); /* it may be parked for the descriptor */
        if (cop__inbox_park(&p->inbox)) {
                cop__driver->bell_wait(&p->guest->bell, deadline_ns);
                cop__inbox_wake(&p->inbox);
        }
        cop__signals_take(p);
}

void cop__guest_found_nothing(struct process *p)
{
        eventfd_t rings;

        if (p->guest->descriptor < 0)
                return;
        eventfd_read(p->guest->descriptor, &rings);
        cop__inbox_wake(&p->inbox);
        if (!cop__inbox_park(&p->inbox))
                eventfd_write(p->guest->descriptor, 1);
}

void cop__guest_died(struct process *p, cop_term reason)
{
        fprintf(stderr, "coppice: a thread of the program failed: %s\n", cop_show(reason));
        abort();
}

void cop__guests_leave_all(void)
{
        struct guest *guest;

        do {
                cop__lock_take(&list_lock);
                guest = list;
                if (guest)
                        list_take(guest);
                cop__lock_give(&list_lock);
                if (guest)
                        release(guest);
        } while (guest);
}
