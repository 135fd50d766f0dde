/* SPDX-License-Identifier: ISC */
/*
 * What the processes of sallyd say to each other, in frames (io/frame.h): the types, what each may
 * carry, and how its fields stand in it, in the words of SSH (RFC 4251 5). Reading a frame checks all
 * of it; what is read holds as long as the frame.
 */
#ifndef RELAY_IPC_H
#define RELAY_IPC_H

#include "base/log.h"
#include "crypto/digest.h"
#include "io/frame.h"
#include "wire/msgs.h"

enum {
	IPC_PATH_MAX = 4096,
	IPC_TEXT_MAX = FAULT_TEXT,
	IPC_SIGNATURE_MAX = LIMIT_BLOB,
	IPC_SMALL_MAX = 4096 + 64 /* payload of every type but those that say otherwise */
};

enum ipc_type {
	/* supervisor to signer */
	IPC_START = 1, /* who to be: struct ipc_start */
	IPC_LOAD,      /* a host key to hold: struct ipc_load */
	IPC_GO,	       /* there are no more; answered by IPC_KEY for each and IPC_READY, or IPC_FAILED */
	IPC_CLIENT,    /* one descriptor: who sends IPC_SIGN. number: its process */
	/* signer to supervisor */
	IPC_KEY,    /* payload: blob of the public half */
	IPC_READY,
	IPC_FAILED, /* payload: a sentence */
	/* client to signer, and the answer with the same number */
	IPC_SIGN,   /* struct ipc_sign */
	IPC_PROVE,  /* struct ipc_sign, where hash is the id of the session */
	IPC_SIGNED, /* payload: signature; empty when there is none */
	IPC_TYPES
};

struct ipc_start {
	enum log_level level;
	bool has_user; /* to be dropped to */
	uint32_t uid, gid;
};

struct ipc_load {
	bool may_make;
	char path[IPC_PATH_MAX];
};

struct ipc_sign {
	uint32_t index; /* of the key, in the order of IPC_KEY */
	struct bytes alg, hash; /* the id of a session is the hash of its first exchange */
};

/* By who receives. */
extern const struct frame_kinds ipc_to_signer, ipc_from_signer, ipc_to_client, ipc_from_client;

/* Payloads into room, IPC_SMALL_MAX of it; empty when something does not fit. */
struct bytes ipc_wr_start(struct span room, const struct ipc_start *s);
struct bytes ipc_wr_load(struct span room, const char *path, bool may_make);
struct bytes ipc_wr_sign(struct span room, const struct ipc_sign *s);
enum err ipc_rd_start(struct bytes payload, struct ipc_start *s) MUST_USE;
enum err ipc_rd_load(struct bytes payload, struct ipc_load *l) MUST_USE;
/* The hash has the length of one that a key exchange ends with. */
enum err ipc_rd_sign(struct bytes payload, struct ipc_sign *s) MUST_USE;

#endif
