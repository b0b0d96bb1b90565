/*
 * hash.c: one number for a term.
 *
 * The term is walked in one fixed order, and each part is mixed into the number: its kind, its
 * size, and what it says. Nothing of where it lies in memory goes in: atoms bring the hash of their
 * text, and small and large binaries are hashed alike. What cop_equal() does not look at (the zeros
 * at the end of a reference, the maker of a fun) is left out here too.
 *
 * mix() multiplies to 128 bits and folds, as wyhash does: two multiplications a word at most. It is
 * no defence against somebody who makes terms collide on purpose.
 */
#include <string.h>

#include "base/words.h"
#include "term/atom.h"
#include "term/big.h"
#include "term/bits.h"
#include "term/compare.h"
#include "term/host.h"

/* Odd numbers of random bits: one for each kind of part. */
#define SEED_FLOAT  ((uint64_t)0x8bb84b93962eacc9)
#define SEED_BIG    ((uint64_t)0x4b33a62ed433d4a3)
#define SEED_BITS   ((uint64_t)0x4d5a2da51de1aa47)
#define SEED_TUPLE  ((uint64_t)0xa0761d6478bd642f)
#define SEED_PAIR   ((uint64_t)0xe7037ed1a0b428db)
#define SEED_MAP    ((uint64_t)0x90ed1765281c388d)
#define SEED_NODE   ((uint64_t)0x589965cc75374cc3)
#define SEED_EXPORT ((uint64_t)0x1d8e4e27c47d124f)
#define SEED_RECORD ((uint64_t)0x6c62272e07bb0142)
#define SEED_FUN    ((uint64_t)0xeb44accab455d165)
#define SEED_WORD   ((uint64_t)0x9e3779b97f4a7c15)

static inline uint64_t mix(uint64_t hash, uint64_t word)
{
        unsigned __int128 product =
                (unsigned __int128)(hash ^ SEED_WORD) * (word ^ 0xd6e8feb86659fd93);

        return (uint64_t)product ^ (uint64_t)(product >> 64) ^ word;
}

static uint64_t mix_words(uint64_t hash, const uint64_t *words, size_t count)
{
        for (size_t i = 0; i < count; i++)
                hash = mix(hash, words[i]);
        return hash;
}

static uint64_t mix_bytes(uint64_t hash, const uint8_t *bytes, size_t size)
{
        uint64_t word;

        for (; size >= sizeof(word); bytes += sizeof(word), size -= sizeof(word)) {
                memcpy(&word, bytes, sizeof(word));
                hash = mix(hash, word);
        }
        word = 0;
        memcpy(&word, bytes, size);
        return mix(hash, word);
}

/* A node's name and count words from the third of the box on. */
static uint64_t mix_carried(uint64_t hash, const uint64_t *box, size_t count)
{
        hash = mix(hash, atom_of(term_of(box[1]))->hash);
        return mix_words(mix(hash, SEED_NODE), box + 2, count);
}

/* A reference of another node, without the zeros at its end. */
static uint64_t mix_ref(uint64_t hash, const uint64_t *box)
{
        size_t count = header_words(*box) - 1;

        while (count > 1 && box[1 + count] == 0)
                count--;
        return mix_carried(hash, box, count);
}

static uint64_t mix_fun(uint64_t hash, const uint64_t *box)
{
        hash = mix(hash ^ SEED_FUN, atom_of(term_of(box[5]))->hash);
        return mix(mix(mix(hash, box[4]), box[7]), header_words(*box));
}

/* Terms that are still to be hashed. */
struct span {
        const cop_term *at;
        size_t count;
};

/* Mixes in what a box says of itself, and returns which of its words are terms. */
static struct span mix_box(uint64_t *hash, cop_term term)
{
        const uint64_t *box = words_of(term);
        struct span none = { NULL, 0 };
        struct span all = { (const cop_term *)(box + 1), header_words(*box) };
        size_t bit_count = 0;
        const uint8_t *bytes;

        switch (header_kind(*box)) {
        case BOX_TUPLE:
                *hash = mix(*hash ^ SEED_TUPLE, all.count);
                return all;
        case BOX_MAP:
                *hash = mix(*hash ^ SEED_MAP, all.count);
                return all;
        case BOX_EXPORT:
                *hash = mix(*hash, SEED_EXPORT);
                return all;
        case BOX_RECORD:
                *hash = mix(*hash ^ SEED_RECORD, all.count);
                return all;
        case BOX_FUN:
                *hash = mix_fun(*hash, box);
                all.at += FUN_FIXED_WORDS;
                all.count -= FUN_FIXED_WORDS;
                return all;
        case BOX_FLOAT:
                *hash = mix(*hash ^ SEED_FLOAT, box[1]);
                return none;
        case BOX_BIG_PLUS:
        case BOX_BIG_MINUS:
                *hash = mix_words(mix(*hash ^ SEED_BIG, *box), box + 1, all.count);
                return none;
        case BOX_BITS:
        case BOX_SHARED:
                bytes = cop__bits_look(term, &bit_count);
                *hash = mix_bytes(mix(*hash ^ SEED_BITS, bit_count), bytes, (bit_count + 7) / 8);
                return none;
        case BOX_REF:
                *hash = mix_ref(*hash, box);
                return none;
        case BOX_PID:
        case BOX_PORT:
                *hash = mix_carried(mix(*hash, header_kind(*box)), box, 2);
                return none;
        }
        return none;
}

/* Mixes in a term up to what is inside it. */
static struct span mix_term(uint64_t *hash, cop_term term)
{
        struct span inside = { NULL, 0 };

        switch (tag_of(term)) {
        case TAG_BOX:
                return mix_box(hash, term);
        case TAG_PAIR:
                *hash = mix(*hash, SEED_PAIR);
                inside.at = (const cop_term *)words_of(term);
                inside.count = 2;
                return inside;
        case TAG_ATOM:
                *hash = mix(*hash, atom_of(term)->hash);
                return inside;
        default:
                *hash = mix(*hash, term.word);
                return inside;
        }
}

/* False when memory for the walk is used up. */
static bool hash_walk(cop_term term, uint64_t *hash)
{
        struct span now = { &term, 1 };
        struct words rest;
        bool enough = true;

        *hash = 0;
        cop__words_init(&rest);
        while (enough) {
                struct span inside;

                if (now.count == 0) {
                        if (rest.count == 0)
                                break;
                        now.count = cop__words_pop(&rest);
                        now.at = (const cop_term *)(uintptr_t)cop__words_pop(&rest);
                }
                inside = mix_term(hash, *now.at++);
                now.count--;
                if (inside.count == 0)
                        continue;
                if (now.count > 0) {
                        enough = cop__words_push(&rest, (uint64_t)(uintptr_t)now.at) &&
                                 cop__words_push(&rest, now.count);
                }
                now = inside;
        }
        cop__words_release(&rest);
        return enough;
}

bool cop__try_hash(cop_term term, uint64_t *hash)
{
        *hash = 0;
        return cop_is_none(term) || hash_walk(term, hash);
}

uint64_t cop_hash(cop_term term)
{
        uint64_t hash;

        if (!cop__try_hash(term, &hash))
                cop__fail_limit("memory");
        return hash;
}
