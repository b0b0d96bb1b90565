/*
 * random.h: numbers that nobody can tell from chance, the same again for the same seed.
 *
 * Not for secrets. The generator is xoshiro256**, seeded by splitmix64.
 */
#ifndef COP_BASE_RANDOM_H
#define COP_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
        uint64_t state[4]; /* never all zero, once seeded */
};

static inline void cop__random_init(struct random *random, uint64_t seed)
{
        for (int i = 0; i < 4; i++) {
                uint64_t mixed = seed += 0x9e3779b97f4a7c15;

                mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
                mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
                random->state[i] = mixed ^ (mixed >> 31);
        }
}

static inline uint64_t cop__random_rotate(uint64_t word, int bits)
{
        return (word << bits) | (word >> (64 - bits));
}

static inline uint64_t cop__random_next(struct random *random)
{
        uint64_t *s = random->state;
        uint64_t next = cop__random_rotate(s[1] * 5, 7) * 9;
        uint64_t shifted = s[1] << 17;

        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = cop__random_rotate(s[3], 45);
        return next;
}

/* From 0 to limit - 1; limit is at least 1. */
static inline uint64_t cop__random_below(struct random *random, uint64_t limit)
{
        return (uint64_t)(((unsigned __int128)cop__random_next(random) * limit) >> 64);
}

#endif
