/*
 * A program that cop-heart runs because it says so itself: it is killed in its first run, and says in the
 * next one why there is one.
 */
#include <coppice.h>

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

COP_APPLICATION(hearty, .vsn = "1.0.0");

static void run(cop_term arguments)
{
        if (!cop_restart_reason())
                kill(getpid(), SIGKILL);
        printf("again: %s, with %s\n", cop_restart_reason(), cop_show(arguments));
}

static void console(cop_term arguments)
{
        printf("nobody runs it\n");
}

COP_MAIN(hearty, .run = run, .console = console, .heart = "back-off=0");
