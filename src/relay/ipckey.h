/* SPDX-License-Identifier: ISC */
/*
 * A key that wants to log in, and who it is found to be, as frames between the relay process and the
 * supervisor (relay/ipc.h).
 */
#ifndef RELAY_IPCKEY_H
#define RELAY_IPCKEY_H

#include "io/sock.h"
#include "relay/identity.h"

enum { IPCKEY_ROOM = 24 * 1024, IPCKEY_IDENTITY_ROOM = 32 * 1024 };

struct ipc_key {
	uint32_t session;
	char user[AUTH_USER_MAX + 1];
	struct bytes blob;
	/* What the key has signed, and how (auth/proof.h); empty in a question beforehand. */
	struct bytes proof, signature;
	/* Where the connection comes from and which address of the relay it found. */
	char peer[SOCK_TEXT_MAX], local[SOCK_TEXT_MAX];
	uint16_t local_port;
};

/* Empty when it does not fit. */
struct bytes ipckey_wr(struct span room, const struct ipc_key *k);
enum err ipckey_rd(struct bytes payload, struct ipc_key *k) MUST_USE;

/* Empty when it does not fit. */
struct bytes ipckey_wr_identity(struct span room, const struct identity *id);
enum err ipckey_rd_identity(struct bytes payload, struct identity **id) MUST_USE;

#endif
