/* SPDX-License-Identifier: ISC */
/*
 * One forward of the relay (-R), judged by what was seen of it: the relay's answer, knocks at the
 * target from here, and visits to the new port from outside and from inside the relay. Pure: facts
 * in, findings out.
 */
#ifndef CLIENT_DIAGNOSIS_H
#define CLIENT_DIAGNOSIS_H

#include "client/findings.h"
#include "client/forwards.h"
#include "client/knock.h"

/* A knock at the new port, and what came of it at this end of the tunnel. */
struct diagnosis_visit {
	bool is_tried;
	struct knock_result knock;
	bool has_come; /* the relay opened a channel for it */
	bool is_taken; /* and the target its connection */
};

struct diagnosis {
	const struct client_settings *settings;
	const struct forward *forward; /* answered */
	const char *remark;	       /* the relay's words right before its answer, printable; "" none */
	bool is_sallyd;		       /* so that they are the reason */
	const char *place;	       /* where visitors from elsewhere look: "relay.example:80" */
	bool is_target_tried;
	struct knock_result target;
	struct diagnosis_visit outside, inside;
};

/* Whether knocking at a refused port may tell more than the relay did. */
bool diagnosis_is_open_question(const struct diagnosis *d);
/* Visits are of the past when it was refused. */
void diagnosis_answer(struct findings *f, const struct diagnosis *d, const char *subject);
/* where: "from here", "from the relay". */
void diagnosis_target(struct findings *f, const struct knock_result *target, const char *place,
	const char *where, const char *subject);
/* The forward is up. */
void diagnosis_reach(struct findings *f, const struct diagnosis *d, const char *subject);
void diagnosis_inside(struct findings *f, const struct diagnosis *d, const char *subject);
/* The target is open. */
void diagnosis_trip(struct findings *f, const struct diagnosis *d, const char *subject);

/* It is bound to loopback though more was asked for, as far as it can be told. */
bool diagnosis_is_narrowed(const struct diagnosis *d);

#endif
