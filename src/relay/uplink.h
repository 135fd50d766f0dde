/* SPDX-License-Identifier: ISC */
/*
 * The relay process's line to the supervisor: what it has to be told, and questions, each with an
 * answer of its own (relay/ipc.h). Without the supervisor there is no relay: when the line is lost the
 * process ends.
 */
#ifndef RELAY_UPLINK_H
#define RELAY_UPLINK_H

#include "io/frame.h"
#include "relay/feed.h"
#include "relay/ipcbind.h"

struct relay;
struct uplink; /* opaque */

/* In the caller's memory. */
struct uplink_ask {
	/* Not within uplink_ask; its descriptors are the receiver's. */
	void (*answered)(struct uplink_ask *a, struct frame *answer);
	/* private */
	struct list node;
	uint64_t number;
};

/* Sockets that the supervisor has bound. */
struct uplink_bound {
	uint64_t id;
	struct binder_set set;
};

/* Takes fd, on success. heard: whatever is no answer. */
enum err uplink_new(struct relay *r, int fd, pid_t supervisor,
	void (*heard)(struct relay *r, struct frame *frame), struct uplink **u) MUST_USE;
/* All that was told is on its way then. NULL ok. */
void uplink_free(struct uplink *u);
bool uplink_is_lost(const struct uplink *u);
void uplink_ask_init(struct uplink_ask *a);
void uplink_ask(struct uplink *u, struct uplink_ask *a, uint16_t type, struct bytes payload);
void uplink_cancel(struct uplink_ask *a); /* also when it was not asked */
void uplink_tell(struct uplink *u, uint16_t type, uint64_t number, struct bytes payload);
/* Does the supervisor want records? */
void uplink_listen(struct uplink *u, bool is_wanted);

/* What an answer IPC_BOUND has; the sockets are b's. E_SYS: they are closed. */
enum err uplink_take_bound(struct uplink *u, struct frame *answer, struct uplink_bound *b) MUST_USE;
/* Nobody listens there any more, in the supervisor either. */
void uplink_drop_bound(struct uplink *u, struct uplink_bound *b);
/* The same, for sockets that are closed here. */
void uplink_release(struct uplink *u, uint64_t id);

#endif
