/*
 * coppice/test_process.h: tests that are processes.
 *
 *     COP_TEST_PROCESSES(.setup = open_shop);
 *
 *     COP_TEST(SHOP_sells, "what is on the shelf is sold")
 *     {
 *             cop_pid shop = cop_start_supervised(COP_WORKER(shop, "[apple]"));
 *
 *             cop_send(shop, "{buy, apple, Me}", cop_self());
 *             cop_assert_receive(100, "{sold, apple}");
 *             cop_refute_receive(0, "{sold, _}");
 *     }
 *
 * In a program that says COP_TEST_PROCESSES each COP_TEST of <coppice/test.h> is a process of a
 * system of its own, as tests are in ExUnit. In this order:
 *
 *     the setup, then the test, in the process of the test, which then exits with shutdown
 *     what it had started supervised is stopped, the last one first
 *     what cop_on_exit() was told is called, the last one first, in another process
 *
 * also after a failure. A test fails where an assertion does, in whatever process; where it raises an
 * error, exits, or throws; where it faults; and where a process that is linked with it ends other than
 * normally, unless the test traps exits:
 *
 *     ** (EXIT from <0.3.0>) shutdown
 */
#ifndef COPPICE_TEST_PROCESS_H
#define COPPICE_TEST_PROCESS_H

#include <coppice/supervisor.h>
#include <coppice/test.h>

COP_BEGIN_DECLS

/* What all tests of the program have in common. Zero is always the default. */
struct cop_test_process_options {
        size_t struct_size;
        void (*setup)(void); /* called in the process of each test, before the test */
};

/* COP_TEST_PROCESSES(.setup = fn): each test of this program is a process. Once in a program. */
#define COP_TEST_PROCESSES(...)                                                                    \
        __attribute__((constructor)) static void cop__test_processes(void)                         \
        {                                                                                          \
                static const struct cop_test_process_options options = { .struct_size =            \
                                                                                 sizeof(options),  \
                                                                         __VA_ARGS__ };            \
                                                                                                   \
                cop__test_processes_with(&options);                                                \
        }                                                                                          \
        struct cop__test_processes_semicolon

/* ---- what a test starts, and puts away ---- */

/*
 * cop_start_supervised(COP_WORKER(shop, "[apple]", .id = "b")) starts a child of the test's own
 * supervisor, which starts it again when it crashes, without harm to the test. It is stopped after the
 * test, before anything that cop_on_exit() was told.
 *
 * Returns   its pid. Where it does not start the test fails, and says why.
 * Threads   the process of the test alone.
 */
#define cop_start_supervised(...)                                                                  \
        cop__start_supervised(COP_CHILD_SPEC(__VA_ARGS__), false, __FILE__, __LINE__)
/* The same, linked with the test: its crash is the test's failure. */
#define cop_start_link_supervised(...)                                                             \
        cop__start_supervised(COP_CHILD_SPEC(__VA_ARGS__), true, __FILE__, __LINE__)
/* The same for those who want to go on: what cop_start_child() returns, such as {ok, Pid} and
 * {error, {already_started, Pid}}. */
#define cop_try_start_supervised(...)                                                              \
        cop__try_start_supervised(COP_CHILD_SPEC(__VA_ARGS__), __FILE__, __LINE__)

/* Stops the child with this id, and forgets it: ok, or {error, not_found}. The process of the test
 * alone. */
#define cop_stop_supervised(id) cop__stop_supervised((id), __FILE__, __LINE__)

/* Calls fn(argument) after the test, however it ended. Where it fails the test has failed. Up to 64
 * times; any process. */
COP_API void cop_on_exit(void (*fn)(void *argument), void *argument);

/* ---- what a test waits for ---- */

/* cop_assert_receive(100, "{sold, Fruit}", &fruit): such a message comes within so many milliseconds,
 * or is there already. It is taken out, and the targets are written. */
#define cop_assert_receive(timeout_ms, ...)                                                        \
        COP__MATCHING(cop__test_receive, (, (timeout_ms)), __VA_ARGS__)

/* None comes in that time; with 0: none is there. */
#define cop_refute_receive(timeout_ms, ...)                                                        \
        COP__MATCHING(cop__test_refute, (, (timeout_ms)), __VA_ARGS__)

/* What was logged, by anybody, while fn(argument) ran, as text: a line "[level] text" each event. It is
 * shown nowhere else. */
COP_API const char *cop_capture_log(void (*fn)(void *argument), void *argument);

/* ---- behind the macros ---- */

COP_API void cop__test_processes_with(const struct cop_test_process_options *options);
COP_API cop_pid cop__start_supervised(cop_term spec, bool link, const char *file, int line);
COP_API cop_term cop__try_start_supervised(cop_term spec, const char *file, int line);
COP_API cop_term cop__stop_supervised(const char *id, const char *file, int line);
COP_API void cop__test_receive(struct cop__site *site, void *const *places, int64_t timeout_ms);
COP_API void cop__test_refute(struct cop__site *site, void *const *places, int64_t timeout_ms);

COP_END_DECLS

#endif
