/* SPDX-License-Identifier: ISC */
/*
 * Whether an agent answers, and how long it takes: keepalive@openssh.com while its visitors stand still,
 * or while somebody looks (relay/gauge.h). Only for people to see; who is given up is decided elsewhere
 * (ClientAliveInterval, relay/probe.h). A kernel acknowledges for a process that is frozen, so its
 * round trip says nothing of the agent, and nothing of the way behind a jump host: this one does.
 */
#ifndef RELAY_PULSE_H
#define RELAY_PULSE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	PULSE_PATIENCE_MS = 1000, /* before no answer means silence */
	PULSE_AGAIN_MS = 2000
};

struct link;
struct mux_event;

/* In each link. */
struct pulse {
	bool is_open; /* asked, not answered */
	uint64_t asked_ms;
	int64_t answer_ms, least_ms; /* the last one, and the shortest; -1: none yet */
};

void pulse_init(struct pulse *p);
/* Unless it was asked a moment ago, or nothing can be said. */
void pulse_ask(struct link *l);
/* ev: MUX_GLOBAL_REPLY. False: it answers somebody else's question. */
bool pulse_on_reply(struct link *l, const struct mux_event *ev);
/* It was asked and has not answered, and for as long as it may take nothing at all has come. */
bool pulse_is_silent(const struct link *l);

#endif
