/*
 * machine.h: the registers that a handler of an OS signal finds, for each processor.
 */
#ifndef COP_RUNTIME_MACHINE_H
#define COP_RUNTIME_MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

#if defined(__x86_64__)

static inline uintptr_t machine_pc(const ucontext_t *at)
{
        return (uintptr_t)at->uc_mcontext.gregs[REG_RIP];
}

static inline uintptr_t machine_sp(const ucontext_t *at)
{
        return (uintptr_t)at->uc_mcontext.gregs[REG_RSP];
}

/* Before a system call that will be made again, or after one. */
static inline bool machine_is_in_call(const ucontext_t *at)
{
        const unsigned char *pc = (const unsigned char *)machine_pc(at);

        return (pc[0] == 0x0f && pc[1] == 0x05) || (pc[-2] == 0x0f && pc[-1] == 0x05);
}

/*
 * Was the call that returns to here one through a pointer, and not one of a name? A call of a name is
 * e8 and a distance, or ff 15 and the distance of the word that the linker fills in.
 */
static inline bool machine_is_pointer_call(uintptr_t return_pc)
{
        const unsigned char *after = (const unsigned char *)return_pc;

        return after[-5] != 0xe8 && !(after[-6] == 0xff && after[-5] == 0x15);
}

/* A call to nowhere: as if it had returned. The word at the stack pointer can be read. */
static inline void machine_return(ucontext_t *at)
{
        at->uc_mcontext.gregs[REG_RIP] = *(const greg_t *)at->uc_mcontext.gregs[REG_RSP];
        at->uc_mcontext.gregs[REG_RSP] += 8;
}

/* fn(argument) is what runs next, at the top of the stack below sp, as if it had been called. */
static inline void machine_redirect(ucontext_t *at, void (*fn)(void *), void *argument, void *sp)
{
        const greg_t direction = 0x400, trap = 0x100, alignment_check = 0x40000;
        greg_t *registers = at->uc_mcontext.gregs;

        registers[REG_RIP] = (greg_t)(uintptr_t)fn;
        registers[REG_RDI] = (greg_t)(uintptr_t)argument;
        registers[REG_RSP] = (greg_t)(((uintptr_t)sp & ~(uintptr_t)15) - 8);
        registers[REG_RBP] = 0;
        registers[REG_EFL] &= ~(direction | trap | alignment_check);
        if (at->uc_mcontext.fpregs) {
                at->uc_mcontext.fpregs->cwd = 0x37f;
                at->uc_mcontext.fpregs->swd = 0;
                at->uc_mcontext.fpregs->mxcsr = 0x1f80;
        }
}

#elif defined(__aarch64__)

#define MACHINE_TRAP SIGTRAP /* of __builtin_trap(), where x86-64 has an illegal instruction */

static inline uintptr_t machine_pc(const ucontext_t *at)
{
        return (uintptr_t)at->uc_mcontext.pc;
}

static inline uintptr_t machine_sp(const ucontext_t *at)
{
        return (uintptr_t)at->uc_mcontext.sp;
}

/* Before a system call that will be made again, or after one. */
static inline bool machine_is_in_call(const ucontext_t *at)
{
        const uint32_t *pc = (const uint32_t *)machine_pc(at);
        const uint32_t call = 0xd4000001; /* svc #0 */

        return pc[0] == call || pc[-1] == call;
}

/* Was the call that returns to here one through a pointer (blr), and not one of a name? */
static inline bool machine_is_pointer_call(uintptr_t return_pc)
{
        return (((const uint32_t *)return_pc)[-1] & 0xfffffc1f) == 0xd63f0000;
}

/* A call to nowhere: as if it had returned. */
static inline void machine_return(ucontext_t *at)
{
        at->uc_mcontext.pc = at->uc_mcontext.regs[30];
}

/* fn(argument) is what runs next, at the top of the stack below sp, as if it had been called. */
static inline void machine_redirect(ucontext_t *at, void (*fn)(void *), void *argument, void *sp)
{
        struct fpsimd_context floats;
        unsigned char *record = at->uc_mcontext.__reserved;

        at->uc_mcontext.pc = (uintptr_t)fn;
        at->uc_mcontext.regs[0] = (uintptr_t)argument;
        at->uc_mcontext.regs[29] = 0;
        at->uc_mcontext.regs[30] = 0;
        at->uc_mcontext.sp = (uintptr_t)sp & ~(uintptr_t)15;
        memcpy(&floats, record, sizeof(floats)); /* always the first record */
        if (floats.head.magic == FPSIMD_MAGIC) {
                floats.fpcr = 0;
                floats.fpsr = 0;
                memcpy(record, &floats, sizeof(floats));
        }
}

#endif

#endif
