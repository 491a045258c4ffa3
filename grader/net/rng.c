/*
 * rng.c - splitmix64 to seed, xoshiro256** to draw. See rng.h.
 */
#include "rng.h"

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

void rng_init(struct rng *rng, uint64_t seed, uint64_t name1, uint64_t name2,
              uint64_t name3)
{
    const uint64_t names[] = {name1, name2, name3};
    uint64_t state = seed;

    /* Each name is mixed in after a full scramble of what came before, so
     * that neighbouring names share nothing. */
    for (int i = 0; i < 3; i++)
        state = splitmix(&state) ^ names[i];
    for (int i = 0; i < 4; i++)
        rng->s[i] = splitmix(&state);
}

static uint64_t rotate_left(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

uint64_t rng_next(struct rng *rng)
{
    uint64_t *s = rng->s;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint32_t rng_below(struct rng *rng, uint32_t bound)
{
    /* A product instead of a rejection loop: always one draw; the bias is
     * under bound / 2^32. */
    return (uint32_t)((rng_next(rng) >> 32) * bound >> 32);
}

bool rng_chance(struct rng *rng, double probability)
{
    double draw = (double)(rng_next(rng) >> 11) * 0x1.0p-53; /* 0 to <1 */

    return draw < probability;
}
