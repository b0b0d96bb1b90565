/*
 * raise.c: exits, errors and throws, and who catches them.
 *
 * Without longjmp: cop_try() notes where it was called (context.h), and whoever raises goes back
 * there. Frames are a list in the control block; an end from outside drops it.
 *
 * The reason of an error is built before it is raised. Where there is no memory for that, that is what
 * is raised, as it is.
 */
#include "runtime/process.h"
#include "runtime/scheduler.h"
#include "term/pattern.h"

struct attempt {
        struct catch_frame frame;
        enum cop_class class;
        cop_term reason;
};

enum cop_class cop_try(void (*fn)(void *), void *argument, cop_term *reason)
{
        struct process *p = cop__self();
        struct attempt attempt = { .frame.outer = p->catching, .class = COP_NORMAL };
        struct attempt *volatile mine = &attempt;

        p->catching = &attempt.frame;
        cop__catch(&attempt.frame, fn, argument);
        p->catching = mine->frame.outer;
        if (mine->class != COP_NORMAL)
                *reason = mine->reason;
        return mine->class;
}

void (*cop__on_error)(cop_term reason);

/* What the error itself says, said by its process. It may fail in that, and is then silent. */
static void say_error(void *argument)
{
        cop__on_error(*(cop_term *)argument);
}

static void report_error(struct process *p, cop_term reason)
{
        cop_term failure;

        if (cop__on_error && !(p->flags & (IS_GUEST | IS_ENDING)))
                cop_try(say_error, &reason, &failure);
}

static COP_NORETURN void raise_class(enum cop_class class, cop_term reason)
{
        struct process *p = cop__self();
        struct attempt *attempt = (struct attempt *)p->catching;

        p->flags &= (uint16_t)~BUILDS_REASON;
        if (attempt) {
                attempt->class = class;
                attempt->reason = reason;
                cop__catch_return(&attempt->frame);
        }
        if (class == COP_ERROR)
                report_error(p, reason);
        cop__exit_now(p, reason);
}

/* The file's name, without its path and ending. */
static cop_term module_of(const char *file)
{
        const char *slash = __builtin_strrchr(file, '/');
        const char *name = slash ? slash + 1 : file;
        const char *dot = __builtin_strrchr(name, '.');

        return cop_atom_of(name,
                           dot && dot != name ? (size_t)(dot - name) : __builtin_strlen(name));
}

/* [{Module, Function, 0, [{file, File}, {line, Line}]}]: the place where it was raised. */
static cop_term stack_of(const struct cop_place *place)
{
        if (!place)
                return cop_nil();
        return cop_build("[{Module, Function, 0, [{file, File}, {line, Line}]}]",
                         module_of(place->file), cop_atom(place->function), place->file,
                         place->line);
}

static COP_NORETURN void raise_error(cop_term what, const struct cop_place *place)
{
        struct process *p = cop__self();

        cop__trace_error();
        if (p->flags & BUILDS_REASON)
                raise_class(COP_ERROR, what);
        p->flags |= BUILDS_REASON;
        raise_class(COP_ERROR, cop_build("{What, Stack}", what, stack_of(place)));
}

static COP_NORETURN void raise_throw(cop_term value, const struct cop_place *place)
{
        if (cop__self()->catching)
                raise_class(COP_THROW, value);
        cop__trace_error();
        cop__self()->flags |= BUILDS_REASON;
        raise_class(COP_ERROR, cop_build("{{nocatch, Value}, Stack}", value, stack_of(place)));
}

void cop__raise(enum failure failure, cop_term reason, const struct cop_place *place)
{
        switch (failure) {
        case FAIL_ERROR:
                raise_error(reason, place);
        case FAIL_THROW:
                raise_throw(reason, place);
        case FAIL_EXIT:
                break;
        }
        raise_class(COP_EXIT, reason);
}

cop_term cop__reason_of_end(void)
{
        struct process *p = cop__self();

        return p->flags & IS_ENDING ? p->reason : COP_NONE;
}

void cop_exit_term(cop_term reason)
{
        raise_class(COP_EXIT, reason.word ? reason : ATOM(badarg));
}

void cop_error_term(cop_term reason)
{
        raise_error(reason.word ? reason : ATOM(badarg), NULL);
}

void cop_throw_term(cop_term value)
{
        raise_throw(value.word ? value : ATOM(badarg), NULL);
}

void cop__exit(struct cop__site *site, const uint64_t *words)
{
        raise_class(COP_EXIT, cop__build_here(cop__site_pattern(site), words, site));
}

void cop__error(struct cop__site *site, const uint64_t *words)
{
        raise_error(cop__build_here(cop__site_pattern(site), words, site), &site->place);
}

void cop__throw(struct cop__site *site, const uint64_t *words)
{
        raise_throw(cop__build_here(cop__site_pattern(site), words, site), &site->place);
}
