/*
 * What is played: some come, borrow the thing, use it for a while and give it back. They know nothing of
 * simulations, or that they may be killed.
 */
#include "lending.h"

enum { GUESTS = 4, WHILE_MS = 20 };

static cop_pid manager;

static void visit(cop_term unused)
{
        cop_sleep((int64_t)(cop_random() % WHILE_MS));
        lending_borrow(manager);
        cop_sleep((int64_t)(cop_random() % WHILE_MS));
        lending_give_back(manager);
}

bool lending_play(const char *how)
{
        cop_ref refs[GUESTS];

        manager = cop_server_start_link(lending, cop_atom(how), .name = "lending");
        for (int i = 0; i < GUESTS; i++)
                cop_spawn(visit, cop_nil(), .monitor = &refs[i]);
        for (int i = 0; i < GUESTS; i++)
                cop_receive(5000, "{'DOWN', ^Ref, process, _, _}", &refs[i]);
        return lending_is_free(manager);
}
