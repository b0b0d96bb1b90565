/*
 * verdict.c: a walk along a stack, from where it stands to where the process began.
 *
 * The innermost frames decide what is going on. Further out only the program's own code and ours may
 * stand: ours has called the program there, and holds nothing then, as any callback may exit. A library
 * that has called the program may hold anything.
 *
 * Nothing here takes a lock or allocates: the unwinder finds its tables without (_dl_find_object),
 * code.c has tables of its own. A walk costs about a third of a microsecond a frame.
 */
#include "runtime/verdict.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unwind.h>

#include "base/sanitizers.h"
#include "runtime/code.h"
#include "runtime/fault.h"
#include "runtime/machine.h"

enum { FRAMES_MOST = 200000 }; /* more than a stack of any size could have */

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
        uintptr_t pc;          /* of the fault */
        bool in_call;          /* which is at a system call */
        bool begun;            /* the frames of the handler are over */
        bool inner;            /* only libraries' and our frames so far */
        unsigned count;        /* frames */
        unsigned library;      /* of them, the innermost ones */
        bool all_math;         /* these are */
        bool all_calls;        /* these are wrappers of system calls */
        uintptr_t entry;       /* function of the outermost of these */
        uintptr_t own;         /* of the outermost one of ours, before the first of the program's */
        uintptr_t suspect_pc;  /* where what cannot be left is, or the innermost of the user's */
        enum code code_before; /* of the frame before, */
        uintptr_t function;    /* and its function */
        bool left_library;     /* the frame before was a library's */
        uintptr_t *return_slot;
        struct trace *trace; /* or NULL */
        enum verdict verdict;
        bool arrived; /* at the beginning of the stack */
};

/* At any instruction, not just where something failed: nothing of ours may be half done. */
static void judge_kill(struct walk *w, unsigned known)
{
        bool may_leave = w->library == 0 || w->all_math ||
                         (w->library == 1 && known & KNOWN_PURE) || (w->all_calls && w->in_call);

        w->verdict = w->own ? IN_OURS : may_leave ? CONTAINED : IN_LIBRARY;
}

/* The innermost frames are known now. Sets the verdict. */
static void judge(struct walk *w)
{
        unsigned known = cop__code_known(w->entry);

        w->inner = false;
        if (w->signo == KILL_SIGNAL) {
                judge_kill(w, known);
        } else if (w->own && !(cop__code_known(w->own) & KNOWN_READER)) {
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
                w->all_calls = w->all_calls && cop__code_known(function) & KNOWN_CALL;
                w->entry = function;
                break;
        case CODE_SWITCH:
                if (w->signo == KILL_SIGNAL && w->count == 1) { /* half on another stack */
                        w->own = function;
                        break;
                }
                __attribute__((fallthrough));
        case CODE_USER:
                judge(w);
                w->suspect_pc = pc;
                break;
        case CODE_CHECKER:
                break;
        }
}

/* Keeps where the outermost library function returns to the program's code; one of ours counts as such
 * where it is the innermost. */
static void note_return(struct walk *w, struct _Unwind_Context *context, enum code code,
                        uintptr_t pc)
{
        bool is_library = code == CODE_C || code == CODE_FOREIGN || code == CODE_MATH ||
                          (code == CODE_OWN && w->inner);

        if (is_library || w->left_library)
                w->return_slot = NULL;
#if defined(__x86_64__)
        if (w->left_library && code == CODE_USER) {
                uintptr_t *slot = (uintptr_t *)_Unwind_GetCFA(context) - 1;

                if (*slot == pc)
                        w->return_slot = slot;
        }
#endif
        w->left_library = is_library;
}

/*
 * Ours has called through a pointer: the program, which may have left no frame behind, where the
 * last it did was to call what stands further in (a tail call). A kill takes nothing for granted.
 */
static bool has_called_program(const struct walk *w, uintptr_t pc)
{
        return w->signo != KILL_SIGNAL && w->count > 1 && machine_is_pointer_call(pc);
}

/*
 * AddressSanitizer's allocator, where the checker stands in the program and so is taken for the program's
 * own code: it is a library.
 */
static bool is_allocator(uintptr_t function)
{
#if COP_ASAN
        static void *const functions[] = {
                (void *)malloc,        (void *)calloc, (void *)realloc,
                (void *)aligned_alloc, (void *)free,
        };

        for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
                if (function == (uintptr_t)functions[i])
                        return true;
#endif
        return false;
}

/*
 * Ours, at `pc`, has called something of the program's by name. There is nothing of it that ours knows by
 * name: it is the checker, be it told of a switch or asked to copy, and ours is in the middle of something.
 * What was named by cop_killable() is known by name as well, but stands elsewhere.
 */
static bool has_called_checker(const struct walk *w, uintptr_t pc)
{
#if COP_ASAN
        return w->code_before == CODE_USER && !machine_is_pointer_call(pc) &&
               cop__code_is_beside(w->function, (uintptr_t)__asan_poison_memory_region);
#else
        return false;
#endif
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
        if (code == CODE_CHECKER && w->signo != KILL_SIGNAL)
                return _URC_NO_REASON;
        if (w->signo == KILL_SIGNAL && (code == CODE_CHECKER || is_allocator(function)))
                code = CODE_FOREIGN; /* it may be anywhere in there */
        if (w->trace)
                trace_add(w->trace, is_exact ? pc : pc - 1,
                          code == CODE_OWN || code == CODE_SWITCH);
        note_return(w, context, code, pc);
        if (w->signo == KILL_SIGNAL && code == CODE_OWN && has_called_checker(w, pc)) {
                w->verdict = IN_OURS;
                w->return_slot = NULL; /* it would be one in the checker */
        }
        w->code_before = code;
        w->function = function;
        if (w->inner) {
                if (code == CODE_OWN && has_called_program(w, pc))
                        code = CODE_USER;
                inner_frame(w, code, pc, function);
        } else if (code != CODE_USER && code != CODE_OWN && code != CODE_SWITCH &&
                   w->verdict == CONTAINED) {
                w->verdict = IN_LIBRARY;
                w->suspect_pc = pc;
        }
        return _URC_NO_REASON;
}

enum verdict cop__verdict(int signo, const ucontext_t *at, struct suspect *suspect,
                          struct trace *trace)
{
        struct walk w = {
                .signo = signo,
                .pc = machine_pc(at),
                .inner = true,
                .all_math = true,
                .all_calls = true,
                .trace = trace,
                .verdict = UNKNOWN_STACK,
        };

        w.in_call = signo == KILL_SIGNAL && machine_is_in_call(at);
        w.suspect_pc = w.pc;
        _Unwind_Backtrace(frame, &w);
        if (w.inner)
                w.verdict = w.arrived ? IN_OURS : UNKNOWN_STACK;
        else if (!w.arrived)
                w.verdict = UNKNOWN_STACK;
        suspect->pc = w.suspect_pc;
        suspect->return_slot =
                w.verdict == IN_LIBRARY || w.verdict == IN_OURS ? w.return_slot : NULL;
        return w.verdict;
}

const char *cop__verdict_because(enum verdict verdict)
{
        return because[verdict];
}
