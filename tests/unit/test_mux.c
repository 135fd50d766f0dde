/* SPDX-License-Identifier: ISC */
/*
 * Two ends joined back to back, with programs that do random things. After each step: no end ever
 * complains of the other, the credit of each direction adds up, and every byte arrives in order.
 * Both ends are frozen and thawed as they go.
 */
#include "muxbench.h"
#include "seed.h"

enum { CHANNELS = 24, GLOBALS = 8 };

struct flow {		    /* one direction of one channel as the test knows it */
	uint32_t sent, got; /* bytes so far; each byte is a function of its place */
	bool sent_eof, got_eof;
};

struct side {
	struct muxbench b;
	struct side *peer;
	const char *name;
	uint32_t held[CHANNELS]; /* bytes got and not consumed, by our number */
	struct flow in[CHANNELS], out[CHANNELS];
	bool is_live[CHANNELS], is_closing[CHANNELS], is_asked[CHANNELS];
	unsigned wants_reply[CHANNELS];
	uint32_t token[GLOBALS]; /* of the peer's requests, to answer in any order */
	size_t tokens;
	uint32_t next_asked, next_answered; /* ours: the token doubles as the expected order */
	uint64_t events;
};

static uint8_t byte_at(uint32_t place)
{
	return (uint8_t)(place * 31 + place / 251);
}

/* Our number of the channel that the peer knows by its own. */
static uint32_t number_at_peer(struct side *s, uint32_t id)
{
	struct mux_channel_info info;

	REQUIRE(mux_channel_info(s->b.m, id, &info));
	return info.peer_id;
}

static void reset(struct side *s, uint32_t id)
{
	REQUIRE(id < CHANNELS);
	s->held[id] = 0;
	s->in[id] = s->out[id] = (struct flow){0};
	s->is_live[id] = s->is_closing[id] = s->is_asked[id] = false;
	s->wants_reply[id] = 0;
}

static void on_data(struct side *s, const struct mux_event *ev)
{
	struct flow *in = &s->in[ev->channel];

	REQUIRE(s->is_live[ev->channel] && !s->is_closing[ev->channel] && !in->got_eof);
	for (size_t i = 0; i < ev->data.len; i++)
		REQUIRE_EQ(ev->data.ptr[i], byte_at(in->got + (uint32_t)i));
	in->got += (uint32_t)ev->data.len;
	s->held[ev->channel] += (uint32_t)ev->data.len;
}

static void on_closed(struct side *s, uint32_t id)
{
	REQUIRE(s->is_live[id] || s->is_closing[id]);
	REQUIRE(mux_user(s->b.m, id) == NULL);
	reset(s, id);
}

static void on_event(struct side *s, const struct mux_event *ev)
{
	s->events++;
	switch (ev->kind) {
	case MUX_OPEN:
		reset(s, ev->channel);
		s->is_asked[ev->channel] = true;
		break;
	case MUX_OPENED:
		REQUIRE(!s->is_closing[ev->channel]);
		s->is_live[ev->channel] = true;
		break;
	case MUX_REFUSED:
		reset(s, ev->channel);
		break;
	case MUX_DATA:
		on_data(s, ev);
		break;
	case MUX_EOF:
		REQUIRE(s->is_live[ev->channel] && !s->in[ev->channel].got_eof);
		s->in[ev->channel].got_eof = true;
		/* All that was sent before it is here. */
		REQUIRE_EQ(
			s->in[ev->channel].got, s->peer->out[number_at_peer(s, ev->channel)].sent);
		break;
	case MUX_CLOSED:
		on_closed(s, ev->channel);
		break;
	case MUX_REQUEST:
		s->wants_reply[ev->channel] += ev->want_reply;
		break;
	case MUX_GLOBAL_REQUEST:
		if (ev->want_reply) {
			REQUIRE(s->tokens < GLOBALS);
			s->token[s->tokens++] = ev->token;
		}
		break;
	case MUX_GLOBAL_REPLY:
		REQUIRE_EQ(ev->token, s->next_answered);
		s->next_answered++;
		break;
	case MUX_NOTHING:
	case MUX_WINDOW:
	case MUX_REQUEST_REPLY:
		break;
	}
}

/* The next message of the peer, if there is one. */
static void receive(struct side *s)
{
	struct bytes m = fakeport_take(s->peer->b.out);

	if (m.len == 0)
		return;
	s->b.f = (struct fault){0};
	if (!CHECK_EQ(mux_on(s->b.m, m, &s->b.ev, &s->b.f), E_OK)) {
		FAIL("%s: %s", s->name, s->b.f.text);
		REQUIRE(false);
	}
	on_event(s, &s->b.ev);
}

static void send_data(struct side *s, uint32_t id, struct seed *seed)
{
	struct flow *out = &s->out[id];
	struct span pieces[8];
	size_t want = 1 + seed_below(seed, 600);
	size_t count = mux_lend(s->b.m, id, want, pieces, 1 + seed_below(seed, 8));
	size_t total = 0, fill, left;

	for (size_t i = 0; i < count; i++)
		total += pieces[i].len;
	fill = left = seed_below(seed, total + 1);
	for (size_t i = 0; i < count && left > 0; i++) {
		size_t n = left < pieces[i].len ? left : pieces[i].len;

		for (size_t j = 0; j < n; j++)
			pieces[i].ptr[j] = byte_at(out->sent++);
		left -= n;
	}
	REQUIRE_EQ(mux_commit(s->b.m, id, fill), E_OK);
}

static void write_data(struct side *s, uint32_t id, struct seed *seed)
{
	uint8_t data[300];
	size_t n = seed_below(seed, sizeof(data));
	enum err e;

	for (size_t i = 0; i < n; i++)
		data[i] = byte_at(s->out[id].sent + (uint32_t)i);
	e = mux_write(s->b.m, id, 0, bytes_of(data, n));
	REQUIRE(e == E_OK || e == E_AGAIN);
	if (e == E_OK)
		s->out[id].sent += (uint32_t)n;
}

static void act_on_asked(struct side *s, uint32_t id, struct seed *seed)
{
	s->is_asked[id] = false;
	if (seed_one_in(seed, 4)) {
		REQUIRE_EQ(mux_refuse(s->b.m, id, 1, "dice"), E_OK);
		reset(s, id);
	} else {
		REQUIRE_EQ(mux_accept(s->b.m, id, s), E_OK);
		s->is_live[id] = true;
	}
}

static void act_on_live(struct side *s, uint32_t id, struct seed *seed)
{
	uint32_t n;

	switch (seed_below(seed, 10)) {
	case 0:
		if (seed_one_in(seed, 3)) {
			REQUIRE_EQ(mux_close(s->b.m, id), E_OK);
			s->is_closing[id] = true;
		}
		break;
	case 1:
		if (seed_one_in(seed, 2)) {
			REQUIRE_EQ(mux_eof(s->b.m, id), E_OK);
			s->out[id].sent_eof = true;
		}
		break;
	case 2:
		if (mux_request(s->b.m, id, seed_one_in(seed, 2) ? "x" : "keepalive@openssh.com",
			    seed_one_in(seed, 2), (struct bytes){0}) == E_LIMIT)
			break; /* too many open already */
		break;
	case 3:
		if (s->wants_reply[id] > 0) {
			REQUIRE_EQ(mux_request_reply(s->b.m, id, seed_one_in(seed, 2)), E_OK);
			s->wants_reply[id]--;
		}
		break;
	case 4:
	case 5:
		n = (uint32_t)seed_below(seed, s->held[id] + 1);
		REQUIRE_EQ(mux_consumed(s->b.m, id, n), E_OK);
		s->held[id] -= n;
		break;
	case 6:
		if (!s->out[id].sent_eof)
			write_data(s, id, seed);
		break;
	default:
		if (!s->out[id].sent_eof)
			send_data(s, id, seed);
	}
}

/* An answer that came too late is taken and goes nowhere. */
static void act_on_closing(struct side *s, uint32_t id)
{
	size_t sent = s->b.out->count;

	REQUIRE_EQ(mux_request_reply(s->b.m, id, true), E_OK);
	REQUIRE_EQ(s->b.out->count, sent);
	s->wants_reply[id]--;
}

static void act_on_connection(struct side *s, struct seed *seed)
{
	uint32_t id;

	switch (seed_below(seed, 6)) {
	case 0:
		if (mux_channel_count(s->b.m) < CHANNELS / 2 &&
			mux_open(s->b.m, "t", (struct bytes){0}, s, &id) == E_OK) {
			reset(s, id);
			/* Sometimes nobody waits for it any more. */
			if (seed_one_in(seed, 8)) {
				REQUIRE_EQ(mux_close(s->b.m, id), E_OK);
				s->is_closing[id] = true;
			}
		}
		break;
	case 1:
		REQUIRE_EQ(mux_keepalive(s->b.m), E_OK);
		break;
	case 2:
		if (s->next_asked - s->next_answered < GLOBALS)
			REQUIRE_EQ(
				mux_global(s->b.m, "x", true, (struct bytes){0}, s->next_asked++),
				E_OK);
		break;
	default:
		if (s->tokens > 0) {
			size_t i = seed_below(seed, s->tokens);

			REQUIRE_EQ(mux_global_reply(s->b.m, s->token[i], seed_one_in(seed, 2),
					   (struct bytes){0}, NULL),
				E_OK);
			s->token[i] = s->token[--s->tokens];
		}
	}
}

static void act(struct side *s, struct seed *seed)
{
	uint32_t id = (uint32_t)seed_below(seed, CHANNELS);

	if (s->is_asked[id])
		act_on_asked(s, id, seed);
	else if (s->is_live[id] && !s->is_closing[id])
		act_on_live(s, id, seed);
	else if (s->is_closing[id] && s->wants_reply[id] > 0)
		act_on_closing(s, id);
	else
		act_on_connection(s, seed);
}

/* Replaces the mux by what its frozen form thaws to. */
static void freeze_and_thaw(struct side *s)
{
	static uint8_t one[64 * 1024], two[64 * 1024];
	struct writer w, again;
	struct reader r;
	struct mux *m;

	wr_init(&w, (struct span){one, sizeof(one)});
	REQUIRE_EQ(mux_freeze(s->b.m, &w), E_OK);
	rd_init(&r, wr_bytes(&w));
	REQUIRE_EQ(mux_thaw(&s->b.cfg, &r, &m), E_OK);
	REQUIRE(rd_end(&r));
	wr_init(&again, (struct span){two, sizeof(two)});
	REQUIRE_EQ(mux_freeze(m, &again), E_OK);
	REQUIRE(bytes_eq(wr_bytes(&w), wr_bytes(&again)));
	for (uint32_t id = 0; mux_channel_next(m, &id); id++)
		mux_set_user(m, id, mux_user(s->b.m, id));
	mux_free(s->b.m);
	s->b.m = m;
}

/* Credit and data of a channel in flight in one queue, for the number that its receiver knows. */
static uint32_t in_flight(const struct fakeport *p, uint8_t msg, uint32_t id)
{
	uint32_t sum = 0;

	for (size_t at = p->at; at < p->len;) {
		size_t len = load_be32(p->mem + at);
		const uint8_t *m = p->mem + at + 4;

		if (m[0] == msg && load_be32(m + 1) == id)
			sum += load_be32(m + 5);
		at += 4 + len;
	}
	return sum;
}

/* For each channel open on both sides: what we may send, what is on its way, what the peer holds
 * and what it has not given back make up the window. */
static void check_credit(struct side *s)
{
	for (uint32_t id = 0; id < CHANNELS; id++) {
		struct mux_channel_info mine, theirs;
		uint32_t peer;

		if (!s->is_live[id] || s->is_closing[id])
			continue;
		peer = number_at_peer(s, id);
		if (!mux_channel_info(s->peer->b.m, peer, &theirs) || theirs.sent_close ||
			!s->peer->is_live[peer] || !theirs.is_open)
			continue;
		REQUIRE(mux_channel_info(s->b.m, id, &mine));
		if (theirs.got_eof || mine.sent_eof)
			continue; /* no credit is given any more */
		REQUIRE_EQ(mine.send_left + in_flight(s->b.out, MSG_CHANNEL_DATA, peer) +
				   in_flight(s->peer->b.out, MSG_CHANNEL_WINDOW_ADJUST, id),
			theirs.recv_left);
		REQUIRE(theirs.recv_left + s->peer->held[peer] <= s->b.cfg.window);
	}
}

static void drain(struct side *a, struct side *b)
{
	while (a->b.out->count + b->b.out->count > 0) {
		receive(a);
		receive(b);
	}
	fakeport_take(a->b.out); /* an empty queue starts over */
	fakeport_take(b->b.out);
}

/* Everything that is open ends, and then nothing is left. */
static void end_all(struct side *a, struct side *b)
{
	struct side *sides[] = {a, b};

	for (int round = 0; round < 3; round++) {
		drain(a, b);
		for (int i = 0; i < 2; i++) {
			struct side *s = sides[i];

			for (uint32_t id = 0; id < CHANNELS; id++) {
				if (s->is_asked[id]) {
					REQUIRE_EQ(mux_refuse(s->b.m, id, 1, ""), E_OK);
					reset(s, id);
				} else if (s->is_live[id] && !s->is_closing[id]) {
					REQUIRE_EQ(mux_close(s->b.m, id), E_OK);
					s->is_closing[id] = true;
				}
			}
			while (s->tokens > 0)
				REQUIRE_EQ(mux_global_reply(s->b.m, s->token[--s->tokens], true,
						   (struct bytes){0}, NULL),
					E_OK);
		}
	}
	drain(a, b);
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(mux_channel_count(sides[i]->b.m), 0);
		CHECK(!mux_keepalive_is_open(sides[i]->b.m));
		CHECK_EQ(sides[i]->next_answered, sides[i]->next_asked);
	}
}

static uint64_t run(uint64_t start, int steps, unsigned freeze_one_in)
{
	static struct side a, b;
	struct seed seed;

	a = (struct side){.peer = &b, .name = "client"};
	b = (struct side){.peer = &a, .name = "server"};
	muxbench_start(&a.b, false);
	muxbench_start(&b.b, true);
	seed_init(&seed, start);
	for (int i = 0; i < steps; i++) {
		struct side *s = seed_one_in(&seed, 2) ? &a : &b;

		harness_note("seed %llu step %d", (unsigned long long)start, i);
		if (seed_one_in(&seed, 2))
			receive(s);
		else
			act(s, &seed);
		if (seed_one_in(&seed, freeze_one_in))
			freeze_and_thaw(s);
		check_credit(&a);
		check_credit(&b);
		if (a.b.out->len > FAKEPORT_CAP / 2 || b.b.out->len > FAKEPORT_CAP / 2)
			drain(&a, &b);
	}
	end_all(&a, &b);
	muxbench_stop(&a.b);
	muxbench_stop(&b.b);
	return a.events + b.events;
}

TEST(mux_random_pair)
{
	uint64_t events = 0;

	for (uint64_t seed = 1; seed <= 40; seed++)
		events += run(seed, 3000, 100);
	CHECK(events > 20000);
}

TEST(mux_random_pair_frozen_at_every_step)
{
	for (uint64_t seed = 100; seed <= 105; seed++)
		run(seed, 1000, 1);
}
