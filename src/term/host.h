/*
 * host.h: what terms need from above.
 *
 * Terms know no process: whose memory a new term goes to and what becomes of a caller that handed
 * in the wrong kind are the runtime's business. It fills this table once, at its start. Until then
 * (in tests, tools and constructors) a term goes to a region of the calling thread, and a failure
 * stops the program.
 */
#ifndef COP_TERM_HOST_H
#define COP_TERM_HOST_H

#include "term/region.h"
#include "term/value.h"

enum failure {
        FAIL_ERROR, /* reason becomes {Reason, Stack} */
        FAIL_EXIT,
        FAIL_THROW,
};

struct term_host {
        /* Where new terms of the caller go. Never NULL. */
        struct region *(*region)(void);
        /* Ends the caller. reason is a term in the caller's region; place may be NULL. */
        void (*fail)(enum failure, cop_term reason, const struct cop_place *place) COP_NORETURN;
        /* The list of what the caller keeps, for a block of so many more bytes; NULL: its owner may
         * have no more. With 0 it only asks, and there is always one. */
        struct kept **(*kept)(size_t bytes);
        /* The region would grow past most_words. True: most_words has been raised. */
        bool (*past_limit)(struct region *region);
        /* A region with a limit is to share so many bytes that lie elsewhere. False: it may not. */
        bool (*share)(struct region *region, size_t bytes);
};

/* {A, B} of two atoms, in memory that is there when there is no other. */
struct constant_pair {
        uint64_t before; /* a root is never the first word of its memory (keep.c) */
        uint64_t box[3];
};

static inline cop_term constant_pair(struct constant_pair *pair, cop_term a, cop_term b)
{
        pair->box[0] = header_of(BOX_TUPLE, 2);
        pair->box[1] = a.word;
        pair->box[2] = b.word;
        return box_term(pair->box);
}

/*
 * Memory that outlives the turn: a term of cop_keep(), or anything else that is to be freed with
 * its owner (see keep.c).
 */
struct kept {
        struct kept *next, **at;    /* owner's list; owner only */
        struct shared_bits *shared; /* whose boxes are in data */
        size_t words;
        uint64_t seal; /* tells a kept term from others */
        uint64_t data[];
};

extern struct term_host cop__host;

static inline struct region *here(void)
{
        return cop__host.region();
}

/* The caller handed in something wrong. */
COP_NORETURN void cop__fail_badarg(const struct cop_place *place);
/* Memory or a limit is used up: {system_limit, What}. What is one of atom.h. Needs no memory. */
COP_NORETURN void cop__fail_limit(const char *what);
/* The reason of it, which lives for ever. */
cop_term cop__limit_reason(cop_term what);

/* A block of words on the caller's list, freed with its owner or by cop__kept_free(). NULL: out of
 * memory. */
struct kept *cop__kept_new(size_t words);
void cop__kept_free(struct kept *kept);

/* A kept term becomes somebody else's. */
void cop__kept_give(cop_term term, struct kept **list);

/* cop_keep(), but COP_NONE when memory is used up. */
cop_term cop__keep_try(cop_term term);

/* Frees every block on an owner's list, as its end. */
void cop__kept_free_all(struct kept **list);

/* Where there is no runtime: frees the calling thread's terms and kept blocks, as its end does. */
void cop__host_thread_release(void);

#endif
