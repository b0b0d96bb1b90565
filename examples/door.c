/*
 * door: a lock that opens with a code, and shuts again by itself.
 *
 * It is a state machine with a function for each state. Locked, it takes digits; three wrong codes
 * and it takes none for a while. What is typed too slowly is forgotten (a state timeout that each digit
 * starts anew). Open, it locks itself after some time, and keeps who rings waiting until then. Try
 *
 *     door
 *
 * The bolt is moved on entering a state, so there is one place for each movement, however the door
 * came there.
 */
#include <coppice.h>

#include <stdio.h>

enum { SLOW_MS = 2000, OPEN_MS = 300, ALARM_MS = 300 };

struct door {
        int64_t code;  /* four digits */
        int64_t typed; /* so far */
        int digits;
        int wrong; /* codes, one after the other */
};

/* What the rest of the program calls. */

void door_type(int digit)
{
        cop_cast("door", "{digit, D}", digit);
}

/* Waits until the door is locked. */
void door_ring(void)
{
        cop_statem_call("door", "ring");
}

/* How many digits of a code have been typed; the same. */
int64_t door_digits(void)
{
        return cop_to_int(cop_statem_call("door", "digits"));
}

/* What the process does, one event at a time. */

static cop_next init(struct door *d, struct cop_event *e)
{
        d->code = cop_to_int(e->term);
        return cop_next_state("locked");
}

static void forget(struct door *d)
{
        d->typed = 0;
        d->digits = 0;
}

static cop_next judge(struct door *d)
{
        bool right = d->typed == d->code;

        forget(d);
        d->wrong = right ? 0 : d->wrong + 1;
        if (right)
                return cop_next_state("open");
        printf("wrong code\n");
        return d->wrong == 3 ? cop_next_state("alarmed") : cop_repeat_state();
}

static cop_next locked(struct door *d, struct cop_event *e)
{
        int64_t digit;

        if (cop_on_enter(e, "locked")) /* at the start, or after a wrong code */
                return cop_keep_state();
        if (cop_on_enter(e, "_")) {
                printf("locked\n");
                return cop_keep_state();
        }
        if (cop_on_cast(e, "{digit, D}", &digit)) {
                d->typed = d->typed * 10 + digit;
                if (++d->digits == 4)
                        return judge(d);
                cop_set_state_timeout(e, SLOW_MS, "slow");
                return cop_keep_state();
        }
        if (cop_on_state_timeout(e, "slow")) {
                printf("too slow\n");
                forget(d);
                return cop_keep_state();
        }
        if (cop_on_call(e, "ring")) {
                printf("somebody rings\n");
                return cop_reply(cop_atom("ok"));
        }
        if (cop_on_call(e, "digits"))
                return cop_reply(cop_int(d->digits));
        return cop_no_clause();
}

static cop_next open(struct door *d, struct cop_event *e)
{
        if (cop_on_enter(e, "_")) {
                printf("open\n");
                cop_set_state_timeout(e, OPEN_MS, "lock");
                return cop_keep_state();
        }
        if (cop_on_state_timeout(e, "lock"))
                return cop_next_state("locked");
        cop_postpone(e); /* digits and the bell are for when it is locked */
        return cop_keep_state();
}

static cop_next alarmed(struct door *d, struct cop_event *e)
{
        if (cop_on_enter(e, "_")) {
                printf("alarm\n");
                d->wrong = 0;
                cop_set_state_timeout(e, ALARM_MS, "calm");
                return cop_keep_state();
        }
        if (cop_on_state_timeout(e, "calm"))
                return cop_next_state("locked");
        if (cop_on_cast(e, "{digit, _}"))
                return cop_keep_state(); /* in vain */
        cop_postpone(e);
        return cop_keep_state();
}

COP_STATEM(door, struct door, .init = init,
           .states = { COP_STATE(locked), COP_STATE(open), COP_STATE(alarmed) },
           .state_enter = true);

COP_SUPERVISOR(house, .children = COP_CHILDREN(COP_WORKER(door, "1234", .name = "door")));

/* The program. */

static void type(int64_t code)
{
        int64_t place;

        for (place = 1000; place > 0; place /= 10)
                door_type((int)(code / place % 10));
}

static void run(cop_term arguments)
{
        int i;

        cop_supervisor_start_link(house);
        type(1234);
        door_ring(); /* waits until it has locked itself */

        door_type(1);
        door_type(2);
        while (door_digits() > 0)
                cop_sleep(10); /* until they are forgotten */
        type(1234);
        door_ring();

        for (i = 0; i < 3; i++)
                type(4321);
        door_ring();
}

int main(int argc, char **argv)
{
        return cop_main(run, argc, argv);
}
