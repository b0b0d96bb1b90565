/*
 * server.h: what the files of the server behaviour share.
 *
 * A process's memory is a struct server and, right behind it, the state of whoever wrote the
 * callbacks. Only the process itself touches either.
 */
#ifndef COP_OTP_SERVER_H
#define COP_OTP_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include <coppice/server.h>

struct server {
        const struct cop_module *module;
        cop_pid parent;          /* a zero pid: nobody, started without a link */
        int64_t timeout_ms;      /* of cop_then_timeout(); COP_FOREVER: none */
        cop_ref timer;           /* of cop_then_message(); zero: none */
        cop_term timer_message;  /* kept; while timer is set */
        struct sys_watch *watch; /* NULL until somebody wants to see what goes on */
        cop_term via;   /* kept: the name it was started with; COP_NONE: none, or an atom */
        bool suspended; /* by the sys protocol, and by it alone let go on */
};

/* One callback: what it gets and what it said. */
struct turn {
        struct server *server;
        enum cop_callback which;
        cop_term term;
        cop_term message; /* what people are shown as the last message */
        cop_from from;    /* of a call; a zero pid otherwise */
        cop_next next;
};

/* How a turn failed, and what is left to do at the end. */
struct ending {
        cop_term reason;
        cop_term answer; /* COP_NONE: nobody is answered */
};

static inline void *state_of(struct server *server)
{
        return (char *)server + COP__SERVER_SIZE;
}

static inline struct server *server_of(void *state)
{
        return (struct server *)((char *)state - COP__SERVER_SIZE);
}

/* The actions around what a callback returned; see server_next.c. */
enum next_action {
        ACTION_NONE,
        ACTION_TIMEOUT,
        ACTION_MESSAGE,
        ACTION_CONTINUE,
};

static inline enum cop__next next_kind(cop_next next)
{
        return (enum cop__next)(next.what & 0xff);
}

static inline enum next_action next_action(cop_next next)
{
        return (enum next_action)(next.what >> 8 & 0xff);
}

static inline int64_t next_timeout_ms(cop_next next)
{
        return (int64_t)(next.what >> 16);
}

/* The answer or reason in it, without the action's term. */
cop_term cop__next_term(cop_next next);
/* The message or continuation in it. */
cop_term cop__next_action_term(cop_next next);
/* The whole as OTP would have written it, for {bad_return_value, Term}. */
cop_term cop__next_show(cop_next next);

/* Runs the callback. Returns COP_NORMAL, and turn->next; or how it failed, and *reason. */
enum cop_class cop__server_call_back(struct turn *turn, cop_term *reason);
/* Does what came: queue, callback, and what the callback said. */
void cop__server_take(struct server *server, const struct cop_message *message);
/* What init or a callback wants next; runs continuations. Does not return if it wants the end. */
void cop__server_obey(struct turn *turn);
/* Ends the server if this is the exit signal of its parent, which only one that traps exits sees. */
void cop__server_heed_parent(struct turn *turn);
/* Sets the timeout of the last callback, for its full time. */
void cop__server_rearm(struct server *server);
/* The reason for what is no valid return of this callback; COP_NONE where it is one. */
cop_term cop__server_judge(const struct turn *turn);

/* The first message; see server_start.c. */
void cop__server_start(struct server *server, const struct cop_message *message);

/* terminate, reports, exit; see server_end.c. */
COP_NORETURN void cop__server_end(struct turn *turn, struct ending ending);
/* The end before init has returned: no terminate. */
COP_NORETURN void cop__server_fail_start(struct server *server, cop_term reason);
/* normal, shutdown, {shutdown, _} are not. */
bool cop__is_abnormal(cop_term reason);
/* The name under which a process is shown: its registered name, or its pid. */
cop_term cop__name_of(cop_pid pid);
/* The same of a server, which may have another one. */
cop_term cop__server_name(const struct server *server);
/* Takes back what it is called in somebody's register: before anybody hears that its start failed. */
void cop__server_leave_name(struct server *server);
/* Reports an abnormal end, where that is wanted; see crash.c. */
void cop__crash_report(const struct cop_module *module, cop_term reason, cop_term backtrace);
cop_term cop__server_status(struct server *server, cop_term message, cop_term reason);

/* The sys protocol; see sys.c. */
void cop__sys_request(struct server *server, cop_from from, cop_term request);
void cop__sys_in(struct server *server, const struct cop_message *message);
/* answer: COP_NONE where nobody is answered. */
void cop__sys_out(struct server *server, cop_term answer, cop_pid to);
/* A destination and a timeout as terms, for exit reasons. */
cop_term cop__to_show(struct cop__to to);
cop_term cop__timeout_show(int64_t timeout_ms);

#endif
