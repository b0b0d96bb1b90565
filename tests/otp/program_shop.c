/*
 * A program that is two applications, for test_application_main.c: shop needs till. Its run function does what
 * the arguments say, one after the other; without any it waits for the end of the program.
 */
#include <coppice.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static cop_next handle_call(int *unused, cop_term request, cop_from from)
{
        cop_term value;

        if (cop_match(request, "{stop, R}", &value))
                return cop_end_reply(cop_build("ok"), "R", value);
        return cop_no_clause();
}

static cop_next init(int *unused, cop_term name)
{
        cop_trap_exits(true);
        return cop_ok();
}

static void terminate(int *unused, cop_term reason)
{
        printf("the clerk ends: %s\n", cop_show(reason));
        fflush(stdout);
}

COP_SERVER(clerk, int, .init = init, .handle_call = handle_call, .terminate = terminate);

COP_SUPERVISOR(desk_supervisor, .strategy = COP_ONE_FOR_ONE,
               .children = COP_CHILDREN(COP_WORKER(clerk, "[]", .name = "clerk",
                                                   .restart = COP_TEMPORARY)));
COP_SUPERVISOR(shop_supervisor, .strategy = COP_ONE_FOR_ALL, .intensity = 3, .period = 5,
               .children = COP_CHILDREN(COP_WORKER(cop_stash, "[]", .name = "goods"),
                                        COP_SUBTREE(desk_supervisor, .id = "desk")));

static void stop(cop_term state)
{
        printf("the shop has closed\n");
        fflush(stdout);
}

COP_APPLICATION(shop, .description = "sells", .vsn = "0.1.0", .applications = "[till]",
                .registered = "[door]",
                .env = "[{size, 1}, {name, <<\"corner\">>}, {secret, none}, {till, 1}]",
                .start = COP_ROOT(shop_supervisor), .stop = stop);
COP_APPLICATION(till, .vsn = "0.2.0", .env = "[{coins, 10}]");

static void end_of(const char *name, cop_term reason)
{
        cop_pid pid = cop_to_pid(cop_element(cop_application_supervisor(name), 1));
        cop_ref ref = cop_monitor(pid);

        cop_exit_to_term(pid, reason);
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, _, _, _}", &ref);
}

static void obey(const char *what)
{
        printf("%s: ", what);
        if (strcmp(what, "env") == 0)
                printf("%s", cop_show(cop_application_get_all_env("shop")));
        else if (strcmp(what, "which") == 0)
                COP_EACH (one, cop_which_applications())
                        printf("%s ", cop_show(cop_element(one, 0)));
        else if (strcmp(what, "start") == 0)
                printf("%s", cop_show(cop_application_start("shop", COP_TEMPORARY)));
        else if (strcmp(what, "stop") == 0)
                printf("%s", cop_show(cop_application_stop("shop")));
        else if (strcmp(what, "read") == 0)
                printf("{application,%s}",
                       cop_show(cop_element(cop_element(cop_application_read("shop.app"), 1), 1)));
        printf("\n");
        fflush(stdout);
        if (strcmp(what, "crash") == 0)
                cop_error("crash");
        if (strcmp(what, "status") == 0)
                cop_stop(7);
        if (strcmp(what, "die") == 0)
                end_of("shop", cop_build("kill"));
        if (strcmp(what, "signal") == 0)
                kill(getpid(), SIGTERM);
        if (strcmp(what, "wait") == 0 || strcmp(what, "status") == 0 ||
            strcmp(what, "signal") == 0 || strcmp(what, "die") == 0)
                cop_receive(COP_FOREVER, "never");
}

static void run(cop_term arguments)
{
        cop_set_report_level(COP_LEVEL_ERROR);
        COP_EACH (argument, arguments)
                obey(cop_to_cstring(argument));
}

static void console(cop_term arguments)
{
        printf("console %s\n", cop_show(arguments));
}

COP_MAIN(shop, .run = run, .console = console);
