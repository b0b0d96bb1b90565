/*
 * application_controller.c: which applications there are, and in which state each is.
 *
 *     LOADED -- start --> STARTING -- {started, ...} --> RUNNING -- stop --> STOPPING
 *        ^                    |                             |                    |
 *        +--- {start_failed,} +---- its master's end -------+--------------------+
 *
 * The controller never waits: who starts or stops an application is answered when its master has said how
 * it went, and meanwhile all others are served, such as what the application itself asks while it starts.
 * What is asked of an application that is being stopped is put off until it has.
 *
 * Stop      of the system: one application at a time, the one started last first. One that is starting has
 *           its place in that order: its master is told at once, and obeys when its start has returned.
 * Failure   that brings the system down: the same, then a line on standard error, and cop_stop(1). The
 *           controller stays and refuses to start anything, since the system takes a while to end.
 */
#include "otp/application.h"

#include <stdio.h>

#include <coppice/memory.h>
#include <coppice/report.h>
#include <coppice/text.h>
#include <coppice/timer.h>

#include "coppice-config.h"

/* ---- start ---- */

/* Coppice itself: it runs always, and its env is ours. */
static void load_coppice(struct controller *c)
{
        struct loaded *coppice;

        cop__controller_load(c, cop_build("{application, coppice, [{description, D}, {vsn, V}]}",
                                          cop__characters("Erlang/OTP's supervision for C"),
                                          cop__characters(COP_VERSION)));
        coppice = cop__loaded_find(c, cop_atom("coppice"));
        coppice->stage = RUNNING;
        coppice->type = cop_atom("permanent");
        coppice->number = ++c->starts;
}

/* The argument is [], or {OfFile, OfCommandLine}: maps {Name, Key} => Value. */
static cop_next init(struct controller *c, cop_term argument)
{
        cop_term file = cop_build("#{}"), line = file;

        cop_trap_exits(true);
        cop_match(argument, "{File, Line}", &file, &line);
        c->applications = cop_table_new();
        c->env = cop_table_new();
        c->settings[FROM_FILE] = cop_keep(file);
        c->settings[FROM_COMMAND_LINE] = cop_keep(line);
        c->persistent = cop_keep(cop_build("#{}"));
        c->stoppers = cop_nil();
        c->failure = COP_NONE;
        load_coppice(c);
        return cop_ok();
}

/* ---- reports, in OTP's shapes ---- */

static void report_started(const struct loaded *a)
{
        cop_report(COP_LEVEL_INFO,
                   "#{label => {application_controller, progress},"
                   "  report => [{application, Name}, {started_at, nonode@nohost}]}",
                   a->name);
}

static void report_exited(const struct loaded *a, cop_term reason)
{
        cop_report(COP_LEVEL_NOTICE,
                   "#{label => {application_controller, exit},"
                   "  report => [{application, Name}, {exited, Reason}, {type, Type}]}",
                   a->name, reason, a->type);
}

/* ---- answers that come later ---- */

static void wait_for(cop_term *list, cop_from from)
{
        cop_replace(list, cop_cons(cop_from_term(from), *list));
}

static void answer_all(cop_term *list, cop_term answer)
{
        COP_EACH (from, cop_reverse(*list))
                cop_answer_term(cop_to_from(from), answer);
        cop_replace(list, cop_nil());
}

/* ---- the end of the system ---- */

static void now_loaded(struct controller *c, struct loaded *a);

/* {AtMost} ms; COP_FOREVER: as long as it takes. */
static int64_t shutdown_timeout(const struct controller *c)
{
        cop_term limit = cop_table_find(c->env, cop_build("{coppice, shutdown_timeout}"));

        return !cop_is_none(limit) && cop_is_int(limit) ? cop_to_int(limit) : COP_FOREVER;
}

static void tell_to_stop(const struct controller *c, struct loaded *a)
{
        int64_t limit_ms = shutdown_timeout(c);

        a->is_told = true;
        cop__master_stop(a->master);
        if (limit_ms >= 0)
                cop_send_after(limit_ms, cop_self(), "{too_slow, Master}", a->master);
}

static struct loaded *started_last(const struct controller *c)
{
        struct loaded *last = NULL;

        COP_TABLE_EACH(entry, c->applications)
        {
                struct loaded *a = entry.pointer;

                if (a->stage != LOADED && !cop_is(a->name, "coppice") &&
                    (!last || a->number > last->number))
                        last = a;
        }
        return last;
}

static void all_have_stopped(struct controller *c)
{
        answer_all(&c->stoppers, cop_build("ok"));
        if (cop_is_none(c->failure))
                return;
        fprintf(stderr, "coppice: terminated (application_controller) (%s)\n",
                cop_show(c->failure));
        cop_replace(&c->failure, COP_NONE);
        cop_stop(1);
}

static cop_next go_on(const struct controller *c)
{
        return c->is_to_end && !started_last(c) ? cop_end("shutdown") : cop_noreply();
}

static void stop_next(struct controller *c)
{
        struct loaded *a;

        while ((a = started_last(c)) && cop_is_nobody(a->master))
                now_loaded(c, a);
        if (!a)
                all_have_stopped(c);
        else if (!a->is_told)
                tell_to_stop(c, a);
}

static void stop_system(struct controller *c, cop_term failure)
{
        if (c->is_stopping)
                return;
        c->is_stopping = true;
        c->failure = cop_is_none(failure) ? COP_NONE : cop_keep(failure);
        stop_next(c);
}

/* ---- starting ---- */

static bool is_running(const struct controller *c, cop_term name)
{
        struct loaded *a = cop__loaded_find(c, name);

        return a && a->stage == RUNNING;
}

/* Why it cannot be started; COP_NONE: it can. */
static cop_term refusal(const struct controller *c, const struct loaded *a, cop_term name,
                        cop_term type)
{
        cop_term optional;

        if (c->is_stopping)
                return cop_build("{error, terminating}");
        if (!cop_is(type, "permanent") && !cop_is(type, "transient") && !cop_is(type, "temporary"))
                return cop_build("{error, {invalid_restart_type, X}}", type);
        if (!a)
                return cop_build("{error, {not_loaded, Name}}", name);
        if (a->stage == RUNNING)
                return cop_build("{error, {already_started, Name}}", name);
        optional = cop__application_key(a->keys, "optional_applications");
        COP_EACH (dependency, cop__application_key(a->keys, "applications"))
                if (!is_running(c, dependency) && !cop_is_member(dependency, optional))
                        return cop_build("{error, {not_started, Dependency}}", dependency);
        return COP_NONE;
}

static void now_running(struct loaded *a)
{
        a->stage = RUNNING;
        report_started(a);
        answer_all(&a->waiting, cop_build("ok"));
}

static void start(struct controller *c, cop_term name, cop_term type, cop_from from)
{
        struct loaded *a = cop__loaded_find(c, name);
        cop_term wrong;

        if (a && a->stage == STARTING) {
                wait_for(&a->waiting, from);
                return;
        }
        wrong = refusal(c, a, name, type);
        if (!cop_is_none(wrong)) {
                cop_answer_term(from, wrong);
                return;
        }
        wait_for(&a->waiting, from);
        a->type = type;
        a->number = ++c->starts;
        a->is_told = false;
        if (cop_is_nil(cop__application_key(a->keys, "mod"))) {
                now_running(a);
                return;
        }
        a->stage = STARTING;
        a->master = cop__master_start(a);
}

/* Was it exit(normal)? */
static bool is_normal_failure(cop_term reason)
{
        return cop_match(reason, "{{'EXIT', normal}, _}");
}

static void fail_start(struct controller *c, struct loaded *a, cop_term reason)
{
        bool is_harmless = cop_is(a->type, "temporary") ||
                           (cop_is(a->type, "transient") && is_normal_failure(reason));

        a->master = (cop_pid){ 0 };
        report_exited(a, reason);
        answer_all(&a->waiting, cop_build("{error, Reason}", reason));
        now_loaded(c, a);
        if (c->is_stopping)
                stop_next(c);
        else if (!is_harmless)
                stop_system(
                        c, cop_build("{application_start_failure, Name, Reason}", a->name, reason));
}

/* ---- stopping ---- */

static void stop(struct controller *c, cop_term name, cop_from from)
{
        struct loaded *a = cop__loaded_find(c, name);

        if (!a || a->stage != RUNNING || cop_is(name, "coppice")) {
                cop_answer(from, "{error, {not_started, Name}}", name);
                return;
        }
        a->stage = STOPPING;
        wait_for(&a->waiting, from);
        if (!cop_is_nobody(a->master)) {
                a->is_told = true;
                cop__master_stop(a->master);
                return;
        }
        report_exited(a, cop_build("stopped"));
        now_loaded(c, a);
}

static void serve(struct controller *c, cop_term request, cop_from from);

/* It does not run any more, however that came. */
static void now_loaded(struct controller *c, struct loaded *a)
{
        cop_term deferred = a->deferred, request, from;

        a->stage = LOADED;
        a->master = a->top = (cop_pid){ 0 };
        a->deferred = cop_nil();
        answer_all(&a->waiting, cop_build("ok"));
        COP_EACH (one, cop_reverse(deferred))
                if (cop_match(one, "{Request, From}", &request, &from))
                        serve(c, request, cop_to_from(from));
        cop_release(deferred);
}

/* Its master has ended. */
static void ended(struct controller *c, struct loaded *a, cop_term reason)
{
        bool was_stopped = a->is_told;
        bool is_harmless = was_stopped || cop_is(a->type, "temporary") ||
                           (cop_is(a->type, "transient") && cop_is(reason, "normal"));

        if (a->stage == STARTING) {
                fail_start(c, a, reason);
                return;
        }
        if (!was_stopped)
                report_exited(a, reason);
        else if (!c->is_stopping)
                report_exited(a, cop_build("stopped"));
        now_loaded(c, a);
        if (c->is_stopping)
                stop_next(c);
        else if (!is_harmless)
                stop_system(c,
                            cop_build("{application_terminated, Name, Reason}", a->name, reason));
}

/* ---- looking ---- */

static cop_term show(const struct loaded *a)
{
        return cop_build("{Name, Description, Vsn}", a->name,
                         cop__application_key(a->keys, "description"),
                         cop__application_key(a->keys, "vsn"));
}

static cop_term loaded_list(const struct controller *c)
{
        cop_term list = cop_nil();

        COP_TABLE_EACH(entry, c->applications)
        list = cop_cons(show(entry.pointer), list);
        return cop_sort(list);
}

static cop_term running_list(const struct controller *c)
{
        cop_term list = cop_nil(), shown = cop_nil();

        COP_TABLE_EACH(entry, c->applications)
        {
                struct loaded *a = entry.pointer;

                if (a->stage == RUNNING)
                        list = cop_cons(cop_build("{N, A}", a->number, show(a)), list);
        }
        COP_EACH (pair, cop_sort(list))
                shown = cop_cons(cop_element(pair, 1), shown);
        return shown;
}

static cop_term of_leader(const struct controller *c, cop_term leader)
{
        COP_TABLE_EACH(entry, c->applications)
        {
                struct loaded *a = entry.pointer;

                if (!cop_is_nobody(a->master) && cop_equal(cop_pid_term(a->master), leader))
                        return cop_build("{ok, Name}", a->name);
        }
        return cop_build("undefined");
}

static cop_term look(const struct controller *c, cop_term request)
{
        const struct loaded *a;
        cop_term part;

        if (cop_match(request, "which"))
                return running_list(c);
        if (cop_match(request, "loaded"))
                return loaded_list(c);
        if (cop_match(request, "{is_running, Name}", &part))
                return cop_bool(is_running(c, part));
        if (cop_match(request, "{led_by, Leader}", &part))
                return of_leader(c, part);
        if (cop_match(request, "{keys, Name}", &part)) {
                a = cop__loaded_find(c, part);
                return a ? cop_build("{ok, Keys}", a->keys) : cop_build("undefined");
        }
        if (cop_match(request, "{supervisor, Name}", &part)) {
                a = cop__loaded_find(c, part);
                return a && a->stage == RUNNING && !cop_is_nobody(a->top)
                               ? cop_build("{ok, Pid}", a->top)
                               : cop_build("undefined");
        }
        return COP_NONE;
}

/* ---- requests ---- */

/* Puts it off if it is about an application that is being stopped. */
static bool defer(struct controller *c, cop_term request, cop_term name, cop_from from)
{
        struct loaded *a = cop__loaded_find(c, name);

        if (!a || a->stage != STOPPING)
                return false;
        cop_replace(
                &a->deferred,
                cop_cons(cop_build("{Request, From}", request, cop_from_term(from)), a->deferred));
        return true;
}

static void stop_all(struct controller *c, cop_from from)
{
        wait_for(&c->stoppers, from);
        if (c->is_stopping)
                stop_next(c);
        else
                stop_system(c, COP_NONE);
}

static void serve(struct controller *c, cop_term request, cop_from from)
{
        cop_term name, type, answer;

        if (cop_match(request, "{start, Name, Type}", &name, &type)) {
                if (!defer(c, request, name, from))
                        start(c, name, type, from);
        } else if (cop_match(request, "{stop, Name}", &name)) {
                if (!defer(c, request, name, from))
                        stop(c, name, from);
        } else if (cop_match(request, "{unload, Name}", &name)) {
                if (!defer(c, request, name, from))
                        cop_answer_term(from, cop__controller_unload(c, name));
        } else if (cop_match(request, "{load, What}", &name)) {
                cop_answer_term(from, cop__controller_load(c, name));
        } else if (cop_is(request, "stop_all")) {
                stop_all(c, from);
        } else {
                answer = look(c, request);
                cop_answer_term(from,
                                cop_is_none(answer) ? cop__controller_env(c, request) : answer);
        }
}

static cop_next handle_call(struct controller *c, cop_term request, cop_from from)
{
        serve(c, request, from);
        return cop_noreply();
}

/* From masters. One that has gone meanwhile is not believed. */
static cop_next handle_cast(struct controller *c, cop_term request)
{
        cop_term name, reason = COP_NONE;
        cop_pid master, top = { 0 };
        struct loaded *a;

        if (!cop_match(request, "{started, Name, Master, Top}", &name, &master, &top) &&
            !cop_match(request, "{start_failed, Name, Master, Reason}", &name, &master, &reason))
                return cop_no_clause();
        a = cop__loaded_find(c, name);
        if (!a || a->stage != STARTING || !cop_same(a->master, master))
                return cop_noreply();
        if (cop_is_none(reason)) {
                a->top = top;
                now_running(a);
        } else {
                fail_start(c, a, reason);
        }
        return go_on(c);
}

static struct loaded *find_master(const struct controller *c, cop_pid master)
{
        COP_TABLE_EACH(entry, c->applications)
        {
                struct loaded *a = entry.pointer;

                if (cop_same(a->master, master))
                        return a;
        }
        return NULL;
}

/* The runtime ends, and has told everybody so at once: what can be done in order is. */
static void end(struct controller *c)
{
        c->is_to_end = true;
        stop_system(c, COP_NONE);
}

static cop_next handle_info(struct controller *c, cop_term message)
{
        struct loaded *a;
        cop_term reason;
        cop_pid pid;

        if (cop_match(message, "{'EXIT', Pid, Reason}", &pid, &reason)) {
                a = find_master(c, pid);
                if (a)
                        ended(c, a, reason);
                else if (cop_is(reason, "shutdown"))
                        end(c);
        } else if (cop_match(message, "{'EXIT', _, shutdown}")) {
                end(c);
        } else if (cop_match(message, "{too_slow, Pid}", &pid)) {
                if (find_master(c, pid))
                        cop__master_kill(pid);
        }
        return go_on(c);
}

static cop_term show_state(struct controller *c)
{
        return cop_build("#{running => Running, loaded => Loaded, stopping => Stopping}",
                         running_list(c), loaded_list(c), cop_bool(c->is_stopping));
}

COP_DECLARE(cop_application_controller);
COP_SERVER(cop_application_controller, struct controller, .init = init, .handle_call = handle_call,
           .handle_cast = handle_cast, .handle_info = handle_info, .show = show_state);
