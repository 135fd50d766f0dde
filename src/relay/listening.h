/* SPDX-License-Identifier: ISC */
/*
 * The sockets on which the relay listens for agents: bound once, at start, and never closed while it
 * serves, whatever becomes of the process that accepts from them.
 */
#ifndef RELAY_LISTENING_H
#define RELAY_LISTENING_H

#include "conf/relay.h"
#include "io/handed.h"
#include "io/sock.h"

enum { LISTENING_MAX = 128 };

struct listening {
	int fd[LISTENING_MAX];
	struct sock_addr addr[LISTENING_MAX]; /* with the real port */
	size_t count;
	bool is_lent; /* by a service manager */
};

/* On everything the settings name, or on nothing: f says what is in the way. l: zeroed. */
enum err listening_open(
	struct listening *l, const struct relay_settings *s, struct fault *f) MUST_USE;
/* On those that a service manager lends us; the settings are not looked at. */
enum err listening_borrow(struct listening *l, const struct handed *h, struct fault *f) MUST_USE;
/* Where another process has the sockets it is for that one to shut them (front_free). */
void listening_close(struct listening *l);

#endif
