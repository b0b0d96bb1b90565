/*
 * program_simulated: a program with a bit of everything, for whoever wants to see it simulated: a tree whose
 * children talk to each other, time out, crash of a bad pointer and by chance, and log.
 */
#include <coppice.h>

#include <stdio.h>

enum { ROUNDS = 40 };

static cop_next pass_on(int *count, cop_term request, cop_from from)
{
        cop_term result;
        int64_t left;

        ++*count;
        if (!cop_match(request, "{pass_on, Left}", &left))
                return cop_no_clause();
        if (left == 3 && cop_random() % 4 == 0)
                *(volatile int *)(uintptr_t)(cop_random() % 4096) = 1; /* nothing is there */
        if (left > 0)
                cop_try_call(&result, 100, left % 2 ? "even" : "odd", "{pass_on, N}", left - 1);
        return cop_reply(cop_int(*count));
}

COP_SERVER(relay, int, .handle_call = pass_on);
COP_SUPERVISOR(relays, .strategy = COP_REST_FOR_ONE, .intensity = 1000, .period = 1,
               .children = COP_CHILDREN(COP_WORKER(relay, "[]", .id = "odd", .name = "odd"),
                                        COP_WORKER(relay, "[]", .id = "even", .name = "even"),
                                        COP_WORKER(relay, "[]", .id = "last", .name = "last")));

static void run(cop_term arguments)
{
        cop_pid root = { 0 };
        cop_term result;

        cop_trap_exits(true);
        while (!cop_match(cop_server_try_start_link(relays, cop_nil(), .name = "relays"),
                          "{ok, Root}", &root))
                continue;
        for (int i = 0; i < ROUNDS; i++) {
                if (cop_try_call(&result, 500, "last", "{pass_on, N}", (int64_t)(i % 6)))
                        printf("%d: %s\n", i, cop_show(result));
                else
                        printf("%d: failed: %s\n", i, cop_show(result));
                cop_sleep((int64_t)(cop_random() % 20));
        }
        printf("%lld ms\n", (long long)cop_now_ms());
        cop_server_stop(root);
}

int main(int argc, char **argv)
{
        return cop_main(run, argc, argv);
}
