/* SPDX-License-Identifier: ISC */
/*
 * The sessions whose keys the supervisor has approved: it has seen what the key signed, and knows
 * the line that admits it. What a session may do is asked here, by its number; a key that a relay
 * process names and for which it has no signature opens nothing.
 */
#ifndef RELAY_ROSTER_H
#define RELAY_ROSTER_H

#include "base/list.h"
#include "relay/ipckey.h"

enum { ROSTER_MAX = 128 * 1024 };

struct member {
	struct list node; /* of roster.members */
	uint32_t session;
	char peer[SOCK_TEXT_MAX], local[SOCK_TEXT_MAX];
	uint16_t local_port;
	struct identity *identity;
	struct relay_conf *policy; /* what holds for it */
	unsigned lookups;	   /* names under way */
};

struct roster {
	void *tree; /* by number */
	struct list members;
	size_t count;
};

void roster_init(struct roster *r);
/* May this key log in? E_DENIED with a sentence if not. An identity for it, the caller's; where it was
 * proven that the user has the key the session is a member from now on. */
enum err roster_admit(struct roster *r, struct keyring *keys, struct relay_conf *conf,
	const struct ipc_key *k, struct identity **id, struct fault *f) MUST_USE;
/* Judged anew, by the line of its key as it stands now. E_DENIED: it is a member no more. */
enum err roster_review(struct roster *r, const struct keyring *keys, struct relay_conf *conf,
	struct member *m, struct fault *f) MUST_USE;
struct member *roster_find(const struct roster *r, uint32_t session); /* NULL: none */
void roster_leave(struct roster *r, struct member *m);
void roster_clear(struct roster *r);

#endif
