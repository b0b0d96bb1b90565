/*
 * ATOM: a text is made an atom once and for ever, by whatever thread comes first.
 */
#include <coppice/test.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "support/failure.h"
#include "support/program.h"
#include "term/atom.h"

/* COUNT times a character. */
static const char *repeated(const char *character, int count)
{
        static char text[2000];
        int i;

        text[0] = 0;
        for (i = 0; i < count; i++)
                strcpy(text + i * strlen(character), character);
        return text;
}

COP_TEST(ATOM_once, "the same text is the same atom, another one another")
{
        cop_term a = cop_atom("a text");

        cop_assert_equal(cop_atom("a text").word, a.word);
        cop_assert_equal(cop_atom_of("a text and more", 6).word, a.word);
        cop_assert(cop_atom("a texT").word != a.word);
        cop_assert(cop_is_atom(a));
        cop_assert_text(cop_to_atom_text(a), "a text");
        cop_assert(cop_is(a, "a text"));
        cop_assert(!cop_is(a, "a tex"));
        cop_assert(!cop_is(a, "a text "));
        cop_assert(!cop_is(cop_text("a text"), "a text"));
        cop_assert(!cop_is(COP_NONE, "a text"));
}

COP_TEST(ATOM_find, "find makes nothing")
{
        size_t count = cop__atom_count();

        cop_assert(cop_is_none(cop_find_atom("nobody made this", 16)));
        cop_assert(cop_is_none(cop_find_atom("\xff", 1)));
        cop_assert(cop_is_none(cop_find_atom(repeated("x", 1999), 1999)));
        cop_assert_equal(cop__atom_count(), count);
        cop_atom("nobody made this");
        cop_assert(cop_is(cop_find_atom("nobody made this", 16), "nobody made this"));
        cop_assert_equal(cop__atom_count(), count + 1);
}

COP_TEST(ATOM_known, "the atoms that Coppice uses are there, each under its text")
{
        static const char *const texts[] = {
#define X(text) #text,
                COP__ATOMS(X)
#undef X
        };
        size_t i;

        for (i = 0; i < COP__ATOM_COUNT; i++) {
                cop_assert_text(cop_to_atom_text(cop__known_atoms[i]), texts[i]);
                cop_assert_equal(cop_atom(texts[i]).word, cop__known_atoms[i].word);
        }
        cop_assert_equal(ATOM(ok).word, cop_atom("ok").word);
}

COP_TEST(ATOM_texts, "255 characters of UTF-8 are an atom, whatever they are; more are badarg")
{
        static const char zero[] = { 'a', 0, 'b' };
        cop_term inside;

        cop_assert_text(cop_to_atom_text(cop_atom("")), "");
        cop_assert_text(cop_to_atom_text(cop_atom("\xc3\xa9t\xc3\xa9")), "\xc3\xa9t\xc3\xa9");
        cop_assert_equal(strlen(cop_to_atom_text(cop_atom(repeated("x", 255)))), 255);
        cop_assert_equal(strlen(cop_to_atom_text(cop_atom(repeated("\xf0\x9f\x8c\xb3", 255)))),
                         1020);
        assert_badarg(cop_atom(repeated("x", 256)));
        assert_badarg(cop_atom(repeated("\xf0\x9f\x8c\xb3", 256)));
        assert_badarg(cop_atom("\xc3"));
        assert_badarg(cop_atom("\xed\xa0\x80"));

        inside = cop_atom_of(zero, 3);
        cop_assert(inside.word != cop_atom("a").word);
        cop_assert(!cop_is(inside, "a"));
        cop_assert_equal(cop_atom_of(zero, 3).word, inside.word);
        assert_badarg(cop_to_cstring(inside));
        assert_badarg(cop_to_atom_text(NIL));
        assert_badarg(cop_to_atom_text(COP_NONE));
}

COP_TEST(ATOM_bool, "true and false are atoms")
{
        cop_assert_equal(cop_bool(true).word, cop_atom("true").word);
        cop_assert_equal(cop_bool(false).word, cop_atom("false").word);
        cop_assert(cop_is_bool(cop_atom("true")));
        cop_assert(cop_is_bool(cop_atom("false")));
        cop_assert(!cop_is_bool(cop_atom("undefined")));
        cop_assert(!cop_is_bool(COP_NONE));
        cop_assert(cop_to_bool(cop_bool(true)));
        cop_assert(!cop_to_bool(cop_bool(false)));
        assert_badarg(cop_to_bool(cop_int(1)));
        assert_badarg((cop_to_bool)(cop_text("true")));
}

COP_TEST(ATOM_limit, "no atom is made beyond the limit, and those that are there stay")
{
        cop_term last;

        cop__atom_set_limit(cop__atom_count() + 1);
        last = cop_atom("the last one");
        assert_limit(cop_atom("one too many"));
        cop_assert(cop_is_none(cop__atom_make("one too many", 12)));
        cop_assert(cop_is_none(cop_find_atom("one too many", 12)));
        cop_assert_equal(cop_atom("the last one").word, last.word);
        assert_badarg(cop_atom("\xff"));
        cop__atom_set_limit(0);
        cop_assert_equal(cop_atom("the last one").word, last.word);
        cop__atom_set_limit(cop__atom_count() + 1);
        cop_assert(cop_is(cop_atom("one too many"), "one too many"));
}

/* What program_limits prints with this in its environment. */
static long limit_with(const char *value)
{
        static const char *const arguments[] = { "atoms", NULL };
        struct ran ran;

        if (value)
                setenv("COP_ATOMS", value, 1);
        else
                unsetenv("COP_ATOMS");
        run_program(&ran, "term_limits", arguments);
        cop_assert_equal(ran.status, 0);
        return atol(ran.output);
}

COP_TEST(ATOM_environment, "COP_ATOMS sets the limit; what is no number is ignored")
{
        cop_assert_equal(limit_with(NULL), 1048576);
        cop_assert_equal(limit_with("5000"), 5000);
        cop_assert_equal(limit_with("0"), 0);
        cop_assert_equal(limit_with(""), 1048576);
        cop_assert_equal(limit_with("-1"), 1048576);
        cop_assert_equal(limit_with("12x"), 1048576);
        cop_assert_equal(limit_with("99999999999999999999"), 1048576);
}

static cop_term numbered(int number)
{
        char text[32];

        snprintf(text, sizeof(text), "numbered %d", number);
        return cop__atom_make(text, strlen(text));
}

COP_TEST(ATOM_no_memory, "an atom that cannot be made for want of memory can be made afterwards")
{
        int refused = 0, i;

        for (i = 0; i < 100000; i++) {
                size_t count = cop__atom_count();
                cop_term atom;

                cop__alloc_fail_at(1);
                atom = numbered(i);
                if (!cop__alloc_fail_at(0)) {
                        cop_assert(!cop_is_none(atom));
                        continue;
                }
                refused++;
                cop_assert(cop_is_none(atom));
                cop_assert_equal(cop__atom_count(), count);

                /* the array's places, after its head */
                cop__alloc_fail_at(2);
                atom = numbered(i);
                if (cop__alloc_fail_at(0))
                        cop_assert(cop_is_none(atom));
                cop_assert(!cop_is_none(numbered(i)));
                cop_assert_equal(cop__atom_count(), count + 1);
        }
        cop_assert(refused >= 10);
        for (i = 0; i < 100000; i++)
                if (cop_is_none(numbered(i)))
                        cop_fail("%d is lost", i);
}

enum { THREADS = 8, NAMES = 20000 };

static uint64_t made[THREADS][NAMES];
static pthread_barrier_t start;

/* Makes all names, in an order of its own, looking for some before. */
static void *make_names(void *context)
{
        uint64_t *mine = context;
        int thread = (int)((mine - made[0]) / NAMES);
        int i;

        pthread_barrier_wait(&start);
        for (i = 0; i < NAMES; i++) {
                int number = thread % 2 ? i : (int)((int64_t)i * 7919 % NAMES);
                char text[32];
                cop_term found;

                snprintf(text, sizeof(text), "numbered %d", number);
                found = cop_find_atom(text, strlen(text));
                mine[number] = cop_atom(text).word;
                if (!cop_is_none(found) && !cop_is(found, text))
                        cop_fail("%s is looked for, %s found", text, cop_to_atom_text(found));
        }
        return NULL;
}

COP_TEST(ATOM_race, "threads that make the same atoms at once get the same ones, each made once",
         .limit_s = 60)
{
        size_t before = cop__atom_count();
        pthread_t threads[THREADS];
        int i, j;

        pthread_barrier_init(&start, NULL, THREADS);
        for (i = 0; i < THREADS; i++)
                pthread_create(&threads[i], NULL, make_names, made[i]);
        for (i = 0; i < THREADS; i++)
                pthread_join(threads[i], NULL);
        for (j = 0; j < NAMES; j++) {
                for (i = 1; i < THREADS; i++)
                        cop_assert_equal(made[i][j], made[0][j]);
                cop_assert_equal(numbered(j).word, made[0][j]);
        }
        cop_assert_equal(cop__atom_count(), before + NAMES);
}

/* A constructor that comes before that of the atoms finds them all the same. */
static cop_term early;

__attribute__((constructor(101))) static void make_early(void)
{
        early = cop_atom("ok");
}

COP_TEST(ATOM_early, "the known atoms are there for any constructor")
{
        cop_assert_equal(early.word, ATOM(ok).word);
}
