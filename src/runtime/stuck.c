/*
 * stuck.c: who does not end its turn, for how long, and where it is.
 *
 * running   The thread gets the signal that a kill sends as well. Nobody is to be killed, so its
 *           handler notes the stack and returns.
 * waiting   in the kernel, it is left alone: a signal would end sleep() and poll() of the program's
 *           early. The kernel says at which instruction it waits, and that is all that is told.
 *
 * Names and lines may take long to find, and the monitor has no time: a thread for blocking work finds
 * them, and writes. There is one report at a time; what is to be told meanwhile is not told.
 */
#include "runtime/stuck.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "inspect/debug.h"
#include "runtime/driver.h"
#include "runtime/scheduler.h"

enum { LONG_MS = 5000, TEXT_MOST = 32 * 1024, WHO_SIZE = 400 };

static int64_t long_ns; /* 0: nobody wants to know */

static struct {
        struct blocking_job job;
        _Atomic(bool) is_busy;
        char who[WHO_SIZE];
        unsigned count;
        uintptr_t places[TRACE_MOST + 1];
} report;

/* ---- telling ---- */

static void add_place(struct buffer *text, uintptr_t place)
{
        struct frame frames[FRAMES_INLINED_MOST];
        size_t count = place ? cop__debug_frames(place, frames, FRAMES_INLINED_MOST) : 0;

        if (place == 0)
                cop__buffer_add_text(text, "    ...\n");
        for (size_t i = 0; i < count; i++) {
                const struct frame *frame = &frames[i];

                if (strncmp(frame->function, "cop__", 5) == 0)
                        continue;
                cop__buffer_add_text(text, "    ");
                if (frame->file[0])
                        cop__buffer_format(text, "%s:%d: ", frame->file, frame->line);
                else
                        cop__buffer_format(text, "%s+0x%llx ", frame->object,
                                           (unsigned long long)frame->offset);
                cop__buffer_format(text, "%s\n", frame->function);
        }
}

static void write_report(struct blocking_job *job)
{
        struct buffer text;
        ssize_t written = 0;

        cop__buffer_init(&text, TEXT_MOST);
        cop__buffer_add_text(&text, report.who);
        for (unsigned i = 0; i < report.count; i++)
                add_place(&text, report.places[i]);
        if (text.size > 0)
                written = write(STDERR_FILENO, text.bytes, text.size);
        (void)written; /* nobody reads it */
        cop__buffer_release(&text);
        atomic_store_explicit(&report.is_busy, false, memory_order_release);
}

/* False: another report is being written. */
static bool begin_report(void)
{
        return !atomic_exchange_explicit(&report.is_busy, true, memory_order_acquire);
}

static void end_report(void)
{
        report.job.run = write_report;
        if (cop__driver->blocking(&report.job) < 0)
                atomic_store_explicit(&report.is_busy, false, memory_order_release);
}

void cop__stuck_refused(const struct process *p, const struct thread *t)
{
        if (!begin_report())
                return;
        snprintf(report.who, sizeof(report.who), "coppice: process <0.%u> stands in\n", p->slot);
        report.count = cop__trace_list(&t->faults.seen, report.places);
        end_report();
}

/* ---- looking ---- */

/* What the kernel says of a thread, up to the room there is. */
static bool read_file(char *text, size_t size, int thread, const char *what)
{
        char path[64];
        ssize_t got;
        int fd;

        snprintf(path, sizeof(path), "/proc/self/task/%d/%s", thread, what);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return false;
        got = read(fd, text, size - 1);
        close(fd);
        text[got > 0 ? got : 0] = '\0';
        return got > 0;
}

/* R: it runs, or would if it could; S, D: it waits. *ticks: what it has used so far. */
static char state_of(int thread, uint64_t *ticks)
{
        char text[1024];
        unsigned long long user, system;
        const char *at;
        char state;

        if (!read_file(text, sizeof(text), thread, "stat"))
                return 0;
        at = strrchr(text, ')'); /* the thread's name may have anything in it */
        if (!at || sscanf(at, ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &state,
                          &user, &system) != 3)
                return 0;
        *ticks = user + system;
        return state;
}

/* The instruction at which it waits in the kernel; 0: unknown. */
static uintptr_t wait_pc(int thread)
{
        char text[256];
        const char *last;

        if (!read_file(text, sizeof(text), thread, "syscall"))
                return 0;
        last = strrchr(text, ' ');
        return last ? (uintptr_t)strtoull(last, NULL, 0) : 0;
}

static void tell(struct long_turn *turn, const struct process *p, const char *what,
                 int64_t lasted_ns)
{
        uint64_t word = atomic_load_explicit(&p->name, memory_order_acquire);
        bool has_name = word && word != NAME_DEAD;

        snprintf(report.who, sizeof(report.who),
                 "coppice: process <0.%u>%s%.250s has been %s for %lld ms without a pause, in\n",
                 p->slot, has_name ? " " : "", has_name ? atom_of(term_of(word))->text : "", what,
                 (long long)(lasted_ns / 1000000));
        turn->told = true;
        end_report();
}

/* Its stack has been seen. */
static void tell_running(struct long_turn *turn, const struct process *p, const struct thread *t,
                         int64_t lasted_ns)
{
        if (!begin_report())
                return;
        report.count = cop__trace_list(&t->faults.seen, report.places);
        tell(turn, p, "running", lasted_ns);
}

static void tell_waiting(struct long_turn *turn, const struct process *p, const struct thread *t,
                         int64_t lasted_ns)
{
        if (!begin_report())
                return;
        report.places[0] = wait_pc(t->faults.id);
        report.count = report.places[0] != 0;
        tell(turn, p, "waiting in the kernel", lasted_ns);
}

void cop__stuck_start(void)
{
        const char *text = getenv("COP_LONG_TURN_MS");

        long_ns = (text ? strtoll(text, NULL, 10) : LONG_MS) * 1000000;
}

static int64_t ns_of(uint64_t ticks)
{
        return (int64_t)(ticks * 1000000000 / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* Sets what it has used by now. */
static char look(struct long_turn *turn, const struct thread *t, int64_t now_ns, uint64_t *used)
{
        bool is_first = turn->looked_ns == 0;
        uint64_t ticks = turn->ticks;
        char state = state_of(t->faults.id, &ticks);

        *used = ticks - turn->ticks;
        turn->looked_ns = now_ns;
        turn->ticks = ticks;
        if (is_first)
                turn->first = ticks;
        return is_first ? 0 : state;
}

void cop__stuck_look(struct long_turn *turn, const struct process *p, struct thread *t,
                     int64_t lasted_ns, int64_t now_ns)
{
        uint32_t seen = atomic_load_explicit(&t->faults.refusals, memory_order_acquire);
        uint64_t used;
        char state;

        if (turn->asked && !turn->told && seen != turn->seen)
                tell_running(turn, p, t, lasted_ns);
        if (turn->asked || turn->told || lasted_ns < long_ns ||
            now_ns - turn->looked_ns < long_ns || long_ns == 0)
                return;
        state = look(turn, t, now_ns, &used);
        if (state == 'R' && ns_of(turn->ticks - turn->first) >= long_ns) {
                turn->asked = true;
                turn->seen = seen;
                atomic_store_explicit(&t->faults.watched, true, memory_order_relaxed);
                cop__kill_signal_send(&t->faults);
        } else if ((state == 'S' || state == 'D') && used == 0) {
                tell_waiting(turn, p, t, lasted_ns);
        }
}
