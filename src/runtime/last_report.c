#include "runtime/last_report.h"

#include <string.h>
#include <unistd.h>

#include "runtime/code.h"
#include "runtime/fault.h"
#include "runtime/scheduler.h"
#include "runtime/sink.h"

struct line {
        char text[512];
        size_t size;
};

static void add(struct line *line, const char *text)
{
        size_t size = strlen(text);

        if (size > sizeof(line->text) - line->size)
                size = sizeof(line->text) - line->size;
        memcpy(line->text + line->size, text, size);
        line->size += size;
}

static void add_number(struct line *line, uint64_t number, unsigned base)
{
        char digits[24];
        char *at = digits + sizeof(digits) - 1;

        *at = '\0';
        do {
                *--at = "0123456789abcdef"[number % base];
                number /= base;
        } while (number);
        if (base == 16)
                add(line, "0x");
        add(line, at);
}

static void add_process(struct line *line)
{
        const struct thread *t = cop__thread_or_null();

        if (!t || !t->current)
                return;
        add(line, " in process <0.");
        add_number(line, t->current->slot, 10);
        add(line, ">");
}

static void say(const struct line *line)
{
        ssize_t written = write(STDERR_FILENO, line->text, line->size);

        (void)written; /* nobody is left to be told */
}

/* PROGRAM+0x1234, as addr2line takes it with -e PROGRAM. */
static void say_place(uintptr_t pc)
{
        struct line line = { .size = 0 };
        const char *object;
        uintptr_t offset = cop__code_place(pc, &object);

        add(&line, "    ");
        if (pc == 0)
                add(&line, "...");
        else if (object)
                add(&line, object);
        if (pc && object)
                add(&line, "+");
        if (pc)
                add_number(&line, offset, 16);
        add(&line, "\n");
        say(&line);
}

void cop__last_report(const struct fault *fault, const char *because, uintptr_t suspect_pc,
                      const struct trace *trace)
{
        struct line line = { .size = 0 };
        uintptr_t places[TRACE_MOST + 1];
        unsigned count = trace ? cop__trace_list(trace, places) : 0;

        add(&line, "coppice: ");
        add(&line, fault->what);
        add_process(&line);
        add(&line, ", address ");
        add_number(&line, fault->address, 16);
        add(&line, ", pc ");
        add_number(&line, fault->pc, 16);
        add(&line, ": cannot be contained, because ");
        add(&line, because);
        add(&line, " (at ");
        add_number(&line, suspect_pc, 16);
        add(&line, "); stopping the program\n");
        say(&line);
        for (unsigned i = 0; i < count; i++)
                say_place(places[i]);
        cop__sinks_last_call();
}
