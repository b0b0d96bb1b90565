/*
 * APP: applications: load, start, stop, and what the end of one means for the others.
 *
 * The application script is the callbacks of all that are loaded here; the argument of its start says what
 * it does:
 *
 *     {up, Id}            an actor that traps exits is the top process
 *     {up, Id, State}     the same, with a state
 *     {stray, Id}         the same, and another process that belongs to nobody
 *     {sleep, Ms, What}   waits before that
 *     {return, X}  {exit, R}  {error, E}  {throw, V}
 *
 * It tells the test {phase, Phase, X}, {prep_stop, State} and {stop, State}.
 */
#include <coppice/application.h>

#include <stdio.h>
#include <string.h>

#include "support/actor.h"
#include "support/valgrind.h"

static void tell(cop_term what)
{
        if (!cop_is_nobody(cop_whereis("test")))
                cop_send_term(cop_whereis("test"), what);
}

static void be_stray(cop_term nothing)
{
        cop_trap_exits(true);
        cop_register("stray", cop_self());
        for (;;)
                cop_next_message();
}

static void fault(void)
{
        int *volatile nowhere = (int *)(uintptr_t)64;

        *nowhere = 1;
}

static cop_term act(cop_term what)
{
        cop_term part, id, state;
        int64_t ms;

        if (cop_match(what, "{up, Id}", &id) || cop_match(what, "{stray, Id}", &id)) {
                if (cop_match(what, "{stray, _}")) {
                        cop_spawn(be_stray, cop_nil());
                        while (cop_is_nobody(cop_whereis("stray")))
                                cop_sleep(1);
                }
                return cop_server_try_start_link(actor, cop_build("#{id => Id, trap => true}", id));
        }
        if (cop_match(what, "{up, Id, State}", &id, &state)) {
                part = act(cop_build("{up, Id}", id));
                return cop_build("{ok, Pid, State}", cop_element(part, 1), state);
        }
        if (cop_match(what, "{sleep, Ms, What}", &ms, &part)) {
                cop_sleep(ms);
                return act(part);
        }
        if (cop_match(what, "{return, X}", &part))
                return part;
        if (cop_match(what, "{exit, R}", &part))
                cop_exit_term(part);
        if (cop_match(what, "{error, E}", &part))
                cop_error("E", part);
        if (cop_match(what, "{throw, V}", &part))
                cop_throw_term(part);
        fault();
        return cop_nil();
}

static cop_term start(cop_term type, cop_term argument)
{
        cop_assert(cop_is(type, "normal"));
        return act(argument);
}

static cop_term start_phase(cop_term phase, cop_term type, cop_term argument)
{
        tell(cop_build("{phase, Phase, X}", phase, argument));
        return cop_is_nil(argument) ? cop_build("ok") : act(argument);
}

static cop_term prep_stop(cop_term state)
{
        tell(cop_build("{prep_stop, State}", state));
        if (cop_is(state, "fails"))
                cop_error("oops");
        return cop_build("{ready, State}", state);
}

static void stop(cop_term state)
{
        tell(cop_build("{stop, State}", state));
}

COP_APPLICATION(script, .start = { .fn = start }, .start_phase = start_phase, .prep_stop = prep_stop,
                .stop = stop);

COP_SUPERVISOR(garden_supervisor, .strategy = COP_ONE_FOR_ONE, .intensity = 1,
               .children = COP_CHILDREN(COP_WORKER(actor, "#{id => g, trap => true}",
                                                   .name = "gardener")));
COP_APPLICATION(garden, .description = "gr\u00fcn", .vsn = "1.2", .env = "[{size, 3}, {colour, green}]",
                .applications = "[library]", .start = COP_ROOT(garden_supervisor));
COP_APPLICATION(library, .vsn = "0.1");

static void begin(void)
{
        actors_begin();
        cop_set_report_level(COP_LEVEL_NOTICE);
}

/* {application, Name, ...} whose start does this. */
#define load(name, ...) load_with((name), cop_build(__VA_ARGS__), cop_nil())

static cop_term resource(const char *name, cop_term argument, cop_term more)
{
        return cop_build("{application, Name, [{vsn, \"1\"}, {mod, {script, Argument}} | More]}",
                         cop_atom(name), argument, more);
}

static void load_with(const char *name, cop_term argument, cop_term more)
{
        cop_assert_term(cop_application_load_term(resource(name, argument, more)), "ok");
}

static void starts(const char *name)
{
        cop_assert_term(cop_application_start(name, COP_TEMPORARY), "ok");
}

static cop_term names_of(cop_term list)
{
        cop_term names = cop_nil();

        COP_EACH (one, list)
                names = cop_cons(cop_element(one, 0), names);
        return cop_reverse(names);
}

static cop_term running(void)
{
        return names_of(cop_which_applications());
}

/* ---- load ---- */

COP_TEST(APP_1, "load reads a resource: unknown, malformed and loaded ones are errors")
{
        static const struct {
                const char *resource, *result;
        } cases[] = {
                { "{application, b}", "{error, {bad_application, {application, b}}}" },
                { "{application, 1, []}", "{error, {bad_application, {application, 1, []}}}" },
                { "{foo, b, []}", "{error, {bad_application, {foo, b, []}}}" },
                { "1", "{error, {bad_application, 1}}" },
                { "{application, b, foo}", "{error, {invalid_options, foo}}" },
                { "{application, b, [{mod, foo}]}", "{error, {badstartspec, foo}}" },
                { "{application, b, [{mod, {x, y, z}}]}", "{error, {badstartspec, {x, y, z}}}" },
                { "{application, b, [{env, [foo]}]}", "{error, {invalid_options, {env, [foo]}}}" },
                { "{application, b, [{applications, x}]}",
                  "{error, {invalid_options, {applications, x}}}" },
                { "{application, b, [{included_applications, [nowhere]}]}",
                  "{error, {\"no such file or directory\", \"nowhere.app\"}}" },
                { "{application, b, [{nothing, 1}, foo]}", "ok" },
                { "{application, b, []}", "{error, {already_loaded, {application, b, []}}}" },
                { "b", "{error, {already_loaded, b}}" },
                { "nowhere", "{error, {\"no such file or directory\", \"nowhere.app\"}}" },
        };
        size_t i;

        for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                cop_assert_equal(cop_application_load_term(cop_read(cases[i].resource)),
                                 cop_read(cases[i].result));
        cop_assert_term(cop_application_load("script"), "ok");
        cop_assert_term(cop_application_load("script"), "{error, {already_loaded, script}}");
        cop_assert_term(names_of(cop_loaded_applications()), "[b, coppice, script]");
        cop_assert_term(cop_application_get_all_key("b"),
                        "{ok, [{description, []}, {id, []}, {vsn, []}, {modules, []},"
                        " {maxP, infinity}, {maxT, infinity}, {registered, []},"
                        " {included_applications, []}, {optional_applications, []},"
                        " {applications, []}, {env, []}, {mod, []}, {start_phases, undefined}]}");
}

COP_TEST(APP_1_program, "an application of the program has what is written there, and its modules")
{
        cop_term description = cop_build("[$g, $r, 252, $n]");

        cop_assert_term(cop_application_load("garden"), "ok");
        cop_assert_term(cop_application_get_key("garden", "vsn"), "{ok, \"1.2\"}");
        cop_assert_term(cop_application_get_key("garden", "description"), "{ok, D}", description);
        cop_assert_term(cop_application_get_key("garden", "modules"), "{ok, [garden_supervisor]}");
        cop_assert_term(cop_application_get_key("garden", "applications"),
                        "{ok, [coppice, library]}");
        cop_assert_term(cop_application_get_key("garden", "mod"), "{ok, {garden, []}}");
        cop_assert_term(cop_application_get_key("garden", "nothing"), "undefined");
        cop_assert_term(cop_application_get_key("nothing", "vsn"), "undefined");
}

COP_TEST(APP_1_included, "what an application includes is loaded and unloaded with it")
{
        cop_assert_term(cop_application_load_term(cop_build(
                                "{application, a, [{included_applications, [library]}]}")),
                        "ok");
        cop_assert_term(names_of(cop_loaded_applications()), "[a, coppice, library]");
        cop_assert_term(cop_application_unload("a"), "ok");
        cop_assert_term(names_of(cop_loaded_applications()), "[coppice]");
}

/* ---- start ---- */

COP_TEST(APP_2, "start loads, and refuses: dependencies, one that runs, a bad type")
{
        begin();
        cop_assert_term(cop_application_start("garden", COP_TEMPORARY),
                        "{error, {not_started, library}}");
        cop_assert_term(names_of(cop_loaded_applications()), "[coppice, garden]");
        cop_assert_term(running(), "[coppice]");
        cop_assert_term(cop_application_start("library", (enum cop_restart)7),
                        "{error, {invalid_restart_type, 7}}");
        starts("library");
        starts("garden");
        cop_assert_term(cop_application_start("garden", COP_PERMANENT),
                        "{error, {already_started, garden}}");
        cop_assert_term(cop_application_ensure_started("garden", COP_PERMANENT), "ok");
        cop_assert_term(running(), "[garden, library, coppice]");
        cop_assert_term(cop_application_start("nowhere", COP_TEMPORARY),
                        "{error, {\"no such file or directory\", \"nowhere.app\"}}");
        cop_assert_match(cop_which_applications(),
                         "[{garden, [$g, $r, 252, $n], \"1.2\"}, {library, [], \"0.1\"}, _]");
}

COP_TEST(APP_3, "ensure_all_started starts what is missing first, and undoes it where one fails")
{
        begin();
        cop_assert_term(cop_application_ensure_all_started("garden", COP_TEMPORARY),
                        "{ok, [library, garden]}");
        cop_assert_term(cop_application_ensure_all_started("garden", COP_TEMPORARY), "{ok, []}");
        load_with("d", cop_build("{up, d}"),
                  cop_build("[{applications, [e, nowhere]}, {optional_applications, [nowhere]}]"));
        load("e", "{up, e}");
        load_with("f", cop_build("{return, {error, no}}"), cop_build("[{applications, [d]}]"));
        cop_assert_term(cop_application_ensure_all_started("f", COP_TEMPORARY),
                        "{error, {f, {no, {script, start, [normal, {return, {error, no}}]}}}}");
        cop_assert_term(running(), "[garden, library, coppice]");
        cop_assert_term(cop_application_ensure_all_started("d", COP_TEMPORARY), "{ok, [e, d]}");
        cop_assert_term(cop_application_ensure_all_started("nowhere", COP_TEMPORARY),
                        "{error, {nowhere, {\"no such file or directory\", \"nowhere.app\"}}}");
}

COP_TEST(APP_3_circle, "applications that depend on each other are an error, and not a hang")
{
        load_with("a", cop_build("{up, a}"), cop_build("[{applications, [b]}]"));
        load_with("b", cop_build("{up, b}"), cop_build("[{applications, [a]}]"));
        cop_assert_term(cop_application_ensure_all_started("a", COP_TEMPORARY),
                        "{error, {a, {circular_dependency, [a, b, a]}}}");
        cop_assert_term(cop_application_start("a", COP_TEMPORARY), "{error, {not_started, b}}");
}

COP_TEST(APP_4, "a library starts without a process, and stops")
{
        size_t before;

        begin();
        cop_application_load("library");
        before = cop_process_count();
        starts("library");
        cop_assert_equal(cop_process_count(), before);
        cop_assert_term(cop_application_supervisor("library"), "undefined");
        cop_assert_term(cop_application_stop("library"), "ok");
        cop_assert_term(messages(), "[{exited, library, stopped, temporary}]");
}

COP_TEST(APP_5, "the master leads the group of all below it; a helper is linked to the top process")
{
        cop_pid top, master = { 0 }, helper, gardener;
        cop_term links = cop_nil();

        begin();
        starts("library");
        starts("garden");
        cop_assert_match(cop_application_supervisor("garden"), "{ok, Pid}", &top);
        gardener = cop_whereis("gardener");
        master = cop_to_pid(cop_process_info(top, "group_leader"));
        cop_assert(cop_same(master, cop_to_pid(cop_process_info(gardener, "group_leader"))));
        cop_assert(cop_same(master, cop_to_pid(cop_process_info(master, "group_leader"))));
        cop_assert_term(cop_application_of(gardener), "{ok, garden}");
        cop_assert_term(cop_application_of(cop_self()), "undefined");
        links = cop_process_info(master, "links");
        cop_assert_equal(cop_length(links), 2); /* the controller and the helper */
        helper = cop_to_pid(cop_head(links));
        if (cop_same(helper, cop_whereis("application_controller")))
                helper = cop_to_pid(cop_head(cop_tail(links)));
        cop_assert(cop_is_member(cop_pid_term(helper), cop_process_info(top, "links")));
        cop_assert(!cop_is_member(cop_pid_term(master), cop_process_info(top, "links")));
}

COP_TEST(APP_6, "how a start can fail, in OTP's words")
{
        static const struct {
                const char *what, *reason;
        } cases[] = {
                { "{return, {error, no}}", "{no, Call}" },
                { "{return, foo}", "{bad_return, {Call, foo}}" },
                { "{return, ignore}", "{bad_return, {Call, ignore}}" },
                { "{exit, normal}", "{{'EXIT', normal}, Call}" },
                { "{exit, foo}", "{bad_return, {Call, {'EXIT', foo}}}" },
                { "{throw, foo}", "{bad_return, {Call, foo}}" },
                { "{throw, {error, no}}", "{no, Call}" },
        };
        cop_term stack;
        size_t i;

        begin();
        for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char expected[256];

                load("a", "X", cop_read(cases[i].what));
                snprintf(expected, sizeof(expected), "%s", cases[i].reason);
                *strstr(expected, "Call") = '\0';
                snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected),
                         "{script, start, [normal, %s]}%s", cases[i].what,
                         strstr(cases[i].reason, "Call") + 4);
                cop_assert_term(cop_application_start("a", COP_TEMPORARY), "{error, R}",
                                cop_read(expected));
                cop_assert_term(messages(), "[{exited, a, R, temporary}]", cop_read(expected));
                cop_assert_term(cop_application_unload("a"), "ok");
        }
        load("a", "{error, foo}");
        cop_assert_match(cop_application_start("a", COP_TEMPORARY),
                         "{error, {bad_return, {{script, start, [normal, {error, foo}]},"
                         "  {'EXIT', {foo, Stack}}}}}",
                         &stack);
        cop_assert_term(
                cop_application_load_term(cop_build("{application, b, [{mod, {nothing, []}}]}")),
                "ok");
        cop_assert_match(cop_application_start("b", COP_TEMPORARY),
                         "{error, {bad_return, {{nothing, start, [normal, []]},"
                         "  {'EXIT', {undef, [{nothing, start, [normal, []], []}]}}}}}");
}

COP_TEST(APP_6_group, "a start that fails leaves no process, and a fault in it is a failure")
{
        size_t before;

        will_fault();
        begin();
        load("a", "fault");
        before = cop_process_count();
        cop_assert_match(cop_application_start("a", COP_TEMPORARY), "{error, {segv, _}}");
        cop_assert_match(messages(),
                         "[{crash_report, {segv, _}}, {exited, a, {segv, _}, temporary}]");
        cop_assert_equal(cop_process_count(), before);
        load("b", "{sleep, 1, {exit, {stray, b}}}");
        cop_assert_match(cop_application_start("b", COP_TEMPORARY), "{error, {bad_return, _}}");
        cop_assert(cop_system_quiet(5000));
        cop_assert_equal(cop_process_count(), before);
}

/* ---- what the end of one means ---- */

/* Whether the system is being stopped: then nothing can be started any more. */
static bool goes_down(void)
{
        cop_system_quiet(5000);
        return cop_equal(cop_application_start("library", COP_TEMPORARY),
                         cop_build("{error, terminating}"));
}

static void new_system(void)
{
        cop_pid controller = cop_whereis("application_controller");

        cop_kill(controller);
        reason_of(controller);
        messages();
}

COP_TEST(APP_7,
         "a start that fails: temporary harmless, transient unless exit(normal), permanent never")
{
        static const struct {
                const char *what;
                enum cop_restart type;
                bool down;
        } cases[] = {
                { "{exit, normal}", COP_TEMPORARY, false },
                { "{return, {error, x}}", COP_TEMPORARY, false },
                { "{exit, normal}", COP_TRANSIENT, false },
                { "{return, {error, x}}", COP_TRANSIENT, true },
                { "{exit, normal}", COP_PERMANENT, true },
                { "{return, {error, x}}", COP_PERMANENT, true },
        };
        cop_term reason = cop_nil();
        size_t i;

        begin();
        for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                load("a", "X", cop_read(cases[i].what));
                cop_assert_match(cop_application_start("a", cases[i].type), "{error, R}", &reason);
                cop_assert_term(messages(), "[{exited, a, R, Type}]", reason,
                                cop_atom(cases[i].type == COP_TEMPORARY   ? "temporary"
                                         : cases[i].type == COP_TRANSIENT ? "transient"
                                                                          : "permanent"));
                cop_assert_equal(goes_down(), cases[i].down);
                new_system();
        }
}

COP_TEST(APP_8, "the top process ends: the table of restart types and reasons")
{
        static const struct {
                enum cop_restart type;
                const char *reason;
                bool down;
        } cases[] = {
                { COP_TEMPORARY, "normal", false },  { COP_TEMPORARY, "shutdown", false },
                { COP_TEMPORARY, "boom", false },    { COP_TRANSIENT, "normal", false },
                { COP_TRANSIENT, "shutdown", true }, { COP_TRANSIENT, "boom", true },
                { COP_PERMANENT, "normal", true },   { COP_PERMANENT, "shutdown", true },
                { COP_PERMANENT, "boom", true },
        };
        cop_term type = cop_nil();
        cop_pid top;
        size_t i;

        begin();
        for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                load("a", "{up, a}");
                load("b", "{up, b}");
                cop_assert_term(cop_application_start("a", cases[i].type), "ok");
                starts("b");
                messages();
                cop_assert_match(cop_application_supervisor("a"), "{ok, Pid}", &top);
                cop_set_report_level(COP_LEVEL_EMERGENCY);
                actor_do(top, "{stop, R}", cop_atom(cases[i].reason));
                cop_set_report_level(COP_LEVEL_NOTICE);
                cop_assert_equal(goes_down(), cases[i].down);
                cop_assert_equal(running(),
                                 cop_read(cases[i].down ? "[coppice]" : "[library, b, coppice]"));
                type = messages();
                cop_assert_match(cop_head(type), "{terminate, a, _}");
                new_system();
        }
}

COP_TEST(APP_9, "the system goes down: the others are stopped, the newest first; status 1")
{
        cop_pid top;

        begin();
        load("a", "{up, a}");
        load("b", "{up, b}");
        load("c", "{up, c}");
        starts("a");
        cop_assert_term(cop_application_start("b", COP_PERMANENT), "ok");
        starts("c");
        messages();
        cop_assert_match(cop_application_supervisor("b"), "{ok, Pid}", &top);
        actor_do(top, "{stop, shutdown}");
        cop_assert_term(messages(),
                        "[{terminate, b, shutdown}, {prep_stop, []}, {stop, {ready, []}},"
                        " {exited, b, shutdown, permanent},"
                        " {prep_stop, []}, {terminate, c, shutdown}, {stop, {ready, []}},"
                        " {prep_stop, []}, {terminate, a, shutdown}, {stop, {ready, []}}]");
        cop_assert_term(running(), "[coppice]");
}

COP_TEST(APP_9_timeout, "one that takes longer than shutdown_timeout is killed")
{
        int64_t begun;

        begin();
        load("a", "{up, a}");
        starts("a");
        cop_application_set_env("coppice", "shutdown_timeout", 50);
        cop_assert_term(
                cop_application_load_term(resource("b", cop_build("{stray, b}"), cop_nil())), "ok");
        starts("b");
        cop_call(cop_to_pid(cop_element(cop_application_supervisor("b"), 1)), "{do, {reply, ok}}");
        cop_cast(cop_to_pid(cop_element(cop_application_supervisor("b"), 1)),
                 "{do, {sleep, 3600000, ok}}");
        begun = cop_now_ms();
        cop_applications_stop();
        cop_assert(cop_now_ms() - begun < 3600000);
        cop_assert_term(running(), "[coppice]");
        cop_assert(cop_is_nobody(cop_whereis("stray")));
}

COP_TEST(APP_10, "the end of an application is one notice")
{
        cop_pid top;

        begin();
        load("a", "{up, a}");
        starts("a");
        cop_assert_term(cop_application_stop("a"), "ok");
        cop_assert_term(
                messages(),
                "[{init, a}, {prep_stop, []}, {terminate, a, shutdown}, {stop, {ready, []}},"
                " {exited, a, stopped, temporary}]");
        cop_assert_term(cop_application_start("a", COP_TRANSIENT), "ok");
        cop_assert_match(cop_application_supervisor("a"), "{ok, Pid}", &top);
        actor_do(top, "{stop, normal}");
        cop_assert_term(messages(),
                        "[{init, a}, {terminate, a, normal}, {prep_stop, []}, {stop, {ready, []}},"
                        " {exited, a, normal, transient}]");
}

COP_TEST(APP_11, "stop: prep_stop, the tree, stop, and then whatever is left is killed")
{
        size_t before;

        begin();
        load("a", "{stray, a}");
        before = cop_process_count();
        starts("a");
        cop_assert(!cop_is_nobody(cop_whereis("stray")));
        messages();
        cop_assert_term(cop_application_stop("a"), "ok");
        cop_assert(cop_is_nobody(cop_whereis("stray")));
        cop_assert(cop_system_quiet(5000));
        cop_assert_equal(cop_process_count(), before);
        cop_assert_term(messages(),
                        "[{prep_stop, []}, {terminate, a, shutdown}, {stop, {ready, []}},"
                        " {exited, a, stopped, temporary}]");
        cop_assert_term(cop_application_stop("a"), "{error, {not_started, a}}");
        starts("a");
        cop_assert_term(running(), "[a, coppice]");
}

static void stop_a(cop_term test)
{
        cop_send(cop_to_pid(test), "{stopped, R}", cop_application_stop("a"));
}

COP_TEST(APP_11_waits, "a stop waits as long as it takes; meanwhile the controller serves others")
{
        cop_pid top;

        begin();
        cop_assert_term(cop_application_load_term(resource(
                                "a", cop_build("{return, {ok, P}}", cop_self()), cop_nil())),
                        "ok");
        cop_trap_exits(true);
        starts("a");
        cop_assert_match(cop_application_supervisor("a"), "{ok, Pid}", &top);
        cop_assert(cop_same(top, cop_self()));
        cop_spawn(stop_a, cop_pid_term(cop_self()));
        cop_assert(cop_receive(5000, "{'EXIT', _, shutdown}"));
        cop_assert_term(running(), "[coppice]");
        starts("library");
        cop_assert_term(messages(), "[{prep_stop, []}]");
}

COP_TEST(APP_11_start_again, "a start of one that is being stopped waits, and starts it")
{
        int i;

        begin();
        load("a", "{up, a}");
        for (i = 0; i < world_times(); i++) {
                starts("a");
                cop_spawn(stop_a, cop_pid_term(cop_self()));
                while (!cop_equal(cop_application_start("a", COP_TEMPORARY), cop_build("ok")))
                        cop_yield();
                cop_assert(cop_receive(5000, "{stopped, ok}"));
                cop_assert_term(cop_application_stop("a"), "ok");
        }
}

COP_TEST(APP_12, "prep_stop and stop are called when the top process ended by itself, too")
{
        cop_pid top;

        begin();
        load("a", "{up, a, mine}");
        starts("a");
        messages();
        cop_assert_match(cop_application_supervisor("a"), "{ok, Pid}", &top);
        cop_kill(top);
        cop_assert_term(messages(), "[{prep_stop, mine}, {stop, {ready, mine}},"
                                    " {exited, a, killed, temporary}]");
        load("b", "{up, b, fails}");
        starts("b");
        messages();
        cop_set_report_level(COP_LEVEL_EMERGENCY);
        cop_assert_term(cop_application_stop("b"), "ok");
        cop_assert_term(messages(),
                        "[{prep_stop, fails}, {terminate, b, shutdown}, {stop, fails}]");
}

COP_TEST(APP_13, "what depends on an application that is stopped goes on")
{
        begin();
        cop_application_ensure_all_started("garden", COP_TEMPORARY);
        cop_assert_term(cop_application_stop("library"), "ok");
        cop_assert_term(running(), "[garden, coppice]");
}

COP_TEST(APP_14, "phases run in order after the start; one that fails makes the start fail")
{
        static const struct {
                const char *what, *reason;
        } cases[] = {
                { "{return, {error, no}}", "{no, Call}" },
                { "{return, foo}", "{bad_return_value, {Call, foo}}" },
                { "{exit, foo}", "{bad_return_value, {Call, {'EXIT', foo}}}" },
        };
        cop_term call, what;
        size_t i;

        begin();
        load_with("a", cop_build("{up, a}"), cop_build("[{start_phases, [{one, []}, {two, []}]}]"));
        starts("a");
        cop_assert_term(messages(), "[{init, a}, {phase, one, []}, {phase, two, []}]");
        for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                what = cop_read(cases[i].what);
                load_with("b", cop_build("{up, b}"),
                          cop_build("[{start_phases, [{one, What}, {two, []}]}]", what));
                call = cop_build("{script, start_phase, [one, normal, What]}", what);
                if (i == 0)
                        cop_assert_term(cop_application_start("b", COP_TEMPORARY),
                                        "{error, {no, Call}}", call);
                else
                        cop_assert_match(cop_application_start("b", COP_TEMPORARY),
                                         "{error, {bad_return_value, {^Call, _}}}", &call);
                cop_assert_match(messages(),
                                 "[{init, b}, {phase, one, ^What}, {terminate, b, shutdown},"
                                 " {exited, b, _, temporary}]",
                                 &what);
                cop_assert_term(cop_application_unload("b"), "ok");
        }
}

COP_TEST(APP_15, "maxT: after that many ms it is stopped normally")
{
        begin();
        load_with("a", cop_build("{up, a}"), cop_build("[{maxT, 20}]"));
        starts("a");
        cop_assert(cop_receive(5000, "{exited, a, normal, temporary}"));
        cop_assert_term(running(), "[coppice]");
        cop_assert_term(
                messages(),
                "[{init, a}, {prep_stop, []}, {terminate, a, shutdown}, {stop, {ready, []}}]");
}

COP_TEST(APP_16, "the system is stopped: applications in reverse order, and without reports")
{
        begin();
        load("a", "{up, a}");
        load("b", "{up, b}");
        starts("b");
        starts("library");
        starts("a");
        messages();
        cop_applications_stop();
        cop_assert_term(messages(),
                        "[{prep_stop, []}, {terminate, a, shutdown}, {stop, {ready, []}},"
                        " {prep_stop, []}, {terminate, b, shutdown}, {stop, {ready, []}}]");
        cop_assert_term(cop_application_start("a", COP_TEMPORARY), "{error, terminating}");
        cop_applications_stop();
}

COP_TEST(APP_17, "unload: not one that runs, and not one that is not loaded")
{
        begin();
        starts("library");
        cop_assert_term(cop_application_unload("library"), "{error, {running, library}}");
        cop_application_stop("library");
        cop_assert_term(cop_application_unload("library"), "ok");
        cop_assert_term(cop_application_unload("library"), "{error, {not_loaded, library}}");
        cop_assert_term(cop_application_unload("coppice"), "{error, {running, coppice}}");
        cop_assert_term(cop_application_stop("coppice"), "{error, {not_started, coppice}}");
}

COP_TEST(APP_18, "get_env: undefined, the default, or what is set")
{
        cop_assert_term(cop_application_get_env("garden", "size"), "undefined");
        cop_assert_term(cop_application_env("garden", "size", 9), "9");
        cop_application_load("garden");
        cop_assert_term(cop_application_get_env("garden", "size"), "{ok, 3}");
        cop_assert_term(cop_application_get_env("garden", "nothing"), "undefined");
        cop_assert_term(cop_application_env("garden", "nothing", "text"), "<<\"text\">>");
        cop_application_set_env("garden", "size", 4);
        cop_application_set_env("garden", "colour", cop_build("{light, blue}"), .persistent = true);
        cop_assert_term(cop_application_get_all_env("garden"),
                        "[{colour, {light, blue}}, {size, 4}]");
        cop_application_unset_env("garden", "size");
        cop_assert_term(cop_application_get_env("garden", "size"), "undefined");
        cop_assert_term(cop_application_unload("garden"), "ok");
        cop_assert_term(cop_application_get_all_env("garden"), "[]");
        cop_application_load("garden");
        cop_assert_term(cop_application_get_all_env("garden"),
                        "[{colour, {light, blue}}, {size, 3}]");
}

static void start_slow(cop_term test)
{
        cop_send(cop_to_pid(test), "{slow, R}", cop_application_start("slow", COP_TEMPORARY));
}

COP_TEST(APP_19,
         "an application that is just starting when the system stops is stopped in its order")
{
        begin();
        load("a", "{up, a}");
        load("slow", "{sleep, 100, {up, s}}");
        starts("a");
        messages();
        cop_spawn(start_slow, cop_pid_term(cop_self()));
        cop_assert(cop_system_quiet(5000)); /* it sleeps in its start */
        cop_applications_stop();
        cop_assert(cop_receive(5000, "{slow, ok}"));
        cop_assert_term(
                messages(),
                "[{init, s}, {prep_stop, []}, {terminate, s, shutdown}, {stop, {ready, []}},"
                " {prep_stop, []}, {terminate, a, shutdown}, {stop, {ready, []}}]");
}

static void start_and_tell(cop_term test)
{
        cop_send(cop_to_pid(test), "{result, R}", cop_application_start("a", COP_TEMPORARY));
}

COP_TEST(APP_together, "many that start one application at once are all told how it went")
{
        int i, n;

        begin();
        load("a", "{sleep, 5, {up, a}}");
        for (i = 0; i < world_times(); i++) {
                for (n = 0; n < 5; n++)
                        cop_spawn(start_and_tell, cop_pid_term(cop_self()));
                for (n = 0; n < 5; n++)
                        cop_assert(cop_receive(5000, "{result, ok}") ||
                                   cop_receive(0, "{result, {error, {already_started, a}}}"));
                cop_assert_term(cop_application_stop("a"), "ok");
        }
}

COP_TEST(APP_controller, "when the controller dies, the applications end in order")
{
        begin();
        load("a", "{up, a}");
        starts("a");
        messages();
        cop_kill(cop_whereis("application_controller"));
        cop_assert_term(messages(),
                        "[{prep_stop, []}, {terminate, a, shutdown}, {stop, {ready, []}}]");
}
