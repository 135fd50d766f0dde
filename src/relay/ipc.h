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
	/* supervisor to relay process, before IPC_GO; what has a descriptor is in it (io/memfile.h) */
	IPC_BRIEF,   /* struct ipc_brief */
	IPC_CONF,    /* one descriptor: settings, as relay_conf_pack has them; later as well */
	IPC_HOSTKEY, /* payload: blob of the public half, in their order */
	IPC_BOOK,    /* one descriptor: the book of ports as text */
	IPC_LISTEN,  /* one descriptor: a socket that listens for agents. number: 1 when it is lent */
	IPC_LINE,    /* one descriptor: to a signer. number: its process; later as well */
	/* supervisor to relay process, answers with the number of the question */
	IPC_ADMITTED,  /* the key may log in: an identity (relay/ipckey.h) */
	IPC_REFUSED,   /* it may not: a sentence */
	IPC_BOUND,     /* sockets that listen: struct ipc_bound */
	IPC_NOT_BOUND, /* none: struct ipc_unbound */
	IPC_TUN_MADE,  /* one descriptor: a tunnel's device. struct ipc_made (relay/ipctun.h) */
	IPC_NO_TUN,    /* none: a sentence */
	IPC_COMMAND,   /* one descriptor, for the answer. payload: a line of the control socket */
	/* supervisor to relay process, unasked; number: the session */
	IPC_REVIEWED, /* its identity as it is now */
	IPC_DENIED,   /* it is admitted no more: a sentence */
	IPC_AUDIENCE, /* one byte: does anybody want records? */
	IPC_DRAIN,    /* number: the longest time in ms. payload: why */
	IPC_END,      /* payload: why */
	/* relay process to supervisor; IPC_READY and IPC_FAILED as the signer has them */
	IPC_KEY_ASKED, /* struct ipc_key: answered by IPC_ADMITTED or IPC_REFUSED */
	IPC_BIND,      /* struct ipc_bind: answered by IPC_BOUND or IPC_NOT_BOUND */
	IPC_TUN,       /* struct ipc_tun: answered by IPC_TUN_MADE or IPC_NO_TUN */
	IPC_TUN_CLOSED, /* number: a device that is needed no more */
	IPC_REVIEW,    /* number: the session, to be judged anew */
	IPC_LEFT,      /* number: the session is over */
	IPC_RELEASE,   /* number: sockets that are needed no more */
	IPC_NOTE,      /* number: sockets whose port the owner is to get again */
	IPC_RECORD,    /* for the audit log: relay/ipcrecord.h. number: how many were lost before */
	IPC_ANSWERED,  /* to IPC_COMMAND, one byte: does the asker watch from now on? */
	IPC_TYPES
};

struct ipc_brief {
	uint32_t low_end;     /* lowports_end */
	uint32_t last_number; /* of a session, in a process before this one */
	uint64_t started;     /* the service, as a time */
	bool has_audience;
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
extern const struct frame_kinds ipc_to_signer, ipc_from_signer, ipc_to_client, ipc_from_client,
	ipc_to_relay, ipc_from_relay;

/* Payloads into room, IPC_SMALL_MAX of it; empty when something does not fit. */
struct bytes ipc_wr_start(struct span room, const struct ipc_start *s);
struct bytes ipc_wr_brief(struct span room, const struct ipc_brief *b);
struct bytes ipc_wr_load(struct span room, const char *path, bool may_make);
struct bytes ipc_wr_sign(struct span room, const struct ipc_sign *s);
enum err ipc_rd_start(struct bytes payload, struct ipc_start *s) MUST_USE;
enum err ipc_rd_brief(struct bytes payload, struct ipc_brief *b) MUST_USE;
enum err ipc_rd_load(struct bytes payload, struct ipc_load *l) MUST_USE;
/* The hash has the length of one that a key exchange ends with. */
enum err ipc_rd_sign(struct bytes payload, struct ipc_sign *s) MUST_USE;

#endif
