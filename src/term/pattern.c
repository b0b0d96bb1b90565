/*
 * pattern.c: each pattern is read once.
 *
 * A table of chains, as wide as it will ever be, keyed by text, use and kinds of arguments. Looking
 * takes no lock; entering is one compare-and-swap of the chain's head. Two threads that read the
 * same pattern at the same time both do the work, and the second one's is thrown away.
 *
 * Invariant A pattern in the table is complete, and never changed, moved or freed.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "term/program.h"

enum { CHAINS = 4096 };

static _Atomic(struct pattern *) chains[CHAINS];

/* ---- making one ---- */

cop_term cop__pattern_literal(struct pattern *pattern, cop_term term)
{
        struct literal *literal;
        size_t words;

        if (!has_memory(term))
                return term;
        words = cop__copy_words(term);
        if (words == SIZE_MAX)
                return COP_NONE;
        literal = cop__alloc(sizeof(*literal) + words * sizeof(uint64_t));
        if (!literal)
                return COP_NONE;
        literal->next = pattern->literals;
        pattern->literals = literal;
        return cop__copy_to(literal->words, term, &pattern->shared);
}

void cop__pattern_free(struct pattern *pattern)
{
        cop__shared_release(pattern->shared, NULL);
        while (pattern->literals) {
                struct literal *next = pattern->literals->next;

                cop__free(pattern->literals);
                pattern->literals = next;
        }
        cop__free(pattern->ops);
        cop__free(pattern->words);
        cop__free(pattern->steps);
        cop__free(pattern);
}

/* With a plural where it is not one. */
#define COUNTED(count) (count), (count) == 1 ? "" : "s"

static bool count_is_right(struct form_reader *reader, const struct pattern *pattern)
{
        size_t given = strlen((const char *)pattern->kinds);
        struct text_place whole = { 0 };

        if (given == reader->variable_count)
                return true;
        cop__lexer_fail(&reader->lexer, whole, "it has %u variable%s, but %zu argument%s given",
                        COUNTED(reader->variable_count), given, given == 1 ? " is" : "s are");
        return false;
}

static bool fill_in(struct pattern *pattern, struct form_reader *reader)
{
        struct form *form = cop__form_read(reader);

        if (!form || !count_is_right(reader, pattern))
                return false;
        if (reader->use == COP__USE_MATCH)
                return cop__match_program(pattern, reader, form);
        return cop__build_program(pattern, reader, form);
}

static void explain(const struct form_reader *reader, struct pattern_error *error)
{
        const struct lexer *lexer = &reader->lexer;

        error->no_memory = reader->no_memory || lexer->value.failed;
        error->line = lexer->failed ? lexer->error_place.line : 0;
        error->column = lexer->failed ? lexer->error_place.column : 0;
        snprintf(error->text, sizeof(error->text), "%s",
                 lexer->failed ? lexer->error : "memory is used up");
}

struct pattern *cop__pattern_new(const char *text, size_t size, enum cop__use use,
                                 const uint8_t *kinds, struct pattern_error *error)
{
        struct pattern *pattern = cop__alloc_zeroed(sizeof(*pattern) + size + 1);
        struct form_reader reader;
        bool done;

        if (!pattern) {
                *error = (struct pattern_error){ .no_memory = true, .text = "memory is used up" };
                return NULL;
        }
        memcpy(pattern->text, text, size);
        memcpy(pattern->kinds, kinds, strlen((const char *)kinds));
        pattern->use = (uint8_t)use;
        cop__form_init(&reader, pattern->text, size, use);
        done = fill_in(pattern, &reader);
        if (!done)
                explain(&reader, error);
        cop__form_release(&reader);
        if (done)
                return pattern;
        cop__pattern_free(pattern);
        return NULL;
}

/* ---- the table ---- */

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
        const uint8_t *at = bytes;

        while (size-- > 0)
                hash = (hash ^ *at++) * 1099511628211u;
        return hash;
}

static bool is_it(const struct pattern *pattern, uint64_t hash, const char *text, enum cop__use use,
                  const uint8_t *kinds)
{
        return pattern->hash == hash && pattern->use == use && strcmp(pattern->text, text) == 0 &&
               strcmp((const char *)pattern->kinds, (const char *)kinds) == 0;
}

static struct pattern *find(struct pattern *chain, uint64_t hash, const char *text,
                            enum cop__use use, const uint8_t *kinds)
{
        while (chain && !is_it(chain, hash, text, use, kinds))
                chain = chain->next;
        return chain;
}

/* Enters it, or frees it where the same has been entered meanwhile. Returns what is in the table.
 */
static struct pattern *enter(_Atomic(struct pattern *) *chain, struct pattern *pattern)
{
        struct pattern *head = atomic_load_explicit(chain, memory_order_acquire), *other;

        do {
                other = find(head, pattern->hash, pattern->text, (enum cop__use)pattern->use,
                             pattern->kinds);
                if (other) {
                        cop__pattern_free(pattern);
                        return other;
                }
                pattern->next = head;
                /* release: pairs with the acquire of who looks */
        } while (!atomic_compare_exchange_weak_explicit(chain, &head, pattern, memory_order_acq_rel,
                                                        memory_order_acquire));
        return pattern;
}

const struct pattern *cop__pattern_of(const char *text, enum cop__use use, const uint8_t *kinds,
                                      struct pattern_error *error)
{
        size_t size = strlen(text);
        uint64_t hash = 14695981039346656037u;
        _Atomic(struct pattern *) *chain;
        struct pattern *pattern;

        hash = hash_bytes(hash, text, size);
        hash = hash_bytes(hash, kinds, strlen((const char *)kinds)) ^ (uint64_t)use;
        chain = &chains[(hash ^ hash >> 32) % CHAINS];
        /* pairs with the release of enter() */
        pattern = find(atomic_load_explicit(chain, memory_order_acquire), hash, text, use, kinds);
        if (pattern)
                return pattern;
        if (size > PATTERN_SIZE_MOST) {
                *error = (struct pattern_error){ .text = "it is longer than a megabyte" };
                return NULL;
        }
        pattern = cop__pattern_new(text, size, use, kinds, error);
        if (!pattern)
                return NULL;
        pattern->hash = hash;
        return enter(chain, pattern);
}
