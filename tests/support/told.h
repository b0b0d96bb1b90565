/*
 * told.h: a state machine that does what it is told and tells everything to the test.
 *
 * An event {N, What} makes the machine told say {State, Type, N} to the process called test, and then
 * do What: return one of OTP's return values, without the data, or
 *
 *     {reply, X}  {error, What}  {exit, Reason}  {throw, Value}  no_clause
 *
 * Other events are told, and the state stays. Its end is told as {State, terminate, Reason}. It is
 * started with a map: init => what init returns, and, of told_enter, which is told of entering states,
 * enter => #{State => What}. Its data is shown as the number of events that it has seen.
 *
 * The lock is the machine of the manual: unlocked, it takes the casts now and forever (it is locked
 * now, or never) and postpones all else.
 */
#ifndef COP_TESTS_SUPPORT_TOLD_H
#define COP_TESTS_SUPPORT_TOLD_H

#include <coppice/statem.h>

#include "support/actor.h"

struct told {
        int64_t seen;
        cop_term enter; /* kept: what is done on entering each state */
};

struct lock {
        int64_t code;
};

COP_DECLARE(told);
COP_DECLARE(told_enter);
COP_DECLARE(lock);

/* Their callbacks, for other machines. */
cop_next told_init(struct told *t, struct cop_event *e);
cop_next told_event(struct told *t, struct cop_event *e);
cop_next lock_init(struct lock *l, struct cop_event *e);
cop_next locked(struct lock *l, struct cop_event *e);
cop_next unlocked(struct lock *l, struct cop_event *e);

/* Makes the caller the test, which traps exits, and starts told under its name. */
cop_pid told_begin(void);
/* Sends it to the test, if there is one. */
void tell(cop_term what);

/* An event for told. */
#define does(...) cop_cast("told", __VA_ARGS__)

/* The next thing that the test is told. */
#define expect(...)                                                                                \
        do {                                                                                       \
                cop_term cop__told = cop_nil();                                                    \
                cop_receive(5000, "Told", &cop__told);                                             \
                cop_assert_term(cop__told, __VA_ARGS__);                                           \
        } while (0)
#define expect_match(...)                                                                          \
        do {                                                                                       \
                cop_term cop__told = cop_nil();                                                    \
                cop_receive(5000, "Told", &cop__told);                                             \
                cop_assert_match(cop__told, __VA_ARGS__);                                          \
        } while (0)
#define expect_nothing() cop_assert_term(messages(), "[]")

#endif
