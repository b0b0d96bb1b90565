/*
 * alike.c: are two transcripts of the same session the same?
 *
 * Both are walked at once. Where a pid, a reference or a time stands in both, they count as the same.
 */
#include "console/alike.h"

#include <stddef.h>
#include <string.h>

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

/* <0.12.3>: how long it is; 0: it is none. */
static size_t pid_size(const char *at)
{
        const char *p = at;

        if (*p++ != '<' || !is_digit(*p))
                return 0;
        while (is_digit(*p) || *p == '.')
                p++;
        return *p == '>' ? (size_t)(p + 1 - at) : 0;
}

static size_t ref_size(const char *at)
{
        return strncmp(at, "#Ref", 4) == 0 && pid_size(at + 4) ? 4 + pid_size(at + 4) : 0;
}

/* 12:00:00.000 */
static size_t time_size(const char *at)
{
        static const char form[] = "00:00:00.000";
        size_t i;

        for (i = 0; form[i]; i++)
                if (form[i] == '0' ? !is_digit(at[i]) : at[i] != form[i])
                        return 0;
        return i;
}

enum kind { NOTHING, PID, REF, TIME };

static enum kind kind_at(const char *at, size_t *size)
{
        if ((*size = pid_size(at)))
                return PID;
        if ((*size = ref_size(at)))
                return REF;
        return (*size = time_size(at)) ? TIME : NOTHING;
}

/* Both stand before what differs from run to run, and is of one kind. */
static bool skip_any(const char **a, const char **b)
{
        size_t a_size, b_size;
        enum kind kind = kind_at(*a, &a_size);

        if (kind == NOTHING || kind != kind_at(*b, &b_size))
                return false;
        *a += a_size;
        *b += b_size;
        return true;
}

bool cop__is_time(const char *text)
{
        return time_size(text) > 0;
}

static bool is_space(char c)
{
        return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static bool is_blank(const char *text)
{
        while (is_space(*text))
                text++;
        return !*text;
}

/* At the end of a line white space does not count. */
static const char *at_line_end(const char *text)
{
        const char *p = text;

        while (*p == ' ' || *p == '\t')
                p++;
        return *p == '\n' || !*p ? p : text;
}

bool cop__is_alike(const char *expected, const char *said)
{
        const char *again = NULL, *from = NULL; /* where to go on when a `...` takes one more */

        for (;;) {
                expected = at_line_end(expected);
                said = at_line_end(said);
                if (strncmp(expected, "...", 3) == 0) {
                        expected += 3;
                        again = expected;
                        from = said;
                        continue;
                }
                if (is_blank(expected) && is_blank(said))
                        return true;
                if (*said && skip_any(&expected, &said))
                        continue;
                if (*said && *expected == *said) {
                        expected++;
                        said++;
                        continue;
                }
                if (!again || !*from)
                        return false;
                expected = again;
                said = ++from;
        }
}
