/*
 * signal.c: making signals, and turning them into the messages that processes see.
 */
#include "runtime/signal.h"

#include "base/alloc.h"
#include "term/atom.h"

struct signal *cop__signal_new(enum signal_kind kind, uint64_t to, size_t words)
{
        struct signal *signal;

        if (words > UINT32_MAX)
                return NULL;
        signal = cop__alloc_sized(sizeof(*signal) + words * sizeof(uint64_t));
        if (!signal)
                return NULL;
        signal->shared = NULL;
        signal->term = COP_NONE;
        signal->to = to;
        signal->from = 0;
        signal->ref = 0;
        signal->words = (uint32_t)words;
        signal->kind = (uint8_t)kind;
        signal->spare = 0;
        signal->lane = 0;
        return signal;
}

static struct signal *carry(enum signal_kind kind, uint64_t to, cop_term term, size_t spare)
{
        size_t words = has_memory(term) ? cop__copy_words(term) : 0;
        struct signal *signal;

        if (words > UINT32_MAX - spare)
                return NULL;
        signal = cop__signal_new(kind, to, words + spare);
        if (!signal)
                return NULL;
        signal->spare = (uint8_t)spare;
        signal->term = words ? cop__copy_to(signal->data + spare, term, &signal->shared) : term;
        if (term.word && !signal->term.word) {
                cop__signal_free(signal);
                return NULL;
        }
        return signal;
}

struct signal *cop__signal_with(enum signal_kind kind, uint64_t to, cop_term term)
{
        return carry(kind, to, term, 0);
}

struct signal *cop__signal_of_end(enum signal_kind kind, uint64_t to, cop_term reason)
{
        return carry(kind, to, reason, SIGNAL_SPARE_WORDS);
}

void cop__signal_free(struct signal *signal)
{
        if (!signal)
                return;
        if (signal->shared)
                cop__shared_release(signal->shared, NULL);
        cop__free_sized(signal, sizeof(*signal) + signal->words * sizeof(uint64_t));
}

void cop__signal_make_exit_message(struct signal *signal)
{
        uint64_t *box = signal->data;

        box[0] = header_of(BOX_TUPLE, 3);
        box[1] = ATOM(EXIT).word;
        box[2] = signal->from;
        box[3] = signal->term.word;
        signal->term = box_term(box);
        signal->kind = SIGNAL_MESSAGE;
        signal->lane = LANE_CONTROL;
        signal->ref = 0;
}

/* The tag or the name may be more than a word: then everything moves to a new signal. */
static struct signal *down_anew(const struct signal *down, cop_term tag, cop_term object)
{
        uint64_t box[SIGNAL_SPARE_WORDS] = {
                header_of(BOX_TUPLE, 5), tag.word,    down->ref,
                ATOM(process).word,      object.word, down->term.word
        };

        return cop__signal_with(SIGNAL_MESSAGE, down->to, box_term(box));
}

bool cop__signal_make_down_message(struct signal **signal, cop_term tag, cop_term object)
{
        struct signal *down = *signal;
        uint64_t *box = down->data;

        if (has_memory(tag) || has_memory(object)) {
                *signal = down_anew(down, tag, object);
                if (!*signal) {
                        *signal = down;
                        return false;
                }
                (*signal)->lane = LANE_CONTROL;
                cop__signal_free(down);
                return true;
        }
        box[0] = header_of(BOX_TUPLE, 5);
        box[1] = tag.word;
        box[2] = down->ref;
        box[3] = ATOM(process).word;
        box[4] = object.word;
        box[5] = down->term.word;
        down->term = box_term(box);
        down->kind = SIGNAL_MESSAGE;
        down->lane = LANE_CONTROL;
        down->ref = 0;
        return true;
}

static cop_term cast_message(struct region *region, cop_term request)
{
        uint64_t *box = cop__region_take(region, 3);

        box[0] = header_of(BOX_TUPLE, 2);
        box[1] = cop_atom("$gen_cast").word;
        box[2] = request.word;
        return box_term(box);
}

static cop_term call_message(struct region *region, cop_term tag, const struct signal *call)
{
        uint64_t *box = cop__region_take(region, 7);

        box[0] = header_of(BOX_TUPLE, 2);
        box[1] = call->from;
        box[2] = call->ref;
        box[3] = header_of(BOX_TUPLE, 3);
        box[4] = tag.word;
        box[5] = box_term(box).word;
        box[6] = call->term.word;
        return box_term(box + 3);
}

cop_term cop__signal_as_message(struct region *region, const struct signal *signal)
{
        switch (signal->kind) {
        case SIGNAL_CAST:
                return cast_message(region, signal->term);
        case SIGNAL_CALL:
                return call_message(region, cop_atom("$gen_call"), signal);
        case SIGNAL_SYSTEM:
                return call_message(region, cop_atom("system"), signal);
        default:
                return signal->term;
        }
}
