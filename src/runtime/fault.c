/*
 * fault.c: the handler, the verdict, and the way out.
 *
 * handler   runs on a stack of its own (the process's may be used up). It asks whether the thread
 *           runs a process at all, judges the stack (verdict.c), and then either redirects the thread to the scheduler's stack, by writing other registers
 *           into what it returns to, or stops the program.
 * kill      A process that runs and runs and does not look at its inbox: monitor.c sends a signal to
 *           its thread, whose handler does the same, if an exit waits in the inbox and the stack may
 *           be left right now. If a library stands in the way, the address to which it returns to
 *           the program's code is changed for one that ends the process; if that cannot be found,
 *           there will be another signal in a millisecond.
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
#include "runtime/verdict.h"

enum {
        HANDLER_STACK = 64 * 1024, /* beside what the kernel puts there */
        GUARD = 4096,
        PAGE = 4096,
        REASON_WORDS = 64,
};

static const int signals[] = { SIGSEGV,     SIGBUS, SIGFPE, SIGILL, SIGABRT,
#ifdef MACHINE_TRAP
                               MACHINE_TRAP
#endif
};

enum { SIGNALS = sizeof(signals) / sizeof(signals[0]) };

static struct {
        struct sigaction before[SIGNALS];
        struct sigaction before_kill;
        pid_t os_process; /* a fork()ed child is not the runtime's */
        enum { ON_FAULT_CONTAIN, ON_FAULT_STOP, ON_FAULT_CORE } on_fault;
} faults;

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
                         const struct trace *trace, int signo, siginfo_t *info, void *context)
{
        cop__last_report(fault, cop__verdict_because(verdict), suspect_pc, trace);
        if (faults.on_fault == ON_FAULT_CORE) {
                let_it_happen(signo, info);
                return;
        }
        if (faults.on_fault == ON_FAULT_STOP)
                raise(SIGSTOP);
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
        t->faults.return_slot = NULL;
        p->after = t->faults.after;
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
#ifdef MACHINE_TRAP
        case MACHINE_TRAP:
#endif
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

/* A call through a wild pointer, after which there is no instruction to be read: the fault is the
 * caller's. Code that faults itself may be where we know of none: its library was loaded late. */
static void return_from_nowhere(const struct process *p, ucontext_t *at, uintptr_t address)
{
        uintptr_t sp = machine_sp(at);

        if (machine_pc(at) == address && !cop__code_is_there(address) && sp % 8 == 0 &&
            sp >= (uintptr_t)p->stack->low && sp < (uintptr_t)p->stack->high)
                machine_return(at);
}

/* Faults that the processor found, and an abort() of this very thread. */
static bool is_fault(int signo, const siginfo_t *info)
{
        if (signo == SIGABRT)
                return info->si_code == SI_TKILL && info->si_pid == faults.os_process;
        return info->si_code > 0;
}

static void take_back_return(struct thread *t, uintptr_t sp);

/* In a process of this thread. */
static void process_fault(struct thread *t, int signo, siginfo_t *info, ucontext_t *at)
{
        struct process *p = t->current;
        struct fault *fault = &t->faults.fault;
        const ucontext_t original = *at;
        enum verdict verdict;
        struct suspect suspect;

        fault->what = name_of(signo);
        fault->address = signo == SIGABRT ? 0 : (uintptr_t)info->si_addr;
        fault->pc = machine_pc(at);
        if (signo == SIGSEGV && is_overflow(p, fault->address))
                fault->what = "stack_overflow";
        if (signo == SIGSEGV || signo == SIGBUS)
                return_from_nowhere(p, at, fault->address);

        take_back_return(t, machine_sp(at));
        trace_begin(&t->faults.trace, pid_of(p), p->stack->region.turn);
        verdict = cop__verdict(signo, at, &suspect, &t->faults.trace);
        if (machine_pc(at) != fault->pc && t->faults.trace.count) /* a call: it has not returned */
                t->faults.trace.at[0]--;
        t->faults.in_stream = verdict == IN_STREAM;
        if (verdict == IN_STREAM && can_release_streams())
                verdict = CONTAINED;
        if (verdict == CONTAINED && signo == SIGABRT)
                fault->pc = suspect.pc; /* whoever called it */
        if (verdict == CONTAINED && faults.on_fault == ON_FAULT_STOP)
                raise(SIGSTOP);
        if (verdict == CONTAINED && faults.on_fault != ON_FAULT_CORE) {
                t->faults.after = AFTER_FAULT;
                redirect(t, at);
                return;
        }
        *at = original;
        stop_program(fault, verdict, suspect.pc, &t->faults.trace, signo, info, at);
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
                stop_program(&fault, NO_PROCESS, fault.pc, NULL, signo, info, context);
        } else if (t->faults.depth == 1 && t->faults.in_kill) {
                /* In the walk of a kill, which is tried again: the signal may come when a stack is half made. */
                t->faults.in_kill = false;
                pthread_sigmask(SIG_SETMASK, &((const ucontext_t *)context)->uc_sigmask, NULL);
                _longjmp(t->faults.walk, 1);
        } else if (t->faults.depth++) {
                /* In the walk: what lies there is no stack any more. */
                if (t->faults.depth > 2)
                        _exit(128 + SIGABRT); /* in the report */
                cop__last_report(t->faults.fault.what ? &t->faults.fault : &fault,
                                 cop__verdict_because(UNKNOWN_STACK), fault.pc, &t->faults.trace);
                _exit(128 + SIGABRT);
        } else {
                process_fault(t, signo, info, context);
        }
        errno = error;
}

/* ---- kills ---- */

#if defined(__x86_64__)
void cop__kill_return(void); /* switch_x86_64.S */
#else
static void cop__kill_return(void)
{
}
#endif
void cop__kill_returned(void);

/* On the process's stack: a library's function has returned to where it was not called from. */
void cop__kill_returned(void)
{
        struct thread *t = cop__thread();

        t->faults.return_slot = NULL;
        t->current->after = AFTER_KILL;
        cop__context_finish(t->current->stack, &t->native);
}

/* The process ends when the library's function returns to the program's code. */
static void change_return(struct thread *t, uintptr_t *slot)
{
        t->faults.return_slot = slot;
        t->faults.return_pc = *slot;
        t->faults.return_pid = pid_of(t->current);
        *slot = (uintptr_t)cop__kill_return;
}

/* What it was, so that the stack can be followed. It may be gone: an exit or a longjmp() went past. */
static void take_back_return(struct thread *t, uintptr_t sp)
{
        uintptr_t *slot = t->faults.return_slot;

        t->faults.return_slot = NULL;
        if (slot && t->faults.return_pid == pid_of(t->current) && (uintptr_t)slot >= sp &&
            *slot == (uintptr_t)cop__kill_return)
                *slot = t->faults.return_pc;
}

static bool is_to_end(struct process *p, bool (*exit_waits)(const struct process *p))
{
        /* First, so that an exit that comes meanwhile says so anew. */
        atomic_store(&p->exit_came, false);
        if (!exit_waits(p))
                return false;
        atomic_store(&p->exit_came, true);
        return true;
}

/* Where the stack cannot be walked, it is no place to leave. */
static enum verdict walk_for_kill(struct thread *t, const ucontext_t *context,
                                  struct suspect *suspect)
{
        enum verdict verdict;

        if (_setjmp(t->faults.walk) != 0) {
                *suspect = (struct suspect){ .pc = machine_pc(context) };
                return UNKNOWN_STACK;
        }
        t->faults.in_kill = true;
        verdict = cop__verdict(KILL_SIGNAL, context, suspect, &t->faults.seen);
        t->faults.in_kill = false;
        return verdict;
}

static void on_kill_signal(int signo, siginfo_t *info, void *context)
{
        struct thread *t = cop__thread_or_null();
        int error = errno;
        struct suspect suspect;
        enum verdict verdict;

        if (getpid() != faults.os_process || !runs_process(t) || t->faults.depth)
                return;
        if (!atomic_exchange_explicit(&t->faults.watched, false, memory_order_relaxed) &&
            !is_to_end(t->current, cop__exit_may_wait))
                return;
        t->faults.depth++;
        t->faults.fault.what = NULL; /* none brought it here */
        take_back_return(t, machine_sp(context));
        trace_begin(&t->faults.seen, pid_of(t->current), 0);
        verdict = walk_for_kill(t, context, &suspect);
        if (verdict == CONTAINED && is_to_end(t->current, cop__exit_waits)) {
                t->faults.in_stream = false;
                t->faults.after = AFTER_KILL;
                redirect(t, context);
        } else {
                t->faults.refused_pc = suspect.pc;
                atomic_fetch_add_explicit(&t->faults.refusals, 1, memory_order_release);
                if (suspect.return_slot && is_to_end(t->current, cop__exit_waits))
                        change_return(t, suspect.return_slot);
                t->faults.depth--;
        }
        errno = error;
}

void cop__kill_signal_send(const struct fault_thread *thread)
{
        /* The thread may be inside ThreadSanitizer, whose locks a handler takes as soon as it is called:
         * under it a process that runs is not ended before it comes back to the runtime. */
        if (COP_TSAN)
                return;
        syscall(SYS_tgkill, faults.os_process, thread->id, KILL_SIGNAL);
}

/* ---- the reason ---- */

cop_term cop__fault_reason(struct thread *t, struct process *p)
{
        struct region *region = &p->stack->region;
        const struct fault *fault = &t->faults.fault;
        /* Where things lie is nothing that a simulation may depend on. */
        const struct fault nowhere = { fault->what, fault->address < PAGE ? fault->address : PAGE,
                                       0 };
        struct cop_mark mark = cop__region_mark(region);
        cop_term what = cop_atom(fault->what);
        cop_term reason;

        if (cop__driver->simulated)
                fault = &nowhere;
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
        action.sa_sigaction = on_kill_signal;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
        sigaction(KILL_SIGNAL, NULL, &faults.before_kill);
        set_action(KILL_SIGNAL, &action);
        return 0;
}

void cop__faults_stop(void)
{
        for (int i = 0; i < SIGNALS; i++)
                sigaction(signals[i], &faults.before[i], NULL);
        sigaction(KILL_SIGNAL, &faults.before_kill, NULL);
        cop__code_stop();
}

static size_t handler_stack_size(void)
{
        size_t least = getauxval(AT_MINSIGSTKSZ);

        return GUARD + HANDLER_STACK + ((least + GUARD - 1) & ~(size_t)(GUARD - 1));
}

void *cop__handler_stack_take(void)
{
        void *at = mmap(NULL, handler_stack_size(), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (at == MAP_FAILED)
                return NULL;
        mprotect(at, GUARD, PROT_NONE);
        return at;
}

void cop__handler_stack_give(void *stack)
{
        munmap(stack, handler_stack_size());
}

void cop__faults_enter(struct thread *t, void *stack)
{
        struct fault_thread *f = &t->faults;
        stack_t handlers = { .ss_sp = (char *)stack + GUARD,
                             .ss_size = handler_stack_size() - GUARD };
        sigset_t kill;

        sigaltstack(&handlers, &f->before);
        f->id = (int)syscall(SYS_gettid);
        sigemptyset(&kill);
        sigaddset(&kill, KILL_SIGNAL);
        pthread_sigmask(SIG_UNBLOCK, &kill, NULL);
        pthread_sigmask(SIG_SETMASK, NULL, &f->mask);
}

void cop__faults_leave(struct thread *t)
{
        sigaltstack(&t->faults.before, NULL);
}
