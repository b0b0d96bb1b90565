/*
 * What tests run under cop-heart: does what its last argument says in its first run, and says in the
 * next one why there is one.
 */
#include <coppice.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_sick(void)
{
        return false;
}

static bool faults(void)
{
        volatile bool *volatile nowhere = (volatile bool *)8;

        return *nowhere;
}

static void run(cop_term arguments)
{
        const char *deed = cop_to_cstring(cop_head(arguments));

        if (cop_restart_reason()) {
                printf("again: %s\n", cop_restart_reason());
                cop_stop(0);
        } else if (strcmp(deed, "fault") == 0) {
                cop_error("no_good");
        } else if (strcmp(deed, "abort") == 0) {
                kill(getpid(), SIGKILL);
        } else if (strcmp(deed, "freeze") == 0) {
                kill(getpid(), SIGSTOP);
        } else if (strcmp(deed, "sick") == 0) {
                cop_heart_check(is_sick);
        } else if (strcmp(deed, "sick_fault") == 0) {
                cop_heart_check(faults);
        } else if (strcmp(deed, "well") == 0) {
                printf("%s\n", getenv("COP_HEART") ? "COP_HEART is left" : "well");
                cop_stop(0);
        }
        cop_sleep(COP_FOREVER);
}

int main(int argc, char **argv)
{
        setvbuf(stdout, NULL, _IOLBF, 0);
        return cop_main(run, argc, argv);
}
