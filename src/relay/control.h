/* SPDX-License-Identifier: ISC */
/*
 * The control socket: a Unix socket of mode 0600 that answers sallyctl, for root and the relay's user. One JSON object a line in,
 * one a line out. Requests are bounded, clients few, and one that does not take its answer is
 * dropped, so that nobody who watches can hold up the relay.
 */
#ifndef RELAY_CONTROL_H
#define RELAY_CONTROL_H

#include "relay/supervisor.h"

enum {
	CONTROL_REQUEST_MAX = 4096,
	CONTROL_CLIENTS_MAX = 16,
	CONTROL_SILENCE_MS = 10 * 1000,
	CONTROL_RECORDS_MAX = 256 * 1024 /* for one who watches and reads too slowly */
};

/* E_DENIED: a relay that is alive has the socket; f names its pid. A dead one's socket is replaced.
 */
enum err control_new(
	struct supervisor *s, const char *path, struct control **out, struct fault *f) MUST_USE;
/* Hangs up on everybody and removes the socket. NULL ok. */
void control_free(struct control *c);

#endif
