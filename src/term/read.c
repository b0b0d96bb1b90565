/*
 * read.c: terms from Erlang text.
 *
 * A term begins with one token (begin_term). What begins something that holds others (a bracket, a
 * sign) puts a frame on a stack of its own and goes on with the first of them; what is whole in
 * itself makes a value, and end_term hands that to the frames below: each takes it and says whether
 * it wants another one, or is itself whole now and thereby a value for the frame below it. So the
 * C stack does not grow with the text.
 *
 * Order     Elements wait on `values` until their frame is closed; then they are written into the
 *           region in one piece, the inner ones before the outer ones.
 * Invariant A frame's elements are those of `values` from its `base` on.
 * Bits      Segments of <<...>> are appended to a buffer (read_bits.c); an inner one begins on a
 *           byte of its own behind the outer one, and is taken away before that goes on.
 * Limits    Each frame counts against depth, each word before it is taken against the words, each
 *           atom that is not there yet against the atoms. The first error ends everything: the
 *           region goes back to where it was, and the stacks are freed.
 *
 * The grammar is that of erl_parse:normalise, which file:consult uses: no operators but a sign
 * before a number, no variables, and => alone in maps.
 *
 * LIMIT: text is UTF-8, whatever a comment in it says of its coding. Floats in other bases than ten
 * (16#1.8, new in OTP 28) are refused.
 */
#include "term/read.h"

#include <stdio.h>
#include <string.h>

#include <coppice/text.h>

#include "base/alloc.h"
#include "term/big.h"
#include "term/host.h"
#include "term/map.h"

enum {
        DEPTH_MOST = 100000,
        WORDS_MOST = 16 * 1024 * 1024,
        ATOMS_MOST = 1000,
};

static const struct {
        const char *next; /* what may follow one of its elements */
        const char *what;
} frame_texts[] = {
        [FRAME_PAREN] = { ")", "parenthesis" },
        [FRAME_SIGN] = { "a number", "sign" },
        [FRAME_LIST] = { "one of , | ]", "list" },
        [FRAME_TAIL] = { "]", "list" },
        [FRAME_TUPLE] = { "one of , }", "tuple" },
        [FRAME_KEY] = { "=>", "map" },
        [FRAME_VALUE] = { "one of , }", "map" },
        [FRAME_SEGMENT] = { "one of , : / >>", "binary" },
        [FRAME_SIZE] = { "one of , / >>", "binary" },
};

/* ---- what can go wrong ---- */

bool cop__read_fail(struct reader *reader, struct text_place place, const char *message)
{
        cop__lexer_fail(&reader->lexer, place, "%s", message);
        return false;
}

bool cop__read_expected(struct reader *reader, const char *what)
{
        char found[80];

        cop__token_describe(&reader->token, found, sizeof(found));
        if (reader->token.kind == TOKEN_END)
                cop__lexer_fail_at_end(&reader->lexer, reader->token.place, "expected %s; found %s",
                                       what, found);
        else
                cop__lexer_fail(&reader->lexer, reader->token.place, "expected %s; found %s", what,
                                found);
        return false;
}

/* An element is followed by what may not follow it: says of what it would be one. */
static bool expected_next(struct reader *reader, const struct frame *frame)
{
        char what[96];

        snprintf(what, sizeof(what), "%s in the %s of line %u, column %u",
                 frame_texts[frame->kind].next, frame_texts[frame->kind].what, frame->place.line,
                 frame->place.column);
        return cop__read_expected(reader, what);
}

bool cop__read_no_memory(struct reader *reader)
{
        return cop__read_fail(reader, reader->token.place, "out of memory");
}

bool cop__read_claim(struct reader *reader, size_t words)
{
        if (words > reader->words_left)
                return cop__read_fail(reader, reader->token.place,
                                      "the term is too large: expected fewer words of memory");
        reader->words_left -= words;
        return true;
}

uint64_t *cop__read_take(struct reader *reader, size_t words)
{
        uint64_t *taken;

        if (!cop__read_claim(reader, words))
                return NULL;
        taken = cop__region_try_take(reader->region, words);
        if (!taken)
                cop__read_no_memory(reader);
        return taken;
}

void cop__read_next(struct reader *reader)
{
        cop__lexer_next(&reader->lexer, &reader->token);
}

bool cop__read_accept(struct reader *reader, enum token_kind kind, const char *what)
{
        if (reader->token.kind != kind)
                return cop__read_expected(reader, what);
        cop__read_next(reader);
        return true;
}

/* ---- frames ---- */

static struct frame *top_frame(struct reader *reader)
{
        return reader->frame_count ? &reader->frames[reader->frame_count - 1] : NULL;
}

static bool grow_frames(struct reader *reader)
{
        size_t room = reader->frame_room * 2;
        struct frame *frames = cop__alloc_array(room, sizeof(*frames));

        if (!frames)
                return cop__read_no_memory(reader);
        memcpy(frames, reader->frames, reader->frame_count * sizeof(*frames));
        if (reader->frames != reader->frames_inside)
                cop__free(reader->frames);
        reader->frames = frames;
        reader->frame_room = room;
        return true;
}

static bool push_frame(struct reader *reader, enum frame_kind kind, struct text_place place)
{
        struct frame *frame;

        if (reader->frame_count >= reader->depth_most)
                return cop__read_fail(reader, place, "terms nest too deep: expected fewer levels");
        if (reader->frame_count == reader->frame_room && !grow_frames(reader))
                return false;
        frame = &reader->frames[reader->frame_count++];
        memset(frame, 0, sizeof(*frame));
        frame->kind = kind;
        frame->place = place;
        frame->base = reader->values.count;
        frame->bits_base = reader->bits.size;
        return true;
}

enum frame_kind cop__read_owner(const struct reader *reader)
{
        for (size_t i = reader->frame_count; i > 0; i--)
                if (reader->frames[i - 1].kind != FRAME_PAREN)
                        return reader->frames[i - 1].kind;
        return FRAME_PAREN;
}

/* ---- terms that hold others ---- */

/* The elements of a frame, which goes away. */
static const uint64_t *close_frame(struct reader *reader, size_t *count)
{
        struct frame *frame = top_frame(reader);

        *count = reader->values.count - frame->base;
        reader->values.count = frame->base;
        reader->frame_count--;
        return reader->values.at + frame->base;
}

static cop_term close_list(struct reader *reader, bool has_tail)
{
        size_t count;
        const uint64_t *elements = close_frame(reader, &count);
        size_t pairs = count - has_tail;
        uint64_t *pair = cop__read_take(reader, 2 * pairs);
        cop_term list;

        if (!pair)
                return COP_NONE;
        list = pair_term(pair);
        for (size_t i = 0; i < pairs; i++, pair += 2) {
                pair[0] = elements[i];
                pair[1] = pair_term(pair + 2).word;
        }
        pair[-1] = has_tail ? elements[pairs] : NIL.word;
        return list;
}

static cop_term close_tuple(struct reader *reader)
{
        size_t count;
        const uint64_t *elements = close_frame(reader, &count);
        uint64_t *box = cop__read_take(reader, count + 1);

        if (!box)
                return COP_NONE;
        box[0] = header_of(BOX_TUPLE, count);
        if (count)
                memcpy(box + 1, elements, count * sizeof(*elements));
        return box_term(box);
}

/* Keys and values wait in turns: the keys move to the front, the values behind them. */
static cop_term close_map(struct reader *reader)
{
        size_t count;
        const uint64_t *pairs = close_frame(reader, &count);
        size_t size = count / 2;
        cop_term *sorted;
        cop_term map;
        bool twice;

        if (!cop__read_claim(reader, count + 1))
                return COP_NONE;
        sorted = cop__alloc_array(count + 1, sizeof(*sorted));
        if (!sorted) {
                cop__read_no_memory(reader);
                return COP_NONE;
        }
        for (size_t i = 0; i < size; i++) {
                sorted[i] = term_of(pairs[2 * i]);
                sorted[size + i] = term_of(pairs[2 * i + 1]);
        }
        map = cop__map_make(reader->region, size, sorted, sorted + size, &twice);
        cop__free(sorted);
        if (cop_is_none(map))
                cop__read_no_memory(reader);
        return map;
}

static cop_term negate(struct reader *reader, cop_term number)
{
        struct limbs view;
        cop_term negative;

        if (is_box(number, BOX_FLOAT))
                return cop__read_float(reader, -cop__float_value(number));
        cop__int_view(&view, number);
        if (!cop__read_claim(reader, view.count + 1))
                return COP_NONE;
        negative = cop__int_from_limbs(reader->region, view.limbs, view.count, !view.negative);
        if (cop_is_none(negative))
                cop__read_no_memory(reader);
        return negative;
}

/* A sign takes a number and nothing else, not even a number that has one. */
static cop_term close_sign(struct reader *reader, cop_term value)
{
        struct frame frame = *top_frame(reader);

        reader->frame_count--;
        if (!cop__is_integer(value) && !is_box(value, BOX_FLOAT)) {
                cop__read_fail(reader, frame.place, "expected a number after the sign");
                return COP_NONE;
        }
        return frame.negative ? negate(reader, value) : value;
}

/* ---- the walk ---- */

/* What a step of the walk came to. */
enum step {
        STEP_FAILED,
        STEP_BEGIN, /* another term begins at the next token */
        STEP_VALUE, /* *value is whole, and belongs to the frame below */
};

static enum step step_of(cop_term value)
{
        return cop_is_none(value) ? STEP_FAILED : STEP_VALUE;
}

/* At an opening bracket: what is empty is whole at once. */
static enum step open_frame(struct reader *reader, enum frame_kind kind, enum token_kind close,
                            struct text_place place, cop_term *value)
{
        cop__read_next(reader);
        if (!push_frame(reader, kind, place))
                return STEP_FAILED;
        top_frame(reader)->segment = reader->token.place;
        if (reader->token.kind != close)
                return STEP_BEGIN;
        cop__read_next(reader);
        if (kind == FRAME_TUPLE) {
                *value = close_tuple(reader);
        } else if (kind == FRAME_KEY) {
                *value = close_map(reader);
        } else {
                reader->frame_count--;
                *value = kind == FRAME_LIST ? NIL : cop__read_bits_term(reader, "", 0);
        }
        return step_of(*value);
}

static enum step open_sign(struct reader *reader)
{
        enum frame_kind owner = cop__read_owner(reader);
        bool negative = reader->token.kind == TOKEN_MINUS;

        if (owner == FRAME_SIGN || (top_frame(reader) && top_frame(reader)->kind == FRAME_SIZE)) {
                cop__read_expected(reader, owner == FRAME_SIGN ? "a number" : "a size");
                return STEP_FAILED;
        }
        if (!push_frame(reader, FRAME_SIGN, reader->token.place))
                return STEP_FAILED;
        top_frame(reader)->negative = negative;
        cop__read_next(reader);
        return STEP_BEGIN;
}

static enum step open_hash(struct reader *reader, cop_term *value)
{
        struct text_place place = reader->token.place;

        cop__read_next(reader);
        if (reader->token.kind == TOKEN_BRACE_OPEN)
                return open_frame(reader, FRAME_KEY, TOKEN_BRACE_CLOSE, place, value);
        if (!reader->pids) {
                cop__read_expected(reader, "{");
                return STEP_FAILED;
        }
        *value = cop__read_hashed(reader, place);
        return step_of(*value);
}

/* A term that is one token, and past it. */
static cop_term read_token(struct reader *reader)
{
        const struct token *token = &reader->token;
        cop_term value = COP_NONE;

        switch (token->kind) {
        case TOKEN_ATOM:
                value = cop__read_atom(reader, token);
                break;
        case TOKEN_INTEGER:
                value = cop__read_integer(reader, token);
                break;
        case TOKEN_FLOAT:
                value = cop__read_float(reader, token->number);
                break;
        case TOKEN_CHAR:
                value = small_term(token->rune);
                break;
        case TOKEN_BINARY:
                value = cop__read_bits_term(reader, token->text, token->size * 8);
                break;
        default:
                cop__read_expected(reader, "a term");
                return COP_NONE;
        }
        if (!cop_is_none(value))
                cop__read_next(reader);
        return value;
}

static enum step begin_term(struct reader *reader, cop_term *value)
{
        struct text_place place = reader->token.place;

        switch (reader->token.kind) {
        case TOKEN_LIST_OPEN:
                return open_frame(reader, FRAME_LIST, TOKEN_LIST_CLOSE, place, value);
        case TOKEN_BRACE_OPEN:
                return open_frame(reader, FRAME_TUPLE, TOKEN_BRACE_CLOSE, place, value);
        case TOKEN_BITS_OPEN:
                return open_frame(reader, FRAME_SEGMENT, TOKEN_BITS_CLOSE, place, value);
        case TOKEN_PAREN_OPEN:
                return open_frame(reader, FRAME_PAREN, TOKEN_ERROR, place, value);
        case TOKEN_PLUS:
        case TOKEN_MINUS:
                return open_sign(reader);
        case TOKEN_HASH:
                return open_hash(reader, value);
        case TOKEN_STRING:
                *value = cop__read_string(reader);
                return reader->lexer.failed ? STEP_FAILED : STEP_VALUE;
        case TOKEN_LESS:
                if (reader->pids) {
                        *value = cop__read_pid(reader);
                        return step_of(*value);
                }
                break;
        case TOKEN_WORD:
                if (cop__token_says(&reader->token, "fun")) {
                        *value = cop__read_fun(reader);
                        return step_of(*value);
                }
                break;
        default:
                break;
        }
        *value = read_token(reader);
        return step_of(*value);
}

/* Behind an element of a list, tuple or map. */
static enum step after_element(struct reader *reader, struct frame *frame, cop_term *value)
{
        enum token_kind kind = reader->token.kind;
        enum frame_kind in = frame->kind;
        bool is_list = in == FRAME_LIST || in == FRAME_TAIL;

        if (in == FRAME_KEY ? kind == TOKEN_MAP_PUT : kind == TOKEN_COMMA && in != FRAME_TAIL) {
                if (in == FRAME_KEY)
                        frame->kind = FRAME_VALUE;
                else if (in == FRAME_VALUE)
                        frame->kind = FRAME_KEY;
                cop__read_next(reader);
                return STEP_BEGIN;
        }
        if (in == FRAME_LIST && kind == TOKEN_BAR) {
                frame->kind = FRAME_TAIL;
                cop__read_next(reader);
                return STEP_BEGIN;
        }
        if (in == FRAME_KEY || kind != (is_list ? TOKEN_LIST_CLOSE : TOKEN_BRACE_CLOSE)) {
                expected_next(reader, frame);
                return STEP_FAILED;
        }
        cop__read_next(reader);
        if (is_list)
                *value = close_list(reader, in == FRAME_TAIL);
        else
                *value = in == FRAME_TUPLE ? close_tuple(reader) : close_map(reader);
        return step_of(*value);
}

/* Behind the value of a segment, or its size. */
static enum step after_segment(struct reader *reader, struct frame *frame, cop_term *value)
{
        if (frame->kind == FRAME_SEGMENT && reader->token.kind == TOKEN_COLON) {
                frame->kind = FRAME_SIZE;
                cop__read_next(reader);
                return STEP_BEGIN;
        }
        if (!cop__read_segment(reader, frame))
                return STEP_FAILED;
        if (reader->token.kind == TOKEN_COMMA) {
                frame->kind = FRAME_SEGMENT;
                cop__read_next(reader);
                frame->segment = reader->token.place;
                return STEP_BEGIN;
        }
        if (reader->token.kind != TOKEN_BITS_CLOSE) {
                expected_next(reader, frame);
                return STEP_FAILED;
        }
        cop__read_next(reader);
        *value = cop__read_bits_end(reader, frame);
        reader->frame_count--;
        return step_of(*value);
}

/* Gives a value that is whole to the frame on top. */
static enum step end_term(struct reader *reader, cop_term *value)
{
        struct frame *frame = top_frame(reader);

        if (frame->kind == FRAME_SIGN) {
                *value = close_sign(reader, *value);
                return step_of(*value);
        }
        if (frame->kind == FRAME_PAREN) {
                if (reader->token.kind != TOKEN_PAREN_CLOSE) {
                        expected_next(reader, frame);
                        return STEP_FAILED;
                }
                cop__read_next(reader);
                reader->frame_count--;
                return STEP_VALUE;
        }
        if (!cop__words_push(&reader->values, value->word)) {
                cop__read_no_memory(reader);
                return STEP_FAILED;
        }
        if (frame->kind == FRAME_SEGMENT || frame->kind == FRAME_SIZE)
                return after_segment(reader, frame, value);
        return after_element(reader, frame, value);
}

/* One term, from the token that it begins with up to the one behind it; COP_NONE after an error. */
static cop_term read_term(struct reader *reader)
{
        enum step step = STEP_BEGIN;
        cop_term value = COP_NONE;

        do {
                if (step == STEP_BEGIN)
                        step = begin_term(reader, &value);
                while (step == STEP_VALUE && reader->frame_count > 0)
                        step = end_term(reader, &value);
        } while (step == STEP_BEGIN);
        return step == STEP_FAILED || reader->lexer.failed ? COP_NONE : value;
}

/* ---- from outside ---- */

static void init_reader(struct reader *reader, const char *text, size_t size,
                        const struct cop_read_options *options)
{
        struct cop_read_options given = { 0 };

        if (options)
                memcpy(&given, options,
                       options->struct_size < sizeof(given) ? options->struct_size : sizeof(given));
        memset(reader, 0, offsetof(struct reader, frames_inside));
        cop__lexer_init(&reader->lexer, text, size);
        cop__words_init(&reader->values);
        cop__buffer_init(&reader->text, SIZE_MAX);
        cop__buffer_init(&reader->bits, SIZE_MAX);
        cop__buffer_init(&reader->scratch, SIZE_MAX);
        reader->frames = reader->frames_inside;
        reader->frame_room = FRAMES_INSIDE;
        reader->region = here();
        reader->depth_most = given.depth_max ? given.depth_max : DEPTH_MOST;
        reader->words_left = given.words_max ? given.words_max : WORDS_MOST;
        reader->atoms_left = given.new_atoms_max ? given.new_atoms_max : ATOMS_MOST;
        if (given.new_atoms_max == COP_NO_NEW_ATOMS)
                reader->atoms_left = 0;
        reader->pids = given.pids;
        cop__read_next(reader);
}

static void release_reader(struct reader *reader)
{
        if (reader->frames != reader->frames_inside)
                cop__free(reader->frames);
        cop__buffer_release(&reader->scratch);
        cop__buffer_release(&reader->bits);
        cop__buffer_release(&reader->text);
        cop__words_release(&reader->values);
        cop__lexer_release(&reader->lexer);
}

static cop_term read_one(struct reader *reader)
{
        cop_term term = read_term(reader);

        if (cop_is_none(term))
                return term;
        if (reader->token.kind == TOKEN_STOP)
                cop__read_next(reader);
        if (reader->token.kind != TOKEN_END) {
                cop__read_expected(reader, "the end of the text");
                return COP_NONE;
        }
        return term;
}

static cop_term read_all(struct reader *reader)
{
        uint64_t *pairs;

        while (reader->token.kind != TOKEN_END) {
                cop_term term = read_term(reader);

                if (cop_is_none(term) || !cop__read_accept(reader, TOKEN_STOP, "a full stop"))
                        return COP_NONE;
                if (!cop__words_push(&reader->values, term.word)) {
                        cop__read_no_memory(reader);
                        return COP_NONE;
                }
        }
        if (reader->values.count == 0)
                return NIL;
        pairs = cop__read_take(reader, 2 * reader->values.count);
        for (size_t i = 0; pairs && i < reader->values.count; i++) {
                pairs[2 * i] = reader->values.at[i];
                pairs[2 * i + 1] = pair_term(pairs + 2 * i + 2).word;
        }
        if (!pairs)
                return COP_NONE;
        pairs[2 * reader->values.count - 1] = NIL.word;
        return pair_term(pairs);
}

static struct cop_read_result read_with(const char *text, size_t size,
                                        const struct cop_read_options *options,
                                        cop_term (*read)(struct reader *))
{
        struct cop_read_result result = { 0 };
        struct cop_mark mark = cop__region_mark(here());
        struct reader reader;

        init_reader(&reader, text, size, options);
        result.term = read(&reader);
        if (cop_is_none(result.term)) {
                result.offset = reader.lexer.error_place.offset;
                result.line = reader.lexer.error_place.line;
                result.column = reader.lexer.error_place.column;
                result.incomplete = reader.lexer.incomplete;
                memcpy(result.error, reader.lexer.error, sizeof(result.error));
                cop__region_rewind(reader.region, &mark);
        }
        release_reader(&reader);
        return result;
}

struct cop_read_result cop_try_read_with(const char *text, size_t size,
                                         const struct cop_read_options *options)
{
        return read_with(text, size, options, read_one);
}

struct cop_read_result cop_try_read_all_with(const char *text, size_t size,
                                             const struct cop_read_options *options)
{
        return read_with(text, size, options, read_all);
}

cop_term cop__read(const char *text, const struct cop_place *place)
{
        static const char why[] = "bad_text";
        struct cop_read_options options = { .struct_size = sizeof(options),
                                            .new_atoms_max = SIZE_MAX - 1 };
        struct cop_read_result result = cop_try_read_with(text, strlen(text), &options);
        cop_term reason[4];

        if (!cop_is_none(result.term))
                return result.term;
        reason[0] = cop_atom(why);
        reason[1] = cop_int(result.line);
        reason[2] = cop_int(result.column);
        reason[3] = cop_text(result.error);
        cop__host.fail(FAIL_ERROR, cop_tuple(4, reason), place);
}

cop_term(cop_read)(const char *text)
{
        return cop__read(text, NULL);
}
