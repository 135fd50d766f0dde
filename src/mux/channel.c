/* SPDX-License-Identifier: ISC */
/* The tables of a channel: which moves each half may make, and which message is legal when. */
#include "mux/channel.h"

#include "wire/msgs.h"

#include <stdlib.h>

#define TO(state) (1U << (state))

static const uint8_t in_moves[IN_COUNT] = {
	[IN_WAITS] = TO(IN_FLOWS),
	[IN_FLOWS] = TO(IN_EOF) | TO(IN_CLOSED),
	[IN_EOF] = TO(IN_CLOSED),
};

static const uint8_t out_moves[OUT_COUNT] = {
	[OUT_WAITS] = TO(OUT_FLOWS),
	[OUT_FLOWS] = TO(OUT_EOF) | TO(OUT_CLOSED),
	[OUT_EOF] = TO(OUT_CLOSED),
};

enum { FIRST = MSG_CHANNEL_OPEN_CONFIRMATION, LAST = MSG_CHANNEL_FAILURE };

/* By the peer's half. Adjusts and replies that have no meaning yet are dropped rather than
 * punished: some peers send them late, and the number may be in use again. */
static const uint8_t fates[IN_CLOSED][LAST - FIRST + 1] = {
	[IN_WAITS] =
		{
			[MSG_CHANNEL_OPEN_CONFIRMATION - FIRST] = FATE_TAKE,
			[MSG_CHANNEL_OPEN_FAILURE - FIRST] = FATE_TAKE,
			[MSG_CHANNEL_WINDOW_ADJUST - FIRST] = FATE_DROP,
			[MSG_CHANNEL_SUCCESS - FIRST] = FATE_DROP,
			[MSG_CHANNEL_FAILURE - FIRST] = FATE_DROP,
		},
	[IN_FLOWS] =
		{
			[MSG_CHANNEL_WINDOW_ADJUST - FIRST] = FATE_TAKE,
			[MSG_CHANNEL_DATA - FIRST] = FATE_TAKE,
			[MSG_CHANNEL_EXTENDED_DATA - FIRST] = FATE_TAKE,
			[MSG_CHANNEL_EOF - FIRST] = FATE_TAKE,
			[MSG_CHANNEL_CLOSE - FIRST] = FATE_TAKE,
			[MSG_CHANNEL_REQUEST - FIRST] = FATE_TAKE,
			[MSG_CHANNEL_SUCCESS - FIRST] = FATE_TAKE,
			[MSG_CHANNEL_FAILURE - FIRST] = FATE_TAKE,
		},
	[IN_EOF] =
		{
			/* RFC 4254 5.3: no more data; the rest goes on */
			[MSG_CHANNEL_WINDOW_ADJUST - FIRST] = FATE_TAKE,
			[MSG_CHANNEL_CLOSE - FIRST] = FATE_TAKE,
			[MSG_CHANNEL_REQUEST - FIRST] = FATE_TAKE,
			[MSG_CHANNEL_SUCCESS - FIRST] = FATE_TAKE,
			[MSG_CHANNEL_FAILURE - FIRST] = FATE_TAKE,
		},
};

struct channel *channel_new(bool is_ours)
{
	struct channel *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->is_ours = is_ours;
	c->in = IN_WAITS;
	c->out = OUT_WAITS;
	return c;
}

static bool is_result_of_open(uint8_t msg)
{
	return msg == MSG_CHANNEL_OPEN_CONFIRMATION || msg == MSG_CHANNEL_OPEN_FAILURE;
}

enum channel_fate channel_judge(const struct channel *c, uint8_t msg)
{
	enum channel_fate fate;

	if (msg < FIRST || msg > LAST || c->in >= IN_CLOSED)
		return FATE_ILLEGAL;
	fate = fates[c->in][msg - FIRST];
	if (is_result_of_open(msg) && !c->is_ours)
		return FATE_ILLEGAL;
	/* EOF and CLOSE move the peer's half even when nobody is told. */
	if (fate == FATE_TAKE && c->out == OUT_CLOSED && msg != MSG_CHANNEL_EOF &&
		msg != MSG_CHANNEL_CLOSE)
		return FATE_DROP;
	return fate;
}

enum err channel_set_in(struct channel *c, enum channel_in to)
{
	if (!(in_moves[c->in] & TO(to)))
		return E_PROTO;
	c->in = (uint8_t)to;
	return E_OK;
}

enum err channel_set_out(struct channel *c, enum channel_out to)
{
	if (!(out_moves[c->out] & TO(to)))
		return E_STATE;
	c->out = (uint8_t)to;
	return E_OK;
}

enum err channel_owe(struct channel *c, bool is_refused)
{
	if (c->owed >= CHANNEL_REPLIES_MAX)
		return E_LIMIT;
	if (is_refused)
		c->owed_here |= 1U << c->owed;
	c->owed++;
	return E_OK;
}

static void drop_oldest(struct channel *c)
{
	c->owed_here >>= 1;
	c->owed--;
}

bool channel_pay(struct channel *c)
{
	if (c->owed == 0 || (c->owed_here & 1))
		return false;
	drop_oldest(c);
	return true;
}

bool channel_pay_refused(struct channel *c)
{
	if (c->owed == 0 || !(c->owed_here & 1))
		return false;
	drop_oldest(c);
	return true;
}

static bool are_replies_sane(const struct channel *c)
{
	if (c->owed > CHANNEL_REPLIES_MAX || c->asked > CHANNEL_REPLIES_MAX)
		return false;
	if (c->owed < CHANNEL_REPLIES_MAX && c->owed_here >> c->owed != 0)
		return false;
	return !(c->owed_here & 1); /* such a reply would have left */
}

/* What the sums must be is for mux/credit.h to know. */
static bool is_window_sane(const struct channel *c)
{
	if (c->in == IN_EOF)
		return c->recv.left == 0;
	if (c->in == IN_WAITS)
		return c->recv.held == 0 && (c->is_ours || c->recv.left == 0);
	return true;
}

bool channel_is_sane(const struct channel *c)
{
	bool is_half_open = c->in == IN_WAITS;

	if (c->in >= IN_CLOSED || c->out >= OUT_COUNT || !are_replies_sane(c) || !is_window_sane(c))
		return false;
	if (is_half_open != (c->out == OUT_WAITS))
		return false;
	if (!is_half_open)
		return c->peer_packet_max > 0 && !c->is_unwanted;
	if (c->owed > 0 || c->asked > 0 || c->bytes_in > 0 || c->bytes_out > 0 || c->is_starved ||
		c->surcharge > 0)
		return false;
	/* Of a channel of ours nothing is known of the peer's side yet. */
	return c->is_ours || (c->peer_packet_max > 0 && !c->is_unwanted);
}
