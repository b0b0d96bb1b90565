/*
 * layout.c: where a printed term is broken into lines.
 *
 * The rules are those of Erlang's io_lib, to the byte. What fits the rest of the line stays whole.
 * The elements of a list or tuple that does not fit fill lines from the column of the first; one
 * that has to be broken itself, or is a list, tuple or map at all, begins a line and is followed by
 * a line end. A tuple that begins with an atom is indented behind it. A key that does not stand
 * beside its value has it below, indented by four.
 *
 * If tuples that begin with atoms nest so deep that they leave the left half of the page, they
 * are indented by four instead, and if that is too much as well, by one. This is found out by
 * laying out without writing: first with each tuple behind its atom, then by four. The two passes
 * decide by the same rules, so they are one function here; where Erlang's trial counts a little
 * differently from its printing, `trial` says so.
 *
 * Columns count from 1. `closing` is how many brackets are to follow on the same line, `used` how
 * many characters stand on it already; the whole term's width is the most that a line may take.
 */
#include "term/shape.h"

#include <string.h>

#include "base/words.h"

enum {
        WIDTH = 80,
        VALUE_INDENT = 4,
        TUPLE_INDENT = 4,
        BYTES_LEAST = 8,
};

/* A shape that is being broken. */
struct fold {
        uint64_t shape;
        uint64_t child; /* comes next */
        int64_t start;  /* column at which lines begin */
        int64_t column; /* of the next character */
        int64_t closing, used;
        uint64_t first; /* nothing was written of it yet */
};

enum { FOLD_WORDS = sizeof(struct fold) / sizeof(uint64_t), NO_SHAPE = -1 };

struct layout {
        struct buffer *out;
        const char *line;
        const struct shape *shapes;
        int64_t width, most;
        int64_t indent; /* of tuples that begin with an atom; -1: behind it */
        bool trial;     /* nothing is written */
        bool no_good;   /* of a trial: too far to the right */
        struct words folds;
};

static void add(struct layout *l, const char *text)
{
        if (!l->trial)
                cop__buffer_add_text(l->out, text);
}

static void add_part(struct layout *l, size_t offset, size_t size)
{
        if (!l->trial)
                cop__buffer_add(l->out, l->line + offset, size);
}

static void add_shape(struct layout *l, const struct shape *shape)
{
        add_part(l, shape->offset, shape->size);
}

static void new_line(struct layout *l, int64_t column)
{
        char *spaces;

        if (l->trial)
                return;
        cop__buffer_add_char(l->out, '\n');
        spaces = cop__buffer_extend(l->out, (size_t)column - 1);
        if (spaces)
                memset(spaces, ' ', (size_t)column - 1);
}

/* Is it a part that is never broken? */
static bool is_simple(const struct layout *l, const struct shape *shape)
{
        const struct shape *key = shape + 1;

        if (shape->kind != SHAPE_PAIR)
                return shape->kind == SHAPE_TEXT;
        return key->kind == SHAPE_TEXT && l->shapes[key->next].kind == SHAPE_TEXT;
}

static bool fits(const struct layout *l, int64_t width, int64_t column, int64_t closing,
                 int64_t used)
{
        return width < l->width - column - closing && width + used + closing <= l->most;
}

static void push(struct layout *l, const struct fold *fold)
{
        while (l->folds.room - l->folds.count < FOLD_WORDS) {
                if (!cop__words_grow(&l->folds)) {
                        l->out->failed = true;
                        return;
                }
        }
        memcpy(l->folds.at + l->folds.count, fold, sizeof(*fold));
        l->folds.count += FOLD_WORDS;
}

static void pop(struct layout *l, struct fold *fold)
{
        l->folds.count -= FOLD_WORDS;
        memcpy(fold, l->folds.at + l->folds.count, sizeof(*fold));
}

/* ---- beginnings ---- */

/* Bytes fill lines; each but the last is counted with its comma. */
static void fold_bytes(struct layout *l, const struct shape *shape, int64_t column, int64_t closing,
                       int64_t used)
{
        const char *at = l->line + shape->offset + 2, *end = at + shape->size - 4;
        int64_t room = l->width - column, left;

        if (room > l->most - 4 - used)
                room = l->most - 4 - used;
        room -= closing;
        if (room < BYTES_LEAST)
                room = BYTES_LEAST;
        left = room;
        add(l, "<<");
        while (at < end) {
                const char *comma = memchr(at, ',', (size_t)(end - at));
                const char *next = comma ? comma + 1 : end;

                if (next - at > left) {
                        new_line(l, column);
                        left = room;
                }
                add_part(l, (size_t)(at - l->line), (size_t)(next - at));
                left -= next - at;
                at = next;
        }
        add(l, ">>");
}

/* Is a trial with such a column to be given up? */
static void check_column(struct layout *l, bool fine)
{
        if (l->trial && !fine)
                l->no_good = true;
}

/* A tuple that begins with an atom. */
static void fold_tagged(struct layout *l, struct fold *now, const struct shape *shape,
                        int64_t column)
{
        const struct shape *tag = shape + 1;
        int64_t width = (int64_t)tag->width, behind = width + 2;

        add(l, "{");
        add_shape(l, tag);
        now->child = tag->next;
        now->column = column + behind;
        now->used += width;
        if (l->indent > 0 && behind > l->indent) {
                now->start = column + l->indent;
                check_column(l, l->most + now->start <= l->width || now->start <= l->width / 2);
        } else {
                add(l, ",");
                now->start = now->column;
                now->used++;
                now->first = true;
                check_column(l, l->most + now->start < l->width || now->start < l->width / 2);
        }
}

static struct fold fold_at(size_t shape, int64_t start, int64_t closing, int64_t used)
{
        struct fold fold = {
                .shape = shape,
                .child = shape + 1,
                .start = start,
                .column = start,
                .closing = closing,
                .used = used,
                .first = true,
        };

        return fold;
}

/* Writes a shape, or its beginning; then *now is its fold. */
static void begin(struct layout *l, struct fold *now, size_t index, int64_t column, int64_t closing,
                  int64_t used)
{
        const struct shape *shape = l->shapes + index;

        if (shape->kind == SHAPE_TEXT || fits(l, (int64_t)shape->width, column, closing, used)) {
                add_shape(l, shape);
                return;
        }
        if (shape->kind == SHAPE_BYTES) {
                if (!l->trial)
                        fold_bytes(l, shape, column + 2, closing, used);
                return;
        }
        push(l, now);
        switch ((enum shape_kind)shape->kind) {
        case SHAPE_MAP:
                add_part(l, shape->offset, shape[1].offset - shape->offset);
                *now = fold_at(index, column + 2, closing, used + (l->trial ? 2 : 1));
                break;
        case SHAPE_TAGGED:
                *now = fold_at(index, column, closing, used + 1);
                now->first = false;
                fold_tagged(l, now, shape, column);
                break;
        default:
                add(l, shape->kind == SHAPE_LIST ? "[" : "{");
                *now = fold_at(index, column + 1, closing, used + 1);
        }
}

/* ---- what follows ---- */

/* How many brackets follow the child. */
static int64_t closing_behind(const struct layout *l, const struct fold *now,
                              const struct shape *child)
{
        bool more = child->next < l->shapes[now->shape].next && !l->shapes[child->next].tail;

        return more ? 0 : now->closing + 1;
}

/* Can the child follow what stands on the line, behind a comma? */
static bool can_follow(const struct layout *l, const struct fold *now, const struct shape *child,
                       int64_t closing)
{
        return is_simple(l, child) && fits(l, (int64_t)child->width + 1, now->column,
                                           closing > 0 ? closing : 1, now->used);
}

static void follow(struct layout *l, struct fold *now, const struct shape *child)
{
        add(l, ",");
        add_shape(l, child);
        now->column += (int64_t)child->width + 1;
        now->used += (int64_t)child->width + 1;
        now->child = child->next;
}

/* An element at the column where lines begin. used is what stood on its line before. */
static void step_element(struct layout *l, struct fold *now, const struct shape *child,
                         int64_t closing, int64_t used)
{
        bool whole =
                is_simple(l, child) && fits(l, (int64_t)child->width, now->start, closing, used);
        int64_t taken = whole ? (int64_t)child->width : l->width;

        now->column = now->start + taken;
        now->used = used + taken;
        now->child = child->next;
        begin(l, now, (size_t)(child - l->shapes), now->start, closing, used);
}

static void step_tail(struct layout *l, struct fold *now, const struct shape *child)
{
        int64_t closing = now->closing + 1, column = l->trial ? now->column : now->start;

        now->child = child->next;
        add(l, "|");
        if (is_simple(l, child) &&
            fits(l, (int64_t)child->width + 1, now->column, closing, now->used)) {
                add_shape(l, child);
                return;
        }
        new_line(l, now->start);
        begin(l, now, (size_t)(child - l->shapes), column, closing, 0);
}

static void step_list(struct layout *l, struct fold *now)
{
        const struct shape *child = l->shapes + now->child;
        int64_t closing = closing_behind(l, now, child), used = 0;

        if (child->tail) {
                step_tail(l, now, child);
                return;
        }
        if (now->first) {
                used = now->used;
                now->first = false;
        } else if (can_follow(l, now, child, closing)) {
                follow(l, now, child);
                return;
        } else {
                add(l, ",");
                new_line(l, now->start);
        }
        step_element(l, now, child, closing, used);
}

/* A key and its value, at the column where lines begin. */
static void step_pair_of(struct layout *l, struct fold *now, const struct shape *pair,
                         int64_t closing, int64_t used)
{
        bool whole = fits(l, (int64_t)pair->width, now->start, closing, used);
        int64_t taken = whole && is_simple(l, pair) ? (int64_t)pair->width : l->width;

        now->column = now->start + taken;
        now->used = taken + (l->trial ? used : 0);
        now->child = pair->next;
        if (whole) {
                add_shape(l, pair);
                return;
        }
        push(l, now);
        *now = fold_at((size_t)(pair - l->shapes), now->start, closing, used);
}

static void step_map(struct layout *l, struct fold *now)
{
        const struct shape *pair = l->shapes + now->child;
        int64_t closing = closing_behind(l, now, pair), used = 0;

        if (now->first) {
                used = now->used;
                now->first = false;
        } else if (can_follow(l, now, pair, closing)) {
                follow(l, now, pair);
                return;
        } else {
                add(l, ",");
                new_line(l, now->start);
        }
        if (pair->kind == SHAPE_PAIR)
                step_pair_of(l, now, pair, closing, used);
        else /* `...` */
                step_element(l, now, pair, closing, used);
}

/* What stands between key and value, but for the space before the value. */
static void add_arrow(struct layout *l, const struct shape *key, const struct shape *value)
{
        size_t end = key->offset + key->size;

        add_part(l, end, value->offset - end - 1);
}

/* The key, and then the value below it. */
static void step_pair(struct layout *l, struct fold *now)
{
        int64_t indent = l->indent > 0 ? l->indent : VALUE_INDENT;
        size_t child = now->child;
        const struct shape *key = l->shapes + now->shape + 1;

        now->child = l->shapes[child].next;
        if (now->first) {
                now->first = false;
                begin(l, now, child, now->start, now->closing, now->used);
        } else {
                add_arrow(l, key, l->shapes + child);
                new_line(l, now->start + indent);
                begin(l, now, child, now->start + indent, now->closing, 0);
        }
}

static void end(struct layout *l, struct fold *now)
{
        switch ((enum shape_kind)l->shapes[now->shape].kind) {
        case SHAPE_LIST:
                add(l, "]");
                break;
        case SHAPE_PAIR:
                break;
        default:
                add(l, "}");
        }
        pop(l, now);
}

/* Lays out the whole; column is where it begins. */
static void lay_out(struct layout *l, int64_t column)
{
        struct fold now = fold_at((size_t)NO_SHAPE, 0, 0, 0);

        l->folds.count = 0;
        begin(l, &now, 0, column, 0, 0);
        while (now.shape != (uint64_t)NO_SHAPE && !l->out->failed && !l->no_good) {
                const struct shape *shape = l->shapes + now.shape;

                if (now.child == shape->next)
                        end(l, &now);
                else if (shape->kind == SHAPE_MAP)
                        step_map(l, &now);
                else if (shape->kind == SHAPE_PAIR)
                        step_pair(l, &now);
                else
                        step_list(l, &now);
        }
}

/* Does the indentation keep the term in the left half? */
static bool is_good(struct layout *l, int64_t indent, int64_t column)
{
        l->indent = indent;
        l->no_good = false;
        lay_out(l, column);
        return !l->no_good;
}

void cop__layout(struct buffer *out, const struct buffer *line, const struct buffer *shapes,
                 const struct print_options *options)
{
        struct layout l = {
                .out = out,
                .line = line->bytes,
                .shapes = (const struct shape *)(const void *)shapes->bytes,
                .width = options->width ? (int64_t)options->width : WIDTH,
                .trial = true,
        };
        int64_t column = (int64_t)options->indent + 1;

        l.most = (int64_t)l.shapes[0].width;
        if (l.most < l.width - column) {
                cop__buffer_add(out, line->bytes, line->size);
                return;
        }
        cop__words_init(&l.folds);
        if (!is_good(&l, -1, column) && !is_good(&l, TUPLE_INDENT, column))
                l.indent = 1;
        l.trial = false;
        l.no_good = false;
        lay_out(&l, column);
        cop__words_release(&l.folds);
}
