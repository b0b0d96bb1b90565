/*
 * A behaviour of somebody else: state machines, on coppice/handler.h alone; and a door that is one.
 *
 * A state is a function. It is called with one event at a time, and may go to another state, ask for
 * a timeout of its own, and postpone an event until the state has changed.
 */
#include <coppice.h>

#include <stdio.h>

/* ---- the behaviour ---- */

struct machine;
typedef void machine_state(struct machine *machine, const struct cop_message *event);

struct postponed {
        struct postponed *next;
        struct cop_message event; /* its term is kept */
};

struct machine {
        machine_state *state;
        cop_ref timer; /* of this state */
        bool changed, postpones;
        struct postponed *postponed; /* newest first */
};

/* MACHINE(door, struct door, locked) is a handler; locked is the state it begins in. */
#define MACHINE(name, data, first)                                                                 \
        static void name##_init(void *state, cop_term argument)                                    \
        {                                                                                          \
                machine_go((struct machine *)state, first);                                        \
        }                                                                                          \
        static const struct cop_handler name = { #name, sizeof(struct machine) + sizeof(data),     \
                                                 name##_init, machine_message }

static void *machine_data(struct machine *machine)
{
        return machine + 1;
}

static void machine_go(struct machine *machine, machine_state *state)
{
        if (machine->timer.word)
                cop_cancel_timer(machine->timer);
        machine->timer.word = 0;
        machine->state = state;
        machine->changed = true;
}

static void machine_timeout(struct machine *machine, int64_t ms)
{
        machine->timer = cop_start_timer(ms, cop_self(), "state_timeout");
}

static void machine_postpone(struct machine *machine)
{
        machine->postpones = true;
}

static void machine_put(struct machine *machine, const struct cop_message *event)
{
        struct postponed *postponed = (struct postponed *)cop_alloc(sizeof(*postponed));

        postponed->event = *event;
        postponed->event.term = cop_keep(event->term);
        postponed->next = machine->postponed;
        machine->postponed = postponed;
}

static void machine_step(struct machine *machine, const struct cop_message *event)
{
        machine->postpones = false;
        machine->state(machine, event);
        if (machine->postpones)
                machine_put(machine, event);
}

/* The state has changed: what was postponed comes again, oldest first. */
static void machine_again(struct machine *machine)
{
        struct postponed *newest = machine->postponed, *oldest = NULL, *next;

        machine->postponed = NULL;
        for (; newest; newest = next) {
                next = newest->next;
                newest->next = oldest;
                oldest = newest;
        }
        for (; oldest; oldest = next) {
                next = oldest->next;
                machine_step(machine, &oldest->event);
                cop_release(oldest->event.term);
                cop_free(oldest);
        }
}

static void machine_message(void *state, const struct cop_message *message)
{
        struct machine *machine = (struct machine *)state;
        struct cop_message event = *message;
        cop_ref timer;

        if (cop_match(message->term, "{timeout, Timer, state_timeout}", &timer)) {
                if (timer.word != machine->timer.word)
                        return; /* of a state that it has left */
                event.kind = COP_TIMEOUT;
        }
        machine_step(machine, &event);
        while (machine->changed) {
                machine->changed = false;
                machine_again(machine);
        }
}

/* ---- a door ---- */

struct door {
        int opened;
};

static void open_state(struct machine *machine, const struct cop_message *event);

static void locked_state(struct machine *machine, const struct cop_message *event)
{
        struct door *door = (struct door *)machine_data(machine);

        if (event->kind != COP_CALL)
                return;
        if (!cop_match(event->term, "{open, 42}")) {
                cop_answer(event->from, "wrong");
                return;
        }
        machine_go(machine, open_state);
        machine_timeout(machine, 20);
        cop_answer(event->from, "{opened, Times}", ++door->opened);
}

static void open_state(struct machine *machine, const struct cop_message *event)
{
        if (event->kind == COP_TIMEOUT)
                machine_go(machine, locked_state);
        else if (event->kind == COP_CALL)
                machine_postpone(machine); /* until it is locked again */
        else if (cop_match(event->term, "burn"))
                cop_exit("{ashes, Times}", ((struct door *)machine_data(machine))->opened);
}

MACHINE(door, struct door, locked_state);

static void tries(cop_term arguments)
{
        cop_term reason;
        cop_ref ref;
        cop_pid pid = cop_spawn_handler(&door, cop_nil(), .monitor = &ref);

        cop_print(cop_call(pid, "{open, 1}"));
        cop_print(cop_call(pid, "{open, 42}"));
        cop_print(cop_call(pid, "{open, 7}"));
        cop_print(cop_call(pid, "{open, 42}"));
        cop_cast(pid, "burn");
        if (cop_receive(1000, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason))
                cop_print(reason);
}

int main(int argc, char **argv)
{
        return cop_main(tries, argc, argv);
}
