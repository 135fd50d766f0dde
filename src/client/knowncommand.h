/* SPDX-License-Identifier: ISC */
/*
 * KnownHostsCommand of ssh_config(5): a program that says lines of known_hosts. It is run to its end
 * before anything else is done, as in ssh; but not for longer than KNOWNCOMMAND_LIMIT_MS.
 */
#ifndef CLIENT_KNOWNCOMMAND_H
#define CLIENT_KNOWNCOMMAND_H

#include "conf/client.h"

enum { KNOWNCOMMAND_LIMIT_MS = 20 * 1000 };

/* Is there one? */
bool knowncommand_is_set(const struct client_settings *s);
/* why: what %I stands for: ORDER, HOSTNAME or ADDRESS. name: as known_hosts has it. key: what was shown;
 * empty: nothing yet. said: its lines, to be freed. f: a sentence. */
enum err knowncommand_run(const struct client_settings *s, const char *why, const char *name,
	struct bytes key, struct span *said, struct fault *f) MUST_USE;

#endif
