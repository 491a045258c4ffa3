/*
 * rng.h - seeded random streams, one for each purpose.
 *
 * Every use of chance has a stream of its own, named by up to three numbers
 * under one seed, so that drawing for one purpose never shifts the draws of
 * another: the loss of the 7th frame from 1 to 2 is the same whatever happens
 * on other links. The generator is xoshiro256**, filled by splitmix64 (Blackman
 * and Vigna). Each function below makes exactly one draw.
 */
#ifndef CONCLAVE_RNG_H
#define CONCLAVE_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
    uint64_t s[4]; /* the generator's state; never all zero */
};

/* Starts the stream that the names stand for under a seed. */
void rng_init(struct rng *rng, uint64_t seed, uint64_t name1, uint64_t name2,
              uint64_t name3);

/* 64 random bits. */
uint64_t rng_next(struct rng *rng);

/* An integer from 0 to bound - 1; 0 if bound is 0. */
uint32_t rng_below(struct rng *rng, uint32_t bound);

/* True with a probability from 0 (never) to 1 (always). */
bool rng_chance(struct rng *rng, double probability);

#endif
