/* SPDX-License-Identifier: ISC */
/*
 * The passphrase of one private key file. The person is asked up to so many times, and what they say
 * is tried on libuv's pool of threads: that is made slow on purpose, and the loop has other things to
 * do.
 */
#ifndef CLIENT_UNLOCK_H
#define CLIENT_UNLOCK_H

#include "client/ask.h"
#include "crypto/pk.h"

struct unlock; /* opaque */

/* key: the callee's; NULL: there is none, and why was said where somebody should know. */
typedef void (*unlock_fn)(void *ctx, struct pk *key);

/* NULL: there is nobody to ask, or no such file, which was said; done is not called. Never calls back
 * before it returns. The path is borrowed. */
struct unlock *unlock_start(
	struct ask *ask, const char *path, unsigned tries, unlock_fn done, void *ctx);
/* No callback any more. NULL is fine. */
void unlock_cancel(struct unlock *u);

#endif
