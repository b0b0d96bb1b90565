/*
 * Starts a few processes, and calls halted() when all of them wait: for a look with a debugger.
 *
 *     runtime_halted [fault]    and then faults
 */
#include <coppice.h>

#include <stdio.h>

static int *volatile nowhere;

void halted(void);
void wait_in_here(int depth, const char *why);

__attribute__((noinline)) void halted(void)
{
        __asm__ volatile("");
}

__attribute__((noinline)) void wait_in_here(int depth, const char *why)
{
        if (depth > 0)
                wait_in_here(depth - 1, why);
        else
                cop_receive(COP_FOREVER, "go");
        __asm__ volatile("" : : "r"(why)); /* no tail call */
}

static void sleeper(cop_term argument)
{
        cop_register("sleeper", cop_self());
        wait_in_here(3, "to be seen");
}

static void answer(void *state, const struct cop_message *message)
{
        if (message->kind == COP_CALL)
                cop_answer(message->from, "ok");
}

static const struct cop_handler idler = { .name = "idler", .message = answer };

static void run(cop_term arguments)
{
        cop_pid idle = cop_spawn_handler(&idler, cop_nil());

        cop_spawn(sleeper, cop_nil());
        cop_register("idle", idle);
        cop_call(idle, "ready");
        cop_system_quiet(60000);
        halted();
        if (!cop_is_nil(arguments))
                *nowhere = 1;
        printf("over\n");
}

int main(int argc, char **argv)
{
        return cop_main(run, argc, argv);
}
