/*
 * form.c: the text of a pattern as a tree.
 *
 * One pass, by descent: each kind of term has its reader, which begins at a token that it knows and
 * leaves the first one behind. What has only constants in it becomes a term on the way back, so of
 * a constant pattern there is nothing but the term. (Not in a map that is matched: #{a := 1} is not
 * equal to what it matches.)
 *
 * Recursion is bounded by PATTERN_DEPTH_MOST. What is wrong is said once, through the lexer, which
 * then only hands out TOKEN_ERROR: so readers just return NULL.
 */
#include "term/form.h"

#include <string.h>

#include "base/utf8.h"
#include "term/atom.h"
#include "term/big.h"
#include "term/bits.h"
#include "term/map.h"
#include "term/pattern.h"

static struct form *read_form(struct form_reader *reader);

void cop__form_init(struct form_reader *reader, const char *text, size_t size, enum cop__use use)
{
        memset(reader, 0, sizeof(*reader));
        cop__lexer_init(&reader->lexer, text, size);
        cop__region_init(&reader->region);
        cop__buffer_init(&reader->chars, PATTERN_SIZE_MOST);
        reader->use = use;
}

void cop__form_release(struct form_reader *reader)
{
        cop__lexer_release(&reader->lexer);
        cop__region_release(&reader->region);
        cop__buffer_release(&reader->chars);
}

/* ---- for all readers ---- */

static void *no_memory(struct form_reader *reader)
{
        reader->no_memory = true;
        cop__lexer_fail(&reader->lexer, reader->token.place, "memory is used up");
        return NULL;
}

void *cop__form_take(struct form_reader *reader, size_t size)
{
        size_t words = size / sizeof(uint64_t) + 1;
        void *taken = cop__region_try_take(&reader->region, words);

        if (!taken)
                return no_memory(reader);
        memset(taken, 0, size);
        return taken;
}

struct form *cop__form_new(struct form_reader *reader, enum form_kind kind)
{
        struct form *form = cop__form_take(reader, sizeof(*form));

        if (!form)
                return NULL;
        form->kind = kind;
        form->place = reader->token.place;
        return form;
}

struct form *cop__form_constant(struct form_reader *reader, cop_term term)
{
        struct form *form;

        if (cop_is_none(term))
                return no_memory(reader);
        form = cop__form_new(reader, FORM_CONSTANT);
        if (form)
                form->constant = term;
        return form;
}

static void advance(struct form_reader *reader)
{
        cop__lexer_next(&reader->lexer, &reader->token);
}

bool cop__form_accept(struct form_reader *reader, enum token_kind kind)
{
        if (reader->token.kind != kind)
                return false;
        advance(reader);
        return true;
}

void *cop__form_unexpected(struct form_reader *reader, const char *expected)
{
        char found[64];

        if (reader->token.kind == TOKEN_ERROR)
                return NULL;
        cop__token_describe(&reader->token, found, sizeof(found));
        cop__lexer_fail(&reader->lexer, reader->token.place, "expected %s; found %s", expected,
                        found);
        return NULL;
}

bool cop__form_expect(struct form_reader *reader, enum token_kind kind, const char *expected)
{
        if (cop__form_accept(reader, kind))
                return true;
        cop__form_unexpected(reader, expected);
        return false;
}

/* ---- numbers, atoms, texts ---- */

static struct form *read_atom(struct form_reader *reader)
{
        struct token *token = &reader->token;
        struct form *form = cop__form_constant(reader, cop__atom_make(token->text, token->size));

        advance(reader);
        return form;
}

/* A number with its sign, if there is one. */
struct form *cop__form_number(struct form_reader *reader)
{
        struct token *token = &reader->token;
        struct region *region = &reader->region;
        bool negative = false;
        cop_term term = COP_NONE;
        struct form *form;

        while (token->kind == TOKEN_MINUS || token->kind == TOKEN_PLUS) {
                negative = negative != (token->kind == TOKEN_MINUS);
                advance(reader);
        }
        if (token->kind == TOKEN_INTEGER)
                term = cop__int_from_digits(region, token->text, token->size, token->base,
                                            negative);
        else if (token->kind == TOKEN_FLOAT)
                term = cop__float_make(region, negative ? -token->number : token->number);
        else if (token->kind == TOKEN_CHAR)
                term = small_term(negative ? -(int64_t)token->rune : (int64_t)token->rune);
        else
                return cop__form_unexpected(reader, "a number");
        form = cop__form_constant(reader, term);
        advance(reader);
        return form;
}

bool cop__form_string(struct form_reader *reader)
{
        cop__buffer_clear(&reader->chars);
        while (reader->token.kind == TOKEN_STRING) {
                cop__buffer_add(&reader->chars, reader->token.text, reader->token.size);
                advance(reader);
        }
        if (reader->chars.failed)
                no_memory(reader);
        return !reader->chars.failed;
}

/* A list of the characters. */
static struct form *read_string(struct form_reader *reader)
{
        const char *at, *end;
        uint64_t *pair;
        size_t count;

        if (!cop__form_string(reader))
                return NULL;
        at = reader->chars.bytes;
        end = at + reader->chars.size;
        count = reader->chars.size ? cop__utf8_length(at, reader->chars.size) : 0;
        if (!count)
                return cop__form_constant(reader, NIL);
        pair = cop__form_take(reader, 2 * count * sizeof(*pair));
        if (!pair)
                return NULL;
        for (size_t i = 0; i < count; i++) {
                pair[2 * i] = small_term(cop__utf8_next(&at, end)).word;
                pair[2 * i + 1] = i + 1 < count ? pair_term(pair + 2 * i + 2).word : TAG_NIL;
        }
        return cop__form_constant(reader, pair_term(pair));
}

/* ---- variables ---- */

static bool same_name(const char *a, size_t a_size, const char *b, size_t b_size)
{
        return a_size == b_size && memcmp(a, b, a_size) == 0;
}

/* The token's text, for as long as the tree. */
static const char *keep_name(struct form_reader *reader)
{
        char *name = cop__form_take(reader, reader->token.size);

        if (name)
                memcpy(name, reader->token.text, reader->token.size);
        return name;
}

/* _ or _Name: anything. A second _Name would look as if both were compared. */
static struct form *read_ignored(struct form_reader *reader)
{
        struct token *token = &reader->token;
        struct form *form;

        if (reader->use == COP__USE_BUILD) {
                cop__lexer_fail(&reader->lexer, token->place, "%.*s has no value to build with",
                                (int)token->size, token->text);
                return NULL;
        }
        for (struct form_name *name = reader->ignored; name; name = name->next) {
                if (same_name(name->name, name->size, token->text, token->size)) {
                        cop__lexer_fail(&reader->lexer, token->place,
                                        "%.*s stands here a second time: what begins with _ is "
                                        "ignored, not compared",
                                        (int)token->size, token->text);
                        return NULL;
                }
        }
        if (token->size > 1) {
                struct form_name *name = cop__form_take(reader, sizeof(*name));

                if (!name)
                        return NULL;
                *name = (struct form_name){ reader->ignored, keep_name(reader), token->size };
                if (!name->name)
                        return NULL;
                reader->ignored = name;
        }
        form = cop__form_new(reader, FORM_ANY);
        advance(reader);
        return form;
}

/* The number of the variable whose name is the present token; a new one where it has none. */
static uint32_t variable_number(struct form_reader *reader)
{
        struct token *token = &reader->token;
        struct form_variable *variable;
        const char *name;

        for (uint32_t i = 0; i < reader->variable_count; i++) {
                variable = &reader->variables[i];
                if (same_name(variable->name, variable->size, token->text, token->size))
                        return i;
        }
        if (reader->variable_count == COP__ARGUMENTS_MOST) {
                cop__lexer_fail(&reader->lexer, token->place, "more than %d variables",
                                COP__ARGUMENTS_MOST);
                return COP__ARGUMENTS_MOST;
        }
        name = keep_name(reader);
        if (!name)
                return COP__ARGUMENTS_MOST;
        variable = &reader->variables[reader->variable_count];
        *variable = (struct form_variable){ .name = name, .size = token->size };
        return reader->variable_count++;
}

static struct form *named(struct form_reader *reader, enum form_kind kind)
{
        struct token *token = &reader->token;
        uint32_t known = reader->variable_count;
        uint32_t number = variable_number(reader);
        bool pinned = kind == FORM_PIN;
        struct form *form;

        if (number == COP__ARGUMENTS_MOST)
                return NULL;
        if (number == known)
                reader->variables[number].pinned = pinned;
        if (reader->variables[number].pinned != pinned) {
                cop__lexer_fail(&reader->lexer, token->place,
                                "%.*s stands here with and without ^: it cannot be both read and "
                                "written",
                                (int)token->size, token->text);
                return NULL;
        }
        if (reader->variables[number].in_part) {
                cop__lexer_fail(
                        &reader->lexer, token->place,
                        "%.*s is a part of a binary: it may stand elsewhere only as the size "
                        "of another part",
                        (int)token->size, token->text);
                return NULL;
        }
        form = cop__form_new(reader, kind);
        if (form) {
                form->variable = number;
                form->first = number == known;
        }
        advance(reader);
        return form;
}

struct form *cop__form_variable(struct form_reader *reader)
{
        if (reader->token.text[0] == '_')
                return read_ignored(reader);
        return named(reader, FORM_VARIABLE);
}

struct form *cop__form_known(struct form_reader *reader)
{
        struct token *token = &reader->token;
        struct form *form = cop__form_new(reader, FORM_VARIABLE);

        for (uint32_t i = 0; form && i < reader->variable_count; i++) {
                struct form_variable *variable = &reader->variables[i];

                if (!same_name(variable->name, variable->size, token->text, token->size))
                        continue;
                form->variable = i;
                advance(reader);
                return form;
        }
        cop__lexer_fail(&reader->lexer, token->place, "%.*s is not known yet", (int)token->size,
                        token->text);
        return NULL;
}

static struct form *read_pin(struct form_reader *reader)
{
        if (reader->use == COP__USE_BUILD) {
                cop__lexer_fail(&reader->lexer, reader->token.place,
                                "^ is for matching; write the name alone");
                return NULL;
        }
        advance(reader);
        if (reader->token.kind != TOKEN_VARIABLE || reader->token.text[0] == '_')
                return cop__form_unexpected(reader, "the name of a variable behind ^");
        return named(reader, FORM_PIN);
}

/* ---- what has parts ---- */

/* Puts a part behind the others. */
static void add_part(struct form *form, struct form **last, struct form *part)
{
        if (*last)
                (*last)->next = part;
        else
                form->parts = part;
        *last = part;
}

static bool all_constant(const struct form *form)
{
        for (const struct form *part = form->parts; part; part = part->next)
                if (part->kind != FORM_CONSTANT)
                        return false;
        return true;
}

static struct form *fold_tuple(struct form_reader *reader, struct form *form)
{
        uint64_t *box;
        size_t i = 1;

        if (!all_constant(form))
                return form;
        box = cop__form_take(reader, (1 + form->count) * sizeof(*box));
        if (!box)
                return NULL;
        box[0] = header_of(BOX_TUPLE, form->count);
        for (struct form *part = form->parts; part; part = part->next)
                box[i++] = part->constant.word;
        return cop__form_constant(reader, box_term(box));
}

static struct form *read_tuple(struct form_reader *reader)
{
        struct form *form = cop__form_new(reader, FORM_TUPLE), *last = NULL;

        advance(reader);
        if (!form)
                return NULL;
        if (cop__form_accept(reader, TOKEN_BRACE_CLOSE))
                return fold_tuple(reader, form);
        do {
                struct form *part = read_form(reader);

                if (!part)
                        return NULL;
                add_part(form, &last, part);
                form->count++;
        } while (cop__form_accept(reader, TOKEN_COMMA));
        if (!cop__form_expect(reader, TOKEN_BRACE_CLOSE, ", or }"))
                return NULL;
        return fold_tuple(reader, form);
}

static struct form *fold_list(struct form_reader *reader, struct form *form)
{
        struct form *part = form->parts;
        uint64_t *pair;

        if (!all_constant(form))
                return form;
        pair = cop__form_take(reader, 2 * form->count * sizeof(*pair));
        if (!pair)
                return NULL;
        for (size_t i = 0; i < form->count; i++, part = part->next) {
                pair[2 * i] = part->constant.word;
                pair[2 * i + 1] = pair_term(pair + 2 * i + 2).word;
        }
        pair[2 * form->count - 1] = part->constant.word;
        return cop__form_constant(reader, pair_term(pair));
}

static struct form *read_list(struct form_reader *reader)
{
        struct form *form = cop__form_new(reader, FORM_LIST), *last = NULL, *tail;

        advance(reader);
        if (!form)
                return NULL;
        if (cop__form_accept(reader, TOKEN_LIST_CLOSE))
                return cop__form_constant(reader, NIL);
        do {
                struct form *part = read_form(reader);

                if (!part)
                        return NULL;
                add_part(form, &last, part);
                form->count++;
        } while (cop__form_accept(reader, TOKEN_COMMA));
        if (cop__form_accept(reader, TOKEN_BAR))
                tail = read_form(reader);
        else
                tail = cop__form_constant(reader, NIL);
        if (!tail)
                return NULL;
        add_part(form, &last, tail);
        if (!cop__form_expect(reader, TOKEN_LIST_CLOSE, ", or ]"))
                return NULL;
        return fold_list(reader, form);
}

static struct form *fold_map(struct form_reader *reader, struct form *form)
{
        cop_term *terms;
        size_t i = 0;
        bool twice;

        if (reader->use == COP__USE_MATCH || !all_constant(form))
                return form;
        terms = cop__form_take(reader, 2 * form->count * sizeof(*terms));
        if (!terms)
                return NULL;
        for (struct form *key = form->parts; key; key = key->next->next, i++) {
                terms[i] = key->constant;
                terms[form->count + i] = key->next->constant;
        }
        return cop__form_constant(reader, cop__map_make(&reader->region, form->count, terms,
                                                        terms + form->count, &twice));
}

/* What is matched must be known before its value is looked for. */
static bool key_is_known(struct form_reader *reader, const struct form *key)
{
        if (reader->use == COP__USE_BUILD || key->kind == FORM_CONSTANT || key->kind == FORM_PIN)
                return true;
        if (key->kind == FORM_VARIABLE && !key->first)
                return true;
        cop__lexer_fail(&reader->lexer, key->place,
                        "a key that is matched is a constant, ^X, or a name that stands before");
        return false;
}

static bool read_association(struct form_reader *reader, struct form *form, struct form **last)
{
        bool matches = reader->use == COP__USE_MATCH;
        struct form *key = read_form(reader), *value;

        if (!key || !key_is_known(reader, key))
                return false;
        if (!cop__form_expect(reader, matches ? TOKEN_MAP_MATCH : TOKEN_MAP_PUT,
                              matches ? ":= between key and value of a map that is matched"
                                      : "=> between key and value of a map that is built"))
                return false;
        value = read_form(reader);
        if (!value)
                return false;
        add_part(form, last, key);
        add_part(form, last, value);
        form->count++;
        return true;
}

static struct form *read_map(struct form_reader *reader)
{
        struct form *form = cop__form_new(reader, FORM_MAP), *last = NULL;

        advance(reader);
        if (!form || !cop__form_expect(reader, TOKEN_BRACE_OPEN, "{ behind #"))
                return NULL;
        if (cop__form_accept(reader, TOKEN_BRACE_CLOSE))
                return fold_map(reader, form);
        do {
                if (!read_association(reader, form, &last))
                        return NULL;
        } while (cop__form_accept(reader, TOKEN_COMMA));
        if (!cop__form_expect(reader, TOKEN_BRACE_CLOSE, ", or }"))
                return NULL;
        return fold_map(reader, form);
}

/* ---- anything ---- */

/* ~"text": a binary. */
static struct form *read_sigil(struct form_reader *reader)
{
        struct token *token = &reader->token;
        uint8_t *bytes;
        cop_term term = cop__bits_new(&reader->region, 8 * token->size, &bytes);
        struct form *form;

        if (!cop_is_none(term) && token->size)
                memcpy(bytes, token->text, token->size);
        form = cop__form_constant(reader, term);
        advance(reader);
        return form;
}

static struct form *read_any(struct form_reader *reader)
{
        switch (reader->token.kind) {
        case TOKEN_ATOM:
                return read_atom(reader);
        case TOKEN_MINUS:
        case TOKEN_PLUS:
        case TOKEN_INTEGER:
        case TOKEN_FLOAT:
        case TOKEN_CHAR:
                return cop__form_number(reader);
        case TOKEN_STRING:
                return read_string(reader);
        case TOKEN_BINARY:
                return read_sigil(reader);
        case TOKEN_VARIABLE:
                return cop__form_variable(reader);
        case TOKEN_CARET:
                return read_pin(reader);
        case TOKEN_BRACE_OPEN:
                return read_tuple(reader);
        case TOKEN_LIST_OPEN:
                return read_list(reader);
        case TOKEN_HASH:
                return read_map(reader);
        case TOKEN_BITS_OPEN:
                return cop__form_bits(reader);
        case TOKEN_WORD:
                return cop__form_unexpected(reader, "a term (a reserved word needs quotes)");
        default:
                return cop__form_unexpected(reader, "a term");
        }
}

static struct form *read_form(struct form_reader *reader)
{
        struct form *form;

        if (reader->depth == PATTERN_DEPTH_MOST) {
                cop__lexer_fail(&reader->lexer, reader->token.place, "nested more than %d deep",
                                PATTERN_DEPTH_MOST);
                return NULL;
        }
        reader->depth++;
        form = read_any(reader);
        reader->depth--;
        return form;
}

struct form *cop__form_read(struct form_reader *reader)
{
        struct form *form;

        advance(reader);
        form = read_form(reader);
        if (!form || !cop__form_expect(reader, TOKEN_END, "the end of the pattern"))
                return NULL;
        return form;
}
