/*
 * runner.h: what the files of the conformance runner share.
 *
 *     runner.c       files and arguments, steps, what is printed when
 *     settle.c       waiting until nothing moves
 *     request.c      steps that call somebody, each in a process of its own
 *     book.c         the process that knows all others, and in which order things happened
 *     worker.c       the test workers, and their start function
 *     overseer.c     the test supervisors, and theirs
 *     order.c        events whose order is open, put in order
 *     canonical.c    terms as traces show them
 *
 * The runner stands on the public headers alone. Its thread is a guest of the runtime; everything
 * that a scenario does happens in processes. README.md in this folder says what a scenario and a
 * trace are.
 */
#ifndef CONFORMANCE_RUNNER_H
#define CONFORMANCE_RUNNER_H

#include <stdio.h>

#include <coppice/handler.h>
#include <coppice/memory.h>
#include <coppice/process.h>
#include <coppice/report.h>
#include <coppice/server.h>
#include <coppice/supervisor.h>
#include <coppice/sys.h>
#include <coppice/system.h>
#include <coppice/text.h>
#include <coppice/timer.h>

enum { DEADLINE_MS = 20000 };

/* ---- book.c: called by any process ---- */

void book_start(cop_term definitions);
void book_stop(void);
/* The next result of a label's script. */
cop_term book_next_result(cop_term label, cop_term results);
/* The calling process has entered its init. kind: worker, or {supervisor, Strategy}. */
void book_register_self(cop_term label, cop_term kind);
/* {Flags, Specs, Options} */
cop_term book_definition(cop_term name);
void book_record(cop_term event);
void book_note_crash(void);
/* The calling process is about to block for ever. */
void book_note_never(void);
/* The pid as a term, or undefined. */
cop_term book_find(cop_term ref);
/* [{Pid, IsBlockedForEver}, ...] of those that live. */
cop_term book_living(void);
/* How many events and deaths there have been. */
cop_term book_progress(void);
/* {Events, Exits, People}: since the last time [{Pid, Event}, ...] and
 * [{Pid, Reason, Crashed}, ...]; and #{Pid => {Label, Incarnation, Kind, Parallel, Parent}} of all.
 */
cop_term book_news(void);
cop_term book_people(void);

/* ---- worker.c, overseer.c ---- */

/* What a start value, a child spec, or a list of them stand for. */
cop_term real_spec(cop_term spec);
cop_term real_specs(cop_term specs);
/* sleep forever; never returns. */
void never(void);
void pause_ms(cop_term ms);
/* Merges two maps; the second counts. */
cop_term merge(cop_term first, cop_term second);
cop_term key_of(cop_term map, const char *key, cop_term otherwise);

/* ---- request.c ---- */

/* Where a step has got to. */
struct step {
        cop_term tag;
        bool has_result;
        cop_term result;
};

/* Begins a step that may block. Its result comes as a message {op_result, Tag, Result}; COP_NONE:
 * that is under way; else the result. */
cop_term request_begin(cop_term tag, cop_term step);
/* Processes that started something live on, as its parents. */
bool request_is_parent(cop_pid pid);
void request_end_all(void);
/* All callers and parents that may still do something. */
cop_term request_processes(void);

/* ---- settle.c ---- */

/* False: it did not within DEADLINE_MS. */
bool settle(void);

/* ---- order.c ---- */

/* [{Pid, Event}, ...] with what is open put in order. */
cop_term in_order(cop_term events, cop_term exits, cop_term people, bool order_open);

/* ---- canonical.c ---- */

/* The term as a trace shows it; the text lives as long as the turn. people may be COP_NONE. */
const char *canonical(cop_term term, cop_term people);
/* The same with two spaces before it. */
const char *canonical_line(cop_term term, cop_term people);
/* The list's terms sorted by the text of key(element). */
cop_term sort_by_text(cop_term list, cop_term people, cop_term (*key)(cop_term element));
/* By their text, word by word: {w,1} stands before {w,10}. */
cop_term sort_by_words(cop_term list, cop_term people);

#endif
