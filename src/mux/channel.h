/* SPDX-License-Identifier: ISC */
/*
 * One channel (RFC 4254 5): two half-close machines, one a direction, the windows of both, and the
 * order of request replies. Knows nothing of the table it stands in and sends nothing.
 */
#ifndef MUX_CHANNEL_H
#define MUX_CHANNEL_H

#include "base/err.h"
#include "mux/window.h"

#include <stdbool.h>
#include <stdint.h>

enum { CHANNEL_REPLIES_MAX = 32 }; /* requests with an open reply, each way */

enum channel_in { /* what the peer may still do */
	IN_WAITS, /* not confirmed by both sides yet */
	IN_FLOWS,
	IN_EOF,
	IN_CLOSED, /* only on the way out of the table */
	IN_COUNT
};

enum channel_out { /* what we may still do */
	OUT_WAITS,
	OUT_FLOWS,
	OUT_EOF,
	OUT_CLOSED,
	OUT_COUNT
};

enum channel_fate {	  /* of a message for the channel */
	FATE_ILLEGAL = 0, /* the default: the connection ends */
	FATE_TAKE,
	FATE_DROP /* our CLOSE crossed it: no event, no credit */
};

struct channel {
	void *user;
	uint64_t bytes_in, bytes_out;
	uint32_t peer_id;
	uint32_t peer_packet_max; /* data bytes a packet */
	struct send_window send;
	struct recv_window recv;
	uint32_t owed_here; /* bit n: the n-th oldest owed reply is a FAILURE decided here */
	uint8_t owed;	    /* replies the peer waits for */
	uint8_t asked;	    /* replies we wait for */
	uint8_t in, out;    /* enum channel_in, channel_out; written by the setters alone */
	bool is_ours;	    /* opened by us */
	bool is_unwanted;   /* closed by the program before the peer confirmed it */
	bool is_starved;    /* the program wanted to send more than the window had */
	uint8_t surcharge;  /* bytes that a packet sent counts beyond its data */
};

/* Caller's to free(). NULL when memory is short. Nothing is granted yet. */
struct channel *channel_new(bool is_ours);

/* What RFC 4254 5 lets happen to a message (91..100) in this state. */
enum channel_fate channel_judge(const struct channel *c, uint8_t msg);

/* The setters. E_PROTO: the peer may not make this move; E_STATE: we may not. */
enum err channel_set_in(struct channel *c, enum channel_in to) MUST_USE;
enum err channel_set_out(struct channel *c, enum channel_out to) MUST_USE;

/* Replies leave in the order of the requests (RFC 4254 5.4). One more is owed; is_refused: by
 * FAILURE, without asking the program. E_LIMIT. */
enum err channel_owe(struct channel *c, bool is_refused) MUST_USE;
/* Takes the oldest owed reply off when it is the program's to give; false when it owes none. */
bool channel_pay(struct channel *c);
/* Takes the oldest owed reply off when it was decided here, a FAILURE to send; else false. */
bool channel_pay_refused(struct channel *c);

/* Whether a channel read from elsewhere is one that could have come about. */
bool channel_is_sane(const struct channel *c);

#endif
