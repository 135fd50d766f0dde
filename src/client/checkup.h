/* SPDX-License-Identifier: ISC */
/*
 * Examines the forwards of the settings over a connection that is logged in, one after the other: asks
 * for them, knocks at their targets, visits the new ports as a visitor would, and adds what it finds.
 * Each step has a deadline.
 */
#ifndef CLIENT_CHECKUP_H
#define CLIENT_CHECKUP_H

#include "client/diagnosis.h"
#include "client/tunnel.h"

struct checkup {
	const struct client_settings *settings; /* private from here on */
	struct client_settings without_stdio;	/* -W is only knocked for */
	const struct forward_spec *stdio;
	struct findings *findings;
	struct hub *hub;
	void (*done)(void *ctx);
	void *ctx;
	struct conn *conn;
	struct tunnel tunnel;
	uv_timer_t timer;
	struct knock *knock;		/* under way */
	char (*remarks)[FAULT_TEXT];	/* one a forward of the relay */
	char remark[FAULT_TEXT];	/* of the answer that comes next */
	size_t index;			/* remote forwards, local ones, -W */
	unsigned step, next_target;	/* of the one under examination */
	bool is_begun;
	struct diagnosis d;
	struct diagnosis_visit *visit;	/* under way */
	uint32_t channel;		/* of the visit, once it has come */
	struct knock_result *result;	/* where the knock under way goes */
	struct knock_result spare;	/* of targets behind the first one that is open */
	char subject[FINDING_SUBJECT], place[FORWARD_HOST_MAX + 16];
};

/* Borrows everything. done: all is examined; from the loop. E_NOMEM. */
enum err checkup_init(struct checkup *c, const struct client_settings *s, struct hub *hub,
	struct findings *findings, void (*done)(void *ctx), void *ctx) MUST_USE;
void checkup_start(struct checkup *c, struct conn *conn);
/* Its events from there on. */
void checkup_on_event(struct checkup *c, const struct event *ev);
/* The connection is gone, or nobody wants to know any more. */
void checkup_stop(struct checkup *c);
/* The loop must run once more afterwards. */
void checkup_close(struct checkup *c);

#endif
