/* SPDX-License-Identifier: ISC */
/*
 * The supervisor's side of the relay process: starts it with all it needs and cannot get by itself,
 * answers what it asks, and starts another when it ends. Its word is that of a process which speaks
 * with strangers: it is held against the roster.
 */
#ifndef RELAY_WORKER_H
#define RELAY_WORKER_H

#include "relay/supervisor.h"

struct worker; /* opaque */

/* A line of the control socket for it. In the caller's memory. */
struct worker_ask {
	/* text: the answer, NULL: there is none, since the process is gone. */
	void (*answered)(struct worker_ask *a, struct bytes text, bool watches);
	/* private */
	struct list node;
	uint64_t number;
	int fd;
};

/* The process is started when the loop runs and serves once there is a signer. */
enum err worker_new(struct supervisor *s, struct worker **w) MUST_USE;
/* There is a signer, a new one perhaps. */
void worker_meet_signer(struct worker *w);
bool worker_is_ready(const struct worker *w);
/* Nothing happens while there is none. */
void worker_tell(struct worker *w, uint16_t type, uint64_t number, struct bytes payload);
void worker_send(struct worker *w, struct frame *frame); /* takes its descriptors */
/* Other settings from now on: those of the supervisor. */
void worker_configure(struct worker *w);
void worker_ask_init(struct worker_ask *a);
/* Not answered within the call. False: there is nobody to be asked. */
bool worker_ask(struct worker *w, struct worker_ask *a, struct bytes line);
void worker_forget(struct worker_ask *a); /* also when it was not asked */
/* No new process; the one there is ends by itself, or is killed after a moment. NULL ok. */
void worker_stop(struct worker *w);

#endif
