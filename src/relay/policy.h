/* SPDX-License-Identifier: ISC */
/*
 * What holds for one connection: the settings with their Match blocks, made at login from who came
 * from where with which key, and made anew when the relay's settings or keys were read again. A key
 * that is not admitted any more ends its connection, a port that it may not have any more is closed.
 */
#ifndef RELAY_POLICY_H
#define RELAY_POLICY_H

#include "relay/link.h"

/* At login: l->identity stands. */
enum err policy_make(struct link *l, struct fault *f) MUST_USE;
/* What holds for it; after login. */
const struct relay_settings *policy_of(const struct link *l);
/* The same for an identity that came from peer to this address and port of the relay; out is the
 * caller's. */
enum err policy_for(struct relay_conf *conf, const struct identity *id, const char *peer,
	const char *local, uint16_t local_port, struct relay_conf **out, struct fault *f) MUST_USE;
/* Judged anew by the supervisor: by this identity, which is taken over, and by the settings of now. */
void policy_renew(struct link *l, struct identity *made);
/* Its key is not admitted any more. */
void policy_deny(struct link *l, const char *why);

#endif
