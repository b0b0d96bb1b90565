/*
 * Takes locks in processes, and lets go of them in time or too late; linked with libcoppice-debug.
 *
 *     runtime_locks WHAT
 */
#include <coppice.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void wait_a_little(void)
{
        cop_sleep(1);
}

static void hold_over_a_wait(void)
{
        pthread_mutex_lock(&mutex);
        wait_a_little();
        pthread_mutex_unlock(&mutex);
}

static void hold_at_the_end(void)
{
        pthread_mutex_trylock(&mutex);
        cop_exit("enough");
}

static void hold_when_killed(void)
{
        int *volatile nowhere = NULL;

        pthread_mutex_lock(&mutex);
        *nowhere = 1;
}

static void hold_a_stream(void)
{
        flockfile(stdout);
        wait_a_little();
        funlockfile(stdout);
}

static void wait_in_once(void)
{
        pthread_once(&once, wait_a_little);
}

static void hold_two(void)
{
        pthread_mutex_t other = PTHREAD_MUTEX_INITIALIZER;

        pthread_mutex_lock(&mutex);
        pthread_mutex_lock(&other);
        wait_a_little();
        pthread_mutex_unlock(&mutex);
        pthread_mutex_unlock(&other);
}

static void let_go_in_time(void)
{
        for (int i = 0; i < 3; i++) {
                pthread_mutex_lock(&mutex);
                pthread_mutex_unlock(&mutex);
                printf("between\n");
                wait_a_little();
        }
}

static const struct {
        const char *what;
        void (*hold)(void);
} ways[] = {
        { "wait", hold_over_a_wait },  { "exit", hold_at_the_end }, { "fault", hold_when_killed },
        { "stream", hold_a_stream },   { "once", wait_in_once },    { "two", hold_two },
        { "in_time", let_go_in_time },
};

static void hold(cop_term what)
{
        for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
                if (strcmp(ways[i].what, cop_to_cstring(what)) == 0)
                        ways[i].hold();
}

static void first(cop_term arguments)
{
        cop_ref ref;

        cop_spawn(hold, cop_head(arguments), .monitor = &ref);
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, _}", &ref);
        cop_sleep(1); /* others run on that thread, and are not taken for it */
}

int main(int argc, char **argv)
{
        return cop_main(first, argc, argv);
}
