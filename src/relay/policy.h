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
/* Judges it anew. */
void policy_review(struct link *l);
/* Reads configuration and keys again, reviews everybody, and opens the audit log again. who: "SIGHUP",
 * for the log. An error: the configuration is bad, f says where, and the old one stays in force. */
enum err policy_reload(struct relay *r, const char *who, struct fault *f);

#endif
