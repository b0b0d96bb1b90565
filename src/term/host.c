/*
 * host.c: what terms do where there is no runtime.
 *
 * Each thread has a region and a list of kept blocks of its own, made at its first term and freed
 * when it ends; nothing in them dies before that, except in a cop_scope. A failure is reported and
 * stops the program: there is no process that could end alone.
 */
#include "term/host.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "term/atom.h"
#include "term/print.h"

struct surroundings {
        struct region region;
        struct kept *kept;
        bool registered; /* with `key`, so that the thread's end frees it */
};

static __thread struct surroundings mine;
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void put_away(void *surroundings)
{
        struct surroundings *s = surroundings;

        cop__kept_free_all(&s->kept);
        cop__region_release(&s->region);
        s->registered = false;
}

static void make_key(void)
{
        if (pthread_key_create(&key, put_away) != 0)
                abort();
}

/* Without memory to register it, the thread's last terms stay behind when it ends. */
static void sign_up(void)
{
        pthread_once(&once, make_key);
        mine.registered = pthread_setspecific(key, &mine) == 0;
}

static struct region *thread_region(void)
{
        if (__builtin_expect(!mine.registered, 0))
                sign_up();
        return &mine.region;
}

static struct kept **thread_kept(void)
{
        if (!mine.registered)
                sign_up();
        return &mine.kept;
}

void cop__host_thread_release(void)
{
        if (!mine.registered)
                return;
        pthread_setspecific(key, NULL);
        put_away(&mine);
}

static void print_reason(cop_term reason)
{
        static const struct print_options short_line = { .form = PRINT_LINE,
                                                         .depth_most = 20,
                                                         .length_most = 200 };
        struct buffer buffer;

        cop__buffer_init(&buffer, 4096);
        cop__print(&buffer, reason, &short_line);
        fputs(buffer.bytes ? buffer.bytes : "a term", stderr);
        cop__buffer_release(&buffer);
}

COP_NORETURN static void stop_program(enum failure failure, cop_term reason,
                                      const struct cop_place *place)
{
        fputs("cop: ", stderr);
        if (place)
                fprintf(stderr, "%s:%d: %s: ", place->file, place->line, place->function);
        fputs(failure == FAIL_ERROR ? "error " : failure == FAIL_EXIT ? "exit " : "throw ", stderr);
        print_reason(reason);
        fputs(" outside any process; the program stops\n", stderr);
        abort();
}

struct term_host cop__host = {
        .region = thread_region,
        .fail = stop_program,
        .kept = thread_kept,
};

void cop__fail_badarg(const struct cop_place *place)
{
        cop__host.fail(FAIL_ERROR, ATOM(badarg), place);
}

void cop__fail_limit(const char *what)
{
        cop_term atom = cop__atom_find(what, strlen(what));
        uint64_t *box = cop__region_try_take(here(), 3);

        if (!box || cop_is_none(atom))
                cop__host.fail(FAIL_ERROR, ATOM(system_limit), NULL);
        box[0] = header_of(BOX_TUPLE, 2);
        box[1] = ATOM(system_limit).word;
        box[2] = atom.word;
        cop__host.fail(FAIL_ERROR, box_term(box), NULL);
}
