/*
 * fault.c: the handler, the verdict, and the way out.
 *
 * handler   runs on a stack of its own (the process's may be used up). It asks whether the thread
 *           runs a process at all, walks the stack from the fault to where the process began, and
 *           then either redirects the thread to the scheduler's stack, by writing other registers
 *           into what it returns to, or stops the program.
 * verdict   The innermost frames decide what is going on; further out only the program's own code and
 *           ours may stand. Ours has called the program there, and holds nothing then, as any callback
 *           may exit. A library that has called the program may hold anything.
 * land      runs on the scheduler's stack with the scheduler's mask of signals, and goes on as if
 *           the process had left its stack for good.
 *
 * Invariant From the fault to the redirection nothing takes a lock, allocates, or calls what does:
 *           the unwinder finds its tables without (_dl_find_object), code.c has tables of its own.
 *
 * A fault in the handler itself, as when what it walks along is no stack any more, finds depth 1 and
 * ends the program at once.
 *
 * stdio     A fault in printf("%s", 1) leaves the stream locked, and the next process to use it would
 *           wait for ever. So all streams are looked through, and those that this thread has locked
 *           are unlocked. A C library that does not list its streams leaves such faults uncontained.
 *
 * Handlers of others, who were there before us, get what is not ours: faults on threads that run no
 * process, signals that somebody sent, and, before the program stops, what cannot be contained.
 *
 * Why by the raw system call: ThreadSanitizer keeps handlers that are installed by sigaction() from
 * running until its next look, which for a thread in a loop never comes.
 */
#include "runtime/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <unwind.h>

#include "base/sanitizers.h"
#include "runtime/code.h"
#include "runtime/last_report.h"
#include "runtime/machine.h"
#include "runtime/scheduler.h"

enum {
        HANDLER_STACK = 64 * 1024, /* beside what the kernel puts there */
        GUARD = 4096,
        FRAMES_MOST = 200000, /* more than a stack of any size could have */
        REASON_WORDS = 64,
};

static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };

enum { SIGNALS = sizeof(signals) / sizeof(signals[0]) };

static struct {
        struct sigaction before[SIGNALS];
        pid_t os_process; /* a fork()ed child is not the runtime's */
        enum { ON_FAULT_CONTAIN, ON_FAULT_STOP, ON_FAULT_CORE } on_fault;
} faults;

/* ---- the verdict ---- */

enum verdict {
        CONTAINED,
        NO_PROCESS,
        IN_LIBRARY,
        IN_OURS,
        IN_STREAM,
        UNKNOWN_STACK,
};

static const char *const because[] = {
        [CONTAINED] = "it was to be",
        [NO_PROCESS] = "it happened on a thread that runs no process",
        [IN_LIBRARY] = "a library's code was running, which may hold a lock",
        [IN_OURS] = "Coppice's own code was running",
        [IN_STREAM] = "a stream of stdio is locked for ever",
        [UNKNOWN_STACK] = "the stack cannot be followed to where the process began",
};

/* A walk from the fault outwards. */
struct walk {
        int signo;
        uintptr_t pc;         /* of the fault */
        bool begun;           /* the frames of the handler are over */
        bool inner;           /* only libraries' and our frames so far */
        unsigned count;       /* frames */
        unsigned library;     /* of them, the innermost ones */
        bool all_math;        /* these are */
        uintptr_t entry;      /* function of the outermost of these */
        uintptr_t own;        /* of the outermost one of ours, before the first of the program's */
        uintptr_t suspect_pc; /* where what cannot be left is, or the innermost of the user's */
        enum verdict verdict;
        bool arrived; /* at the beginning of the stack */
};

/* The innermost frames are known now. Sets the verdict. */
static void judge(struct walk *w)
{
        unsigned known = cop__code_known(w->entry);

        w->inner = false;
        if (w->own && !(cop__code_known(w->own) & KNOWN_READER)) {
                w->verdict = IN_OURS;
        } else if (w->library == 0 || w->all_math) {
                w->verdict = CONTAINED;
        } else if (w->signo == SIGABRT) {
                w->verdict = known & KNOWN_ABORT ? CONTAINED : IN_LIBRARY;
        } else if (w->library == 1) {
                w->verdict = known & KNOWN_PURE ? CONTAINED : IN_LIBRARY;
        } else if (w->own) {
                w->verdict = IN_LIBRARY;
        } else if (known & KNOWN_STREAM) {
                w->verdict = IN_STREAM;
        } else {
                w->verdict = known & KNOWN_IN_MEMORY ? CONTAINED : IN_LIBRARY;
        }
}

static void inner_frame(struct walk *w, enum code code, uintptr_t pc, uintptr_t function)
{
        switch (code) {
        case CODE_OWN:
                w->own = function;
                break;
        case CODE_C:
        case CODE_MATH:
        case CODE_FOREIGN:
                if (w->own)
                        w->own =
                                function; /* it called us, and stands further in than the program */
                w->library++;
                w->all_math = w->all_math && code == CODE_MATH;
                w->entry = function;
                break;
        case CODE_USER:
        case CODE_SWITCH:
                judge(w);
                w->suspect_pc = pc;
                break;
        case CODE_CHECKER:
                break;
        }
}

static _Unwind_Reason_Code frame(struct _Unwind_Context *context, void *argument)
{
        struct walk *w = argument;
        int is_exact = 0;
        uintptr_t pc = _Unwind_GetIPInfo(context, &is_exact);
        uintptr_t function = _Unwind_GetRegionStart(context);
        enum code code;

        if (!w->begun) {
                w->begun = is_exact && pc == w->pc;
                if (!w->begun)
                        return _URC_NO_REASON;
        }
        if (++w->count > FRAMES_MOST)
                return _URC_END_OF_STACK;
        if (cop__code_is_first(function)) {
                w->arrived = true;
                return _URC_END_OF_STACK;
        }
        code = cop__code_of(pc, function);
        if (code == CODE_CHECKER)
                return _URC_NO_REASON;
        if (w->inner) {
                inner_frame(w, code, pc, function);
        } else if (code != CODE_USER && code != CODE_OWN && code != CODE_SWITCH &&
                   w->verdict == CONTAINED) {
                w->verdict = IN_LIBRARY;
                w->suspect_pc = pc;
        }
        return _URC_NO_REASON;
}

static enum verdict examine(int signo, const ucontext_t *at, uintptr_t *suspect_pc)
{
        struct walk w = { .signo = signo, .pc = machine_pc(at), .inner = true, .all_math = true };

        w.verdict = UNKNOWN_STACK;
        w.suspect_pc = w.pc;
        _Unwind_Backtrace(frame, &w);
        if (w.inner)
                w.verdict = w.arrived ? IN_OURS : UNKNOWN_STACK;
        else if (!w.arrived)
                w.verdict = UNKNOWN_STACK;
        *suspect_pc = w.suspect_pc;
        return w.verdict;
}

/* ---- streams ---- */

/* What glibc keeps behind a stream's _lock. */
struct stream_lock {
        int lock;
        int count;
        void *owner;
};

/* Exported by glibc, and in no header: all streams there are. */
void _IO_list_lock(void) __attribute__((weak));
void _IO_list_unlock(void) __attribute__((weak));
void *_IO_iter_begin(void) __attribute__((weak));
void *_IO_iter_end(void) __attribute__((weak));
void *_IO_iter_next(void *at) __attribute__((weak));
FILE *_IO_iter_file(void *at) __attribute__((weak));

static bool can_release_streams(void)
{
        return _IO_list_lock && _IO_list_unlock && _IO_iter_begin && _IO_iter_end &&
               _IO_iter_next && _IO_iter_file;
}

static bool is_locked_by_me(FILE *stream)
{
#ifdef __GLIBC__
        const struct stream_lock *lock = (const struct stream_lock *)stream->_lock;

        return lock && lock->owner == (void *)pthread_self();
#else
        return false;
#endif
}

/* Those that this thread has locked. */
static void release_streams(void)
{
        _IO_list_lock();
        for (void *at = _IO_iter_begin(); at != _IO_iter_end(); at = _IO_iter_next(at))
                while (is_locked_by_me(_IO_iter_file(at)))
                        funlockfile(_IO_iter_file(at));
        _IO_list_unlock();
}

/* ---- passing on, and stopping ---- */

static int index_of(int signo)
{
        int i = 0;

        while (signals[i] != signo)
                i++;
        return i;
}

/* Sets a handler without the sanitizers' knowledge. */
static void set_action(int signo, const struct sigaction *action);

/* Whoever handled this signal before us. False: nobody did. */
static bool pass_on(int signo, siginfo_t *info, void *context)
{
        const struct sigaction *before = &faults.before[index_of(signo)];

        if (before->sa_flags & SA_SIGINFO) {
                before->sa_sigaction(signo, info, context);
                return true;
        }
        if (before->sa_handler == SIG_DFL || before->sa_handler == SIG_IGN)
                return false;
        before->sa_handler(signo);
        return true;
}

/* The default action, at the very instruction. */
static void let_it_happen(int signo, const siginfo_t *info)
{
        struct sigaction standard = { .sa_handler = SIG_DFL };
        sigset_t only;

        set_action(signo, &standard);
        if (info->si_code > 0)
                return; /* the instruction is run again */
        sigemptyset(&only);
        sigaddset(&only, signo);
        syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), signo);
        pthread_sigmask(SIG_UNBLOCK, &only, NULL);
}

/* What cannot be contained: a report, and the program's end, one way or another. */
static void stop_program(const struct fault *fault, enum verdict verdict, uintptr_t suspect_pc,
                         int signo, siginfo_t *info, void *context)
{
        cop__last_report(fault, because[verdict], suspect_pc);
        if (faults.on_fault == ON_FAULT_CORE) {
                let_it_happen(signo, info);
                return;
        }
        if (pass_on(signo, info, context))
                return;
        _exit(128 + SIGABRT);
}

/* ---- the way out ---- */

NO_SANITIZE static void land(void *argument)
{
        struct thread *t = argument;
        struct process *p = t->current;

        if (t->faults.in_stream)
                release_streams();
        t->faults.depth = 0;
        p->after = AFTER_FAULT;
        cop__context_abandon(p->stack, &t->native);
}

static void redirect(struct thread *t, ucontext_t *at)
{
        at->uc_sigmask = t->faults.mask;
        machine_redirect(at, land, t, cop__context_native_sp(&t->native));
}

/* ---- the handler ---- */

static const char *name_of(int signo)
{
        switch (signo) {
        case SIGBUS:
                return "bus";
        case SIGFPE:
                return "fpe";
        case SIGILL:
                return "ill";
        case SIGABRT:
                return "abort";
        default:
                return "segv";
        }
}

static bool is_overflow(const struct process *p, uintptr_t address)
{
        uintptr_t low = (uintptr_t)p->stack->low;

        return address < low && address >= low - STACK_GUARD;
}

/* A call through a wild pointer: the fault is the caller's. */
static void return_from_nowhere(const struct process *p, ucontext_t *at)
{
        uintptr_t sp = machine_sp(at);

        if (!cop__code_is_there(machine_pc(at)) && sp % 8 == 0 && sp >= (uintptr_t)p->stack->low &&
            sp < (uintptr_t)p->stack->high)
                machine_return(at);
}

/* Faults that the processor found, and an abort() of this very thread. */
static bool is_fault(int signo, const siginfo_t *info)
{
        if (signo == SIGABRT)
                return info->si_code == SI_TKILL && info->si_pid == faults.os_process;
        return info->si_code > 0;
}

/* In a process of this thread. */
static void process_fault(struct thread *t, int signo, siginfo_t *info, ucontext_t *at)
{
        struct process *p = t->current;
        struct fault *fault = &t->faults.fault;
        const ucontext_t original = *at;
        enum verdict verdict;
        uintptr_t suspect_pc;

        fault->what = name_of(signo);
        fault->address = signo == SIGABRT ? 0 : (uintptr_t)info->si_addr;
        fault->pc = machine_pc(at);
        if (signo == SIGSEGV && is_overflow(p, fault->address))
                fault->what = "stack_overflow";
        if (signo == SIGSEGV || signo == SIGBUS || signo == SIGILL)
                return_from_nowhere(p, at);

        verdict = examine(signo, at, &suspect_pc);
        t->faults.in_stream = verdict == IN_STREAM;
        if (verdict == IN_STREAM && can_release_streams())
                verdict = CONTAINED;
        if (verdict == CONTAINED && signo == SIGABRT)
                fault->pc = suspect_pc; /* whoever called it */
        if (verdict == CONTAINED && faults.on_fault == ON_FAULT_STOP)
                raise(SIGSTOP);
        if (verdict == CONTAINED && faults.on_fault != ON_FAULT_CORE) {
                redirect(t, at);
                return;
        }
        *at = original;
        stop_program(fault, verdict, suspect_pc, signo, info, at);
        t->faults.depth = 0;
}

static bool runs_process(const struct thread *t)
{
        return t && t->scheduler && t->current && t->current->stack;
}

static void on_fault(int signo, siginfo_t *info, void *context)
{
        struct thread *t = cop__thread_or_null();
        int error = errno;
        struct fault fault = { name_of(signo), (uintptr_t)info->si_addr, machine_pc(context) };

        if (getpid() != faults.os_process || !is_fault(signo, info)) {
                if (!pass_on(signo, info, context))
                        let_it_happen(signo, info);
        } else if (!runs_process(t)) {
                stop_program(&fault, NO_PROCESS, fault.pc, signo, info, context);
        } else if (t->faults.depth++) {
                /* In the walk: what lies there is no stack any more. */
                cop__last_report(&t->faults.fault, because[UNKNOWN_STACK], fault.pc);
                _exit(128 + SIGABRT);
        } else {
                process_fault(t, signo, info, context);
        }
        errno = error;
}

/* ---- the reason ---- */

cop_term cop__fault_reason(struct thread *t, struct process *p)
{
        struct region *region = &p->stack->region;
        const struct fault *fault = &t->faults.fault;
        struct cop_mark mark = cop__region_mark(region);
        cop_term what = cop_atom(fault->what);
        cop_term reason;

        region->most_words = 0; /* what is left of a quota shall not decide over the reason */
        if (!cop__region_try_take(region, REASON_WORDS))
                return what;
        cop__region_rewind(region, &mark);

        t->region = region;
        if (fault->address == 0 && strcmp(fault->what, "abort") == 0)
                reason = cop_build("{What, #{pc => Pc}}", what, (uint64_t)fault->pc);
        else
                reason = cop_build("{What, #{address => A, pc => Pc}}", what,
                                   (uint64_t)fault->address, (uint64_t)fault->pc);
        t->region = &t->own_region;
        return reason;
}

/* ---- start and stop ---- */

/* As the kernel has it. */
struct kernel_action {
        void *handler;
        unsigned long flags;
        void (*restorer)(void);
        unsigned long mask;
};

#if defined(__x86_64__)
/* Unwinders know a handler's frame by these very instructions. */
__asm__(".pushsection .text\n"
        "        .p2align 4\n"
        "        .skip 16, 0x90\n"
        "        .type cop__signal_return, @function\n"
        "        .hidden cop__signal_return\n"
        "        .globl cop__signal_return\n"
        "cop__signal_return:\n"
        "        .byte 0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0\n" /* mov $15, %rax */
        "        .byte 0x0f, 0x05\n"                      /* syscall */
        "        .size cop__signal_return, . - cop__signal_return\n"
        ".popsection");
void cop__signal_return(void);
#define RESTORER 0x04000000
#endif

static void set_action(int signo, const struct sigaction *action)
{
        struct kernel_action raw = { (void *)action->sa_handler, (unsigned long)action->sa_flags,
                                     NULL, 0 };

        memcpy(&raw.mask, &action->sa_mask, sizeof(raw.mask));
#if defined(__x86_64__)
        raw.flags |= RESTORER;
        raw.restorer = cop__signal_return;
#endif
        syscall(SYS_rt_sigaction, signo, &raw, NULL, sizeof(raw.mask));
}

static _Unwind_Reason_Code no_frame(struct _Unwind_Context *context, void *argument)
{
        return _URC_NO_REASON;
}

static void read_environment(void)
{
        const char *text = getenv("COP_ON_FAULT");

        faults.on_fault = ON_FAULT_CONTAIN;
        if (text && strcmp(text, "stop") == 0)
                faults.on_fault = ON_FAULT_STOP;
        if (text && strcmp(text, "core") == 0)
                faults.on_fault = ON_FAULT_CORE;
}

int cop__faults_start(void)
{
        struct sigaction action = { .sa_sigaction = on_fault,
                                    .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
        int err = cop__code_start();

        if (err < 0)
                return err;
        faults.os_process = getpid();
        read_environment();
        _Unwind_Backtrace(no_frame, NULL); /* what it does only once, it has done now */
        sigfillset(&action.sa_mask);
        for (int i = 0; i < SIGNALS; i++)
                sigdelset(&action.sa_mask, signals[i]);
        for (int i = 0; i < SIGNALS; i++) {
                sigaction(signals[i], NULL, &faults.before[i]);
                set_action(signals[i], &action);
        }
        return 0;
}

void cop__faults_stop(void)
{
        for (int i = 0; i < SIGNALS; i++)
                sigaction(signals[i], &faults.before[i], NULL);
        cop__code_stop();
}

int cop__faults_enter(struct thread *t)
{
        size_t least = getauxval(AT_MINSIGSTKSZ);
        struct fault_thread *f = &t->faults;
        stack_t stack = { .ss_flags = 0 };
        char *at;

        f->stack_size = GUARD + HANDLER_STACK + ((least + GUARD - 1) & ~(size_t)(GUARD - 1));
        at = mmap(NULL, f->stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED)
                return -ENOMEM;
        mprotect(at, GUARD, PROT_NONE);
        f->stack = at;
        stack.ss_sp = at + GUARD;
        stack.ss_size = f->stack_size - GUARD;
        sigaltstack(&stack, &f->before);
        pthread_sigmask(SIG_SETMASK, NULL, &f->mask);
        return 0;
}

void cop__faults_leave(struct thread *t)
{
        if (!t->faults.stack)
                return;
        sigaltstack(&t->faults.before, NULL);
        munmap(t->faults.stack, t->faults.stack_size);
        t->faults.stack = NULL;
}
