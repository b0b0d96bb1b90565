/*
 * TYPE: memory as its type in the source says.
 */
#include <coppice/inspect.h>
#include <coppice/test.h>
#include <coppice/text.h>

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "coppice-config.h"

enum colour { RED = 1, GREEN, BLUE = -3 };

struct point {
        int x;
        short y;
};

typedef struct {
        unsigned char r, g, b;
} shade;

struct node {
        int number;
        struct node *next;
};

union either {
        int number;
        float real;
};

struct everything {
        bool yes;
        char letter;
        int8_t tiny;
        uint64_t huge;
        double real;
        float small;
        enum colour colour;
        char name[16];
        const char *title;
        uint8_t raw[3];
        int row[4];
        short grid[2][3];
        struct point at;
        shade shade;
        union either either;
        unsigned low : 3;
        signed high : 5;
        enum colour tint : 3;
        bool flag : 1;
        struct node *nodes;
        void *anything;
        int (*compare)(const char *, const char *);
        cop_term term;
        cop_term nothing;
        volatile const int *steady;
};

static int compare_names(const char *a, const char *b)
{
        return strcmp(a, b);
}

/* The place from which types are looked for: this file. */
static const struct cop_type *type_of(const char *name)
{
        const struct cop_type *type;

        if (!COP_HAVE_DW)
                cop_skip("built without libdw");
        type = cop_type_find(name, (const void *)compare_names);
        if (!type)
                cop_fail("%s is unknown", name);
        return type;
}

static cop_term field(cop_term shown, const char *name)
{
        COP_EACH (pair, cop_element(shown, 1))
                if (cop_is(cop_element(pair, 0), name))
                        return cop_element(pair, 1);
        cop_fail("there is no field %s in %s", name, cop_show(shown));
}

static const int steady = 7;

static void fill(struct everything *all)
{
        memset(all, 0, sizeof(*all));
        all->yes = true;
        all->letter = 'A';
        all->tiny = -5;
        all->huge = UINT64_MAX;
        all->real = 2.5;
        all->small = -0.5f;
        all->colour = BLUE;
        strcpy(all->name, "thing");
        all->title = "of things";
        memcpy(all->raw, "\1\2\3", 3);
        for (int i = 0; i < 4; i++)
                all->row[i] = i * i;
        for (int i = 0; i < 6; i++)
                all->grid[i / 3][i % 3] = (short)-i;
        all->at = (struct point){ -1, 2 };
        all->shade = (shade){ 10, 20, 30 };
        all->either.number = 1;
        all->low = 5;
        all->high = -7;
        all->tint = GREEN;
        all->flag = true;
        all->compare = compare_names;
        all->steady = &steady;
}

COP_TEST(TYPE_numbers, "numbers, texts and enums show as what they are")
{
        struct everything all;
        cop_term shown;

        fill(&all);
        shown = cop_type_show(type_of("struct everything"), &all);
        cop_assert_term(field(shown, "yes"), "true");
        cop_assert_term(field(shown, "letter"), "65");
        cop_assert_term(field(shown, "tiny"), "-5");
        cop_assert_term(field(shown, "huge"), "18446744073709551615");
        cop_assert_term(field(shown, "real"), "2.5");
        cop_assert_term(field(shown, "small"), "-0.5");
        cop_assert_term(field(shown, "colour"), "'BLUE'");
        cop_assert_term(field(shown, "name"), "<<\"thing\">>");
        cop_assert_term(field(shown, "title"), "<<\"of things\">>");
        cop_assert_term(field(shown, "raw"), "<<1,2,3>>");
}

COP_TEST(TYPE_parts, "structs, unions, arrays and bit fields show with all their parts")
{
        struct everything all;
        cop_term shown;

        fill(&all);
        shown = cop_type_show(type_of("struct everything"), &all);
        cop_assert_term(field(shown, "row"), "[0,1,4,9]");
        cop_assert_term(field(shown, "grid"), "[[0,-1,-2],[-3,-4,-5]]");
        cop_assert_term(field(shown, "at"), "{'struct point', [{x,-1},{y,2}]}");
        cop_assert_term(field(shown, "shade"), "{shade, [{r,10},{g,20},{b,30}]}");
        cop_assert_match(field(shown, "either"), "{'union either', [{number,1},{real,_}]}");
        cop_assert_term(field(shown, "low"), "5");
        cop_assert_term(field(shown, "high"), "-7");
        cop_assert_term(field(shown, "tint"), "'GREEN'");
        cop_assert_term(field(shown, "flag"), "true");
}

COP_TEST(TYPE_pointers, "a pointer shows what it points to, a function its name")
{
        struct node second = { 2, NULL }, first = { 1, &second };
        struct everything all;
        cop_term shown;

        fill(&all);
        all.nodes = &first;
        all.anything = &all;
        shown = cop_type_show(type_of("struct everything"), &all);
        cop_assert_term(field(shown, "nodes"),
                        "{pointer, A, {'struct node', [{number,1}, {next,"
                        " {pointer, B, {'struct node', [{number,2},{next,'NULL'}]}}}]}}",
                        (uint64_t)(uintptr_t)&first, (uint64_t)(uintptr_t)&second);
        cop_assert_term(field(shown, "anything"), "{pointer, A}", (uint64_t)(uintptr_t)&all);
        cop_assert_match(field(shown, "compare"), "{pointer, _, compare_names}");
        cop_assert_match(field(shown, "steady"), "{pointer, _, 7}");
}

COP_TEST(TYPE_terms, "a cop_term shows as the term that it is")
{
        struct everything all;
        cop_term shown;

        fill(&all);
        all.term = cop_build(
                "{ok, [1, 2.5, -3 | tail], #{key => <<\"value\">>, list => []}, <<\"a binary"
                " of more than sixty-four bytes, which are counted and shared by terms\">>}");
        shown = cop_type_show(type_of("struct everything"), &all);
        cop_assert_equal(field(shown, "term"), all.term);
        cop_assert_term(field(shown, "nothing"), "none");
}

COP_TEST(TYPE_wild_pointer, "a pointer to nowhere is shown and does not fault")
{
        struct everything all;
        cop_term shown;

        fill(&all);
        all.nodes = (struct node *)16;
        all.title = (const char *)UINTPTR_MAX;
        shown = cop_type_show(type_of("struct everything"), &all);
        cop_assert_match(field(shown, "nodes"),
                         "{pointer, 16, {'struct node', [{number,unreadable},{next,unreadable}]}}");
        cop_assert_match(field(shown, "title"), "{pointer, _, unreadable}");
        shown = cop_type_show(type_of("struct everything"), (void *)4096);
        cop_assert_term(field(shown, "real"), "unreadable");
        cop_assert_term(cop_type_show(type_of("int"), NULL), "unreadable");
}

COP_TEST(TYPE_wild_term, "a cop_term of any bits is shown and does not fault")
{
        const struct cop_type *type = type_of("struct everything");
        char *memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        struct everything all;
        int i;

        cop_assert(memory != MAP_FAILED);
        cop_assert(munmap(memory + 4096, 4096) == 0);
        fill(&all);
        for (i = 0; i < 500; i++) {
                uint64_t *words = (uint64_t *)(memory + 4096) - 64;

                for (int j = 0; j < 64; j++) {
                        uint64_t kind = cop_test_random_below(16),
                                 count = cop_test_random_below(70);

                        words[j] = cop_test_random_below(3)
                                           ? (uintptr_t)&words[cop_test_random_below(64)] | (j & 1)
                                           : count << 8 | kind << 3 | 7;
                        if (cop_test_random_below(16) == 0)
                                words[j] = cop_test_random();
                }
                cop_scope {
                        all.term.word = (uintptr_t)words + 8 * cop_test_random_below(64) +
                                        cop_test_random_below(8);
                        cop_show(cop_type_show(type, &all));
                        all.term.word = cop_test_random();
                        cop_show(cop_type_show(type, &all));
                }
        }
        munmap(memory, 4096);
}

COP_TEST(TYPE_circle, "what leads in a circle is shown up to a depth")
{
        struct node node = { 1, &node };

        cop_assert_match(cop_type_show(type_of("struct node"), &node),
                         "{_, [{number,1}, {next, {pointer, _, {_, [_, {next, {pointer, _,"
                         " {_, [_, {next, {pointer, _, {_, [_, {next, {pointer, _}}]}}}]}}}]}}}]}");
}

COP_TEST(TYPE_pairs_in_a_circle, "a list that leads in a circle is shown up to a length")
{
        uint64_t pair[2];
        struct everything all;

        fill(&all);
        pair[0] = cop_int(1).word;
        pair[1] = (uintptr_t)pair | 1;
        all.term.word = pair[1];
        cop_assert_equal(
                cop_length(field(cop_type_show(type_of("struct everything"), &all), "term")), 65);
        pair[0] = pair[1];
        cop_type_show(type_of("struct everything"), &all);
}

COP_TEST(TYPE_text, "as text it looks as in C")
{
        struct everything all;
        const char *text;

        fill(&all);
        text = cop_shown_text(cop_type_show(type_of("struct everything"), &all));
        if (!strstr(text,
                    "at = struct point{x = -1, y = 2}, shade = shade{r = 10, g = 20, b = 30}") ||
            !strstr(text, "nodes = NULL") ||
            strncmp(text, "struct everything{yes = true, ", 30) != 0)
                cop_fail("%s", text);
        cop_assert_text(cop_shown_text(cop_build("{a, [1, {b, <<\"c\">>}]}")),
                        "{a,[1,{b,<<\"c\">>}]}");
}

COP_TEST(TYPE_put, "a field of what is shown can be hidden")
{
        struct point point = { 1, 2 };
        cop_term shown = cop_type_show(type_of("struct point"), &point);

        cop_assert_term(cop_shown_put(shown, "x", cop_build("hidden")),
                        "{'struct point', [{x,hidden},{y,2}]}");
        cop_assert_equal(cop_shown_put(shown, "z", cop_int(1)), shown);
        cop_assert_term(cop_shown_put(cop_int(1), "z", cop_int(1)), "1");
}

COP_TEST(TYPE_write, "what was shown can be changed and written back")
{
        const struct cop_type *type = type_of("struct everything");
        struct everything all, other;
        struct node node = { 1, NULL };
        cop_term shown;

        fill(&all);
        all.nodes = &node;
        memcpy(&other, &all, sizeof(all));
        cop_assert(cop_type_write(type, &other, cop_type_show(type, &all)));
        cop_assert_bytes(&other, sizeof(other), &all, sizeof(all));

        shown = cop_type_show(type, &all);
        shown = cop_shown_put(shown, "tiny", cop_int(-128));
        shown = cop_shown_put(shown, "colour", cop_build("'GREEN'"));
        shown = cop_shown_put(shown, "name", cop_build("<<\"fifteen letters\">>"));
        shown = cop_shown_put(shown, "at", cop_build("{'struct point', [{y, 9}]}"));
        shown = cop_shown_put(shown, "high", cop_int(15));
        shown = cop_shown_put(shown, "grid", cop_build("[[1,2,3],[4,5,6]]"));
        shown = cop_shown_put(shown, "small", cop_float(1.5));
        shown = cop_shown_put(shown, "term", cop_build("{kept, [1]}"));
        cop_assert(cop_type_write(type, &other, shown));
        cop_assert_equal(other.tiny, -128);
        cop_assert_equal(other.colour, GREEN);
        cop_assert_text(other.name, "fifteen letters");
        cop_assert_equal(other.at.x, -1);
        cop_assert_equal(other.at.y, 9);
        cop_assert(other.high == 15);
        cop_assert(other.low == 5);
        cop_assert_equal(other.grid[1][2], 6);
        cop_assert_equal(other.small, 1.5f);
        cop_assert_term(other.term, "{kept, [1]}");
}

COP_TEST(TYPE_write_wrong, "where a part does not fit, nothing is written")
{
        static const char *const wrong[] = {
                "{'struct everything', [{tiny, 1}, {tiny, 128}]}",
                "{'struct everything', [{tiny, 1}, {huge, -1}]}",
                "{'struct everything', [{tiny, 1}, {real, 1}]}",
                "{'struct everything', [{tiny, 1}, {colour, 'PINK'}]}",
                "{'struct everything', [{tiny, 1}, {name, <<\"sixteen letters!\">>}]}",
                "{'struct everything', [{tiny, 1}, {raw, <<1,2>>}]}",
                "{'struct everything', [{tiny, 1}, {row, [1,2,3,4,5]}]}",
                "{'struct everything', [{tiny, 1}, {nodes, {pointer, 5}}]}",
                "{'struct everything', [{tiny, 1}, {low, 8}]}",
                "{'struct everything', [{tiny, 1}, {no_field, 8}]}",
                "{'struct everything', [{tiny, 1} | 8]}",
                "{'struct other', [{tiny, 1}]}",
                "17",
        };
        const struct cop_type *type = type_of("struct everything");
        struct everything all, other;

        fill(&all);
        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
                memcpy(&other, &all, sizeof(all));
                if (cop_type_write(type, &other, cop_read(wrong[i])))
                        cop_fail("%s was written", wrong[i]);
                cop_assert_bytes(&other, sizeof(other), &all, sizeof(all));
        }
}

COP_TEST(TYPE_unknown, "a type that there is not is unknown")
{
        cop_assert(cop_type_find("struct nobody_has_this", NULL) == NULL);
        cop_assert(cop_type_find("", (const void *)compare_names) == NULL);
        cop_assert(cop_type_find("struct ", (void *)1) == NULL);
}

COP_TEST(TYPE_names, "types are called as in C")
{
        const struct cop_type *type = type_of("struct everything");
        static const char *const names[][2] = {
                { "letter", "char" },        { "huge", "uint64_t" },
                { "title", "const char *" }, { "nodes", "struct node *" },
                { "anything", "void *" },    { "compare", "int (*)()" },
                { "term", "cop_term" },      { "colour", "enum colour" },
        };

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                for (size_t j = 0; j < type->count; j++)
                        if (strcmp(type->fields[j].name, names[i][0]) == 0)
                                cop_assert_text(type->fields[j].type->name, names[i][1]);
}
