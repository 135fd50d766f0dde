/* SPDX-License-Identifier: ISC */
/*
 * Freeze and thaw. Layout, all numbers big-endian:
 *
 *     "SALLYICE" | u32 version | bool is_server
 *     | u64 counts (in, out, packets in, packets out) | u32 rekeys | u64 ms since the peer was
 * heard | u32 unanswered keepalives | u64 ms since the last one | string transport | string
 * channels | string unparsed input
 *
 * Times are ages, so that the clocks of the two processes need not agree.
 */
#include "session/freeze.h"

#include <assert.h>
#include <stdlib.h>
#include "session/session_impl.h"
#include "wire/reader.h"

static const char magic[] = "SALLYICE";

enum { INPUT_PIECES = 128 }; /* chunks that SESSION_IN_AREA bytes, appended at once, can take up */

static uint64_t age(uint64_t now_ms, uint64_t then_ms)
{
	return now_ms > then_ms ? now_ms - then_ms : 0;
}

static uint64_t then(uint64_t now_ms, uint64_t age_ms)
{
	return now_ms > age_ms ? now_ms - age_ms : 0;
}

static void write_head(const struct session *s, uint64_t now_ms, struct writer *w)
{
	struct session_counts counts;

	session_counts(s, &counts);
	wr_raw(w, bytes_str(magic));
	wr_u32(w, FREEZE_VERSION);
	wr_bool(w, s->cfg->is_server);
	wr_u64(w, counts.bytes_in);
	wr_u64(w, counts.bytes_out);
	wr_u64(w, counts.packets_in);
	wr_u64(w, counts.packets_out);
	wr_u32(w, counts.rekeys);
	wr_u64(w, age(now_ms, counts.last_heard_ms));
	wr_u32(w, s->alive.unanswered);
	wr_u64(w, age(now_ms, s->alive.probed_ms));
}

static void write_input(const struct session *s, struct writer *w)
{
	struct span pieces[INPUT_PIECES];
	size_t mark = wr_mark(w), len = 0;
	size_t n = chunkq_pieces(&s->parked, pieces, INPUT_PIECES);

	for (size_t i = 0; i < n; i++) {
		wr_raw(w, (struct bytes){pieces[i].ptr, pieces[i].len});
		len += pieces[i].len;
	}
	wr_close(w, mark);
	assert(len == chunkq_len(&s->parked));
}

static enum err write_all(const struct session *s, uint64_t now_ms, struct writer *w)
{
	size_t mark;
	enum err e;

	write_head(s, now_ms, w);
	mark = wr_mark(w);
	e = transport_freeze(s->transport, now_ms, w);
	if (e != E_OK)
		return e;
	wr_close(w, mark);
	mark = wr_mark(w);
	e = mux_freeze(s->mux, w);
	if (e != E_OK)
		return e;
	wr_close(w, mark);
	write_input(s, w);
	return E_OK;
}

enum err session_freeze(const struct session *s, uint64_t now_ms, struct buf *out)
{
	struct span room;
	struct writer w;
	enum err e;

	if (s->env->busy == s)
		return E_STATE;
	if (!s->is_logged_in || s->is_dead || s->login_due || s->ask != ASK_NOTHING)
		return E_AGAIN;
	/* The size is known only when it is written: most sessions fit at once. */
	for (size_t size = 8 * 1024; size <= FREEZE_MAX; size *= 8) {
		e = buf_reserve(out, size, &room);
		if (e != E_OK)
			return e;
		wr_init(&w, (struct span){room.ptr, size});
		e = write_all(s, now_ms, &w);
		if (e != E_OK && e != E_LIMIT)
			return e;
		if (e == E_OK && wr_ok(&w)) {
			buf_commit(out, wr_bytes(&w).len);
			return E_OK;
		}
		bytes_wipe(room.ptr, size);
	}
	return E_LIMIT;
}

static enum err read_head(struct session *s, struct reader *r)
{
	struct session_counts c;
	struct alive a = s->alive;
	bool is_server;

	if (!bytes_is(rd_raw(r, sizeof(magic) - 1), magic) || rd_u32(r) != FREEZE_VERSION)
		return E_FORMAT;
	is_server = rd_bool(r);
	c.bytes_in = rd_u64(r);
	c.bytes_out = rd_u64(r);
	c.packets_in = rd_u64(r);
	c.packets_out = rd_u64(r);
	c.rekeys = rd_u32(r);
	c.last_heard_ms = then(s->now_ms, rd_u64(r));
	a.heard_ms = c.last_heard_ms;
	a.unanswered = rd_u32(r);
	a.probed_ms = then(s->now_ms, rd_u64(r));
	if (!rd_ok(r) || is_server != s->cfg->is_server)
		return E_FORMAT;
	s->counts = c;
	s->alive = a;
	return E_OK;
}

static enum err read_machines(struct session *s, struct reader *r)
{
	struct transport_config tc = session_transport_config(s->cfg, s->env);
	struct mux_config mc;
	struct reader part;
	enum err e;

	rd_init(&part, rd_string(r, FREEZE_MAX));
	e = transport_thaw(&tc, &part, s->now_ms, &s->transport);
	if (e != E_OK)
		return e;
	if (!rd_end(&part))
		return E_FORMAT;
	transport_port(s->transport, &s->port);
	mc = session_mux_config(s);
	rd_init(&part, rd_string(r, FREEZE_MAX));
	e = mux_thaw(&mc, &part, &s->mux);
	if (e != E_OK)
		return e;
	return rd_end(&part) ? E_OK : E_FORMAT;
}

enum err session_thaw(const struct session_config *cfg, struct session_env *env,
	struct bytes frozen, uint64_t now_ms, struct session **out)
{
	struct session *s = calloc(1, sizeof(*s));
	struct reader r;
	struct bytes input;
	enum err e;

	if (s == NULL)
		return E_NOMEM;
	s->cfg = cfg;
	s->env = env;
	s->start_ms = s->now_ms = now_ms;
	s->is_logged_in = true;
	s->noise.since_ms = now_ms;
	chunkq_init(&s->parked, env->pool, SESSION_IN_AREA);
	alive_init(&s->alive, cfg->alive_interval_ms, cfg->alive_count_max, now_ms);
	rd_init(&r, frozen);
	e = read_head(s, &r);
	if (e == E_OK)
		e = read_machines(s, &r);
	if (e != E_OK)
		goto out;
	input = rd_string(&r, SESSION_IN_AREA);
	e = rd_end(&r) ? E_OK : E_FORMAT;
	if (e == E_OK && input.len > 0)
		e = chunkq_append(&s->parked, input);
	if (e != E_OK)
		goto out;
	*out = s;
	return E_OK;
out:
	session_free(s);
	return e;
}
