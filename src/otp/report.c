/*
 * report.c: where reports go.
 *
 * One level and one function for the whole program. The level is read without a lock at each
 * report, so one that is not wanted costs a load and a comparison. The function is called in the
 * process that reports: what it sees is in the order in which that process reported, and before
 * anybody hears of that process's end.
 */
#include <coppice/report.h>

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

int cop__report_level = COP_LEVEL_NOTICE;

static void print(void *context, enum cop_level level, cop_term report);

struct receiver {
        cop_report_fn *fn;
        void *context;
};

static struct receiver receivers[2] = { { print, NULL } };
static _Atomic(struct receiver *) receiver = &receivers[0];

static const char *const level_names[] = {
        [COP_LEVEL_EMERGENCY] = "emergency", [COP_LEVEL_ALERT] = "alert",
        [COP_LEVEL_CRITICAL] = "critical",   [COP_LEVEL_ERROR] = "error",
        [COP_LEVEL_WARNING] = "warning",     [COP_LEVEL_NOTICE] = "notice",
        [COP_LEVEL_INFO] = "info",           [COP_LEVEL_DEBUG] = "debug",
};

const char *cop_level_name(enum cop_level level)
{
        return level >= COP_LEVEL_EMERGENCY && level <= COP_LEVEL_DEBUG ? level_names[level]
                                                                        : "unknown";
}

/* One call of write(): blocks of several processes do not mix, and a process that is killed here
 * holds no lock. */
static void print(void *context, enum cop_level level, cop_term report)
{
        const char *text = cop_report_text(level, report);
        size_t left = strlen(text);

        while (left > 0) {
                ssize_t written = write(STDERR_FILENO, text, left);

                if (written <= 0)
                        return; /* nobody reads it */
                text += written;
                left -= (size_t)written;
        }
}

void cop_report_term(enum cop_level level, cop_term report)
{
        struct receiver *to;

        if (!cop_is_reported(level))
                return;
        to = atomic_load_explicit(&receiver, memory_order_acquire);
        to->fn(to->context, level, report);
}

void cop_report_to(cop_report_fn *fn, void *context)
{
        struct receiver *now = atomic_load_explicit(&receiver, memory_order_relaxed);
        struct receiver *other = now == &receivers[0] ? &receivers[1] : &receivers[0];

        other->fn = fn ? fn : print;
        other->context = fn ? context : NULL;
        /* pairs with the acquire in cop_report_term() */
        atomic_store_explicit(&receiver, other, memory_order_release);
}

enum cop_level cop_set_report_level(enum cop_level level)
{
        return (enum cop_level)__atomic_exchange_n(&cop__report_level, (int)level,
                                                   __ATOMIC_RELAXED);
}
