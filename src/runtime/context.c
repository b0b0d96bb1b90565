/*
 * context.c: what goes along when one stack is left for another.
 *
 * switch    save what belongs to who leaves (errno, exceptions), load what belongs to who comes,
 *           tell the sanitizers, and jump (switch_*.S). Everything is done before the jump, so that
 *           the jump is the last thing a function does and no frame of ours is in between.
 *
 * Invariant Nothing here reads a thread-local after the jump: it may have come back on another
 *           thread, and compilers keep the address of a thread-local (of errno, too) for as long as
 *           a function runs. For the same reason none of these functions may be inlined. A
 *           scheduler stays on its thread: its loop has a start and a resume in itself (switch.h).
 *
 * The schedulers' own errno and exceptions are not kept: a scheduler has none that it wants back.
 *
 * C++       __cxa_get_globals() gives the two words in which a thread counts the exceptions that
 * are under way and caught. They belong to the stack: otherwise the `throw;` of one process would
 * throw what another one caught. Where no C++ is in the program there is nothing.
 *
 * Checkers  ASan wants to be told before a switch (start) and after it, on the new stack (finish).
 *           TSan has a fiber for each stack, and a stack of the calls on it, from which frames that
 *           never return must be taken: it does that in longjmp, within one stack, so in its builds
 *           alone the end of a stack and a catch go that way. valgrind knows stacks when it has
 *           been told where they are (stack.c).
 */
#include "runtime/context.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/sanitizers.h"
#include "runtime/stack.h"
#include "runtime/switch.h"

#if COP_TSAN
#include <setjmp.h>
#endif

/* switch_*.S */
bool cop__catch_call(void **sp, void (*fn)(void *argument), void *argument);
void cop__catch_jump(void *sp) __attribute__((noreturn));

#ifdef __clang__
#define SWITCHES __attribute__((noinline)) NO_SANITIZE
#else
#define SWITCHES __attribute__((noipa)) NO_SANITIZE
#endif

extern uint64_t *__cxa_get_globals(void) __attribute__((weak));

/* Where the calling thread's exceptions are; NULL: there is no C++. Set once, before start. */
static uint64_t *(*exceptions)(void);

static bool has_shadow_stack(void)
{
#if defined(__x86_64__)
        uint64_t shadow = 0;

        __asm__ volatile("rdsspq %0" : "+r"(shadow)); /* does nothing where there is none */
        return shadow != 0;
#else
        const int get_shadow_stack_status = 74;
        unsigned long status = 0;

        return prctl(get_shadow_stack_status, &status, 0, 0, 0) == 0 && (status & 1);
#endif
}

int cop__context_check(void)
{
        if (has_shadow_stack())
                return -ENOTSUP;

        exceptions = __cxa_get_globals;
        if (!exceptions) /* a C program may have libraries that are written in C++ */
                exceptions = (uint64_t * (*)(void)) dlsym(RTLD_DEFAULT, "__cxa_get_globals");
        return 0;
}

void cop__native_stack_init(struct native_stack *native)
{
        memset(native, 0, sizeof(*native));
#if COP_TSAN
        native->tsan_fiber = __tsan_get_current_fiber();
#endif
}

/* ---- what the calling thread lends to a stack ---- */

SWITCHES static void save_lent(struct context *context)
{
        context->error = errno;
        if (exceptions)
                memcpy(context->exceptions, exceptions(), sizeof(context->exceptions));
}

SWITCHES void cop__context_lend(const struct context *context)
{
        static const struct context fresh;

        if (!context)
                context = &fresh;
        errno = context->error;
        if (exceptions)
                memcpy(exceptions(), context->exceptions, sizeof(context->exceptions));
}

/* ---- what the sanitizers are told ---- */

static inline NO_SANITIZE void announce(void **fake_stack, const void *low, size_t size,
                                        void *fiber)
{
#if COP_ASAN
        __sanitizer_start_switch_fiber(fake_stack, low, size);
#endif
#if COP_TSAN
        __tsan_switch_to_fiber(fiber, 0);
#endif
}

static inline NO_SANITIZE void announce_stack(struct native_stack *from, struct stack *to)
{
        to->native = from;
        announce(&from->context.asan_fake_stack, to->low, (size_t)(to->high - to->low),
                 to->tsan_fiber);
}

static inline NO_SANITIZE void arrived_on_native(struct native_stack *native)
{
#if COP_ASAN
        __sanitizer_finish_switch_fiber(native->context.asan_fake_stack, NULL, NULL);
#endif
}

static inline NO_SANITIZE void arrived_on_stack(struct stack *stack)
{
#if COP_ASAN
        __sanitizer_finish_switch_fiber(stack->context.asan_fake_stack, &stack->native->low,
                                        &stack->native->size);
#endif
}

static inline NO_SANITIZE void unpoison(struct stack *stack)
{
#if COP_ASAN
        __asan_unpoison_memory_region(stack->low, (size_t)(stack->high - stack->low));
#endif
}

/* A fiber whose calls never returned is not used again. */
static inline NO_SANITIZE void renew_fiber(struct stack *stack)
{
#if COP_TSAN
        __tsan_destroy_fiber(stack->tsan_fiber);
        stack->tsan_fiber = __tsan_create_fiber(0);
#endif
}

/* ---- switches ---- */

#if COP_ASAN || COP_TSAN

/* Lies on the scheduler's stack, which stands still until it has been read. */
struct first_call {
        struct stack *stack;
        void (*entry)(void *argument);
        void *argument;
};

SWITCHES static void first(void *argument)
{
        struct first_call call = *(struct first_call *)argument;
#if COP_TSAN
        jmp_buf end;
        struct stack *volatile stack = call.stack;

        stack->tsan_end = &end;
        if (_setjmp(end)) {
                __tsan_switch_to_fiber(stack->native->tsan_fiber, 0);
                cop__switch_away(stack->native->context.sp);
        }
#endif
        call.stack->context.asan_fake_stack = NULL;
        arrived_on_stack(call.stack);
        call.entry(call.argument);
        cop__context_finish(call.stack, call.stack->native);
}

#endif

SWITCHES void cop__context_start(struct native_stack *from, struct stack *to,
                                 void (*entry)(void *argument), void *argument)
{
#if COP_ASAN || COP_TSAN
        struct first_call call = { to, entry, argument };

        entry = first;
        argument = &call;
#endif
        cop__context_lend(NULL);
        announce_stack(from, to);
        switch_start(&from->context.sp, to->top, entry, argument, to);
        arrived_on_native(from);
}

SWITCHES void cop__context_resume(struct native_stack *from, struct stack *to)
{
        void *sp = to->context.sp;

        to->context.sp = NULL;
        cop__context_lend(&to->context);
        announce_stack(from, to);
        switch_to_stack(&from->context.sp, sp);
        arrived_on_native(from);
}

SWITCHES void cop__context_leave(struct stack *from, struct native_stack *to)
{
        save_lent(&from->context);
        announce(&from->context.asan_fake_stack, to->low, to->size, to->tsan_fiber);
        switch_to_stack(&from->context.sp, to->context.sp);
        arrived_on_stack(from);
}

SWITCHES void cop__context_finish(struct stack *from, struct native_stack *to)
{
        from->context.sp = NULL;
        unpoison(from);
#if COP_TSAN
        from->native = to;
        longjmp(from->tsan_end, 1);
#else
        announce(NULL, to->low, to->size, NULL);
        cop__switch_away(to->context.sp);
#endif
}

void *cop__context_over(struct stack *stack);

/* What ran on the stack has returned. Where to go on; switch_*.S goes there. */
SWITCHES void *cop__context_over(struct stack *stack)
{
        stack->context.sp = NULL;
        return stack->native->context.sp;
}

SWITCHES void cop__context_abandon(struct stack *from, struct native_stack *to)
{
        from->context.sp = NULL;
        unpoison(from);
        announce(NULL, to->low, to->size, to->tsan_fiber);
        renew_fiber(from);
        cop__switch_away(to->context.sp);
}

SWITCHES void cop__context_forget(struct stack *stack)
{
        stack->context.sp = NULL;
        unpoison(stack);
        renew_fiber(stack);
#if COP_ASAN
        if (stack->context.asan_fake_stack) {
                void *own;
                const void *low;
                size_t size;

                /* A fake stack is ended by who leaves it: so go there, for ASan alone, and leave.
                 */
                __sanitizer_start_switch_fiber(&own, stack->low,
                                               (size_t)(stack->high - stack->low));
                __sanitizer_finish_switch_fiber(stack->context.asan_fake_stack, &low, &size);
                __sanitizer_start_switch_fiber(NULL, low, size);
                __sanitizer_finish_switch_fiber(own, NULL, NULL);
                stack->context.asan_fake_stack = NULL;
        }
#endif
}

/* ---- catching ---- */

#if COP_TSAN

SWITCHES bool cop__catch(struct catch_frame *frame, void (*fn)(void *argument), void *argument)
{
        jmp_buf here;

        frame->sp = &here;
        if (_setjmp(here))
                return true;
        fn(argument);
        return false;
}

SWITCHES void cop__catch_return(struct catch_frame *frame)
{
        longjmp(frame->sp, 1);
}

#else

bool cop__catch(struct catch_frame *frame, void (*fn)(void *argument), void *argument)
{
        return cop__catch_call(&frame->sp, fn, argument);
}

void cop__catch_return(struct catch_frame *frame)
{
        cop__catch_jump(frame->sp);
}

#endif
