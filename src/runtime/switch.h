/*
 * switch.h: leaving a stack for another without leaving the function.
 *
 * A processor keeps a stack of its own of where calls will return to. A switch that is called, and
 * left by a jump, puts an address there that nobody takes off: from then on each `ret` of whoever
 * goes on is predicted to go where another one did, some 20 cycles each, and a process that wakes in the
 * middle of a receive has half a dozen of them before it. So a switch pushes the address to go on at by
 * itself, and jumps; and the scheduler's loop, which is left and come back to thousands of times a
 * second, has both ends of a switch in itself, with no call around them.
 *
 * Under the sanitizers, which have to be told of each switch, and where there is no such sequence,
 * these are calls.
 *
 * Invariant The functions here are inlined only into such as call others, too: what they push would
 *           overwrite the red zone of one that does not. After them a process reads no thread-local.
 */
#ifndef COP_RUNTIME_SWITCH_H
#define COP_RUNTIME_SWITCH_H

#include "base/sanitizers.h"
#include "runtime/stack.h"

/* switch_*.S */
void cop__switch(void **save, void *sp);
void cop__switch_away(void *sp) __attribute__((noreturn));
/* entry may return; then cop__context_over(stack) says where to go on. */
void cop__switch_start(void **save, void *top, void (*entry)(void *argument), void *argument,
                       struct stack *stack);

/* What belongs to who goes on: errno, exceptions. NULL: nothing yet. */
void cop__context_lend(const struct context *context);

#if defined(__x86_64__) && !COP_ASAN && !COP_TSAN

#define COP_SWITCH_INLINE 1

#ifdef __AVX512F__
#define SWITCH_CLOBBERS_WIDE                                                                       \
        , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24",         \
                "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31", "k1", "k2", "k3",   \
                "k4", "k5", "k6", "k7"
#else
#define SWITCH_CLOBBERS_WIDE
#endif

/* All that a call may change and that is no operand. */
#define SWITCH_CLOBBERS                                                                            \
        "rax", "r9", "r10", "r11", "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", \
                "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",       \
                "xmm15", "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)",               \
                "st(7)" SWITCH_CLOBBERS_WIDE

static inline __attribute__((always_inline)) void switch_to_stack(void **save, void *sp)
{
        __asm__ volatile("leaq 1f(%%rip), %%rax\n\t"
                         "pushq %%rax\n\t"
                         "jmp cop__switch\n"
                         "1:"
                         : "+D"(save), "+S"(sp)
                         :
                         : "rcx", "rdx", "r8", SWITCH_CLOBBERS);
}

static inline __attribute__((always_inline)) void switch_start(void **save, void *top,
                                                               void (*entry)(void *argument),
                                                               void *argument, struct stack *stack)
{
        register struct stack *on __asm__("r8") = stack;

        __asm__ volatile("leaq 1f(%%rip), %%rax\n\t"
                         "pushq %%rax\n\t"
                         "jmp cop__switch_start\n"
                         "1:"
                         : "+D"(save), "+S"(top), "+d"(entry), "+c"(argument), "+r"(on)
                         :
                         : SWITCH_CLOBBERS);
}

/* As cop__context_start(), from the scheduler's loop. */
static inline __attribute__((always_inline)) void context_start(struct native_stack *from,
                                                                struct stack *to,
                                                                void (*entry)(void *argument),
                                                                void *argument)
{
        cop__context_lend(NULL);
        to->native = from;
        switch_start(&from->context.sp, to->top, entry, argument, to);
}

/* As cop__context_resume(), from the scheduler's loop. */
static inline __attribute__((always_inline)) void context_resume(struct native_stack *from,
                                                                 struct stack *to)
{
        void *sp = to->context.sp;

        to->context.sp = NULL;
        cop__context_lend(&to->context);
        to->native = from;
        switch_to_stack(&from->context.sp, sp);
}

#else

#define switch_to_stack cop__switch
#define switch_start    cop__switch_start
#define context_start   cop__context_start
#define context_resume  cop__context_resume

#endif

#endif
