/*
 * build_program.c: the tree of a pattern as the words of its result, and the steps that finish
 * them.
 *
 * The words are all boxes and pairs of the result whose size the pattern alone decides, one behind
 * the other, the outermost first. In them constants are in their place, pointers to other boxes are
 * offsets, and values are holes; a step each turns offsets into addresses and fills the holes.
 * Steps of inner boxes come before those that look at the whole (BUILD_MAP).
 *
 * The keys of a map that are all constant are put in order here, once.
 */
#include "term/program.h"

#include <string.h>

#include "base/alloc.h"
#include "base/words.h"
#include "term/atom.h"

struct emitter {
        struct pattern *pattern;
        struct form_reader *reader;
        struct words words;
        size_t room; /* of steps */
};

static bool emit_form(struct emitter *emitter, const struct form *form, size_t at);

static bool no_memory(struct emitter *emitter)
{
        emitter->reader->no_memory = true;
        return false;
}

/* A new step, all zero but its code and place; NULL: memory is used up. */
static struct build_step *add_step(struct emitter *emitter, enum build_code code, size_t at)
{
        struct pattern *pattern = emitter->pattern;
        struct build_step *step;

        if (pattern->step_count == emitter->room) {
                size_t room = emitter->room ? 2 * emitter->room : 8;
                void *steps = cop__realloc(pattern->steps, room * sizeof(*pattern->steps));

                if (!steps) {
                        no_memory(emitter);
                        return NULL;
                }
                pattern->steps = steps;
                emitter->room = room;
        }
        step = &pattern->steps[pattern->step_count++];
        *step = (struct build_step){ .code = (uint8_t)code, .at = (uint32_t)at };
        return step;
}

/* Room for a box or pair, zeroed; SIZE_MAX: memory is used up. */
static size_t add_words(struct emitter *emitter, size_t count)
{
        size_t at = emitter->words.count;

        while (count-- > 0) {
                if (!cop__words_push(&emitter->words, 0)) {
                        no_memory(emitter);
                        return SIZE_MAX;
                }
        }
        return at;
}

/* The word at `at` points to the box or pair at `to`. */
static bool point(struct emitter *emitter, size_t at, size_t to, enum tag tag)
{
        emitter->words.at[at] = to * sizeof(uint64_t) | tag;
        return add_step(emitter, BUILD_INNER, at) != NULL;
}

/* A box for form at `at`, with this header; where its contents begin, or SIZE_MAX. The outermost
 * one stands at 0, and nothing points to it. */
static size_t add_box(struct emitter *emitter, size_t at, enum box kind, size_t words)
{
        bool outermost = emitter->words.count == 0;
        size_t box = add_words(emitter, 1 + words);

        if (box == SIZE_MAX)
                return SIZE_MAX;
        emitter->words.at[box] = header_of(kind, words);
        if (outermost)
                emitter->pattern->root = TAG_BOX;
        else if (!point(emitter, at, box, TAG_BOX))
                return SIZE_MAX;
        return box + 1;
}

/* ---- values ---- */

static bool emit_float(struct emitter *emitter, const struct form *form, size_t at)
{
        size_t bits = add_box(emitter, at, BOX_FLOAT, 1);
        struct build_step *step = bits == SIZE_MAX ? NULL : add_step(emitter, BUILD_FLOAT, bits);

        if (step)
                step->value = (uint8_t)form->variable;
        return step != NULL;
}

static bool emit_variable(struct emitter *emitter, const struct form *form, size_t at)
{
        static const uint8_t codes[] = {
                [COP__INT] = BUILD_INT,   [COP__UINT] = BUILD_UINT, [COP__BOOL] = BUILD_BOOL,
                [COP__TEXT] = BUILD_TEXT, [COP__TERM] = BUILD_TERM, [COP__PID] = BUILD_TERM,
                [COP__REF] = BUILD_TERM,
        };
        uint8_t kind = emitter->pattern->kinds[form->variable];
        struct build_step *step;

        if (kind == COP__FLOAT)
                return emit_float(emitter, form, at);
        if (emitter->words.count == 0) {
                emitter->pattern->root = TAG_HEADER;
                if (add_words(emitter, 1) == SIZE_MAX)
                        return false;
        }
        step = add_step(emitter, codes[kind], at);
        if (step)
                step->value = (uint8_t)form->variable;
        return step != NULL;
}

static bool emit_constant(struct emitter *emitter, const struct form *form, size_t at)
{
        cop_term literal = cop__pattern_literal(emitter->pattern, form->constant);

        if (cop_is_none(literal))
                return no_memory(emitter);
        emitter->words.at[at] = literal.word;
        return true;
}

/* ---- tuples, lists, maps ---- */

static bool emit_tuple(struct emitter *emitter, const struct form *form, size_t at)
{
        size_t element = add_box(emitter, at, BOX_TUPLE, form->count);

        if (element == SIZE_MAX)
                return false;
        for (const struct form *part = form->parts; part; part = part->next)
                if (!emit_form(emitter, part, element++))
                        return false;
        return true;
}

static bool emit_list(struct emitter *emitter, const struct form *form, size_t at)
{
        bool outermost = emitter->words.count == 0;
        size_t pair = add_words(emitter, 2 * form->count);
        const struct form *part = form->parts;

        if (pair == SIZE_MAX)
                return false;
        if (outermost)
                emitter->pattern->root = TAG_PAIR;
        else if (!point(emitter, at, pair, TAG_PAIR))
                return false;
        for (size_t i = 0; i < form->count; i++, part = part->next) {
                size_t head = pair + 2 * i;

                if (!emit_form(emitter, part, head))
                        return false;
                if (i + 1 < form->count && !point(emitter, head + 1, head + 2, TAG_PAIR))
                        return false;
        }
        return emit_form(emitter, part, pair + 2 * form->count - 1);
}

/* The pairs of a map whose keys are constant, in order, of equal keys only the last; returns how
 * many. sorted has room for all. */
static size_t sort_constant(const struct form *form, const struct form **sorted)
{
        size_t count = 0;

        for (const struct form *key = form->parts; key; key = key->next->next) {
                size_t i = count;

                while (i > 0 && cop__compare_keys(key->constant, sorted[i - 1]->constant) < 0)
                        i--;
                if (i > 0 && cop__compare_keys(key->constant, sorted[i - 1]->constant) == 0) {
                        sorted[i - 1] = key;
                        continue;
                }
                memmove(sorted + i + 1, sorted + i, (count - i) * sizeof(*sorted));
                sorted[i] = key;
                count++;
        }
        return count;
}

/* The same order as in the text; true when all keys are constant. */
static bool list_keys(const struct form *form, const struct form **keys)
{
        bool constant = true;

        for (const struct form *key = form->parts; key; key = key->next->next) {
                constant = constant && key->kind == FORM_CONSTANT;
                *keys++ = key;
        }
        return constant;
}

static bool emit_map(struct emitter *emitter, const struct form *form, size_t at)
{
        size_t count = form->count;
        const struct form **keys = cop__form_take(emitter->reader, count * sizeof(struct form *));
        bool constant;
        size_t to;

        if (!keys)
                return false;
        constant = list_keys(form, keys);
        if (constant)
                count = sort_constant(form, keys);
        to = add_box(emitter, at, BOX_MAP, 2 * count);
        if (to == SIZE_MAX)
                return false;
        for (size_t i = 0; i < count; i++)
                if (!emit_form(emitter, keys[i], to + i) ||
                    !emit_form(emitter, keys[i]->next, to + count + i))
                        return false;
        return constant || add_step(emitter, BUILD_MAP, to - 1);
}

/* ---- binaries ---- */

static bool wrong(struct emitter *emitter, const struct form *form, const char *what)
{
        struct form_variable *variable = &emitter->reader->variables[form->variable];

        cop__lexer_fail(&emitter->reader->lexer, form->place, "%.*s %s", (int)variable->size,
                        variable->name, what);
        return false;
}

static bool emit_part(struct emitter *emitter, const struct part *part)
{
        const struct form *value = part->value;
        struct build_step *step;
        uint8_t kind;

        if (part->kind == PART_CONSTANT) {
                cop_term literal = cop__pattern_literal(emitter->pattern, value->constant);

                step = cop_is_none(literal) ? NULL : add_step(emitter, BUILD_PART_EQUAL, 0);
                if (step)
                        step->word = literal.word;
                return step || no_memory(emitter);
        }
        kind = emitter->pattern->kinds[value->variable];
        if (part->kind == PART_INTEGER && kind != COP__INT && kind != COP__UINT &&
            kind != COP__TERM)
                return wrong(emitter, value,
                             "is an integer of a binary: give an integer or cop_term");
        if (part->kind == PART_BIT_STRING && kind != COP__TEXT && kind != COP__TERM)
                return wrong(emitter, value, "is a part of a binary: give a text or cop_term");
        step = add_step(emitter, part->kind == PART_INTEGER ? BUILD_PART_INT : BUILD_PART_BITS, 0);
        if (!step)
                return false;
        step->value = (uint8_t)value->variable;
        step->kind = kind;
        step->count = (uint32_t)part->size;
        step->flags = (uint8_t)((part->little ? PART_LITTLE : 0) | (part->bytes ? PART_BYTES : 0));
        return true;
}

static bool emit_bits(struct emitter *emitter, const struct form *form, size_t at)
{
        struct build_step *step;

        if (emitter->words.count == 0) {
                emitter->pattern->root = TAG_HEADER;
                if (add_words(emitter, 1) == SIZE_MAX)
                        return false;
        }
        step = add_step(emitter, BUILD_BITS, at);
        if (!step)
                return false;
        step->count = (uint32_t)form->count;
        for (const struct part *part = form->bits; part; part = part->next)
                if (!emit_part(emitter, part))
                        return false;
        return true;
}

/* ---- all of it ---- */

static bool emit_form(struct emitter *emitter, const struct form *form, size_t at)
{
        switch (form->kind) {
        case FORM_CONSTANT:
                return emit_constant(emitter, form, at);
        case FORM_VARIABLE:
                return emit_variable(emitter, form, at);
        case FORM_TUPLE:
                return emit_tuple(emitter, form, at);
        case FORM_LIST:
                return emit_list(emitter, form, at);
        case FORM_MAP:
                return emit_map(emitter, form, at);
        case FORM_BITS:
                return emit_bits(emitter, form, at);
        case FORM_ANY:
        case FORM_PIN:
                break; /* the reader refused them */
        }
        return false;
}

/* The words go from the emitter to the pattern. */
static bool keep_words(struct emitter *emitter)
{
        struct pattern *pattern = emitter->pattern;
        size_t count = emitter->words.count;

        pattern->words = cop__alloc_array(count, sizeof(uint64_t));
        if (!pattern->words)
                return no_memory(emitter);
        memcpy(pattern->words, emitter->words.at, count * sizeof(uint64_t));
        pattern->word_count = (uint32_t)count;
        return true;
}

bool cop__build_program(struct pattern *pattern, struct form_reader *reader,
                        const struct form *form)
{
        struct emitter emitter = { .pattern = pattern, .reader = reader };
        bool done;

        if (form->kind == FORM_CONSTANT) {
                pattern->constant = cop__pattern_literal(pattern, form->constant);
                return !cop_is_none(pattern->constant) || no_memory(&emitter);
        }
        cop__words_init(&emitter.words);
        done = emit_form(&emitter, form, 0) && keep_words(&emitter);
        cop__words_release(&emitter.words);
        return done;
}
