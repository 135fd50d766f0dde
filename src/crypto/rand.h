/* SPDX-License-Identifier: ISC */
/*
 * Random bytes as an argument: the core gets a struct rng and never asks anyone else. rng_system is
 * libcrypto's generator read in batches (no call per packet); tests give a seeded one.
 */
#ifndef CRYPTO_RAND_H
#define CRYPTO_RAND_H

#include "base/bytes.h"
#include "base/err.h"

enum { RNG_BATCH = 512 };

struct rng {
	/* Fills n bytes or fails. */
	enum err (*fill)(void *ctx, uint8_t *dst, size_t n);
	void *ctx;
	uint8_t batch[RNG_BATCH]; /* private from here on: for padding and cookies */
	size_t left;
	unsigned forks; /* the batch is thrown away when the process has forked since */
};

/* libcrypto's generator. */
void rng_system(struct rng *r);
/* Any other source (tests). */
void rng_init(struct rng *r, enum err (*fill)(void *ctx, uint8_t *dst, size_t n), void *ctx);
/* From the batch; bytes handed out are wiped from it. */
enum err rng_bytes(struct rng *r, uint8_t *dst, size_t n) MUST_USE;
void rng_fini(struct rng *r);

#endif
