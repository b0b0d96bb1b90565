/*
 * switch_aarch64.S: the few instructions that C has no words for, on AArch64.
 *
 * A suspended stack holds, from its stack pointer up:
 *
 *      0 x29  8 pc  16 x19 .. 88 x28  96 d8 .. 152 d15  160 FPCR  168 nothing
 *
 * which is all that the procedure call standard wants kept over a call. What goes to the top of a
 * stack for the first time has nothing saved there: it is called.
 *
 * A switch leaves by `ret`: that needs no landing pad, so the program may be guarded by branch
 * target identification, as the note at the end says. The note does not say GCS: with a guarded
 * control stack on, going over to another stack by hand is a fault, and cop__context_check() says
 * so before that happens. `bti c` and `bti j` are where calls and jumps through a register arrive.
 *
 * FPCR is written only when it differs, which it hardly ever does: writing it drains the pipeline.
 *
 * The frame of what is called first has no return address, as far as unwinders are concerned.
 */
#define FUNCTION(name)                                                                             \
        .p2align 4;                                                                                \
        .globl name;                                                                               \
        .hidden name;                                                                              \
        .type name, %function;                                                                     \
        name:

#define END(name) .size name, .- name

#define FRAME 176

        .macro keep_all
        stp     x29, x30, [sp, #-FRAME]!
        .cfi_def_cfa_offset FRAME
        .cfi_rel_offset x29, 0
        .cfi_rel_offset x30, 8
        stp     x19, x20, [sp, #16]
        .cfi_rel_offset x19, 16
        .cfi_rel_offset x20, 24
        stp     x21, x22, [sp, #32]
        .cfi_rel_offset x21, 32
        .cfi_rel_offset x22, 40
        stp     x23, x24, [sp, #48]
        .cfi_rel_offset x23, 48
        .cfi_rel_offset x24, 56
        stp     x25, x26, [sp, #64]
        .cfi_rel_offset x25, 64
        .cfi_rel_offset x26, 72
        stp     x27, x28, [sp, #80]
        .cfi_rel_offset x27, 80
        .cfi_rel_offset x28, 88
        stp     d8, d9, [sp, #96]
        stp     d10, d11, [sp, #112]
        stp     d12, d13, [sp, #128]
        stp     d14, d15, [sp, #144]
        mrs     x9, fpcr
        str     x9, [sp, #160]
        .endm

        .macro restore_all
        ldr     x10, [sp, #160]
        mrs     x9, fpcr
        cmp     x9, x10
        b.eq    1f
        msr     fpcr, x10
1:      ldp     d14, d15, [sp, #144]
        ldp     d12, d13, [sp, #128]
        ldp     d10, d11, [sp, #112]
        ldp     d8, d9, [sp, #96]
        ldp     x27, x28, [sp, #80]
        ldp     x25, x26, [sp, #64]
        ldp     x23, x24, [sp, #48]
        ldp     x21, x22, [sp, #32]
        ldp     x19, x20, [sp, #16]
        ldp     x29, x30, [sp], #FRAME
        .cfi_def_cfa_offset 0
        .cfi_restore x29
        .cfi_restore x30
        .endm

        .text

/* Between these two labels is nothing but this file. */
        .globl  cop__switch_begin
        .hidden cop__switch_begin
cop__switch_begin:

/* void cop__switch(void **save, void *sp): suspends this stack, and goes on where sp stands. */
FUNCTION(cop__switch)
        .cfi_startproc
        bti     c
        keep_all
        mov     x9, sp
        str     x9, [x0]
        mov     sp, x1
        restore_all
        ret
        .cfi_endproc
END(cop__switch)

/* void cop__switch_away(void *sp): the same, and this stack is done with. */
FUNCTION(cop__switch_away)
        .cfi_startproc
        bti     jc
        .cfi_undefined x30
        mov     sp, x0
        restore_all
        ret
        .cfi_endproc
END(cop__switch_away)

/*
 * void cop__switch_start(void **save, void *top, void (*entry)(void *), void *argument,
 *                        struct stack *stack)
 *
 * Where entry returns to goes back to whoever runs the stack by then.
 */
FUNCTION(cop__switch_start)
        .cfi_startproc
        bti     c
        keep_all
        mov     x9, sp
        str     x9, [x0]
        mov     sp, x1
        .cfi_undefined x30
        .cfi_undefined x29
        mov     x0, x3
        mov     x19, x4
        mov     x29, xzr
        mov     x30, xzr
        blr     x2
        mov     x0, x19
        bl      cop__context_over
        b       cop__switch_away
        .cfi_endproc
END(cop__switch_start)

/* bool cop__catch_call(void **sp, void (*fn)(void *), void *argument): false when fn returned. */
FUNCTION(cop__catch_call)
        .cfi_startproc
        bti     c
        keep_all
        mov     x9, sp
        str     x9, [x0]
        mov     x29, sp
        mov     x0, x2
        blr     x1
        mov     w0, wzr
.Lcaught:
        restore_all
        ret
        .cfi_endproc
END(cop__catch_call)

/* void cop__catch_jump(void *sp): the call of cop__catch_call() that saved sp returns true. */
FUNCTION(cop__catch_jump)
        .cfi_startproc
        bti     jc
        .cfi_undefined x30
        mov     sp, x0
        mov     w0, #1
        b       .Lcaught
        .cfi_endproc
END(cop__catch_jump)

        .globl  cop__switch_end
        .hidden cop__switch_end
cop__switch_end:

        /* GNU_PROPERTY_AARCH64_FEATURE_1_AND: BTI. */
        .section .note.gnu.property, "a"
        .p2align 3
        .long   4, 16, 5
        .asciz  "GNU"
        .long   0xc0000000, 4, 1, 0

        .section .note.GNU-stack, "", %progbits
