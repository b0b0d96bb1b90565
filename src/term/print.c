/*
 * print.c: terms as Erlang prints them.
 *
 * The term is walked with a stack of levels, one for each tuple, list or map that is open; a level
 * knows what comes next in it; a record is a map that begins with its name. Every step writes one thing: a part without terms inside, or the
 * beginning, a separator or the end of one that has some.
 *
 * Pretty printing walks in the same way, onto one line, and notes the shape of each part; layout.c
 * breaks the line. It costs memory for line and shapes, and no second walk.
 *
 * LIMIT: a character is taken to be a column wide. Erlang counts what a reader takes for one
 * character, so an atom with combining marks may be broken to the next line sooner here.
 */
#include "term/print.h"

#include <string.h>

#include "base/words.h"
#include "term/atom.h"
#include "term/big.h"
#include "term/map.h"
#include "term/node.h"
#include "term/print_text.h"
#include "term/shape.h"

enum level_kind {
        IN_NOTHING,
        IN_TUPLE,
        IN_LIST,
        IN_MAP,   /* of a map or record: a key comes next */
        IN_PAIR,  /* its value comes next */
        PAIR_END, /* its value was printed */
};

/* A tuple, list or map that is open. */
struct level {
        uint64_t kind;
        const cop_term *at; /* next element or key */
        size_t left;        /* elements or pairs to come */
        size_t shown;
        cop_term rest;      /* of a list; of a map or record itself */
        size_t shape, pair; /* in the array of shapes */
};

enum { LEVEL_WORDS = sizeof(struct level) / sizeof(uint64_t) };

struct printer {
        struct buffer *out;
        struct buffer *shapes; /* NULL: nobody wants to know them */
        size_t narrow;         /* bytes written so far that begin no character */
        size_t depth;          /* levels that are open */
        size_t depth_most, length_most;
        bool texts; /* lists and binaries of characters show as such */
        struct words levels;
};

/* ---- shapes ---- */

static struct shape *shape_at(const struct printer *p, size_t index)
{
        return (struct shape *)(void *)p->shapes->bytes + index;
}

/* Notes that a part begins; returns its index. */
static size_t begin_shape(struct printer *p, enum shape_kind kind, bool tail)
{
        struct shape *shape;

        if (!p->shapes)
                return 0;
        shape = (struct shape *)(void *)cop__buffer_extend(p->shapes, sizeof(*shape));
        if (!shape) {
                p->out->failed = true;
                return 0;
        }
        memset(shape, 0, sizeof(*shape));
        shape->kind = (uint8_t)kind;
        shape->tail = tail;
        shape->offset = p->out->size;
        shape->width = p->narrow; /* until its end is known */
        return p->shapes->size / sizeof(*shape) - 1;
}

/* Notes that the part ends. */
static void end_shape(struct printer *p, size_t index)
{
        struct shape *shape;

        if (!p->shapes || p->out->failed)
                return;
        shape = shape_at(p, index);
        shape->size = p->out->size - shape->offset;
        shape->width = shape->size - (p->narrow - shape->width);
        shape->next = p->shapes->size / sizeof(*shape);
}

/* Counts the bytes from `from` on that begin no character. */
static void count_narrow(struct printer *p, size_t from)
{
        if (!p->shapes || p->out->failed)
                return;
        for (size_t i = from; i < p->out->size; i++)
                p->narrow += ((uint8_t)p->out->bytes[i] & 0xc0) == 0x80;
}

/* ---- parts without terms inside ---- */

/* This node is number 0, as Erlang has it; the others are told apart by the number of their atom.
 */
static uint32_t node_number(uint64_t node)
{
        return node == cop__node_name().word ? 0 : atom_of(term_of(node))->index;
}

static void print_atom(struct buffer *out, cop_term atom)
{
        cop__print_atom(out, atom_of(atom)->text, atom_of(atom)->size);
}

static void print_pid(struct buffer *out, cop_term pid)
{
        uint32_t id, serial, node = 0;

        if (tag_of(pid) == TAG_PID) {
                cop__pid_numbers(pid.word, &id, &serial);
        } else {
                node = node_number(words_of(pid)[1]);
                id = (uint32_t)words_of(pid)[2];
                serial = (uint32_t)(words_of(pid)[2] >> 32);
        }
        cop__buffer_format(out, "<%u.%u.%u>", node, id, serial);
}

static void print_ref(struct buffer *out, cop_term ref)
{
        const uint64_t *box = words_of(ref);

        if (tag_of(ref) == TAG_REF) {
                uint32_t ids[LOCAL_REF_IDS];

                cop__ref_numbers(ref.word, ids);
                cop__buffer_format(out, "#Ref<0.%u.%u.%u>", ids[2], ids[1], ids[0]);
                return;
        }
        cop__buffer_format(out, "#Ref<%u", node_number(box[1]));
        for (size_t i = header_words(*box); i > 2; i--)
                cop__buffer_format(out, ".%llu", (unsigned long long)box[i]);
        cop__buffer_add_char(out, '>');
}

static void print_fun(struct buffer *out, const uint64_t *box)
{
        if (header_kind(*box) == BOX_FUN) {
                cop__buffer_add_text(out, "#Fun<");
                print_atom(out, term_of(box[5]));
                cop__buffer_format(out, ".%llu.%llu>", (unsigned long long)box[4],
                                   (unsigned long long)box[7]);
                return;
        }
        cop__buffer_add_text(out, "fun ");
        print_atom(out, term_of(box[1]));
        cop__buffer_add_char(out, ':');
        print_atom(out, term_of(box[2]));
        cop__buffer_add_char(out, '/');
        cop__int_print(out, term_of(box[3]));
}

static void print_record_name(struct buffer *out, const uint64_t *box)
{
        cop__buffer_add_char(out, '#');
        print_atom(out, term_of(box[1]));
        cop__buffer_add_char(out, ':');
        print_atom(out, term_of(box[2]));
}

/* An integer that has more digits than are to be shown: its first ones, in base 16. */
static void print_int_start(struct buffer *out, cop_term integer, size_t most)
{
        struct limbs view;
        size_t digits;

        cop__int_view(&view, integer);
        cop__buffer_add_text(out, view.negative ? "-16#" : "16#");
        digits = (cop__limbs_bits(&view) + 3) / 4;
        for (; most > 0 && digits > 0; most--) {
                digits--;
                cop__buffer_add_char(
                        out, "0123456789ABCDEF"[view.limbs[digits / 16] >> digits % 16 * 4 & 15]);
        }
        cop__buffer_add_text(out, "...");
}

static void print_int(const struct printer *p, cop_term integer)
{
        struct limbs view;

        cop__int_view(&view, integer);
        if (cop__limbs_bits(&view) / 4 > p->length_most)
                print_int_start(p->out, integer, p->length_most);
        else
                cop__int_print(p->out, integer);
}

static enum shape_kind print_bits(const struct printer *p, cop_term bits)
{
        if (p->texts && cop__is_printable_binary(bits)) {
                cop__print_binary_text(p->out, bits, p->length_most);
                return SHAPE_TEXT;
        }
        cop__print_bytes(p->out, bits, p->length_most);
        return words_of(bits)[1] > 0 ? SHAPE_BYTES : SHAPE_TEXT;
}

static enum shape_kind print_box(const struct printer *p, cop_term term)
{
        const uint64_t *box = words_of(term);

        switch (header_kind(*box)) {
        case BOX_FLOAT:
                cop__float_print(p->out, cop__float_value(term));
                break;
        case BOX_BIG_PLUS:
        case BOX_BIG_MINUS:
                print_int(p, term);
                break;
        case BOX_BITS:
        case BOX_SHARED:
                return print_bits(p, term);
        case BOX_PID:
                print_pid(p->out, term);
                break;
        case BOX_REF:
                print_ref(p->out, term);
                break;
        case BOX_PORT:
                cop__buffer_format(p->out, "#Port<%u.%llu>", node_number(box[1]),
                                   (unsigned long long)box[2]);
                break;
        case BOX_EXPORT:
        case BOX_FUN:
                print_fun(p->out, box);
                break;
        case BOX_RECORD:
                print_record_name(p->out, box);
                cop__buffer_add_text(p->out, record_size(*box) ? "{...}" : "{}");
                break;
        case BOX_TUPLE: /* empty or elided, as maps and lists that come here */
                cop__buffer_add_text(p->out, header_words(*box) ? "{...}" : "{}");
                break;
        case BOX_MAP:
                cop__buffer_add_text(p->out, header_words(*box) ? "#{...}" : "#{}");
                break;
        }
        return SHAPE_TEXT;
}

static enum shape_kind print_plain(const struct printer *p, cop_term term)
{
        switch (tag_of(term)) {
        case TAG_BOX:
                if (!cop_is_none(term))
                        return print_box(p, term);
                cop__buffer_add_text(p->out, "...");
                break;
        case TAG_PAIR:
                cop__buffer_add_text(p->out, "[...]");
                break;
        case TAG_INT:
                cop__int_print(p->out, term);
                break;
        case TAG_ATOM:
                print_atom(p->out, term);
                break;
        case TAG_PID:
                print_pid(p->out, term);
                break;
        case TAG_REF:
                print_ref(p->out, term);
                break;
        default:
                cop__buffer_add_text(p->out, "[]");
        }
        return SHAPE_TEXT;
}

static void print_leaf(struct printer *p, cop_term term, bool tail)
{
        size_t shape = begin_shape(p, SHAPE_TEXT, tail), from = p->out->size;
        enum shape_kind kind = SHAPE_TEXT;

        if (p->texts && cop__is_printable_list(term))
                cop__print_list_text(p->out, term, p->length_most);
        else
                kind = print_plain(p, term);
        if (kind == SHAPE_TEXT)
                count_narrow(p, from);
        end_shape(p, shape);
        if (p->shapes && !p->out->failed)
                shape_at(p, shape)->kind = (uint8_t)kind;
}

/* ---- parts with terms inside ---- */

static void push_level(struct printer *p, const struct level *level)
{
        while (p->levels.room - p->levels.count < LEVEL_WORDS) {
                if (!cop__words_grow(&p->levels)) {
                        p->out->failed = true;
                        return;
                }
        }
        memcpy(p->levels.at + p->levels.count, level, sizeof(*level));
        p->levels.count += LEVEL_WORDS;
        p->depth++;
}

static void pop_level(struct printer *p, struct level *level)
{
        p->levels.count -= LEVEL_WORDS;
        memcpy(level, p->levels.at + p->levels.count, sizeof(*level));
        p->depth--;
}

static const char *opening(cop_term term)
{
        if (tag_of(term) == TAG_PAIR)
                return "[";
        return is_box(term, BOX_MAP) ? "#{" : "{";
}

/* How an open tuple, list, map or record begins. */
static void open_level(struct printer *p, struct level *now, cop_term term, bool tail)
{
        const cop_term *inside = (const cop_term *)(words_of(term) + 1);
        enum shape_kind kind = SHAPE_LIST;

        push_level(p, now);
        memset(now, 0, sizeof(*now));
        now->rest = term;
        if (tag_of(term) == TAG_PAIR) {
                now->kind = IN_LIST;
        } else if (is_box(term, BOX_MAP)) {
                kind = SHAPE_MAP;
                now->kind = IN_MAP;
                now->at = inside;
                now->left = header_words(*words_of(term)) / 2;
        } else if (is_box(term, BOX_RECORD)) {
                kind = SHAPE_MAP;
                now->kind = IN_MAP;
                now->at = inside + RECORD_FIXED_WORDS;
                now->left = record_size(*words_of(term));
        } else {
                now->kind = IN_TUPLE;
                now->at = inside;
                now->left = header_words(*words_of(term));
                kind = now->left > 1 && tag_of(*inside) == TAG_ATOM ? SHAPE_TAGGED : SHAPE_TUPLE;
        }
        now->shape = begin_shape(p, kind, tail);
        if (is_box(term, BOX_RECORD))
                print_record_name(p->out, words_of(term));
        cop__buffer_add_text(p->out, opening(term));
}

/* Is it to be opened, or printed at once? */
static bool has_inside(const struct printer *p, cop_term term)
{
        if (p->depth >= p->depth_most)
                return false;
        if (tag_of(term) == TAG_PAIR)
                return !(p->texts && cop__is_printable_list(term));
        if (is_box(term, BOX_RECORD))
                return record_size(*words_of(term)) > 0;
        return (is_box(term, BOX_TUPLE) || is_box(term, BOX_MAP)) &&
               header_words(*words_of(term)) > 0;
}

/* Prints a term, or its beginning; then *now is its level. */
static void enter(struct printer *p, struct level *now, cop_term term, bool tail)
{
        if (has_inside(p, term))
                open_level(p, now, term, tail);
        else
                print_leaf(p, term, tail);
}

static void close_level(struct printer *p, struct level *now, char end)
{
        cop__buffer_add_char(p->out, end);
        end_shape(p, now->shape);
        pop_level(p, now);
}

/* Writes what stands between two parts, and `...` instead of the next one if there were enough. */
static bool next_is_elided(struct printer *p, struct level *now, char separator)
{
        if (now->shown > 0)
                cop__buffer_add_char(p->out, separator);
        if (now->shown++ < p->length_most)
                return false;
        print_leaf(p, COP_NONE, separator == '|');
        now->left = 0;
        now->rest = NIL;
        return true;
}

static void step_tuple(struct printer *p, struct level *now)
{
        if (now->left == 0) {
                close_level(p, now, '}');
        } else if (!next_is_elided(p, now, ',')) {
                now->left--;
                enter(p, now, *now->at++, false);
        }
}

static void step_list(struct printer *p, struct level *now)
{
        const uint64_t *pair = words_of(now->rest);
        cop_term rest = now->rest;

        if (tag_of(rest) == TAG_NIL) {
                close_level(p, now, ']');
                return;
        }
        if (next_is_elided(p, now,
                           tag_of(rest) == TAG_PAIR && now->shown < p->length_most ? ',' : '|'))
                return;
        if (tag_of(rest) == TAG_PAIR) {
                now->rest = term_of(pair[1]);
                enter(p, now, term_of(pair[0]), false);
        } else {
                now->rest = NIL;
                enter(p, now, rest, true);
        }
}

static void step_map(struct printer *p, struct level *now)
{
        if (now->left == 0) {
                close_level(p, now, '}');
        } else if (!next_is_elided(p, now, ',')) {
                now->left--;
                now->kind = IN_PAIR;
                now->pair = begin_shape(p, SHAPE_PAIR, false);
                enter(p, now, *now->at, false);
        }
}

static void step_pair(struct printer *p, struct level *now)
{
        bool is_map = is_box(now->rest, BOX_MAP);
        size_t size = is_map ? cop__map_size(now->rest) : record_size(*words_of(now->rest));

        now->kind = PAIR_END;
        cop__buffer_add_text(p->out, is_map ? " => " : " = ");
        enter(p, now, (now->at++)[size], false);
}

static void print_all(struct printer *p, cop_term term)
{
        struct level now = { .kind = IN_NOTHING };

        enter(p, &now, term, false);
        while (now.kind != IN_NOTHING && !p->out->failed) {
                switch ((enum level_kind)now.kind) {
                case IN_TUPLE:
                        step_tuple(p, &now);
                        break;
                case IN_LIST:
                        step_list(p, &now);
                        break;
                case IN_MAP:
                        step_map(p, &now);
                        break;
                case IN_PAIR:
                        step_pair(p, &now);
                        break;
                case PAIR_END:
                        end_shape(p, now.pair);
                        now.kind = IN_MAP;
                        break;
                case IN_NOTHING:
                        break;
                }
        }
}

static void print_line(struct buffer *out, struct buffer *shapes, cop_term term,
                       const struct print_options *options)
{
        struct printer p = {
                .out = out,
                .shapes = shapes,
                .depth_most = options->depth_most ? options->depth_most : SIZE_MAX,
                .length_most = options->length_most ? options->length_most : SIZE_MAX,
                .texts = options->form != PRINT_WRITE,
        };

        cop__words_init(&p.levels);
        print_all(&p, term);
        cop__words_release(&p.levels);
}

void cop__print(struct buffer *buffer, cop_term term, const struct print_options *options)
{
        struct buffer line, shapes;

        if (options->form != PRINT_PRETTY || !has_memory(term)) {
                print_line(buffer, NULL, term, options);
                return;
        }
        cop__buffer_init(&line, buffer->most);
        cop__buffer_init(&shapes, SIZE_MAX);
        print_line(&line, &shapes, term, options);
        if (line.failed || shapes.failed)
                buffer->failed = true;
        else
                cop__layout(buffer, &line, &shapes, options);
        cop__buffer_release(&shapes);
        cop__buffer_release(&line);
}
