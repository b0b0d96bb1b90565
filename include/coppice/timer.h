/*
 * coppice/timer.h: messages that come later.
 *
 * A timer sends a message to a process when its time has come: never earlier, a little later when
 * there is much to do. Timers for a process end with it; timers that a process made for others go
 * on.
 */
#ifndef COPPICE_TIMER_H
#define COPPICE_TIMER_H

#include <coppice/process.h>

COP_BEGIN_DECLS

/* cop_send_after(1000, cop_self(), "poll"): sends the message in delay_ms milliseconds. */
#define cop_send_after(delay_ms, to, ...)                                                          \
        cop_send_after_term((delay_ms), COP__TO(to), cop_build(__VA_ARGS__))
COP_API cop_ref cop_send_after_term(int64_t delay_ms, struct cop__to to, cop_term message);
/* The message is {timeout, Ref, Message}: one that comes from a timer cancelled too late can be
 * told apart. */
#define cop_start_timer(delay_ms, to, ...)                                                         \
        cop_start_timer_term((delay_ms), COP__TO(to), cop_build(__VA_ARGS__))
COP_API cop_ref cop_start_timer_term(int64_t delay_ms, struct cop__to to, cop_term message);

/* Returns the milliseconds that were left, or -1: it has gone off, or was cancelled. Any process
 * may cancel. */
COP_API int64_t cop_cancel_timer(cop_ref timer);
COP_API int64_t cop_read_timer(cop_ref timer);

/* The clock that timers go by, and never goes back. Virtual in a simulation. */
COP_API int64_t cop_now_ms(void);
COP_API int64_t cop_now_ns(void);
/* The timeout that ends at this time of that clock, for whatever takes one: 0 when it has passed. */
static inline int64_t cop_until(int64_t at_ms)
{
        int64_t left_ms = at_ms - cop_now_ms();

        return left_ms > 0 ? left_ms : 0;
}
/* Nanoseconds since 1970. Virtual in a simulation. */
COP_API int64_t cop_wall_clock_ns(void);
/* A random number, from the simulation's seed in a simulation. */
COP_API uint64_t cop_random(void);

COP_END_DECLS

#endif
