/*
 * thermometer: reads a sensor through a library that now and then follows a bad pointer.
 *
 * The server that calls the library dies of it, alone; its supervisor starts another one, which
 * answers the next question. Whoever asked is told what happened.
 */
#include <coppice.h>

#include <stdio.h>

/* ---- the vendor's library ---- */

static int readings;

static double sensor_read(const double *calibration)
{
        if (++readings % 3 == 0)
                calibration = NULL; /* every third time */
        return *calibration + 20.0 + readings;
}

/* ---- what the rest of the program calls ---- */

static cop_term thermometer_celsius(void)
{
        cop_term celsius;

        if (!cop_try_call(&celsius, 1000, "thermometer", "celsius"))
                return cop_build("{error, Reason}", celsius);
        return celsius;
}

/* ---- what the process does, one message at a time ---- */

struct thermometer {
        double calibration;
};

static cop_next init(struct thermometer *t, cop_term calibration)
{
        t->calibration = cop_to_float(calibration);
        return cop_ok();
}

static cop_next handle_call(struct thermometer *t, cop_term request, cop_from from)
{
        if (cop_match(request, "celsius"))
                return cop_reply(cop_float(sensor_read(&t->calibration)));
        return cop_no_clause();
}

COP_SERVER(thermometer, struct thermometer, .init = init, .handle_call = handle_call);

COP_SUPERVISOR(thermometer_supervisor, .strategy = COP_ONE_FOR_ONE, .intensity = 3, .period = 5,
               .children = COP_CHILDREN(COP_WORKER(thermometer, "0.5", .name = "thermometer")));

/* ---- the program ---- */

static void run(cop_term arguments)
{
        cop_pid root = cop_supervisor_start_link(thermometer_supervisor);
        int i;

        for (i = 0; i < 5; i++) {
                printf("%s\n", cop_show(thermometer_celsius()));
                while (cop_is_nobody(cop_whereis("thermometer")))
                        cop_sleep(1); /* until there is the next one */
        }
        cop_server_stop(root);
}

int main(int argc, char **argv)
{
        return cop_main(run, argc, argv);
}
