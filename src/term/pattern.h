/*
 * pattern.h: patterns, read once.
 *
 * What the macros of <coppice/match.h> and its neighbours stand on, and what the runtime needs to
 * send, call and receive with patterns: the compiled form of a site's pattern, matching without
 * side effects, and building straight into a message.
 *
 * A compiled pattern lives for ever and never changes, so any thread may use it without a lock. It
 * is the same one for all sites with the same text, use and kinds of arguments.
 *
 * LIMIT: a pattern that was read once is never freed, also when the library it stood in is
 * unloaded.
 */
#ifndef COP_TERM_PATTERN_H
#define COP_TERM_PATTERN_H

#include <coppice/match.h>

#include "term/region.h"
#include "term/value.h"

enum {
        PATTERN_DEPTH_MOST = 64,         /* of nesting; a list counts as one however long */
        PATTERN_SIZE_MOST = 1024 * 1024, /* bytes of text */
};

struct pattern;

/* ---- of a site ---- */

/* When it is not compiled yet. A wrong pattern ends the caller: {bad_pattern, Text}. */
const struct pattern *cop__site_compile(struct cop__site *site);

/* The compiled form of the site's pattern. */
static inline const struct pattern *cop__site_pattern(struct cop__site *site)
{
        /* pairs with the release in cop__site_compile */
        const void *compiled = __atomic_load_n(&site->compiled, __ATOMIC_ACQUIRE);

        if (__builtin_expect(compiled == NULL, 0))
                return cop__site_compile(site);
        return (const struct pattern *)compiled;
}

/* The atom with this text, COP_NONE when there is none. The site remembers the last one, so that a
 * destination that stays the same costs a comparison. */
cop_term cop__site_name(struct cop__site *site, const char *text);

/* ---- matching ---- */

/*
 * Does the term have this form? Only when it has, the places are written.
 *
 * Parts of binaries (Rest/binary) are made in the caller's region then; nothing else is.
 */
bool cop__pattern_match(const struct pattern *pattern, cop_term term, void *const *places);

/* Has it variables, which are written where it matches? */
bool cop__pattern_writes(const struct pattern *pattern);

/* ---- building ---- */

/* The whole, where no value is in it: immortal, so it may stand in a message as it is. Else COP_NONE. */
cop_term cop__pattern_constant(const struct pattern *pattern);

/* Are all values such as fit a word: small integers, and terms that are immediate? Then the term takes
 * cop__pattern_words(), and cop__build_plain() makes it, as cop__build_flat() would. */
bool cop__build_is_plain(const struct pattern *pattern, const uint64_t *values);
size_t cop__pattern_words(const struct pattern *pattern);
cop_term cop__build_plain(const struct pattern *pattern, const uint64_t *values, uint64_t *to);

/* How many words cop__build_flat() needs for these values, at most. A value that no term can hold
 * (COP_NONE, NULL, an infinite float) ends the caller: badarg at the site's place. */
size_t cop__build_words(const struct pattern *pattern, const uint64_t *values,
                        const struct cop__site *site);

/*
 * The term, in `to`, with a copy of every value that is not immediate: nothing in it points to the
 * caller's memory. Constant parts of a pattern are not copied; they are immortal. The boxes of
 * shared binaries are put on *shared. After cop__build_words() with the same values.
 *
 * Returns   COP_NONE when memory is used up; *shared is as it was.
 */
cop_term cop__build_flat(const struct pattern *pattern, const uint64_t *values, uint64_t *to,
                         struct shared_bits **shared);

/* The term in the caller's region; terms among the values are referred to, not copied. */
cop_term cop__build_here(const struct pattern *pattern, const uint64_t *values,
                         const struct cop__site *site);

/* ---- of a program ---- */

typedef void cop__report_fn(void *context, const char *message);

/*
 * Reads every pattern of the executable and of all libraries loaded, and those of libraries loaded
 * from now on as they come. Each wrong one is reported: "FILE:12: pattern ...: what is wrong".
 * Returns how many there were; if any, the program should not start.
 *
 * report may be called by any thread that loads a library, until the next call of this function.
 * Without one (NULL), nothing more is checked.
 */
size_t cop__sites_check(cop__report_fn *report, void *context);

/* ---- text to pattern ---- */

/* What is wrong with a pattern. */
struct pattern_error {
        uint32_t line, column; /* counted from 1, in characters; 0: the pattern as a whole */
        bool no_memory;        /* nothing is wrong with it */
        char text[200];
};

/*
 * The pattern for this text and arguments of these kinds (COP__END last). NULL when it is wrong or
 * memory is used up; *error says which.
 *
 * Threads   any.
 */
const struct pattern *cop__pattern_of(const char *text, enum cop__use use, const uint8_t *kinds,
                                      struct pattern_error *error);

#endif
