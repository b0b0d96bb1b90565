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

static struct kept **thread_kept(size_t bytes)
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

static bool never(struct region *region)
{
        return false;
}

static bool always(struct region *region, size_t bytes)
{
        return true;
}

struct term_host cop__host = {
        .region = thread_region,
        .fail = stop_program,
        .kept = thread_kept,
        .past_limit = never,
        .share = always,
};

void cop__fail_badarg(const struct cop_place *place)
{
        cop__host.fail(FAIL_ERROR, ATOM(badarg), place);
}

/* ---- limits ---- */

static struct constant_pair limits[COP__ATOM_COUNT];

/* After the atoms were made, and before anybody else's constructor. */
__attribute__((constructor(102))) static void make_limits(void)
{
        size_t i;

        for (i = 0; i < COP__ATOM_COUNT; i++)
                constant_pair(&limits[i], ATOM(system_limit), cop__known_atoms[i]);
}

cop_term cop__limit_reason(cop_term what)
{
        size_t i = 0;

        while (i < COP__ATOM_COUNT && cop__known_atoms[i].word != what.word)
                i++;
        return i < COP__ATOM_COUNT ? box_term(limits[i].box) : ATOM(system_limit);
}

void cop__fail_limit(const char *what)
{
        cop__host.fail(FAIL_ERROR, cop__limit_reason(cop__atom_find(what, strlen(what))), NULL);
}
