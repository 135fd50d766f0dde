/* SPDX-License-Identifier: ISC */
/*
 * Batched random bytes. Invariants: only the last `left` bytes of the batch are unused, everything
 * before them is zero; a batch drawn before a fork is never used after it, on either side's behalf
 * (libcrypto reseeds itself in the child, a copy of our batch would not).
 */
#include "crypto/rand.h"

#include <limits.h>
#include <openssl/rand.h>
#include <pthread.h>

#include "crypto/evp.h"

/* Counts the forks that led to this process. */
static unsigned forks;

static void count_fork(void)
{
	__atomic_add_fetch(&forks, 1, __ATOMIC_RELAXED);
}

static void watch_forks(void)
{
	/* Fails only for want of memory at start; the count then stands still as without forks. */
	pthread_atfork(NULL, NULL, count_fork);
}

static enum err fill_system(void *ctx, uint8_t *dst, size_t n)
{
	while (n > 0) {
		int part = n > INT_MAX ? INT_MAX : (int)n;
		if (RAND_bytes(dst, part) != 1)
			return evp_err(E_CRYPTO);
		dst += part;
		n -= (size_t)part;
	}
	return E_OK;
}

void rng_system(struct rng *r)
{
	rng_init(r, fill_system, NULL);
}

void rng_init(struct rng *r, enum err (*fill)(void *ctx, uint8_t *dst, size_t n), void *ctx)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, watch_forks);
	*r = (struct rng){.fill = fill, .ctx = ctx};
	r->forks = __atomic_load_n(&forks, __ATOMIC_RELAXED);
}

enum err rng_bytes(struct rng *r, uint8_t *dst, size_t n)
{
	if (n > RNG_BATCH)
		return r->fill(r->ctx, dst, n);
	unsigned now = __atomic_load_n(&forks, __ATOMIC_RELAXED);
	if (r->forks != now) {
		rng_fini(r);
		r->forks = now;
	}
	while (n > 0) {
		if (r->left == 0) {
			enum err e = r->fill(r->ctx, r->batch, RNG_BATCH);
			if (e)
				return e;
			r->left = RNG_BATCH;
		}
		size_t part = n < r->left ? n : r->left;
		uint8_t *from = r->batch + RNG_BATCH - r->left;
		memcpy(dst, from, part);
		bytes_wipe(from, part);
		r->left -= part;
		dst += part;
		n -= part;
	}
	return E_OK;
}

void rng_fini(struct rng *r)
{
	bytes_wipe(r->batch, sizeof(r->batch));
	r->left = 0;
}
