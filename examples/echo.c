/*
 * echo: the smallest server there is. It says back what it is told, and it is not shaken by what
 * it does not understand: a request that fits no clause ends it, and who called hears why.
 *
 *     $ build/examples/echo
 *     hello, world
 *     the server is gone: function_clause
 */
#include <coppice.h>

#include <stdio.h>

struct echo {
        int64_t said;
};

static cop_next handle_call(struct echo *e, cop_term request, cop_from from)
{
        cop_term what;

        if (cop_match(request, "{say, What}", &what)) {
                e->said++;
                return cop_reply(what);
        }
        return cop_no_clause();
}

COP_SERVER(echo, struct echo, .handle_call = handle_call);

static void first(cop_term arguments)
{
        cop_pid server = cop_server_start(echo, cop_nil());
        cop_term answer, error;

        printf("%s\n", cop_to_cstring(cop_call(server, "{say, What}", "hello, world")));

        cop_set_report_level(COP_LEVEL_CRITICAL); /* the report of what follows is not the point */
        if (!cop_try_call(&answer, 5000, server, "{shout, What}", "hello") &&
            cop_match(answer, "{Error, _}", &error))
                printf("the server is gone: %s\n", cop_show(error));
}

int main(int argc, char **argv)
{
        return cop_main(first, argc, argv);
}
