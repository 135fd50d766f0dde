/* SPDX-License-Identifier: ISC */
/*
 * Of the device, packets are read straight into those that leave as long as there is room for all of
 * them. When there is not, they are read into the queue, newcomers included, and leave from there in its
 * order until it is empty again: a copy more, where otherwise they would wait.
 */
#include "bridge/ferry.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "bridge/conn_impl.h"
#include "forward/fairq.h"
#include "forward/flow.h"

enum {
	TURN = 128 * 1024, /* bytes a turn, so that what comes meanwhile soon has its own */
	DRAIN = 256,	   /* packets read into the queue at one time */
	STALE = 4096	   /* packets thrown away at the start; more come while we look */
};

struct ferry {
	struct sink sink;
	struct source source;
	struct hub *hub;
	struct conn *conn; /* NULL: no channel */
	struct watch watch;
	const struct ferry_ops *ops;
	void *ctx;
	int fd;
	enum tun_mode mode;
	uint32_t channel, salt;
	size_t packet_max; /* data bytes */
	bool is_over;
	struct ferry_counts counts;
	struct fairq queue;
};

static void apply(struct ferry *f)
{
	if (!f->is_over)
		watch_apply(&f->watch, f->conn != NULL, false);
}

static void let_channel_go(struct ferry *f)
{
	sched_remove(&f->conn->sched, &f->source.node);
	f->counts.dropped += f->queue.dropped + f->queue.packets;
	fairq_fini(&f->queue);
	fairq_init(&f->queue, f->hub->env.pool);
	hub_gave_back(f->hub);
	f->conn = NULL;
	apply(f);
}

/* --- of the device -------------------------------------------------------------------------------
 */

/* A packet; 0: none now, or never again. */
static size_t read_packet(struct ferry *f, uint8_t *into, size_t cap)
{
	ssize_t n;

	do
		n = read(f->fd, into, cap);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		watch_read(&f->watch, false);
		return (size_t)n;
	}
	watch_read(&f->watch, true);
	if (n == 0 || errno == EAGAIN || f->is_over)
		return 0;
	f->ops->gone(f->ctx, errno);
	return 0;
}

/* One byte more than may be: a packet that fills it is too long, and cut. */
static size_t room_for_one(const struct ferry *f)
{
	return f->packet_max + 1;
}

static bool is_sendable(struct ferry *f, struct span data)
{
	if (data.len <= f->packet_max && tun_write_head(f->mode, data) == E_OK)
		return true;
	f->counts.oversized++;
	return false;
}

/* What the kernel holds goes into the queue, where it is in order and not for ever. */
static void drain(struct ferry *f)
{
	uint8_t data[TUN_DATA_MAX + 1];
	size_t head = tun_head_len(f->mode), n;

	for (unsigned i = 0; i < DRAIN && !f->is_over && f->watch.is_readable; i++) {
		n = read_packet(f, data + head, room_for_one(f) - head);
		if (n > 0 && is_sendable(f, (struct span){data, head + n}))
			fairq_put(&f->queue, flow_of(f->mode, bytes_of(data + head, n), f->salt),
				bytes_of(data, head + n), hub_now(f->hub));
	}
}

/* --- to the channel ------------------------------------------------------------------------------
 */

static bool commit(struct ferry *f, size_t n, size_t *moved)
{
	enum err e = mux_commit(conn_mux(f->conn), f->channel, n);

	if (e != E_OK) {
		conn_fail(f->conn, e, "sending a packet");
		return false;
	}
	*moved += n;
	f->counts.packets_out++;
	f->counts.bytes_out += n;
	return true;
}

/* Room for a packet of need bytes. */
static enum source_served lend(struct ferry *f, size_t need, struct span *piece)
{
	struct mux *m = conn_mux(f->conn);

	if (m == NULL || !mux_has_room(m, f->channel, need))
		return SOURCE_WAITS;
	return mux_lend(m, f->channel, need, piece, 1) == 1 ? SOURCE_HAS_MORE : SOURCE_NO_ROOM;
}

static enum source_served send_queued(struct ferry *f, size_t *moved)
{
	size_t len = fairq_peek(&f->queue, hub_now(f->hub));
	enum source_served how;
	struct span piece;

	if (len == 0)
		return SOURCE_HAS_MORE;
	how = lend(f, len, &piece);
	if (how != SOURCE_HAS_MORE)
		return how;
	fairq_take(&f->queue, piece.ptr);
	return commit(f, len, moved) ? SOURCE_HAS_MORE : SOURCE_WAITS;
}

static enum source_served send_read(struct ferry *f, size_t *moved)
{
	size_t head = tun_head_len(f->mode), n;
	enum source_served how;
	struct span piece;

	if (!f->watch.is_readable)
		return SOURCE_WAITS;
	how = lend(f, room_for_one(f), &piece);
	if (how != SOURCE_HAS_MORE)
		return how;
	n = read_packet(f, piece.ptr + head, piece.len - head);
	if (n == 0)
		return SOURCE_WAITS;
	piece.len = head + n;
	if (!is_sendable(f, piece))
		return SOURCE_HAS_MORE;
	return commit(f, piece.len, moved) ? SOURCE_HAS_MORE : SOURCE_WAITS;
}

static enum source_served serve(struct source *s, size_t want, size_t *moved)
{
	struct ferry *f = list_entry(s, struct ferry, source);
	enum source_served how = SOURCE_HAS_MORE;

	if (want > TURN)
		want = TURN;
	if (f->queue.packets > 0)
		drain(f);
	while (!f->is_over && *moved < want && how == SOURCE_HAS_MORE)
		how = f->queue.packets > 0 ? send_queued(f, moved) : send_read(f, moved);
	if (f->is_over)
		return SOURCE_WAITS;
	sched_moved(&s->node, *moved, *moved >= want);
	drain(f);
	apply(f);
	return f->is_over ? SOURCE_WAITS : how;
}

/* --- of the channel ------------------------------------------------------------------------------
 */

static void write_packet(struct ferry *f, struct bytes packet)
{
	ssize_t n;

	do
		n = write(f->fd, packet.ptr, packet.len);
	while (n < 0 && errno == EINTR);
	if (n >= 0) {
		f->counts.packets_in++;
		f->counts.bytes_in += packet.len;
		return;
	}
	f->counts.refused++;
	if (errno == EBADFD)
		f->ops->gone(f->ctx, errno);
}

static void on_data(struct ferry *f, const struct mux_event *ev)
{
	struct conn *c = f->conn;
	struct bytes packet;
	enum err e;

	if (ev->code != 0 || tun_read_packet(f->mode, ev->data, &packet) != E_OK)
		f->counts.malformed++;
	else
		write_packet(f, packet);
	/* Whatever became of it, and of the device. */
	e = mux_consumed(conn_mux(c), ev->channel, (uint32_t)ev->data.len);
	if (e != E_OK)
		conn_fail(c, e, "giving back credit");
}

static void on_event(struct sink *sink, const struct mux_event *ev)
{
	struct ferry *f = list_entry(sink, struct ferry, sink);
	struct conn *c = f->conn;
	struct mux *m = conn_mux(c);
	enum err e = E_OK;

	switch (ev->kind) {
	case MUX_DATA:
		on_data(f, ev);
		break;
	case MUX_WINDOW:
		if (f->watch.is_readable || f->queue.packets > 0)
			sched_add(&c->sched, &f->source.node);
		break;
	case MUX_EOF: /* half a tunnel is none */
		if (m != NULL)
			e = mux_close(m, f->channel);
		break;
	case MUX_REQUEST:
		if (ev->want_reply && m != NULL)
			e = mux_request_reply(m, f->channel, false);
		break;
	case MUX_CLOSED:
		let_channel_go(f);
		f->ops->closed(f->ctx, ev->code != 0);
		break;
	default:
		break;
	}
	if (e != E_OK)
		conn_fail(c, e, "answering on a tunnel's channel");
}

/* --- readiness -----------------------------------------------------------------------------------
 */

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct ferry *f = poll->data;
	uint8_t byte[1];

	watch_note(&f->watch, status, events);
	if (f->conn == NULL) {
		/* A device is not watched for packets then: it has failed. */
		if (f->watch.has_failed)
			(void)read_packet(f, byte, sizeof(byte));
		return;
	}
	if (f->watch.has_failed || !session_is_writable(conn_session(f->conn)))
		drain(f);
	if (f->is_over || f->conn == NULL)
		return;
	sched_add(&f->conn->sched, &f->source.node);
	apply(f);
	conn_wake(f->conn);
}

/* --- life ----------------------------------------------------------------------------------------
 */

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

enum err ferry_new(struct hub *h, int fd, enum tun_mode mode, const struct ferry_ops *ops, void *ctx,
	struct ferry **out)
{
	struct ferry *f = calloc(1, sizeof(*f));
	enum err e = f != NULL ? watch_init(&f->watch, h->loop, fd, on_poll, f) : E_NOMEM;

	if (e == E_OK)
		e = rng_bytes(&h->rng, (uint8_t *)&f->salt, sizeof(f->salt));
	if (e != E_OK) {
		free(f);
		close(fd);
		return e;
	}
	f->sink.event = on_event;
	f->source.serve = serve;
	sched_node_init(&f->source.node);
	f->hub = h;
	f->ops = ops;
	f->ctx = ctx;
	f->fd = fd;
	f->mode = mode;
	f->packet_max = mode == TUN_ETHERNET ? TUN_DATA_MAX - 1 : TUN_MTU_MAX + TUN_FAMILY;
	fairq_init(&f->queue, h->env.pool);
	apply(f);
	*out = f;
	return E_OK;
}

static bool is_openssh(const struct conn *c)
{
	struct bytes ident = transport_peer_ident(session_transport(c->session));

	return memmem(ident.ptr, ident.len, "OpenSSH", 7) != NULL;
}

void ferry_attach(struct ferry *f, struct conn *c, uint32_t channel)
{
	uint8_t stale[1];

	for (unsigned i = 0; i < STALE && !f->is_over; i++)
		if (read_packet(f, stale, sizeof(stale)) == 0)
			break;
	if (f->is_over)
		return;
	f->conn = c;
	f->channel = channel;
	f->source.turn = c->turn - 1;
	mux_set_user(c->mux, channel, &f->sink);
	if (is_openssh(c))
		mux_surcharge(c->mux, channel, MUX_OPENSSH_SURCHARGE);
	apply(f);
}

bool ferry_is_attached(const struct ferry *f)
{
	return f->conn != NULL;
}

void ferry_counts(const struct ferry *f, struct ferry_counts *out)
{
	*out = f->counts;
	out->dropped += f->queue.dropped;
}

bool ferry_leave(struct ferry *f, uint32_t *channel)
{
	struct conn *c = f->conn;
	bool has_channel = c != NULL && c->mux != NULL;

	*channel = f->channel;
	if (c != NULL) {
		if (has_channel)
			mux_set_user(c->mux, f->channel, &c->nobody);
		let_channel_go(f);
	}
	f->is_over = true;
	fairq_fini(&f->queue);
	uv_close((uv_handle_t *)&f->watch.poll, on_closed);
	close(f->fd);
	return has_channel;
}

void ferry_close(struct ferry *f)
{
	struct conn *c;
	struct mux *m;
	uint32_t channel;
	enum err e;

	if (f == NULL)
		return;
	c = f->conn;
	if (!ferry_leave(f, &channel))
		return;
	m = conn_mux(c);
	e = m != NULL ? mux_close(m, channel) : E_OK;
	if (e != E_OK)
		conn_fail(c, e, "closing a tunnel");
	conn_wake(c);
}
