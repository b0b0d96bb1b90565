/* Servers and supervisors of every form, as C and as C++. */
#include <coppice.h>

struct door {
        int64_t opened;
        double width;
};

static cop_next init(struct door *d, cop_term width)
{
        d->width = cop_to_float(width);
        if (d->width < 0.5)
                return cop_init_error("{too_narrow, W}", d->width);
        if (cop_is_none(width))
                return cop_ignore();
        return cop_then_continue(cop_ok(), "paint");
}

static cop_next handle_call(struct door *d, cop_term request, cop_from from)
{
        if (cop_match(request, "open")) {
                d->opened++;
                return cop_then_timeout(cop_reply(cop_int(d->opened)), 1000);
        }
        if (cop_match(request, "slam"))
                return cop_end_reply(cop_build("bang"), "{shutdown, N}", d->opened);
        if (cop_match(request, "wait")) {
                cop_answer(from, "{waited, N}", d->opened);
                return cop_then_message(cop_noreply(), 50, "{creak, N}", d->opened);
        }
        return cop_no_clause();
}

static cop_next handle_info(struct door *d, cop_term message)
{
        if (cop_match(message, "timeout"))
                d->opened = 0;
        return cop_noreply();
}

static cop_next handle_continue(struct door *d, cop_term what)
{
        return cop_end("normal");
}

static void terminate(struct door *d, cop_term reason)
{
        cop_report(COP_LEVEL_NOTICE, "#{door => closed, reason => R}", reason);
        cop_log_info("closed %d doors, %s", 1, "the front one");
        cop_log_with(COP_LEVEL_ERROR, cop_build("#{reason => R}", reason), "closed");
}

static cop_term show(struct door *d)
{
        return cop_build("#{opened => N}", d->opened);
}

static cop_term hide(struct door *d, cop_term status)
{
        return status;
}

COP_SERVER(door, struct door, .init = init, .handle_call = handle_call, .handle_info = handle_info,
           .handle_continue = handle_continue, .terminate = terminate, .show = show,
           .format_status = hide);

/* A server named like a function of libc, and one with no callbacks at all. */
COP_SERVER(time, int64_t, .init = NULL);

static cop_next begin(struct door *d, struct cop_event *e)
{
        cop_set_timeout(e, "day", 1000, "{over, N}", d->opened);
        return cop_next_state("shut");
}

static cop_next shut(struct door *d, struct cop_event *e)
{
        int64_t n;

        if (cop_on_enter(e, "_") || cop_on_timeout(e, "day", "{over, N}", &n))
                return cop_keep_state();
        if (cop_on_call(e, "{open, N}", &n)) {
                cop_next_event(e, COP_ON_INTERNAL, "{count, N}", n);
                cop_answer(e->from, "ok");
                return cop_next_state("opened");
        }
        cop_postpone(e);
        return cop_repeat_state();
}

static cop_next opened(struct door *d, struct cop_event *e)
{
        if (cop_on_internal(e, "{count, N}", &d->opened))
                cop_set_state_timeout(e, 10, "shut");
        cop_cancel_timeout(e, "day");
        return cop_next_state("shut");
}

static void leave(struct door *d, cop_term state, cop_term reason)
{
        d->opened = 0;
}

COP_STATEM(house_door, struct door, .init = begin, .states = { COP_STATE(shut), COP_STATE(opened) },
           .state_enter = true, .terminate = leave, .show = show, .format_status = hide);
COP_STATEM(any_door, struct door, .init = begin, .handle_event = shut);

static cop_term last_words(struct door *d, cop_term why)
{
        return why;
}

static cop_next ask_door(struct door *d, cop_term request)
{
        if (cop_is(request, "other"))
                return cop_swap_handler(cop_nil(), COP_HANDLER(time_bell), cop_nil());
        return cop_is(request, "go") ? cop_remove_handler() : cop_reply(request);
}

COP_EVENT_HANDLER(door_bell, struct door, .init = init, .handle_event = handle_info,
                  .handle_call = ask_door, .handle_info = handle_info, .terminate = last_words,
                  .show = show, .format_status = hide);
COP_EVENT_HANDLER(time_bell, int64_t, .init = NULL);

COP_SUPERVISOR(bells, .children = COP_CHILDREN(COP_EVENT_MANAGER(),
                                               COP_EVENT_MANAGER(.id = "b", .name = "bells")));

COP_DECLARE(house);

COP_SUPERVISOR(hall, .strategy = COP_REST_FOR_ONE,
               .children = COP_CHILDREN(COP_WORKER(door, "0.9"),
                                        COP_WORKER(time, "[]", .id = "clock", .name = "clock",
                                                   .restart = COP_TEMPORARY,
                                                   .shutdown = COP_BRUTAL_KILL)));

COP_SUPERVISOR(house, .intensity = COP_NO_RESTARTS, .period = 60,
               .children = COP_CHILDREN(COP_SUBTREE(hall)));

static cop_term any_number(cop_term argument)
{
        return cop_build("{ok, {#{strategy => simple_one_for_one}, [Spec]}}", argument);
}

COP_SUPERVISOR(doors, .init = any_number);

static cop_term start_door(cop_term arguments)
{
        return cop_server_try_start_link(door, cop_head(arguments), .name = "front_door");
}

COP_START_FUNCTION(carpenter, start_door, start_door);

void use_them(cop_pid pid);
void use_them(cop_pid pid)
{
        cop_ref ref;

        cop_server_start(door, cop_float(1.0));
        cop_server_start_link(door, cop_float(1.0), .name = "door", .timeout_ms = 100);
        cop_server_try_start(time, cop_nil(), .monitor = &ref);
        cop_supervisor_start_link(house);
        cop_supervisor_start_link(hall, .name = "hall");
        cop_start_child("hall", "#{id => Id, start => {door, start_link, [2.0]}}", 7);
        cop_print(cop_which_children(pid));
        cop_restart_child("hall", cop_int(7));
        cop_sys_suspend("door");
        cop_sys_resume(pid);
        cop_server_stop_with("door", 100, "{shutdown, Why}", "tired");
        cop_supervisor_stop("hall");
        cop_statem_start_link(house_door, cop_nil(), .name = "door");
        cop_print(cop_statem_call("door", "{open, N}", 1));
        cop_statem_stop("door");
        cop_event_start();
        cop_event_start_link(.name = "bells");
        cop_print(cop_event_add_handler("bells", COP_HANDLER(door_bell), 1.0));
        cop_print(cop_event_add_sup_handler(pid, COP_HANDLER_ID(door_bell, 7), "text"));
        cop_event_notify("bells", "{ring, Pid}", pid);
        cop_event_sync_notify("bells", "ring");
        cop_print(cop_event_call("bells", COP_HANDLER(door_bell), "{how, N}", 1));
        cop_print(cop_event_call_within(10, pid, COP_HANDLER(time_bell), "now"));
        cop_print(cop_event_delete_handler("bells", COP_HANDLER(door_bell), "enough"));
        cop_print(cop_event_swap_handler("bells", COP_HANDLER(door_bell), 1, COP_HANDLER(time_bell),
                                         2));
        cop_print(cop_event_which_handlers("bells"));
        cop_event_stop("bells");
}
