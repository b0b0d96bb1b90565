/*
 * WHERE: addresses as functions and lines; and functions by name.
 */
#include <coppice/inspect.h>
#include <coppice/test.h>
#include <coppice/text.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/sanitizers.h"
#include "coppice-config.h"

struct pair {
        int64_t a, b;
};

int where_plain(int number, const char *text, struct pair *pair, cop_term term);
int where_variadic(const char *format, ...);
void where_nothing(void);
struct pair where_struct(struct pair pair);
extern struct pair where_variable;

__attribute__((noinline)) int where_plain(int number, const char *text, struct pair *pair,
                                          cop_term term)
{
        return number + (int)strlen(text) + (int)pair->a + (int)term.word;
}

__attribute__((noinline)) int where_variadic(const char *format, ...)
{
        return format[0];
}

__attribute__((noinline)) void where_nothing(void)
{
        __asm__("");
}

__attribute__((noinline)) struct pair where_struct(struct pair pair)
{
        return (struct pair){ pair.b, pair.a };
}

static uintptr_t here_pc;
static int here_line;

static inline __attribute__((always_inline)) void note_pc(void)
{
#if defined(__x86_64__)
        here_line = __LINE__ + 1;
        __asm__ volatile("1: lea 1b(%%rip), %0" : "=r"(here_pc));
#else
        here_line = __LINE__ + 1;
        __asm__ volatile("1: adr %0, 1b" : "=r"(here_pc));
#endif
}

static __attribute__((noinline)) void noting(void)
{
        note_pc();
}

static void need_dw(void)
{
        if (!COP_HAVE_DW)
                cop_skip("built without libdw");
}

static cop_term frames_of(uintptr_t address)
{
        cop_term list = cop_cons(cop_uint(address), cop_nil());

        return cop_frames(list);
}

COP_TEST(WHERE_inlined, "an address is in a function, and in those it was inlined into")
{
        cop_term frames, file;
        int64_t line;

        need_dw();
        noting();
        frames = frames_of(here_pc);
        cop_assert_match(frames,
                         "[{test_functions, note_pc, 0, [{file, File}, {line, Line}]},"
                         " {test_functions, noting, 0, [_, {line, _}]}]",
                         &file, &line);
        cop_assert_text(cop_to_cstring(file), "tests/inspect/test_functions.c");
        cop_assert_equal(line, here_line);
}

COP_TEST(WHERE_text, "frames as text have a line each")
{
        char expected[128];
        const char *text;

        need_dw();
        noting();
        text = cop_frames_text(cop_build("[A]", (uint64_t)here_pc));
        snprintf(expected, sizeof(expected), "    tests/inspect/test_functions.c:%d: note_pc\n",
                 here_line);
        if (strncmp(text, expected, strlen(expected)) != 0 || !strstr(text, ": noting\n"))
                cop_fail("%s", text);
}

COP_TEST(WHERE_mixed, "what is no address stays, and a stack may be asked about twice")
{
        cop_term stack = cop_build(
                "[{m, f, 0, [{file, \"m.c\"}, {line, 5}]}, odd, -1, 16#100000000000000000]");

        cop_assert_equal(cop_frames(stack), stack);
        cop_assert_equal(cop_frames(frames_of((uintptr_t)where_nothing)),
                         frames_of((uintptr_t)where_nothing));
        cop_assert_text(
                cop_frames_text(cop_build("[{m, f, 0, [{file, \"m.c\"}, {line, 5}]}, odd]")),
                "    m.c:5: f\n    odd\n");
        cop_assert_term(cop_frames(cop_nil()), "[]");
        cop_assert_term(cop_frames(cop_build("atom")), "[]");
}

COP_TEST(WHERE_nowhere, "an address in nothing is shown as it is")
{
        cop_assert_term(frames_of(16), "[{undefined, <<\"0x10\">>, 0, []}]");
        cop_assert_term(frames_of(UINTPTR_MAX), "[{undefined, <<\"0xffffffffffffffff\">>, 0, []}]");
        cop_assert_text(cop_frames_text(cop_build("[16]")), "    0x10\n");
}

COP_TEST(WHERE_library, "a function of a library without debug information has its name")
{
        cop_term function;
        int64_t arity;

        cop_assert_match(frames_of((uintptr_t)&fputs + 1), "[{_, Function, Arity, _} | _]",
                         &function, &arity);
        if (!strstr(cop_to_cstring(function), "fputs"))
                cop_fail("it is called %s", cop_to_cstring(function));
}

COP_TEST(FUNCTION_prototype, "a function is found by its name, with its prototype")
{
        struct cop_function function;

        need_dw();
        cop_assert(cop_function_find(&function, "where_plain"));
        cop_assert((void *)function.address == (void *)where_plain);
        cop_assert(function.has_prototype && !function.is_variadic);
        cop_assert_equal(function.argument_count, 4);
        cop_assert_text(function.result->name, "int");
        cop_assert_text(function.arguments[0].name, "number");
        cop_assert_text(function.arguments[1].type->name, "const char *");
        cop_assert_text(function.arguments[2].type->name, "struct pair *");
        cop_assert_equal(cop_type_target(function.arguments[2].type)->count, 2);
        cop_assert_equal(function.arguments[3].type->kind, COP_TYPE_TERM);
}

COP_TEST(FUNCTION_kinds, "void, variadic, and structs by value")
{
        struct cop_function function;

        need_dw();
        cop_assert(cop_function_find(&function, "where_variadic"));
        cop_assert(function.is_variadic);
        cop_assert_equal(function.argument_count, 1);
        cop_assert(cop_function_find(&function, "where_nothing"));
        cop_assert_equal(function.argument_count, 0);
        cop_assert_equal(function.result->kind, COP_TYPE_VOID);
        cop_assert(cop_function_find(&function, "where_struct"));
        cop_assert_equal(function.result->kind, COP_TYPE_STRUCT);
        cop_assert_equal(function.result->size, 16);
        cop_assert_equal(function.arguments[0].type->fields[1].offset, 8);
}

COP_TEST(FUNCTION_library,
         "functions of libraries are found, those too that are chosen at the start")
{
        struct cop_function function;

        cop_assert(cop_function_find(&function, "strlen"));
        cop_assert_equal(((size_t(*)(const char *))function.address)("four"), 4);
        cop_assert(cop_function_find(&function, "snprintf"));
}

COP_TEST(FUNCTION_unknown, "a function that there is not, or that is static, is not found")
{
        struct cop_function function;

        cop_assert(!cop_function_find(&function, "where_nowhere"));
        cop_assert(!cop_function_find(&function, "noting"));
        cop_assert(!cop_function_find(&function, ""));
}

COP_TEST(FUNCTION_names, "the names of the program's functions, for who completes them")
{
        need_dw();
        cop_assert_term(cop_function_names("where_"),
                        "[<<\"where_nothing\">>, <<\"where_plain\">>, <<\"where_struct\">>,"
                        " <<\"where_variadic\">>]");
        cop_assert_term(cop_function_names("no_such_"), "[]");
}

struct pair where_variable = { 1, 2 };
static struct pair where_static = { 3, 4 };

COP_TEST(FUNCTION_variable,
         "a variable of the program is found, with its size; a static one is not")
{
        size_t size = 7;

        need_dw();
        cop_assert(cop_variable_find("where_variable", &size) == &where_variable);
        if (!COP_ASAN) /* which puts something behind it */
                cop_assert_equal(size, sizeof(where_variable) + (size_t)where_static.a - 3);
        cop_assert(!cop_variable_find("where_static", &size));
        cop_assert_equal(size, 0);
        cop_assert(!cop_variable_find("where_plain", &size));
}
