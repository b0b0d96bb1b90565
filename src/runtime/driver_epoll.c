/*
 * driver_epoll.c: the poller of the real driver.
 *
 * Each descriptor has an entry with two watches, one for each direction at most. What the kernel is
 * asked for is what the entry has, one event at a time (EPOLLONESHOT): after an event it is asked
 * anew for what is left. A descriptor stays known to the kernel after its watches are over; closing
 * it takes it out.
 *
 * A thread that polls looks at the descriptors and at the bell for a little while, and then sleeps in
 * the kernel; who rings then writes to an event descriptor. That one is never read: an edge is
 * enough (EPOLLET).
 *
 * Owners    Entries are under the lock; it is given before ready() is called, so ready() may watch
 *           again, and an unwatch that comes then is told that it comes too late.
 *
 * Why epoll_pwait2: epoll_wait rounds to milliseconds. Kernels before 5.11 have only that; there the
 * time is rounded up.
 */
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <coppice/memory.h>

#include "base/alloc.h"
#include "base/lock.h"
#include "runtime/driver_threads.h"

enum {
        EVENTS = 64,      /* taken at once */
        CHUNK = 256,      /* entries allocated at once */
        CHUNKS = 1 << 15, /* 8 million descriptors */
        WATCHES = 2,
};

struct watch {
        int what; /* 0: nobody watches */
        void (*ready)(void *argument, int what);
        void *argument;
};

struct entry {
        struct watch watches[WATCHES];
        bool known; /* the kernel has it, unless it was closed meanwhile */
};

static struct {
        struct lock lock;
        struct entry **chunks; /* by fd / CHUNK */
        size_t chunk_count;
        int epoll;
        int event;
        bool no_pwait2; /* an old kernel; the thread that polls */
        struct bell bell;
} poller = { .epoll = -1, .event = -1 };

/* ---- entries: under the lock ---- */

static struct entry *find(int fd)
{
        size_t chunk = (size_t)fd / CHUNK;

        if (chunk >= poller.chunk_count || !poller.chunks[chunk])
                return NULL;
        return &poller.chunks[chunk][fd % CHUNK];
}

static struct entry *find_or_make(int fd)
{
        size_t chunk = (size_t)fd / CHUNK;

        if (chunk >= CHUNKS)
                return NULL;
        if (chunk >= poller.chunk_count) {
                size_t count = chunk + 1;
                struct entry **chunks = cop__realloc(poller.chunks, count * sizeof(*chunks));

                if (!chunks)
                        return NULL;
                memset(chunks + poller.chunk_count, 0,
                       (count - poller.chunk_count) * sizeof(*chunks));
                poller.chunks = chunks;
                poller.chunk_count = count;
        }
        if (!poller.chunks[chunk])
                poller.chunks[chunk] = cop__alloc_zeroed(CHUNK * sizeof(struct entry));
        return find(fd);
}

/* Asks the kernel for what is watched. */
static int arm(int fd, struct entry *entry)
{
        int what = entry->watches[0].what | entry->watches[1].what;
        struct epoll_event event = { .events = EPOLLONESHOT, .data.fd = fd };

        if (what & COP_READABLE)
                event.events |= EPOLLIN | EPOLLRDHUP;
        if (what & COP_WRITABLE)
                event.events |= EPOLLOUT;
        if (entry->known && epoll_ctl(poller.epoll, EPOLL_CTL_MOD, fd, &event) == 0)
                return 0;
        /* New, or closed and opened again since. */
        if (epoll_ctl(poller.epoll, EPOLL_CTL_ADD, fd, &event) < 0 &&
            (errno != EEXIST || epoll_ctl(poller.epoll, EPOLL_CTL_MOD, fd, &event) < 0))
                return -errno;
        entry->known = true;
        return 0;
}

static struct watch *free_watch(struct entry *entry, int what)
{
        if ((entry->watches[0].what | entry->watches[1].what) & what)
                return NULL;
        return entry->watches[0].what ? &entry->watches[1] : &entry->watches[0];
}

/* ---- watching ---- */

/* Takes out the watches of a descriptor that was closed under them, and is another one by now. */
static void take_stale(int fd, struct entry *entry, struct watch *stale)
{
        struct epoll_event none = { .events = EPOLLONESHOT, .data.fd = fd };

        if (epoll_ctl(poller.epoll, EPOLL_CTL_MOD, fd, &none) < 0 && errno == ENOENT) {
                memcpy(stale, entry->watches, sizeof(entry->watches));
                memset(entry->watches, 0, sizeof(entry->watches));
        }
}

static int watch(int fd, const struct watch *wanted, struct watch *stale)
{
        struct entry *entry = find_or_make(fd);
        struct watch *place;
        int err;

        if (!entry)
                return -ENOMEM;
        place = free_watch(entry, wanted->what);
        if (!place) {
                take_stale(fd, entry, stale);
                place = free_watch(entry, wanted->what);
        }
        if (!place) {
                arm(fd, entry);
                return -EBUSY;
        }
        *place = *wanted;
        err = arm(fd, entry);
        if (err < 0)
                place->what = 0;
        return err;
}

/* Whoever watched what has been closed is told that it is over. */
static void tell_stale(const struct watch *stale)
{
        for (int i = 0; i < WATCHES; i++)
                if (stale[i].what)
                        stale[i].ready(stale[i].argument, stale[i].what);
}

int cop__epoll_watch(int fd, int what, void (*ready)(void *argument, int what), void *argument)
{
        struct watch wanted = { what & (COP_READABLE | COP_WRITABLE), ready, argument };
        struct watch stale[WATCHES] = { { 0 } };
        int error = errno;
        int err;

        if (fd < 0 || !wanted.what)
                return fd < 0 ? -EBADF : -EINVAL;
        cop__lock_take(&poller.lock);
        err = watch(fd, &wanted, stale);
        cop__lock_give(&poller.lock);
        tell_stale(stale);
        errno = error;
        return err;
}

int cop__epoll_unwatch(int fd, void *argument)
{
        struct entry *entry;
        int err = -ENOENT;

        cop__lock_take(&poller.lock);
        entry = fd < 0 ? NULL : find(fd);
        for (int i = 0; entry && i < WATCHES; i++) {
                struct watch *watch = &entry->watches[i];

                if (watch->what && watch->argument == argument) {
                        watch->what = 0;
                        err = 0;
                }
        }
        cop__lock_give(&poller.lock);
        return err;
}

/* ---- polling ---- */

static int what_of(uint32_t events)
{
        int what = 0;

        if (events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP))
                what |= COP_READABLE;
        if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
                what |= COP_WRITABLE;
        return what;
}

static void event_came(int fd, int what)
{
        struct watch due[WATCHES];
        struct entry *entry;
        unsigned count = 0;

        cop__lock_take(&poller.lock);
        entry = find(fd);
        for (int i = 0; entry && i < WATCHES; i++) {
                if (entry->watches[i].what & what) {
                        due[count++] = entry->watches[i];
                        entry->watches[i].what = 0;
                }
        }
        if (entry && (entry->watches[0].what | entry->watches[1].what))
                arm(fd, entry);
        cop__lock_give(&poller.lock);

        for (unsigned i = 0; i < count; i++)
                due[i].ready(due[i].argument, due[i].what & what);
}

static int round_up_ms(int64_t ns)
{
        int64_t ms = ns / 1000000 + (ns % 1000000 != 0);

        return ms > INT_MAX ? INT_MAX : (int)ms;
}

/* Takes events from the kernel, after at most timeout_ns (INT64_MAX: for ever). */
static int take_events(struct epoll_event *events, int64_t timeout_ns)
{
        struct timespec timeout = { timeout_ns / 1000000000, timeout_ns % 1000000000 };
        bool for_ever = timeout_ns == INT64_MAX;

        if (!poller.no_pwait2 && timeout_ns > 0) {
                long count = syscall(SYS_epoll_pwait2, poller.epoll, events, EVENTS,
                                     for_ever ? NULL : &timeout, NULL, 0);

                if (count >= 0 || errno != ENOSYS)
                        return (int)count;
                poller.no_pwait2 = true;
        }
        return epoll_wait(poller.epoll, events, EVENTS, for_ever ? -1 : round_up_ms(timeout_ns));
}

/* Calls whoever an event is for. Returns whether there was any. */
static bool look(int64_t timeout_ns)
{
        struct epoll_event events[EVENTS];
        int count = take_events(events, timeout_ns);

        for (int i = 0; i < count; i++)
                if (events[i].data.fd != poller.event)
                        event_came(events[i].data.fd, what_of(events[i].events));
        return count > 0;
}

void cop__epoll_poll(int64_t deadline_ns)
{
        int error = errno;
        int64_t now = cop__driver->now_ns();

        if (!look(0) && deadline_ns > now && !cop__bell_take(&poller.bell) &&
            !cop__bell_spin(&poller.bell, deadline_ns) && !look(0) &&
            cop__bell_fall_asleep(&poller.bell)) {
                now = cop__driver->now_ns();
                if (deadline_ns == INT64_MAX)
                        look(INT64_MAX);
                else
                        look(deadline_ns > now ? deadline_ns - now : 0);
        }
        cop__bell_take(&poller.bell);
        errno = error;
}

void cop__epoll_wake(void)
{
        int error = errno;
        uint64_t one = 1;

        /* pairs with the exchange in cop__bell_take */
        if (atomic_exchange_explicit(&poller.bell.rung, 1, memory_order_seq_cst) == 2)
                while (write(poller.event, &one, sizeof(one)) < 0 && errno == EINTR)
                        ;
        errno = error;
}

/* ---- start and stop ---- */

int cop__epoll_start(void)
{
        struct epoll_event event = { .events = EPOLLIN | EPOLLET };
        int err;

        poller.epoll = epoll_create1(EPOLL_CLOEXEC);
        if (poller.epoll < 0)
                return -errno;
        poller.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (poller.event < 0) {
                err = -errno;
                goto undo_epoll;
        }
        event.data.fd = poller.event;
        if (epoll_ctl(poller.epoll, EPOLL_CTL_ADD, poller.event, &event) < 0) {
                err = -errno;
                goto undo_event;
        }
        return 0;

undo_event:
        close(poller.event);
undo_epoll:
        close(poller.epoll);
        poller.epoll = poller.event = -1;
        return err;
}

void cop__epoll_stop(void)
{
        close(poller.event);
        close(poller.epoll);
        for (size_t i = 0; i < poller.chunk_count; i++)
                cop__free(poller.chunks[i]);
        cop__free(poller.chunks);
        poller.chunks = NULL;
        poller.chunk_count = 0;
        poller.epoll = poller.event = -1;
        poller.no_pwait2 = false;
        atomic_store(&poller.bell.rung, 0);
}
