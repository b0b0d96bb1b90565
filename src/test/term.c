/*
 * term.c: assertions about terms.
 *
 * They stand on the public headers, as any program's own could: a pattern's site says where it
 * stands, what is expected is built by cop__build() or matched by cop__match(), and both sides are
 * shown as text.
 */
#include <coppice/test.h>

#include <coppice/text.h>

#include <stdio.h>
#include <string.h>

enum { SHORT = 60, BEFORE = 12 };

/* Of long terms, where they begin to differ. */
static const char *difference(cop_term is, cop_term expected)
{
        static char text[400];
        const char *a = cop_show(is), *b = cop_show(expected);
        size_t at = 0, from;

        if (strlen(a) < SHORT && strlen(b) < SHORT)
                return "";
        while (a[at] && a[at] == b[at])
                at++;
        from = at < BEFORE ? 0 : at - BEFORE;
        while (from > 0 && ((unsigned char)a[from] & 0xc0) == 0x80) /* inside a character */
                from--;
        snprintf(text, sizeof(text),
                 "\n        they differ from byte %zu on\n            is       %s%.60s\n"
                 "            expected %s%.60s",
                 at, from ? "..." : "", a + from, from ? "..." : "", b + from);
        return text;
}

void cop__test_term(struct cop__site *site, const uint64_t *values, cop_term is, const char *text)
{
        const struct cop_place *at = &site->place;
        cop_term expected;

        cop__test_at(at->file, at->line);
        expected = cop__build(site, values);
        if (!cop_is_none(is) && cop_equal(is, expected))
                return;
        cop__test_fail(at->file, at->line,
                       "not the same term\n        %s\n            is %s\n        expected %s%s",
                       text, cop_is_none(is) ? "COP_NONE" : cop_show_pretty(is),
                       cop_show_pretty(expected), cop_is_none(is) ? "" : difference(is, expected));
}

void cop__test_match(struct cop__site *site, void *const *places, cop_term is, const char *text)
{
        const struct cop_place *at = &site->place;

        cop__test_at(at->file, at->line);
        if (cop__match(site, places, is))
                return;
        cop__test_fail(at->file, at->line,
                       "does not match\n        %s\n            is %s\n        expected %s", text,
                       cop_is_none(is) ? "COP_NONE" : cop_show_pretty(is), site->pattern);
}
