/* SPDX-License-Identifier: ISC */
/* Random numbers that repeat: splitmix64 from a seed a test names, so every failure can be run
 * again. For tests only. */
#ifndef SUPPORT_SEED_H
#define SUPPORT_SEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seed {
	uint64_t state;
};

static inline void seed_init(struct seed *s, uint64_t start)
{
	s->state = start;
}

static inline uint64_t seed_u64(struct seed *s)
{
	uint64_t z = s->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* In [0, bound); bound > 0. The bias is of no account for tests. */
static inline uint64_t seed_below(struct seed *s, uint64_t bound)
{
	return seed_u64(s) % bound;
}

/* True once in n. */
static inline bool seed_one_in(struct seed *s, uint64_t n)
{
	return seed_below(s, n) == 0;
}

static inline void seed_fill(struct seed *s, void *dst, size_t len)
{
	uint8_t *p = dst;

	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)(seed_u64(s) >> 56);
}

#endif
