/*
 * sim_plan.c: plans and worlds as text, which is how a shell, a report and a shrinking search have them.
 *
 *     kill <0.5.0>@3             before the third turn of the process
 *     slow <0.7.0>@1 20          for 20 ms of virtual time
 *     memory <0.7.0>@2 4         the fourth allocation of its second turn
 *     kill <0.5.0> at 12.5       when 12.5 s have passed; it is woken for that
 *
 * with ; between them. A process is always called by its pid: pids are given in order, and so are the same again.
 */
#include <coppice/text.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "runtime/sim.h"

enum { NS_PER_S = 1000000000, NAME_MOST = 16 };

static const char *const names[] = {
#define X(tag, name) [COP__SIM_##tag] = #name,
        COP_SIM_FAULTS(X)
#undef X
};

/* ---- a plan ---- */

/* The kind that is called so; COP__SIM_KINDS: none is. */
static enum cop__sim_number kind_of(const char *name, size_t size)
{
        int kind;

        for (kind = 0; kind < COP__SIM_KINDS; kind++)
                if (strlen(names[kind]) == size && memcmp(names[kind], name, size) == 0)
                        break;
        return (enum cop__sim_number)kind;
}

/* "12.5" in nanoseconds; moves *text behind it. */
static bool read_time(const char **text, int64_t *ns)
{
        const char *at = *text;
        int64_t part = NS_PER_S;

        *ns = 0;
        for (; isdigit((unsigned char)*at); at++)
                *ns = *ns * 10 + (*at - '0') * (int64_t)NS_PER_S;
        if (at == *text)
                return false;
        if (*at == '.')
                for (at++; isdigit((unsigned char)*at); at++)
                        *ns += (*at - '0') * (part /= 10);
        *text = at;
        return true;
}

static unsigned extra_of(enum cop__sim_number kind)
{
        return kind == COP__SIM_SLOW || kind == COP__SIM_DELAY || kind == COP__SIM_MEMORY;
}

/* One event at *text, which is moved behind it. */
static bool read_event(struct sim_event *event, const char **text)
{
        size_t size = strspn(*text, "abcdefghijklmnopqrstuvwxyz");
        uint32_t slot;
        uint64_t use;
        int end = 0;

        *event = (struct sim_event){ .kind = kind_of(*text, size) };
        event->extra = extra_of(event->kind);
        if (event->kind == COP__SIM_KINDS ||
            sscanf(*text + size, " <0.%" SCNu32 ".%" SCNu64 ">%n", &slot, &use, &end) != 2 || !end)
                return false;
        event->pid = local_word(TAG_PID, slot, use);
        *text += size + (size_t)end;
        end = 0;
        if (sscanf(*text, "@%" SCNu64 "%n", &event->turn, &end) == 1) {
                *text += end;
        } else if (strncmp(*text, " at ", 4) == 0) {
                *text += 4;
                if (!read_time(text, &event->at_ns))
                        return false;
        } else {
                return false;
        }
        end = 0;
        if (sscanf(*text, " %u%n", &event->extra, &end) == 1)
                *text += end;
        return event->extra < 1000000;
}

static size_t separators(const char *text)
{
        size_t count = 1;

        for (; *text; text++)
                count += *text == ';';
        return count;
}

int cop__sim_plan_read(struct sim_plan *plan, const char *text)
{
        *plan = (struct sim_plan){ .events = NULL };
        if (!text)
                return 0;
        plan->events = cop__alloc_array(separators(text), sizeof(*plan->events));
        if (!plan->events)
                return -ENOMEM;
        while (*(text += strspn(text, "; \n"))) {
                if (!read_event(&plan->events[plan->count], &text) || (*text && *text != ';')) {
                        cop__sim_plan_release(plan);
                        return -EINVAL;
                }
                plan->count++;
        }
        return 0;
}

void cop__sim_plan_release(struct sim_plan *plan)
{
        cop__free(plan->events);
        *plan = (struct sim_plan){ .events = NULL };
}

void cop__sim_event_show(const struct sim_event *event, char *text, size_t size)
{
        int at = snprintf(text, size, "%s %s", names[event->kind], cop_show(term_of(event->pid)));

        if (event->turn)
                at += snprintf(text + at, size - (size_t)at, "@%" PRIu64, event->turn);
        else
                at += snprintf(text + at, size - (size_t)at, " at %lld.%09lld",
                               (long long)(event->at_ns / NS_PER_S),
                               (long long)(event->at_ns % NS_PER_S));
        if (extra_of(event->kind))
                snprintf(text + at, size - (size_t)at, " %u", event->extra);
}

/* ---- a world ---- */

uint64_t cop__sim_seed(void)
{
        const char *text = getenv("COP_SIM");

        return text ? strtoull(text, NULL, 0) : 0;
}

static unsigned number(const char *name)
{
        const char *text = getenv(name);

        return text ? (unsigned)strtoul(text, NULL, 10) : 0;
}

/* "kill slow", or all. What is no name is nothing. */
static unsigned faults_of(const char *text)
{
        unsigned faults = 0;
        size_t size;

        for (; text && *(text += strspn(text, " ,")); text += size) {
                size = strcspn(text, " ,");
                if (size == 3 && memcmp(text, "all", 3) == 0)
                        faults = COP_SIM_ALL;
                else if (kind_of(text, size) != COP__SIM_KINDS)
                        faults |= 1u << kind_of(text, size);
        }
        return faults;
}

/* A file, or - for standard error. */
static int trace_of(const char *path)
{
        int descriptor;

        if (!path || !*path)
                return 0;
        if (strcmp(path, "-") == 0)
                return 2;
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        return descriptor < 0 ? 2 : descriptor;
}

void cop__sim_from_environment(struct cop_sim_options *options)
{
        *options = (struct cop_sim_options){
                .struct_size = sizeof(*options),
                .faults = faults_of(getenv("COP_SIM_FAULTS")),
                .one_in = number("COP_SIM_ONE_IN"),
                .every_ms = number("COP_SIM_EVERY_MS"),
                .faults_most = number("COP_SIM_FAULTS_MOST"),
                .spare = getenv("COP_SIM_SPARE"),
                .latency_us = number("COP_SIM_LATENCY_US"),
                .plan = getenv("COP_SIM_PLAN"),
                .trace = trace_of(getenv("COP_SIM_TRACE")),
                .end_ms = number("COP_SIM_END_MS"),
        };
}
