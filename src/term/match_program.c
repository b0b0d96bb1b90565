/*
 * match_program.c: the tree of a pattern as a program that matches.
 *
 * One walk in the order of the text. Where nothing is left to look at behind a form, no way back is
 * kept (MATCH_..._LAST) and _ is no instruction at all; so a list costs one instruction an element
 * and needs no depth.
 */
#include "term/program.h"

#include "base/alloc.h"

struct emitter {
        struct pattern *pattern;
        struct form_reader *reader;
        size_t count, room;
};

static bool emit_form(struct emitter *emitter, const struct form *form, bool last);

static bool no_memory(struct form_reader *reader)
{
        reader->no_memory = true;
        return false;
}

static bool emit(struct emitter *emitter, enum match_code code, size_t slot, size_t count,
                 uint64_t word)
{
        if (emitter->count == emitter->room) {
                size_t room = emitter->room ? 2 * emitter->room : 8;
                void *ops = cop__realloc(emitter->pattern->ops, room * sizeof(struct match_op));

                if (!ops)
                        return no_memory(emitter->reader);
                emitter->pattern->ops = ops;
                emitter->room = room;
        }
        emitter->pattern->ops[emitter->count++] = (struct match_op){
                (uint16_t)code,
                (uint16_t)slot,
                (uint32_t)count,
                word,
        };
        return true;
}

/* The last instruction again, if it is this one: it counts. */
static bool emit_counted(struct emitter *emitter, enum match_code code, size_t count)
{
        struct match_op *before = emitter->pattern->ops + emitter->count - 1;

        if (!emitter->count || before->code != code)
                return emit(emitter, code, 0, count, 0);
        before->count += (uint32_t)count;
        return true;
}

static bool emit_constant(struct emitter *emitter, cop_term term, enum match_code immediate,
                          enum match_code otherwise)
{
        cop_term literal = cop__pattern_literal(emitter->pattern, term);

        if (cop_is_none(literal))
                return no_memory(emitter->reader);
        return emit(emitter, has_memory(literal) ? otherwise : immediate, 0, 0, literal.word);
}

/* ---- variables ---- */

static unsigned kind_of(const struct emitter *emitter, const struct form *form)
{
        return emitter->pattern->kinds[form->variable];
}

static bool wrong(struct emitter *emitter, const struct form *form, const char *what)
{
        struct form_variable *variable = &emitter->reader->variables[form->variable];

        cop__lexer_fail(&emitter->reader->lexer, form->place, "%.*s %s", (int)variable->size,
                        variable->name, what);
        return false;
}

static void add_output(struct emitter *emitter, const struct form *form, enum output_code code)
{
        emitter->pattern->outputs[emitter->pattern->output_count++] = (struct output){
                (uint8_t)code,
                (uint8_t)(kind_of(emitter, form) >> 4),
                (uint8_t)form->variable,
                (uint8_t)(SLOTS_EACH * form->variable),
        };
}

static bool emit_variable(struct emitter *emitter, const struct form *form)
{
        static const struct {
                enum match_code match;
                enum output_code output;
        } codes[] = {
                [COP__INT] = { MATCH_INT, OUTPUT_INT },
                [COP__UINT] = { MATCH_UINT, OUTPUT_UINT },
                [COP__FLOAT] = { MATCH_FLOAT, OUTPUT_FLOAT },
                [COP__BOOL] = { MATCH_BOOL, OUTPUT_BOOL },
                [COP__TERM] = { MATCH_TERM, OUTPUT_WORD },
                [COP__PID] = { MATCH_PID, OUTPUT_WORD },
                [COP__REF] = { MATCH_REF, OUTPUT_WORD },
        };
        unsigned kind = kind_of(emitter, form) & 15, size = kind_of(emitter, form) >> 4;
        enum match_code code = codes[kind].match;

        if (kind == COP__TEXT)
                return wrong(emitter, form,
                             "is given a text, which is only compared (^): to take one, give a "
                             "cop_term");
        if (!form->first)
                return emit(emitter, MATCH_SAME, SLOTS_EACH * form->variable, 0, 0);
        add_output(emitter, form, codes[kind].output);
        if (code == MATCH_INT && size == sizeof(int64_t))
                code = MATCH_INT64;
        return emit(emitter, code, SLOTS_EACH * form->variable, size, 0);
}

static bool emit_pin(struct emitter *emitter, const struct form *form, enum match_code code)
{
        unsigned kind = kind_of(emitter, form);

        if (code == MATCH_KEY_PIN && kind == COP__TEXT)
                return wrong(emitter, form, "is given a text, which cannot be looked for as a key");
        return emit(emitter, code, form->variable, kind, 0);
}

/* ---- tuples, lists, maps ---- */

static bool emit_tuple(struct emitter *emitter, const struct form *form, bool last)
{
        enum match_code code = last ? MATCH_TUPLE_LAST : MATCH_TUPLE;

        if (!emit(emitter, code, 0, 0, header_of(BOX_TUPLE, form->count)))
                return false;
        for (const struct form *part = form->parts; part; part = part->next)
                if (!emit_form(emitter, part, part->next == NULL))
                        return false;
        return last || emit_counted(emitter, MATCH_BACK, 1);
}

static bool emit_list(struct emitter *emitter, const struct form *form, bool last)
{
        enum match_code code = last ? MATCH_PAIR_LAST : MATCH_PAIR;
        const struct form *part = form->parts;

        for (size_t i = 0; i < form->count; i++, part = part->next) {
                if (!emit(emitter, code, 0, 0, 0) || !emit_form(emitter, part, false))
                        return false;
                code = MATCH_PAIR_LAST;
        }
        if (!emit_form(emitter, part, true))
                return false;
        return last || emit_counted(emitter, MATCH_BACK, 1);
}

static bool emit_key(struct emitter *emitter, const struct form *key)
{
        if (key->kind == FORM_CONSTANT)
                return emit_constant(emitter, key->constant, MATCH_KEY, MATCH_KEY);
        if (key->kind == FORM_PIN)
                return emit_pin(emitter, key, MATCH_KEY_PIN);
        return emit(emitter, MATCH_KEY_SLOT, SLOTS_EACH * key->variable, 0, 0);
}

static bool emit_map(struct emitter *emitter, const struct form *form)
{
        if (!emit(emitter, MATCH_MAP, 0, 0, 0))
                return false;
        for (const struct form *key = form->parts; key; key = key->next->next)
                if (!emit_key(emitter, key) || !emit_form(emitter, key->next, true))
                        return false;
        return emit(emitter, MATCH_BACK, 0, 2, 0);
}

/* ---- binaries ---- */

static bool emit_integer_part(struct emitter *emitter, const struct form *value, size_t size,
                              uint64_t flags)
{
        unsigned kind = kind_of(emitter, value);

        switch (kind & 15) {
        case COP__INT:
        case COP__UINT:
                add_output(emitter, value, OUTPUT_RAW);
                break;
        case COP__TERM:
                add_output(emitter, value, flags & PART_SIGNED ? OUTPUT_RAW_INT : OUTPUT_RAW_UINT);
                break;
        default:
                return wrong(emitter, value,
                             "is an integer of a binary: give an integer or cop_term");
        }
        return emit(emitter, MATCH_PART_INT, SLOTS_EACH * value->variable, size,
                    flags | (uint64_t)kind << PART_KIND_SHIFT);
}

static bool emit_part(struct emitter *emitter, const struct part *part)
{
        const struct form *value = part->value;
        size_t size = part->size;
        uint64_t flags = 0;

        if (part->kind == PART_CONSTANT)
                return emit_constant(emitter, value->constant, MATCH_PART_EQUAL, MATCH_PART_EQUAL);
        if (part->sized) {
                size = SLOTS_EACH * part->sized->variable;
                flags |= emitter->reader->variables[part->sized->variable].in_part
                                 ? PART_SIZE_IN_RAW_SLOT
                                 : PART_SIZE_IN_SLOT;
        }
        flags |= (part->little ? PART_LITTLE : 0) | (part->is_signed ? PART_SIGNED : 0) |
                 (part->rest ? PART_REST : 0) | (part->bytes ? PART_BYTES : 0);
        if (value->kind == FORM_ANY)
                return emit(emitter, MATCH_PART_BITS, 0, size, flags | PART_IGNORED);
        if (part->kind == PART_INTEGER)
                return emit_integer_part(emitter, value, size, flags);
        if (kind_of(emitter, value) != COP__SIZED(COP__TERM, cop_term))
                return wrong(emitter, value, "is a part of a binary: give a cop_term");
        add_output(emitter, value, OUTPUT_BITS);
        return emit(emitter, MATCH_PART_BITS, SLOTS_EACH * value->variable, size, flags);
}

static bool emit_bits(struct emitter *emitter, const struct form *form)
{
        if (!emit(emitter, MATCH_BITS, 0, 0, 0))
                return false;
        for (const struct part *part = form->bits; part; part = part->next)
                if (!emit_part(emitter, part))
                        return false;
        return emit(emitter, MATCH_BITS_END, 0, 0, 0);
}

/* ---- all of it ---- */

static bool emit_form(struct emitter *emitter, const struct form *form, bool last)
{
        switch (form->kind) {
        case FORM_CONSTANT:
                return emit_constant(emitter, form->constant, MATCH_WORD, MATCH_EQUAL);
        case FORM_ANY:
                return last || emit_counted(emitter, MATCH_ANY, 1);
        case FORM_VARIABLE:
                return emit_variable(emitter, form);
        case FORM_PIN:
                return emit_pin(emitter, form, MATCH_PIN);
        case FORM_TUPLE:
                return emit_tuple(emitter, form, last);
        case FORM_LIST:
                return emit_list(emitter, form, last);
        case FORM_MAP:
                return emit_map(emitter, form);
        case FORM_BITS:
                return emit_bits(emitter, form);
        }
        return false;
}

bool cop__match_program(struct pattern *pattern, struct form_reader *reader,
                        const struct form *form)
{
        struct emitter emitter = { pattern, reader, 0, 0 };

        return emit_form(&emitter, form, true) && emit(&emitter, MATCH_DONE, 0, 0, 0);
}
