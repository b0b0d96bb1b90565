#include "runtime/last_report.h"

#include <string.h>
#include <unistd.h>

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

void cop__last_report(const struct fault *fault, const char *because, uintptr_t suspect_pc)
{
        struct line line = { .size = 0 };
        ssize_t written;

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
        written = write(STDERR_FILENO, line.text, line.size);
        (void)written; /* nobody is left to be told */
        cop__sinks_last_call();
}
