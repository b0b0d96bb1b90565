/*
 * Puts numbers into a stash until it kills the program, and says what it has put; or says what is
 * there. For test_stash_kill.c, which runs it.
 *
 *     otp_stash_writer write PATH MS    counts up, and kills itself with SIGKILL after so long
 *     otp_stash_writer read PATH        the number, and its square
 */
#include <coppice.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void die_after(cop_term ms)
{
        cop_sleep(cop_to_int(ms));
        kill(getpid(), SIGKILL);
}

static void count_up(void)
{
        int64_t n = cop_to_int(cop_stash_get("stash", "n", cop_int(0)));

        for (;;) {
                n++;
                cop_stash_put("stash", "n", n);
                dprintf(STDOUT_FILENO, "%lld\n", (long long)n);
                cop_stash_put("stash", cop_build("{square, N}", n % 50), n * n);
        }
}

static void first(cop_term arguments)
{
        cop_term what, file, ms = cop_nil(), n;

        if (!cop_match(arguments, "[What, File | Ms]", &what, &file, &ms))
                cop_exit("badarg");
        cop_server_start_link(cop_stash, cop_build("#{file => File, sync => false}", file),
                              .name = "stash");
        if (!cop_is_nil(ms)) {
                cop_spawn(die_after, cop_int(atoi(cop_to_cstring(cop_head(ms)))));
                count_up();
        }
        n = cop_stash_get("stash", "n", cop_int(0));
        printf("%s %d\n", cop_show(n), (int)cop_length(cop_stash_keys("stash")));
}

int main(int argc, char **argv)
{
        return cop_main(first, argc, argv);
}
