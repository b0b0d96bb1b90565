/*
 * switch_x86_64.S: the few instructions that C has no words for, on x86-64.
 *
 * A suspended stack holds, from its stack pointer up:
 *
 *      0 MXCSR   4 x87 control word   8 r15  16 r14  24 r13  32 r12  40 rbx  48 rbp  56 pc
 *
 * which is all that the System V ABI wants kept over a call. What goes to the top of a stack for
 * the first time has nothing saved there: it is called.
 *
 * A switch leaves by an indirect jump. A `ret` would be predicted to go back to whoever called last
 * on this core, which is the one that leaves, and so be wrong each time: 11 ns against 2.
 *
 * There is no note for shadow stacks in this file (and so the linker drops the mark from the whole
 * program): with one on, going over to another stack by hand is a fault. cop__context_check() says
 * so before that happens. endbr64 is there for callers through a pointer.
 *
 * The frame of what is called first has no return address, as far as unwinders are concerned: gdb's
 * backtraces end there, and a C++ exception that gets there has found no handler.
 */
#define FUNCTION(name)                                                                             \
        .p2align 4;                                                                                \
        .globl name;                                                                               \
        .hidden name;                                                                              \
        .type name, @function;                                                                     \
        name:

#define END(name) .size name, .- name

        .macro keep register
        pushq   %\register
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset \register, 0
        .endm

        .macro restore register
        popq    %\register
        .cfi_adjust_cfa_offset -8
        .cfi_restore \register
        .endm

        .macro keep_all
        keep    rbp
        keep    rbx
        keep    r12
        keep    r13
        keep    r14
        keep    r15
        subq    $8, %rsp
        .cfi_adjust_cfa_offset 8
        stmxcsr (%rsp)
        fnstcw  4(%rsp)
        .endm

        .macro restore_all
        ldmxcsr (%rsp)
        fldcw   4(%rsp)
        addq    $8, %rsp
        .cfi_adjust_cfa_offset -8
        restore r15
        restore r14
        restore r13
        restore r12
        restore rbx
        restore rbp
        .endm

        .text

/* Between these two labels is nothing but this file. */
        .globl  cop__switch_begin
        .hidden cop__switch_begin
cop__switch_begin:

/* void cop__switch(void **save, void *sp): suspends this stack, and goes on where sp stands. */
FUNCTION(cop__switch)
        .cfi_startproc
        endbr64
        keep_all
        movq    %rsp, (%rdi)
        movq    %rsi, %rsp
        restore_all
        popq    %rcx
        .cfi_adjust_cfa_offset -8
        .cfi_register rip, rcx
        jmpq    *%rcx
        .cfi_endproc
END(cop__switch)

/* void cop__switch_away(void *sp): the same, and this stack is done with. */
FUNCTION(cop__switch_away)
        .cfi_startproc
        endbr64
        .cfi_undefined rip
        movq    %rdi, %rsp
        ldmxcsr (%rsp)
        fldcw   4(%rsp)
        addq    $8, %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        popq    %rcx
        jmpq    *%rcx
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
        endbr64
        keep_all
        movq    %rsp, (%rdi)
        movq    %rsi, %rsp
        .cfi_undefined rip
        .cfi_undefined rbp
        movq    %rcx, %rdi
        movq    %r8, %rbx
        xorl    %ebp, %ebp
        callq   *%rdx
        movq    %rbx, %rdi
        callq   cop__context_over
        movq    %rax, %rdi
        jmp     cop__switch_away
        .cfi_endproc
END(cop__switch_start)

/* bool cop__catch_call(void **sp, void (*fn)(void *), void *argument): false when fn returned. */
FUNCTION(cop__catch_call)
        .cfi_startproc
        endbr64
        keep_all
        movq    %rsp, (%rdi)
        movq    %rdx, %rdi
        callq   *%rsi
        xorl    %eax, %eax
.Lcaught:
        restore_all
        ret
        .cfi_endproc
END(cop__catch_call)

/* void cop__catch_jump(void *sp): the call of cop__catch_call() that saved sp returns true. */
FUNCTION(cop__catch_jump)
        .cfi_startproc
        endbr64
        .cfi_undefined rip
        movq    %rdi, %rsp
        movl    $1, %eax
        jmp     .Lcaught
        .cfi_endproc
END(cop__catch_jump)

/* Where a library's function returns to when the process has been killed meanwhile. */
FUNCTION(cop__kill_return)
        .cfi_startproc
        .cfi_undefined rip
        andq    $-16, %rsp
        callq   cop__kill_returned
        ud2
        .cfi_endproc
END(cop__kill_return)

        .globl  cop__switch_end
        .hidden cop__switch_end
cop__switch_end:

        .section .note.GNU-stack, "", @progbits
