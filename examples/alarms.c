/*
 * alarms: events that several listen to, and one of them is no good.
 *
 * The manager passes each event on to its handlers: one counts, one prints, and one fails at an event
 * that it does not understand. It is removed and the others go on; who added it is told, and puts
 * another in its place. Try
 *
 *     alarms
 */
#include <coppice.h>

#include <stdio.h>

/* Counts the events. */

struct counter {
        int64_t seen;
};

static cop_next count(struct counter *c, cop_term event)
{
        c->seen++;
        return cop_ok();
}

static cop_next how_many(struct counter *c, cop_term request)
{
        if (cop_match(request, "how_many"))
                return cop_reply(cop_int(c->seen));
        return cop_no_clause();
}

COP_EVENT_HANDLER(counter, struct counter, .handle_event = count, .handle_call = how_many);

/* Prints them, with a mark that it was given. */

struct printer {
        char mark;
};

static cop_next set_mark(struct printer *p, cop_term mark)
{
        p->mark = *cop_to_cstring(mark);
        return cop_ok();
}

static cop_next print(struct printer *p, cop_term event)
{
        printf("%c %s\n", p->mark, cop_show(event));
        return cop_ok();
}

COP_EVENT_HANDLER(printer, struct printer, .init = set_mark, .handle_event = print);

/* Knows of heat, and of nothing else. */

struct thermostat {
        double limit;
};

static cop_next set_limit(struct thermostat *t, cop_term limit)
{
        t->limit = cop_to_float(limit);
        return cop_ok();
}

static cop_next heed(struct thermostat *t, cop_term event)
{
        double celsius;

        if (!cop_match(event, "{heat, Celsius}", &celsius))
                return cop_no_clause();
        if (celsius > t->limit)
                printf("too hot: %g\n", celsius);
        return cop_ok();
}

COP_EVENT_HANDLER(thermostat, struct thermostat, .init = set_limit, .handle_event = heed);

COP_SUPERVISOR(house, .children = COP_CHILDREN(COP_EVENT_MANAGER(.name = "alarms")));

/* The program. */

static void run(cop_term arguments)
{
        cop_term handler, why;

        cop_set_report_level(COP_LEVEL_EMERGENCY); /* the crash that follows is meant */
        cop_supervisor_start_link(house);
        cop_event_add_handler("alarms", COP_HANDLER(counter), cop_nil());
        cop_event_add_handler("alarms", COP_HANDLER(printer), "*");
        cop_event_add_sup_handler("alarms", COP_HANDLER(thermostat), 30.0);

        cop_event_sync_notify("alarms", "{heat, C}", 42.5);
        cop_event_sync_notify("alarms", "{smoke, kitchen}");

        cop_receive(5000, "{gen_event_EXIT, Handler, {'EXIT', {Why, _}}}", &handler, &why);
        printf("%s is gone: %s\n", cop_to_atom_text(handler), cop_to_atom_text(why));
        cop_event_add_handler("alarms", COP_HANDLER(thermostat), 50.0);
        cop_event_sync_notify("alarms", "{heat, C}", 51.5);

        printf("%lld events\n",
               (long long)cop_to_int(cop_event_call("alarms", COP_HANDLER(counter), "how_many")));
        cop_print(cop_event_which_handlers("alarms"));
}

int main(int argc, char **argv)
{
        return cop_main(run, argc, argv);
}
