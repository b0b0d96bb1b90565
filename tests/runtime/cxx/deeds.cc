/*
 * What C++ does that ends its process.
 *
 *     runtime_cxx_deeds WHAT [SCHEDULERS]
 */
#include <coppice.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <exception>
#include <stdexcept>

static const char *what;
static int *volatile nowhere;
static int destroyed, alive;

struct object {
        ~object()
        {
                destroyed++;
        }
};

struct thrown {
        thrown()
        {
                alive++;
        }
        thrown(const thrown &)
        {
                alive++;
        }
        ~thrown()
        {
                alive--;
        }
};

static __attribute__((noinline)) void commit()
{
        object local;

        if (strcmp(what, "terminate") == 0)
                std::terminate();
        if (strcmp(what, "escape") == 0)
                throw std::runtime_error("nobody catches this");
        if (strcmp(what, "destructor") == 0)
                *nowhere = 1;
        if (strcmp(what, "caught") != 0)
                return;
        try {
                throw thrown();
        } catch (thrown &) {
                cop_send("main", "caught");
                cop_sleep(COP_FOREVER);
        }
}

static void sin(cop_term none)
{
        commit();
}

static void sin_in_handler(void *state, const struct cop_message *message)
{
        commit();
}

static void watch(bool in_handler)
{
        struct cop_handler handler = {};
        cop_term reason;
        cop_ref ref;
        cop_pid pid;

        handler.name = "sinner";
        handler.message = sin_in_handler;
        pid = in_handler ? cop_spawn_handler(&handler, cop_nil()) : cop_spawn(sin, cop_nil());
        ref = cop_monitor(pid);
        if (in_handler)
                cop_send(pid, "go");
        if (strcmp(what, "caught") == 0) {
                cop_receive(COP_FOREVER, "caught");
                cop_kill(pid);
        }
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason);
        printf("%s\n", cop_show(reason));
}

static void run(cop_term arguments)
{
        cop_register("main", cop_self());
        watch(false);
        watch(true);
        printf("%d destroyed, %d alive\n", destroyed, alive);
}

int main(int argc, char **argv)
{
        what = argc > 1 ? argv[1] : "";
        if (argc > 2)
                setenv("COP_SCHEDULERS", argv[2], 1);
        return cop_main(run, argc, argv);
}
