/* SPDX-License-Identifier: ISC */
/*
 * What the peer sends (RFC 4254 4, 5): one handler a message. Each reads all fields, proves the
 * end, has the state judged, and only then changes anything.
 */
#include "mux/mux_impl.h"

#include "mux/opening.h"
#include "wire/msgs.h"

#include <stdlib.h>

static enum err malformed(struct fault *f, const char *what)
{
	return fault_set(f, E_FORMAT, DISCONNECT_PROTOCOL_ERROR, "malformed %s", what);
}

enum err mux_send_plain(struct mux *m, uint8_t msg, const struct channel *c)
{
	struct writer w;
	enum err e = m->cfg.port.begin(m->cfg.port.ctx, 1 + 4, &w);

	if (e != E_OK)
		return e;
	wr_u8(&w, msg);
	wr_u32(&w, c->peer_id);
	return m->cfg.port.end(m->cfg.port.ctx, &w);
}

enum err mux_send_refused(struct mux *m, struct channel *c)
{
	enum err e = E_OK;

	while (e == E_OK && channel_pay_refused(c))
		e = mux_send_plain(m, MSG_CHANNEL_FAILURE, c);
	return e;
}

/* Finds the channel a message is for and whether it may be taken. E_OK with FATE_DROP: it means
 * nothing any more (then *c may be NULL). */
static enum err judge(struct mux *m, uint32_t id, uint8_t msg, struct channel **c,
	enum channel_fate *fate, struct fault *f)
{
	bool is_late = msg == MSG_CHANNEL_WINDOW_ADJUST || msg == MSG_CHANNEL_SUCCESS ||
		       msg == MSG_CHANNEL_FAILURE;

	*c = mux_find(m, id);
	if (*c != NULL) {
		*fate = channel_judge(*c, msg);
		if (*fate == FATE_ILLEGAL)
			return fault_set(f, E_PROTO, DISCONNECT_PROTOCOL_ERROR,
				"message %u is not allowed on channel %u now", msg, id);
		return E_OK;
	}
	/* These cross a CLOSE in good faith; the number must have been in use, though. */
	if (!is_late || id >= m->ids_given)
		return fault_set(f, E_PROTO, DISCONNECT_PROTOCOL_ERROR,
			"message %u for channel %u, which does not exist", msg, id);
	*fate = FATE_DROP;
	return E_OK;
}

static void name_channel(
	struct mux_event *ev, enum mux_kind kind, uint32_t id, const struct channel *c)
{
	ev->kind = kind;
	ev->channel = id;
	ev->user = c->user;
}

/* --- global requests -------------------------------------------------------------------------- */

/* hostkeys-00@openssh.com: string key, and so on to the end. */
static enum err check_strings(struct bytes data, struct fault *f)
{
	struct reader r;

	rd_init(&r, data);
	while (rd_left(&r) > 0)
		rd_string(&r, LIMIT_BLOB);
	return rd_end(&r) ? E_OK : malformed(f, "announcement of host keys");
}

/* Requests that need no program. *is_done: it was one of them. */
static enum err take_own_request(
	struct mux *m, const struct global_request *q, bool *is_done, struct fault *f)
{
	*is_done = true;
	if (bytes_is(q->name, "keepalive@openssh.com"))
		return q->want_reply ? global_owe_refusal(&m->global, &m->cfg.port) : E_OK;
	if (!q->want_reply && m->cfg.is_server &&
		bytes_is(q->name, "no-more-sessions@openssh.com")) {
		if (q->data.len > 0)
			return malformed(f, "no-more-sessions request");
		m->has_no_more_sessions = true;
		return E_OK;
	}
	*is_done = false;
	if (!q->want_reply && !m->cfg.is_server && bytes_is(q->name, "hostkeys-00@openssh.com"))
		return check_strings(q->data, f);
	return E_OK;
}

static enum err on_global_request(
	struct mux *m, uint8_t msg, struct reader *r, struct mux_event *ev, struct fault *f)
{
	struct global_request q;
	uint32_t token = 0;
	bool is_done, is_event = true;
	enum err e;

	if (global_read_request(r, &q) != E_OK)
		return malformed(f, "global request");
	e = take_own_request(m, &q, &is_done, f);
	if (e == E_OK && !is_done && q.want_reply)
		e = global_owe(&m->global, &m->cfg.port, &is_event, &token);
	if (e == E_LIMIT)
		return fault_set(f, e, DISCONNECT_PROTOCOL_ERROR,
			"too many global requests wait for an answer");
	if (e != E_OK || is_done || !is_event)
		return e;
	*ev = (struct mux_event){.kind = MUX_GLOBAL_REQUEST,
		.name = q.name,
		.data = q.data,
		.want_reply = q.want_reply,
		.token = token};
	return E_OK;
}

static enum err on_global_reply(
	struct mux *m, uint8_t msg, struct reader *r, struct mux_event *ev, struct fault *f)
{
	bool is_ok = msg == MSG_REQUEST_SUCCESS;
	struct bytes data = {0};
	bool is_event;
	uint32_t token = 0;
	enum err e;

	if (is_ok)
		data = rd_rest(r);
	if (!rd_end(r))
		return malformed(f, "reply to a global request");
	e = global_on_reply(&m->global, &is_event, &token);
	if (e != E_OK)
		return fault_set(f, e, DISCONNECT_PROTOCOL_ERROR,
			"too many replies to requests that were not made");
	if (is_event)
		*ev = (struct mux_event){
			.kind = MUX_GLOBAL_REPLY, .is_ok = is_ok, .data = data, .token = token};
	return E_OK;
}

/* --- opening ---------------------------------------------------------------------------------- */

static enum err refuse_open(struct mux *m, const struct opening *o, const char *text)
{
	struct opening_no no = {
		.recipient = o->sender, .reason = OPEN_RESOURCE_SHORTAGE, .text = bytes_str(text)};

	return opening_send_no(&m->cfg.port, &no);
}

static enum err on_open(
	struct mux *m, uint8_t msg, struct reader *r, struct mux_event *ev, struct fault *f)
{
	struct opening o;
	struct channel *c;
	uint32_t id;
	enum err e;

	if (opening_read(r, &o) != E_OK)
		return malformed(f, "channel open");
	if (m->has_no_more_sessions && bytes_is(o.type, "session"))
		return fault_set(f, E_PROTO, DISCONNECT_PROTOCOL_ERROR,
			"a session was opened after the last had been announced");
	if (m->opening_theirs >= mux_opening_max(m))
		return refuse_open(m, &o, "too many channels wait to be opened");
	c = channel_new(false);
	if (c == NULL)
		return refuse_open(m, &o, "out of memory");
	c->peer_id = o.sender;
	c->peer_packet_max = o.packet_max;
	send_window_start(&c->send, o.window);
	e = mux_add(m, c, &id);
	if (e != E_OK) {
		free(c);
		return refuse_open(m, &o, e == E_LIMIT ? "too many channels" : "out of memory");
	}
	name_channel(ev, MUX_OPEN, id, c);
	ev->name = o.type;
	ev->data = o.extra;
	return E_OK;
}

static enum err on_confirmation(
	struct mux *m, uint8_t msg, struct reader *r, struct mux_event *ev, struct fault *f)
{
	struct opening_yes o;
	struct channel *c;
	enum channel_fate fate;
	enum err e;

	if (opening_read_yes(r, &o) != E_OK)
		return malformed(f, "channel open confirmation");
	e = judge(m, o.recipient, msg, &c, &fate, f);
	if (e == E_OK)
		e = channel_set_in(c, IN_FLOWS);
	if (e == E_OK)
		e = channel_set_out(c, OUT_FLOWS);
	if (e != E_OK)
		return e;
	m->opening_ours--;
	c->peer_id = o.sender;
	c->peer_packet_max = o.packet_max;
	send_window_start(&c->send, o.window);
	if (c->is_unwanted) {
		c->is_unwanted = false;
		e = channel_set_out(c, OUT_CLOSED);
		return e == E_OK ? mux_send_plain(m, MSG_CHANNEL_CLOSE, c) : e;
	}
	name_channel(ev, MUX_OPENED, o.recipient, c);
	ev->data = o.extra;
	return E_OK;
}

static enum err on_refusal(
	struct mux *m, uint8_t msg, struct reader *r, struct mux_event *ev, struct fault *f)
{
	struct opening_no o;
	struct channel *c;
	enum channel_fate fate;
	enum err e;

	if (opening_read_no(r, &o) != E_OK)
		return malformed(f, "channel open failure");
	e = judge(m, o.recipient, msg, &c, &fate, f);
	if (e != E_OK)
		return e;
	name_channel(ev, MUX_REFUSED, o.recipient, c);
	ev->code = o.reason;
	ev->data = o.text;
	mux_drop(m, o.recipient);
	return E_OK;
}

/* --- an open channel -------------------------------------------------------------------------- */

static enum err on_adjust(
	struct mux *m, uint8_t msg, struct reader *r, struct mux_event *ev, struct fault *f)
{
	uint32_t id = rd_u32(r);
	uint32_t n = rd_u32(r);
	struct channel *c;
	enum channel_fate fate;
	enum err e;

	if (!rd_end(r))
		return malformed(f, "window adjust");
	e = judge(m, id, msg, &c, &fate, f);
	if (e != E_OK || fate == FATE_DROP)
		return e;
	if (c->send.left == 0)
		c->is_starved = true;
	e = send_window_grow(&c->send, n);
	if (e != E_OK)
		return fault_set(f, e, DISCONNECT_PROTOCOL_ERROR,
			"the window of channel %u was raised past its end", id);
	if (n > 0 && c->is_starved && c->out == OUT_FLOWS) {
		c->is_starved = false;
		name_channel(ev, MUX_WINDOW, id, c);
	}
	return E_OK;
}

static enum err on_data(
	struct mux *m, uint8_t msg, struct reader *r, struct mux_event *ev, struct fault *f)
{
	bool is_extended = msg == MSG_CHANNEL_EXTENDED_DATA;
	uint32_t id = rd_u32(r);
	uint32_t code = is_extended ? rd_u32(r) : 0;
	struct bytes data = rd_string(r, LIMIT_PACKET_OPEN);
	struct channel *c;
	enum channel_fate fate;
	enum err e;

	if (!rd_end(r) || (is_extended && code == 0))
		return malformed(f, "channel data");
	e = judge(m, id, msg, &c, &fate, f);
	if (e != E_OK)
		return e;
	if (data.len > m->cfg.packet_max)
		return fault_set(f, E_LIMIT, DISCONNECT_PROTOCOL_ERROR,
			"%zu bytes in one packet of channel %u, more than we take", data.len, id);
	/* Past our CLOSE as well: what was granted is the bound of what may come. */
	e = recv_window_take(&c->recv, (uint32_t)data.len);
	if (e != E_OK)
		return fault_set(f, e, DISCONNECT_PROTOCOL_ERROR,
			"the peer ignored the window of channel %u", id);
	if (fate == FATE_DROP) {
		credit_consume(&m->credit, &c->recv, (uint32_t)data.len);
		return E_OK;
	}
	if (data.len == 0)
		return E_OK;
	c->bytes_in += data.len;
	name_channel(ev, MUX_DATA, id, c);
	ev->data = data;
	ev->code = code;
	return E_OK;
}

static enum err on_eof(
	struct mux *m, uint8_t msg, struct reader *r, struct mux_event *ev, struct fault *f)
{
	uint32_t id = rd_u32(r);
	struct channel *c;
	enum channel_fate fate;
	enum err e;

	if (!rd_end(r))
		return malformed(f, "channel EOF");
	e = judge(m, id, msg, &c, &fate, f);
	if (e == E_OK)
		e = channel_set_in(c, IN_EOF);
	if (e != E_OK)
		return e;
	credit_void(&m->credit, &c->recv);
	if (c->out == OUT_CLOSED)
		return E_OK;
	name_channel(ev, MUX_EOF, id, c);
	return E_OK;
}

static enum err on_close(
	struct mux *m, uint8_t msg, struct reader *r, struct mux_event *ev, struct fault *f)
{
	uint32_t id = rd_u32(r);
	struct channel *c;
	enum channel_fate fate;
	enum err e;

	if (!rd_end(r))
		return malformed(f, "channel close");
	e = judge(m, id, msg, &c, &fate, f);
	if (e == E_OK)
		e = channel_set_in(c, IN_CLOSED);
	if (e != E_OK)
		return e;
	if (c->out != OUT_CLOSED) { /* RFC 4254 5.3: a CLOSE MUST be sent back */
		e = channel_set_out(c, OUT_CLOSED);
		if (e == E_OK)
			e = mux_send_plain(m, MSG_CHANNEL_CLOSE, c);
	}
	if (e != E_OK)
		return e;
	name_channel(ev, MUX_CLOSED, id, c);
	mux_drop(m, id);
	return E_OK;
}

/* --- channel requests ------------------------------------------------------------------------- */

static enum err on_request(
	struct mux *m, uint8_t msg, struct reader *r, struct mux_event *ev, struct fault *f)
{
	uint32_t id = rd_u32(r);
	struct bytes name = rd_string(r, LIMIT_NAME);
	bool want_reply = rd_bool(r);
	struct bytes data = rd_rest(r);
	bool is_eow = bytes_is(name, "eow@openssh.com");
	bool is_ours = is_eow || bytes_is(name, "keepalive@openssh.com");
	struct channel *c;
	enum channel_fate fate;
	enum err e;

	if (!rd_end(r) || (is_eow && data.len > 0))
		return malformed(f, "channel request");
	e = judge(m, id, msg, &c, &fate, f);
	if (e != E_OK || fate == FATE_DROP)
		return e;
	if (want_reply && channel_owe(c, is_ours) != E_OK)
		return fault_set(f, E_LIMIT, DISCONNECT_PROTOCOL_ERROR,
			"too many requests of channel %u wait for an answer", id);
	if (is_ours)
		return mux_send_refused(m, c);
	name_channel(ev, MUX_REQUEST, id, c);
	ev->name = name;
	ev->data = data;
	ev->want_reply = want_reply;
	return E_OK;
}

static enum err on_request_reply(
	struct mux *m, uint8_t msg, struct reader *r, struct mux_event *ev, struct fault *f)
{
	uint32_t id = rd_u32(r);
	struct channel *c;
	enum channel_fate fate;
	enum err e;

	if (!rd_end(r))
		return malformed(f, "reply to a channel request");
	e = judge(m, id, msg, &c, &fate, f);
	if (e != E_OK || fate == FATE_DROP)
		return e;
	if (c->asked == 0) {
		e = global_stray(&m->global);
		return e == E_OK ? e
				 : fault_set(f, e, DISCONNECT_PROTOCOL_ERROR,
					   "too many replies to requests that were not made");
	}
	c->asked--;
	name_channel(ev, MUX_REQUEST_REPLY, id, c);
	ev->is_ok = msg == MSG_CHANNEL_SUCCESS;
	return E_OK;
}

/* --- dispatch --------------------------------------------------------------------------------- */

typedef enum err (*handler)(
	struct mux *m, uint8_t msg, struct reader *r, struct mux_event *ev, struct fault *f);

static const handler handlers[UINT8_MAX + 1] = {
	[MSG_GLOBAL_REQUEST] = on_global_request,
	[MSG_REQUEST_SUCCESS] = on_global_reply,
	[MSG_REQUEST_FAILURE] = on_global_reply,
	[MSG_CHANNEL_OPEN] = on_open,
	[MSG_CHANNEL_OPEN_CONFIRMATION] = on_confirmation,
	[MSG_CHANNEL_OPEN_FAILURE] = on_refusal,
	[MSG_CHANNEL_WINDOW_ADJUST] = on_adjust,
	[MSG_CHANNEL_DATA] = on_data,
	[MSG_CHANNEL_EXTENDED_DATA] = on_data,
	[MSG_CHANNEL_EOF] = on_eof,
	[MSG_CHANNEL_CLOSE] = on_close,
	[MSG_CHANNEL_REQUEST] = on_request,
	[MSG_CHANNEL_SUCCESS] = on_request_reply,
	[MSG_CHANNEL_FAILURE] = on_request_reply,
};

enum err mux_take(
	struct mux *m, uint8_t msg, struct reader *r, struct mux_event *ev, struct fault *f)
{
	if (handlers[msg] == NULL)
		return fault_set(f, E_PROTO, DISCONNECT_PROTOCOL_ERROR,
			"message %u does not belong to channels", msg);
	return handlers[msg](m, msg, r, ev, f);
}
