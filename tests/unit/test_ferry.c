/* SPDX-License-Identifier: ISC */
/* Packets over a real connection; a socket that keeps their bounds stands for the device. */
#include "bridge/ferry.h"

#include "bridge_pair.h"
#include "forward/fairq.h"

enum { PACKET = 1000 };

struct end {
	struct ferry *ferry;
	int device; /* the kernel's side of it */
	unsigned closed, gone;
};

static struct {
	struct end client, server;
	struct sink sink; /* of the client's open */
	uint32_t channel;
	unsigned opened;
	bool has_asked;
} tun;

static void on_closed(void *ctx, bool is_lost)
{
	struct end *end = ctx;

	end->closed++;
}

static void on_gone(void *ctx, int code)
{
	struct end *end = ctx;

	end->gone++;
	ferry_close(end->ferry);
	end->ferry = NULL;
}

static const struct ferry_ops ops = {on_closed, on_gone};

static void end_begin(struct end *end, enum tun_mode mode)
{
	int fds[2];

	REQUIRE_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
	end->device = fds[1];
	REQUIRE_EQ(ferry_new(&pair.hub, fds[0], mode, &ops, end, &end->ferry), E_OK);
}

static void on_opening(struct sink *sink, const struct mux_event *ev)
{
	if (ev->kind == MUX_OPENED)
		tun.opened++;
}

static void on_event(struct peer *p, struct conn *c, const struct event *ev)
{
	if (ev->kind != EV_MUX || ev->mux.kind != MUX_OPEN)
		return;
	REQUIRE_EQ(mux_accept(conn_mux(c), ev->mux.channel, NULL), E_OK);
	ferry_attach(tun.server.ferry, c, ev->mux.channel);
}

static void begin(enum tun_mode mode)
{
	memset(&tun, 0, sizeof(tun));
	pair_begin();
	pair.on_event = on_event;
	end_begin(&tun.client, mode);
	end_begin(&tun.server, mode);
	tun.sink.event = on_opening;
	REQUIRE_EQ(mux_open(conn_mux(pair.client.conn), "tun@openssh.com", (struct bytes){0}, &tun.sink,
			   &tun.channel),
		E_OK);
	conn_wake(pair.client.conn);
	RUN_UNTIL(tun.opened == 1);
}

static void join_client(void)
{
	ferry_attach(tun.client.ferry, pair.client.conn, tun.channel);
}

static void end(void)
{
	ferry_close(tun.client.ferry);
	ferry_close(tun.server.ferry);
	pair_end();
	close(tun.client.device);
	if (tun.server.device >= 0)
		close(tun.server.device);
}

/* An IPv4 packet with a mark. */
static void send_packet(struct end *from, uint8_t mark, size_t len)
{
	uint8_t packet[TUN_DATA_MAX] = {0x45, mark};

	REQUIRE_EQ(send(from->device, packet, len, 0), (ssize_t)len);
}

/* The next packet's mark; -1: there is none now. */
static int take_packet(struct end *at, size_t *len)
{
	uint8_t packet[TUN_DATA_MAX + 8];
	ssize_t n = recv(at->device, packet, sizeof(packet), MSG_DONTWAIT);

	if (n < 2)
		return -1;
	*len = (size_t)n;
	return packet[1];
}

static struct ferry_counts counts_of(struct end *end)
{
	struct ferry_counts c;

	ferry_counts(end->ferry, &c);
	return c;
}

TEST(ferry_carries_packets_whole_and_in_order)
{
	size_t len = 0;

	begin(TUN_POINT_TO_POINT);
	join_client();
	for (uint8_t i = 0; i < 100; i++)
		send_packet(i % 2 ? &tun.client : &tun.server, i, 20 + 9 * (size_t)i);
	RUN_UNTIL(counts_of(&tun.client).packets_in == 50 && counts_of(&tun.server).packets_in == 50);
	for (uint8_t i = 0; i < 100; i++) {
		REQUIRE_EQ(take_packet(i % 2 ? &tun.server : &tun.client, &len), i);
		CHECK_EQ(len, 20 + 9 * (size_t)i);
	}
	send_packet(&tun.client, 7, TUN_MTU_MAX);
	RUN_UNTIL(counts_of(&tun.server).packets_in == 51);
	CHECK_EQ(take_packet(&tun.server, &len), 7);
	CHECK_EQ(len, TUN_MTU_MAX);
	end();
}

TEST(ferry_of_frames)
{
	size_t len = 0;

	begin(TUN_ETHERNET);
	join_client();
	send_packet(&tun.client, 7, 14);
	send_packet(&tun.client, 8, 20000);
	RUN_UNTIL(counts_of(&tun.server).packets_in == 2);
	CHECK_EQ(take_packet(&tun.server, &len), 7);
	CHECK_EQ(len, 14);
	CHECK_EQ(take_packet(&tun.server, &len), 8);
	CHECK_EQ(len, 20000);
	end();
}

/* What is too long for the other side, and what is no packet, is lost alone. */
TEST(ferry_loses_what_cannot_go)
{
	size_t len = 0;

	begin(TUN_POINT_TO_POINT);
	join_client();
	send_packet(&tun.client, 1, TUN_MTU_MAX + 1);
	send_packet(&tun.client, 2, 19);
	send_packet(&tun.client, 3, 20);
	RUN_UNTIL(counts_of(&tun.server).packets_in == 1);
	CHECK_EQ(take_packet(&tun.server, &len), 3);
	CHECK_EQ(counts_of(&tun.client).oversized, 2);
	CHECK(ferry_is_attached(tun.client.ferry));
	end();
}

TEST(ferry_loses_malformed_packets_of_the_peer)
{
	static const char *const bad[] = {"x", "\0\0\0\2", "\0\0\0\2E", ("\0\0\0\x18" "E2345678901234567890")};
	struct mux_channel_info info;
	struct mux *m;
	size_t len = 0, sum = 0;

	begin(TUN_POINT_TO_POINT); /* the client has a channel, and no ferry */
	m = conn_mux(pair.client.conn);
	for (size_t i = 0; i < 4; i++) {
		struct bytes data = i == 0 ? bytes_str(bad[0]) : bytes_of(bad[i], i == 3 ? 24 : 3 + i);

		REQUIRE_EQ(mux_write(m, tun.channel, 0, data), E_OK);
		REQUIRE_EQ(mux_write(m, tun.channel, 5, data), E_OK); /* of another kind */
		sum += 2 * data.len;
	}
	REQUIRE_EQ(mux_write(m, tun.channel, 0, bytes_of("\0\0\0\2E\x09""345678901234567890", 24)), E_OK);
	conn_wake(pair.client.conn);
	RUN_UNTIL(counts_of(&tun.server).packets_in == 1);
	CHECK_EQ(take_packet(&tun.server, &len), 9);
	CHECK_EQ(counts_of(&tun.server).malformed, 8);
	CHECK(ferry_is_attached(tun.server.ferry));
	/* They were given back, so that the window stays what it is. */
	REQUIRE(mux_channel_info(conn_mux(pair.server.conn), 0, &info));
	CHECK_EQ(info.recv_left + sum + 24, info.recv_max);
	end();
}

/* The line is shut: packets wait in order of their flows, those that come are bounded, and none is torn. */
TEST(ferry_queues_and_drops)
{
	struct ferry_counts c;
	uint64_t sent = 0;
	size_t len;

	begin(TUN_POINT_TO_POINT);
	join_client();
	/* The server is made to look away from its connection. */
	pair.server.conn->watch.is_muted = true;
	uv_poll_stop(&pair.server.conn->watch.poll);
	pair.server.conn->watch.armed = UV_READABLE;
	pair.server.conn->watch.is_readable = false;
	for (int round = 0; round < 20000 && (c = counts_of(&tun.client)).dropped == 0; round++) {
		for (int i = 0; i < 10; i++) {
			uint8_t packet[PACKET] = {0x45, 1};

			sent += send(tun.client.device, packet, sizeof(packet), 0) > 0;
		}
		uv_run(&pair.loop, UV_RUN_NOWAIT);
	}
	CHECK(c.dropped > 0);
	CHECK(sent >= c.packets_out + c.dropped);
	CHECK(pool_out(pair.hub.env.pool) < 4 * FAIRQ_BYTES);
	/* And it goes on when there is a line again. */
	pair.server.conn->watch.armed = 0;
	pair.server.conn->watch.is_muted = false;
	pair.server.conn->watch.is_readable = true;
	conn_wake(pair.server.conn);
	RUN_UNTIL(counts_of(&tun.server).packets_in + counts_of(&tun.server).refused >=
		  counts_of(&tun.client).packets_out && counts_of(&tun.client).packets_out >= c.packets_out);
	while (take_packet(&tun.server, &len) >= 0)
		CHECK_EQ(len, PACKET);
	end();
}

TEST(ferry_throws_away_what_stood_in_the_device)
{
	size_t len = 0;

	begin(TUN_POINT_TO_POINT);
	send_packet(&tun.client, 1, 100);
	send_packet(&tun.client, 2, 100);
	join_client();
	send_packet(&tun.client, 3, 100);
	RUN_UNTIL(counts_of(&tun.server).packets_in == 1);
	CHECK_EQ(take_packet(&tun.server, &len), 3);
	end();
}

TEST(ferry_stays_when_its_channel_goes)
{
	begin(TUN_POINT_TO_POINT);
	join_client();
	ferry_close(tun.server.ferry);
	tun.server.ferry = NULL;
	RUN_UNTIL(tun.client.closed == 1);
	CHECK(!ferry_is_attached(tun.client.ferry));
	close(tun.server.device);
	/* The same device over another channel. */
	end_begin(&tun.server, TUN_POINT_TO_POINT);
	REQUIRE_EQ(mux_open(conn_mux(pair.client.conn), "tun@openssh.com", (struct bytes){0}, &tun.sink,
			   &tun.channel),
		E_OK);
	conn_wake(pair.client.conn);
	RUN_UNTIL(tun.opened == 2);
	join_client();
	send_packet(&tun.client, 5, 100);
	RUN_UNTIL(counts_of(&tun.server).packets_in == 1);
	end();
}

TEST(ferry_hears_of_a_lost_connection)
{
	begin(TUN_POINT_TO_POINT);
	join_client();
	conn_close(pair.client.conn, DISCONNECT_BY_APPLICATION, "over");
	RUN_UNTIL(pair.client.conn == NULL && pair.server.conn == NULL);
	CHECK_EQ(tun.client.closed, 1);
	CHECK_EQ(tun.server.closed, 1);
	end();
}

/* A socket whose other end is closed says end of file, which no device does; that is nothing here. */
TEST(ferry_of_a_device_without_an_end)
{
	begin(TUN_POINT_TO_POINT);
	join_client();
	close(tun.server.device);
	tun.server.device = -1;
	send_packet(&tun.client, 5, 100);
	RUN_UNTIL(counts_of(&tun.server).refused == 1);
	CHECK_EQ(tun.server.gone, 0);
	end();
}
