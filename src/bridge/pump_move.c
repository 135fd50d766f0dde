/* SPDX-License-Identifier: ISC */
/*
 * Bytes both ways. From the socket they are read into the very packets that leave; a read that
 * comes up short has drained the socket, and no second read is made to prove it. To the socket, the
 * pieces of one turn go in one call; only what was written, or thrown away for good, is given back
 * to the peer as credit.
 */
#include "bridge/conn_impl.h"

#include <errno.h>
#include <sys/uio.h>

enum { READ_PIECES = 64 };

/* --- what it waits for ---------------------------------------------------------------------------
 */

void pump_waits_for(struct pump *p, enum stall what)
{
	if (p->in_stall.now != what)
		stall_tell_change(
			&p->in_stall, what, hub_now(p->conn->hub), conn_line_ms(p->conn));
}

void pump_is_ready(struct pump *p)
{
	sched_add(&p->conn->sched, &p->source.node);
	if (p->is_open)
		pump_waits_for(p, STALL_NO);
}

static void note_output(struct pump *p)
{
	enum stall what = outlet_len(&p->outlet) > 0 ? STALL_SINK
			  : p->owed > 0		     ? STALL_RATE
						     : STALL_SOURCE;

	stall_tell(&p->out_stall, what, hub_now(p->conn->hub), 0);
}

/* --- from the socket to the channel --------------------------------------------------------------
 */

static void end_of_input(struct pump *p)
{
	enum err e = mux_eof(conn_mux(p->conn), p->channel);

	watch_read(&p->ends.watch, true);
	p->is_in_over = true;
	pump_waits_for(p, STALL_SOURCE);
	if (e != E_OK)
		conn_fail(p->conn, e, "ending a channel");
	pump_settle(p);
	pump_watch(p);
}

/* n of asked bytes were read into the pieces. A stream that is held back by its window is as full
 * as one that used its turn up, and does not lose what it earned. */
static enum source_served sent_on(struct pump *p, size_t n, size_t asked)
{
	bool is_full = n == asked;
	enum err e = mux_commit(conn_mux(p->conn), p->channel, n);

	watch_read(&p->ends.watch, !is_full && !p->ends.is_always_readable);
	if (e != E_OK) {
		conn_fail(p->conn, e, "sending data");
		return SOURCE_WAITS;
	}
	p->to_channel += n;
	if (p->read_throttle != NULL)
		throttle_spend(p->read_throttle, n);
	sched_moved(&p->source.node, n, is_full);
	if (is_full || p->ends.is_always_readable)
		return SOURCE_HAS_MORE;
	pump_waits_for(p, STALL_SOURCE);
	pump_watch(p);
	return SOURCE_WAITS;
}

/* What its throttle lets it read of want; 0: it stands in line. */
static size_t may_read(struct pump *p, size_t want)
{
	size_t room;

	if (p->read_throttle == NULL)
		return want;
	room = throttle_room(p->read_throttle);
	if (room == 0)
		throttle_wait(p->read_throttle, &p->read_turn);
	return room < want ? room : want;
}

void pump_on_read_turn(struct throttle_turn *turn)
{
	struct pump *p = list_entry(turn, struct pump, read_turn);

	pump_is_ready(p);
	conn_wake(p->conn);
}

static enum source_served no_room(struct pump *p)
{
	if (mux_can_send(conn_mux(p->conn), p->channel) > 0)
		return SOURCE_NO_ROOM;
	pump_waits_for(p, STALL_WINDOW);
	return SOURCE_WAITS;
}

enum source_served pump_serve(struct source *s, size_t want, size_t *moved)
{
	struct pump *p = list_entry(s, struct pump, source);
	struct span pieces[READ_PIECES];
	struct mux *m = conn_mux(p->conn);
	size_t count, asked;
	ssize_t n;

	if (!p->has_channel || !p->is_open || p->is_in_over || !p->ends.watch.is_readable)
		return SOURCE_WAITS;
	want = may_read(p, want);
	if (want == 0) {
		pump_waits_for(p, STALL_RATE);
		return SOURCE_WAITS;
	}
	count = mux_lend(m, p->channel, want, pieces, READ_PIECES);
	if (count == 0)
		return no_room(p);
	asked = outlet_sum(pieces, count);
	do
		n = readv(p->ends.in, (struct iovec *)pieces, (int)count);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		*moved = (size_t)n;
		return sent_on(p, (size_t)n, asked);
	}
	if (n == 0) {
		end_of_input(p);
	} else if (errno == EAGAIN) {
		watch_read(&p->ends.watch, true);
		pump_waits_for(p, STALL_SOURCE);
		pump_watch(p);
	} else {
		pump_fail(p, errno);
	}
	return SOURCE_WAITS;
}

/* --- from the channel to the socket --------------------------------------------------------------
 */

/* How much of n bytes of credit its throttle lets it give; it stands in line for the rest. */
static size_t may_give(struct pump *p, size_t n)
{
	size_t room;

	if (p->credit_throttle == NULL)
		return n;
	room = throttle_room(p->credit_throttle);
	if (room < n)
		throttle_wait(p->credit_throttle, &p->credit_turn);
	else
		room = n;
	throttle_spend(p->credit_throttle, room);
	p->prepaid += room;
	return room;
}

/* What came in the first window was not paid for in advance. */
static void charge(struct pump *p, size_t n)
{
	size_t paid = n < p->prepaid ? n : p->prepaid;

	if (p->credit_throttle == NULL)
		return;
	p->prepaid -= paid;
	throttle_spend(p->credit_throttle, n - paid);
}

/* The peer may send what was done with, as far as its throttle lets it. */
static void pay(struct pump *p)
{
	struct mux *m = conn_mux(p->conn);
	size_t n;
	enum err e;

	if (p->owed == 0 || !p->has_channel || m == NULL)
		return;
	n = may_give(p, p->owed);
	if (n == 0)
		return;
	p->owed -= n;
	e = mux_consumed(m, p->channel, (uint32_t)n);
	if (e != E_OK)
		conn_fail(p->conn, e, "giving back credit");
}

void pump_on_credit_turn(struct throttle_turn *turn)
{
	struct pump *p = list_entry(turn, struct pump, credit_turn);

	pay(p);
	note_output(p);
	conn_wake(p->conn);
}

/* The peer may send n bytes more. */
static void give_credit(struct pump *p, size_t n)
{
	p->owed += n;
	pay(p);
}

void pump_throw_away(struct pump *p, size_t n)
{
	give_credit(p, n);
}

static void wrote(struct pump *p, size_t n)
{
	p->to_socket += n;
	charge(p, n);
	give_credit(p, n);
}

/* The socket takes no more. Bytes for it are gone, and still count as consumed: a peer whose window
 * stays shut could not even end the channel in order. */
static void stop_writing(struct pump *p, size_t lost)
{
	p->is_broken = p->is_out_over = true;
	give_credit(p, lost + outlet_len(&p->outlet));
	outlet_fini(&p->outlet);
	pump_settle(p);
}

static void write_failed(struct pump *p, enum err e, int code, size_t lost)
{
	if (e == E_SYS && code == EPIPE)
		stop_writing(p, lost);
	else if (e == E_SYS)
		pump_fail(p, code);
	else
		pump_reset(p, e == E_LIMIT ? "it reads too slowly, and packet memory is short"
					   : err_text(e));
}

void pump_take(struct pump *p, struct bytes data)
{
	struct hub *h = p->conn->hub;

	if (h->gather_for != p || h->gather_count == HUB_GATHER)
		pump_flush(h);
	if (p->is_over)
		return;
	if (p->is_out_over) {
		pump_throw_away(p, data.len);
		return;
	}
	h->gather_for = p;
	/* Written from where it lies, never changed. */
	h->gather[h->gather_count++] = (struct span){(uint8_t *)(uintptr_t)data.ptr, data.len};
}

void pump_flush(struct hub *h)
{
	struct pump *p = h->gather_for;
	size_t count = h->gather_count, sum = outlet_sum(h->gather, count), taken;
	int code = 0;
	enum err e;

	h->gather_for = NULL;
	h->gather_count = 0;
	if (p == NULL)
		return;
	e = outlet_write(&p->outlet, h->gather, count, &taken, &code);
	wrote(p, taken);
	if (e != E_OK)
		write_failed(p, e, code, sum - taken);
	pump_watch(p);
}

/* --- readiness -----------------------------------------------------------------------------------
 */

static bool can_read_on(const struct pump *p)
{
	const struct mux *m = conn_mux(p->conn);

	return p->has_channel && p->is_open && !p->is_in_over && m != NULL &&
	       mux_can_send(m, p->channel) > 0;
}

/* Bytes the other side sent before its reset are read first, where there is a way for them. */
static void take_failure(struct pump *p)
{
	if (!p->is_over && !can_read_on(p))
		pump_fail(p, watch_error(&p->ends.watch));
}

void pump_work(struct pump *p)
{
	size_t taken;
	int code = 0;
	enum err e = outlet_flush(&p->outlet, &taken, &code);

	wrote(p, taken);
	if (e != E_OK)
		write_failed(p, e, code, 0);
	else
		pump_settle(p);
	if (p->ends.watch.has_failed)
		take_failure(p);
	pump_watch(p);
}

void pump_watch(struct pump *p)
{
	if (p->is_over)
		return;
	note_output(p);
	ends_apply(&p->ends, p->has_channel && p->is_open && !p->is_in_over,
		outlet_len(&p->outlet) > 0);
}

void pump_on_poll(uv_poll_t *poll, int status, int events)
{
	struct pump *p = poll->data;

	ends_note(&p->ends, poll, status, events);
	if (p->ends.watch.is_readable && !p->is_in_over && p->has_channel)
		pump_is_ready(p);
	if ((events & UV_WRITABLE) || status < 0)
		if (list_is_empty(&p->work))
			list_append(&p->conn->work, &p->work);
	pump_watch(p);
	conn_wake(p->conn);
}
