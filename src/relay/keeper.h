/* SPDX-License-Identifier: ISC */
/*
 * The supervisor's side of the signer: starts it with the paths of the host keys, learns their public
 * halves, and gives the process that asks for signatures a line to it. Each new signer holds the same keys as
 * the first, or does not serve.
 */
#ifndef RELAY_KEEPER_H
#define RELAY_KEEPER_H

#include "keys/pubkey.h"
#include "relay/child.h"
#include "relay/ipc.h"
#include "sandbox/sandbox.h"
#include "transport/transport.h"

struct hostkey_public {
	enum pk_type type;
	uint8_t blob[LIMIT_BLOB];
	size_t blob_len;
	char fingerprint[FINGERPRINT_MAX];
};

/* Type, blob and fingerprint of this blob. */
enum err hostkey_public_set(struct hostkey_public *key, struct bytes blob) MUST_USE;

struct keeper_keys {
	struct hostkey_public key[TRANSPORT_HOSTKEYS_MAX];
	size_t count;
};

struct keeper_path {
	char path[IPC_PATH_MAX];
	bool may_make;
};

struct keeper; /* opaque */

struct keeper_ops {
	/* A signer is there, to be met with keeper_connect. The first time the keys are known from
	 * now on. */
	void (*ready)(void *ctx);
	/* The first one could not start: f says why, and no other is started. */
	void (*failed)(void *ctx, const struct fault *f);
	void (*gone)(void *ctx); /* after keeper_stop, from the loop */
};

/* Paths are copied. user: whom the signer becomes, as sandbox_enter takes it. */
enum err keeper_new(uv_loop_t *loop, const struct keeper_path *paths, size_t count,
	const struct sandbox_user *user, const struct keeper_ops *ops, void *ctx,
	struct keeper **k) MUST_USE;
bool keeper_is_ready(const struct keeper *k); /* NULL ok */
/* A line on which process client puts IPC_SIGN and IPC_PROVE to the signer, whose process is *signer;
 * *fd is the caller's. E_CLOSED: there is none now. NULL ok. */
enum err keeper_connect(struct keeper *k, pid_t client, int *fd, pid_t *signer) MUST_USE;
void keeper_stop(struct keeper *k); /* NULL ok */
const struct keeper_keys *keeper_keys(const struct keeper *k);

#endif
