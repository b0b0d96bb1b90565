/*
 * guest.c: threads of the program's own.
 *
 * Everything a guest has hangs on its thread: it is made at the first use and given back when the
 * thread ends, leaves, or the system stops. The list of guests is for the last of these.
 *
 * A descriptor (an eventfd) is made when somebody asks for it; from then on each wake writes to it.
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
#include "runtime/scheduler.h"

struct guest {
        struct thread thread;
        struct process *process;
        struct bell bell;
        _Atomic(int) descriptor;  /* -1: nobody asked */
        struct guest *next, **at; /* under list_lock */
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

static void list_take(struct guest *guest)
{
        cop__lock_take(&list_lock);
        *guest->at = guest->next;
        if (guest->next)
                guest->next->at = guest->at;
        count--;
        cop__lock_give(&list_lock);
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
        list_put(guest);
        cop__thread_set(&guest->thread);
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
        struct guest *guest = mine();

        if (!guest)
                return;
        cop__thread_set(NULL);
        list_take(guest);
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
                /* From now on the inbox is parked between looks, so that a first message rings. */
                if (!cop__inbox_park(&p->inbox))
                        cop__guest_wake(p);
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
        eventfd_t rings;

        if (cop__inbox_park(&p->inbox)) {
                cop__driver->bell_wait(&p->guest->bell, deadline_ns);
                cop__inbox_wake(&p->inbox);
        }
        if (p->guest->descriptor >= 0)
                eventfd_read(p->guest->descriptor, &rings);
        cop__signals_take(p);
}

void cop__guest_died(struct process *p, cop_term reason)
{
        fprintf(stderr, "coppice: a thread of the program failed: %s\n", cop_show(reason));
        abort();
}

void cop__guests_leave_all(void)
{
        struct guest *guest;

        cop_thread_leave();
        while ((guest = list)) {
                list_take(guest);
                release(guest);
        }
}
