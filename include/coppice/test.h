/*
 * coppice/test.h: tests of programs that crash on purpose.
 *
 *     #include <coppice/test.h>
 *
 *     COP_TEST(DOOR_shuts, "a door that was opened can be shut")
 *     {
 *             struct door door = door_open();
 *
 *             cop_assert(door_shut(&door));
 *             cop_assert_equal(door.creaks, 0);
 *     }
 *
 * Link with libcoppice-test, which brings the main(). Each test runs in an OS process of its own,
 * in random order, under a time limit; so a test that crashes, hangs or leaves something behind
 * is that test's failure and nobody else's. The first assertion that does not hold ends the test.
 * Assertions may stand anywhere: in functions, in processes, on any thread.
 *
 * The program takes the name of tests as argument (a whole name, a part of one or of a file, a
 * pattern with *, ? and [], or FILE:LINE), and
 *
 *     --list  --verbose  --no-fork
 *     --only=TAG  --exclude=TAG      those that have a tag, those that do not
 *     --tap  --junit=FILE            for programs that read how it went
 *     --max-failures=N               starts no more when so many have failed
 *     --jobs=N                       how many async tests run at once; else two a core
 *
 * COP_SEED in its environment repeats the order and the random numbers of an earlier run; 0 is the
 * order in which they stand. It returns 0 when no test failed, 1 when one did, 2 when it was called
 * wrongly, 3 when no test is meant, 77 when all were skipped.
 */
#ifndef COPPICE_TEST_H
#define COPPICE_TEST_H

#include <coppice/match.h>

COP_BEGIN_DECLS

/* A test, as COP_TEST makes it. limit_s and what follows it are for you to set, after the sentence. */
struct cop_test {
        const char *name;
        const char *sentence;
        const char *file;
        int line;
        void (*run)(void);
        int limit_s;      /* how long it may take; 0: thirty seconds */
        bool async;       /* may run at the same time as others that say so */
        const char *tags; /* words, with blanks between them, for --only and --exclude */
        const char *skip; /* why it is not to be run */
        bool plain;       /* it is no process, in a program whose tests are */
        struct cop_test *next;
};

/*
 * COP_TEST(NAME, "what is promised") { ... } is a test. Options follow the sentence:
 * COP_TEST(STRESS_links, "...", .limit_s = 60) { ... }
 *
 * The name is that of the rule it tests, and occurs once in the project.
 */
#define COP_TEST(name_, sentence_, ...)                                                            \
        static void cop__test_run_##name_(void);                                                   \
        static struct cop_test cop__test_##name_ = { .name = #name_,                               \
                                                     .sentence = sentence_,                        \
                                                     .file = __FILE__,                             \
                                                     .line = __LINE__,                             \
                                                     .run = cop__test_run_##name_,                 \
                                                     __VA_ARGS__ };                                \
        __attribute__((constructor)) static void cop__test_add_##name_(void)                       \
        {                                                                                          \
                cop__test_add(&cop__test_##name_);                                                 \
        }                                                                                          \
        static void cop__test_run_##name_(void)

/*
 * COP_TEST_ALL(.setup = fn, .teardown = fn): what all tests of the program have in common, and is made
 * before the first of them and put away after the last: a directory, a table, a program to talk to. Once
 * in a program. Both are called by the OS process that runs the tests; what setup has left in its memory
 * each test has a copy of. Threads no test has, so no system may be running when setup returns.
 *
 * An assertion that fails in setup is the failure of each test, and then none is run. Where setup says
 * cop_skip(), each is skipped. In teardown, which is called in any case, no assertion stands.
 */
struct cop_test_all {
        void (*setup)(void);
        void (*teardown)(void);
};

#define COP_TEST_ALL(...)                                                                          \
        __attribute__((constructor)) static void cop__test_all_of_program(void)                    \
        {                                                                                          \
                static const struct cop_test_all all = { __VA_ARGS__ };                            \
                                                                                                   \
                cop__test_all_by(&all);                                                            \
        }                                                                                          \
        struct cop__test_all_semicolon

/* cop_assert(condition): the condition holds. */
#define cop_assert(condition)                                                                      \
        (cop__test_at(__FILE__, __LINE__),                                                         \
         (condition) ? (void)0 : cop__test_false(__FILE__, __LINE__, #condition))

/*
 * cop_assert_equal(is, expected): two integers, floats, booleans, texts (char *), pointers, pids,
 * references or terms are equal. Integers are compared by what they are worth, whatever their types;
 * texts by what they say; floats exactly; terms as with cop_equal().
 */
#define cop_assert_equal(is, expected)                                                             \
        (cop__test_at(__FILE__, __LINE__),                                                         \
         cop__test_equal(__FILE__, __LINE__, #is, COP__TEST_VALUE(is), #expected,                  \
                         COP__TEST_VALUE(expected)))

/* cop_assert_text(is, expected): two texts say the same; NULL is equal to NULL alone. */
#define cop_assert_text(is, expected)                                                              \
        (cop__test_at(__FILE__, __LINE__),                                                         \
         cop__test_equal(__FILE__, __LINE__, #is, cop__test_of_text(is), #expected,                \
                         cop__test_of_text(expected)))

/* cop_assert_bytes(is, size, expected, expected_size): the same bytes, and as many. */
#define cop_assert_bytes(is, size, expected, expected_size)                                        \
        (cop__test_at(__FILE__, __LINE__),                                                         \
         cop__test_bytes(__FILE__, __LINE__, #is, (is), (size), #expected, (expected),             \
                         (expected_size)))

/*
 * cop_assert_term(is, "pattern", values...): the term is equal to the one that cop_build() makes of
 * the rest, such as cop_assert_term(reply, "{ok, Pid, [1, 2]}", pid).
 */
#define cop_assert_term(is, ...) COP__BUILDING(cop__test_term, (, (is), #is), __VA_ARGS__)

/* cop_assert_match(is, "pattern", targets...): the term matches, as with cop_match(); the targets
 * are written. */
#define cop_assert_match(is, ...) COP__MATCHING(cop__test_match, (, (is), #is), __VA_ARGS__)

/* cop_fail("why, with %s", ...) ends the test as failed. */
#define cop_fail(...) cop__test_fail(__FILE__, __LINE__, __VA_ARGS__)

/* cop_skip("why") ends the test: it counts as skipped, and not as passed. */
#define cop_skip(why) cop__test_skip(__FILE__, __LINE__, (why))

/* A random number, all 64 bits of it; the same ones again for the same COP_SEED and test. */
COP_API uint64_t cop_test_random(void);

/* A random number from 0 to limit - 1; limit is at least 1. */
COP_API uint64_t cop_test_random_below(uint64_t limit);

/* The seed of this run, for a generator of your own. */
COP_API uint64_t cop_test_seed(void);

/* From here on it is what the macros are made of. */

enum cop__test_kind {
        COP__TEST_INT,
        COP__TEST_UINT,
        COP__TEST_DOUBLE,
        COP__TEST_BOOL,
        COP__TEST_TEXT,
        COP__TEST_POINTER,
        COP__TEST_TERM,
};

struct cop__test_value {
        enum cop__test_kind kind;
        union {
                long long i;
                unsigned long long u;
                double d;
                bool b;
                const char *text;
                const void *pointer;
                cop_term term;
        } as;
};

COP_API void cop__test_add(struct cop_test *test);
COP_API void cop__test_all_by(const struct cop_test_all *all);
COP_API void cop__test_at(const char *file, int line);
COP_API void cop__test_false(const char *file, int line, const char *condition) COP_NORETURN;
COP_API void cop__test_fail(const char *file, int line, const char *format, ...) COP_NORETURN
        COP_PRINTF(3, 4);
COP_API void cop__test_skip(const char *file, int line, const char *why) COP_NORETURN;
COP_API void cop__test_equal(const char *file, int line, const char *is_text,
                             struct cop__test_value is, const char *expected_text,
                             struct cop__test_value expected);
COP_API void cop__test_term(struct cop__site *site, const uint64_t *values, cop_term is,
                            const char *text);
COP_API void cop__test_match(struct cop__site *site, void *const *places, cop_term is,
                             const char *text);
COP_API void cop__test_bytes(const char *file, int line, const char *is_text, const void *is,
                             size_t size, const char *expected_text, const void *expected,
                             size_t expected_size);

/*
 * Every test is run by run(test) from now on, in its own OS process: run() calls test() in
 * whatever surroundings it makes and returns when that is over and put away.
 */
COP_API void cop__test_run_with(void (*run)(void (*test)(void)));

static inline struct cop__test_value cop__test_of_int(long long i)
{
        struct cop__test_value value = { COP__TEST_INT, { 0 } };

        value.as.i = i;
        return value;
}

static inline struct cop__test_value cop__test_of_uint(unsigned long long u)
{
        struct cop__test_value value = { COP__TEST_UINT, { 0 } };

        value.as.u = u;
        return value;
}

static inline struct cop__test_value cop__test_of_double(double d)
{
        struct cop__test_value value = { COP__TEST_DOUBLE, { 0 } };

        value.as.d = d;
        return value;
}

static inline struct cop__test_value cop__test_of_bool(bool b)
{
        struct cop__test_value value = { COP__TEST_BOOL, { 0 } };

        value.as.b = b;
        return value;
}

static inline struct cop__test_value cop__test_of_text(const char *text)
{
        struct cop__test_value value = { COP__TEST_TEXT, { 0 } };

        value.as.text = text;
        return value;
}

static inline struct cop__test_value cop__test_of_pointer(const void *pointer)
{
        struct cop__test_value value = { COP__TEST_POINTER, { 0 } };

        value.as.pointer = pointer;
        return value;
}

static inline struct cop__test_value cop__test_of_term(cop_term term)
{
        struct cop__test_value value = { COP__TEST_TERM, { 0 } };

        value.as.term = term;
        return value;
}

static inline struct cop__test_value cop__test_of_pid(cop_pid pid)
{
        return cop__test_of_term(cop_pid_term(pid));
}

static inline struct cop__test_value cop__test_of_ref(cop_ref ref)
{
        return cop__test_of_term(cop_ref_term(ref));
}

COP_END_DECLS

#ifndef __cplusplus
#define COP__TEST_VALUE(x)                                                                         \
        _Generic((x),                                                                              \
                char: cop__test_of_int,                                                            \
                signed char: cop__test_of_int,                                                     \
                short: cop__test_of_int,                                                           \
                int: cop__test_of_int,                                                             \
                long: cop__test_of_int,                                                            \
                long long: cop__test_of_int,                                                       \
                unsigned char: cop__test_of_uint,                                                  \
                unsigned short: cop__test_of_uint,                                                 \
                unsigned: cop__test_of_uint,                                                       \
                unsigned long: cop__test_of_uint,                                                  \
                unsigned long long: cop__test_of_uint,                                             \
                float: cop__test_of_double,                                                        \
                double: cop__test_of_double,                                                       \
                bool: cop__test_of_bool,                                                           \
                char *: cop__test_of_text,                                                         \
                const char *: cop__test_of_text,                                                   \
                cop_term: cop__test_of_term,                                                       \
                cop_pid: cop__test_of_pid,                                                         \
                cop_ref: cop__test_of_ref,                                                   \
                default: cop__test_of_pointer)(x)
#else
static inline struct cop__test_value cop__test_value(bool b)
{
        return cop__test_of_bool(b);
}
static inline struct cop__test_value cop__test_value(int i)
{
        return cop__test_of_int(i);
}
static inline struct cop__test_value cop__test_value(long i)
{
        return cop__test_of_int(i);
}
static inline struct cop__test_value cop__test_value(long long i)
{
        return cop__test_of_int(i);
}
static inline struct cop__test_value cop__test_value(unsigned u)
{
        return cop__test_of_uint(u);
}
static inline struct cop__test_value cop__test_value(unsigned long u)
{
        return cop__test_of_uint(u);
}
static inline struct cop__test_value cop__test_value(unsigned long long u)
{
        return cop__test_of_uint(u);
}
static inline struct cop__test_value cop__test_value(double d)
{
        return cop__test_of_double(d);
}
static inline struct cop__test_value cop__test_value(const char *text)
{
        return cop__test_of_text(text);
}
static inline struct cop__test_value cop__test_value(const void *pointer)
{
        return cop__test_of_pointer(pointer);
}
static inline struct cop__test_value cop__test_value(cop_term term)
{
        return cop__test_of_term(term);
}
static inline struct cop__test_value cop__test_value(cop_pid pid)
{
        return cop__test_of_pid(pid);
}
static inline struct cop__test_value cop__test_value(cop_ref ref)
{
        return cop__test_of_ref(ref);
}
#define COP__TEST_VALUE(x) cop__test_value(x)
#endif

#endif
