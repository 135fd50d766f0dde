/* SPDX-License-Identifier: ISC */
/* The forwards over a real mux, whose way out is an array. */
#include "client/forwards.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "harness.h"
#include "wire/msgs.h"
#include "wire/reader.h"

enum { SENT_MAX = 64 * 1024, SAID_MAX = 8192 };

struct wire_end {
	uint8_t sent[SENT_MAX];
	size_t len;
};

static enum err begin(void *ctx, size_t max, struct writer *w)
{
	struct wire_end *end = ctx;

	wr_init(w, (struct span){end->sent + end->len, SENT_MAX - end->len});
	return E_OK;
}

static enum err end(void *ctx, struct writer *w)
{
	struct wire_end *at = ctx;

	at->len += wr_bytes(w).len;
	return wr_ok(w) ? E_OK : E_LIMIT;
}

struct bench {
	struct wire_end wire;
	struct mux *mux;
	struct forwards forwards;
	struct forward_spec specs[4];
	char said[SAID_MAX];
};

static void hear(void *ctx, enum log_level level, const char *line)
{
	struct bench *b = ctx;
	size_t len = strlen(b->said);

	snprintf(b->said + len, sizeof(b->said) - len, "%s\n", line);
}

static struct bench *bench_new(size_t count, const char *const *specs)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct mux_config cfg = {.window = WINDOW_START,
		.packet_max = DATA_MAX,
		.channels_max = 16,
		.port = {.ctx = &b->wire, .begin = begin, .end = end}};
	struct fault f = {0};

	REQUIRE(b != NULL);
	for (size_t i = 0; i < count; i++)
		REQUIRE_EQ(forward_spec_remote(&b->specs[i], specs[i], &f), E_OK);
	REQUIRE_EQ(mux_new(&cfg, &b->mux), E_OK);
	forwards_init(&b->forwards, b->specs, count);
	log_setup(LOG_LEVEL_INFO, hear, b);
	return b;
}

static void bench_free(struct bench *b)
{
	log_setup(LOG_LEVEL_INFO, log_to_stderr, NULL);
	forwards_fini(&b->forwards);
	mux_free(b->mux);
	free(b);
}

/* The relay's reply to the oldest request; port 0: a success without one, -1: a failure. */
static bool reply(struct bench *b, int port, const char *reason, enum forwards_manner manner)
{
	struct forward *which;
	uint8_t payload[8];
	struct writer w;
	struct mux_event ev;
	struct fault f = {0};

	wr_init(&w, (struct span){payload, sizeof(payload)});
	wr_u8(&w, port < 0 ? MSG_REQUEST_FAILURE : MSG_REQUEST_SUCCESS);
	if (port > 0)
		wr_u32(&w, (uint32_t)port);
	REQUIRE_EQ(mux_on(b->mux, wr_bytes(&w), &ev, &f), E_OK);
	REQUIRE_EQ(ev.kind, MUX_GLOBAL_REPLY);
	return forwards_on_reply(&b->forwards, &ev, reason, manner, &which) == FORWARDS_UP;
}

static void check_match(struct bench *b, const char *host, uint32_t port, int index)
{
	const struct forward *found = forwards_match(&b->forwards, bytes_str(host), port);

	harness_note("%s %u", host, port);
	CHECK_EQ(found != NULL ? found - b->forwards.items : -1, index);
}

TEST(requests_leave_in_order_and_as_written)
{
	static const char *const specs[] = {
		"2222:localhost:22", "*:80:web:8080", "[::1]:443:h:1", "0:h:9"};
	static const struct {
		const char *host;
		uint32_t port;
	} want[] = {{"localhost", 2222}, {"", 80}, {"::1", 443}, {"localhost", 0}};
	struct bench *b = bench_new(4, specs);
	struct reader r;

	REQUIRE_EQ(forwards_ask(&b->forwards, b->mux), E_OK);
	rd_init(&r, bytes_of(b->wire.sent, b->wire.len));
	for (size_t i = 0; i < 4; i++) {
		CHECK_EQ(rd_u8(&r), MSG_GLOBAL_REQUEST);
		CHECK(bytes_is(rd_string(&r, 64), "tcpip-forward"));
		CHECK(rd_bool(&r));
		CHECK(bytes_is(rd_string(&r, 64), want[i].host));
		CHECK_EQ(rd_u32(&r), want[i].port);
	}
	CHECK(rd_end(&r));
	bench_free(b);
}

TEST(replies_say_what_ssh_says)
{
	static const char *const specs[] = {"2222:localhost:22", "22:h:1", "0:web:80", "0:web:81"};
	struct bench *b = bench_new(4, specs);

	REQUIRE_EQ(forwards_ask(&b->forwards, b->mux), E_OK);
	CHECK(reply(b, 0, NULL, FORWARDS_WARN));
	CHECK_STR(b->said, "");
	CHECK(!forwards_are_answered(&b->forwards));
	CHECK(!reply(b, -1, "bind [127.0.0.1]:22: Permission denied", FORWARDS_WARN));
	CHECK_STR(b->said, "Warning: remote port forwarding failed for listen port 22\n"
			   "The relay says: bind [127.0.0.1]:22: Permission denied\n");
	b->said[0] = '\0';
	CHECK(reply(b, 40123, NULL, FORWARDS_WARN));
	CHECK_STR(b->said, "Allocated port 40123 for remote forward to web:80\n");
	b->said[0] = '\0';
	CHECK(!reply(b, -1, "", FORWARDS_FATAL));
	CHECK_STR(b->said, "Error: remote port forwarding failed for listen port 0\n");
	CHECK(forwards_are_answered(&b->forwards));
	/* What was refused is nobody's. */
	check_match(b, "localhost", 22, -1);
	check_match(b, "localhost", 2222, 0);
	check_match(b, "localhost", 40123, 2);
	check_match(b, "localhost", 0, -1);
	bench_free(b);
}

TEST(a_port_nobody_names_is_no_success)
{
	static const char *const specs[] = {"0:web:80", "0:web:81", "0:web:82"};
	struct bench *b = bench_new(3, specs);

	REQUIRE_EQ(forwards_ask(&b->forwards, b->mux), E_OK);
	CHECK(!reply(b, 0, NULL, FORWARDS_WARN));
	CHECK(!reply(b, 65536, NULL, FORWARDS_WARN));
	CHECK(reply(b, 65535, NULL, FORWARDS_WARN));
	check_match(b, "localhost", 65535, 2);
	bench_free(b);
}

TEST(r32_visitors_are_matched_exactly_before_by_port_alone)
{
	static const char *const specs[] = {
		"127.0.0.1:80:a:1", "127.0.0.2:80:b:2", "*:81:c:3", "82:d:4"};
	struct bench *b = bench_new(4, specs);

	check_match(b, "127.0.0.1", 80, -1); /* not asked for yet */
	REQUIRE_EQ(forwards_ask(&b->forwards, b->mux), E_OK);
	/* The port may be open before its answer is here, which waits for those before it. */
	check_match(b, "127.0.0.1", 80, 0);
	check_match(b, "localhost", 0, -1);
	for (int i = 0; i < 4; i++)
		CHECK(reply(b, 0, NULL, FORWARDS_WARN));
	check_match(b, "127.0.0.1", 80, 0);
	check_match(b, "127.0.0.2", 80, 1);
	check_match(b, "127.0.0.3", 80, -1); /* two could be meant */
	check_match(b, "", 81, 2);
	check_match(b, "0.0.0.0", 81, 2);
	check_match(b, "localhost", 82, 3);
	check_match(b, "127.0.0.1", 82, 3);
	check_match(b, "localhost", 83, -1);
	check_match(b, "localhost", 82 + 65536, -1);
	bench_free(b);
}

/* The ports of the requests that were sent since the last look. */
static size_t sent_ports(struct bench *b, uint32_t *ports)
{
	struct reader r;
	size_t n = 0;

	rd_init(&r, bytes_of(b->wire.sent, b->wire.len));
	while (rd_left(&r) > 0 && rd_ok(&r)) {
		rd_u8(&r);
		rd_string(&r, 64);
		rd_bool(&r);
		rd_string(&r, 64);
		ports[n++] = rd_u32(&r);
	}
	CHECK(rd_end(&r));
	b->wire.len = 0;
	return n;
}

TEST(what_was_refused_is_asked_for_again_and_nothing_else)
{
	static const char *const specs[] = {"80:a:1", "81:b:2"};
	struct bench *b = bench_new(2, specs);
	uint32_t ports[4];

	REQUIRE_EQ(forwards_ask(&b->forwards, b->mux), E_OK);
	REQUIRE_EQ(forwards_ask(&b->forwards, b->mux), E_OK);
	CHECK_EQ(sent_ports(b, ports), 2); /* what waits for an answer is not asked for twice */
	CHECK(reply(b, 0, NULL, FORWARDS_RETRY));
	CHECK(!reply(b, -1, "taken", FORWARDS_RETRY));
	CHECK_STR(b->said, "Warning: remote port forwarding failed for listen port 81\n"
			   "The relay says: taken\n"
			   "Port 81 is asked for again until the relay gives it.\n");
	for (int i = 0; i < 100; i++) {
		b->said[0] = '\0';
		REQUIRE_EQ(forwards_ask(&b->forwards, b->mux), E_OK);
		REQUIRE_EQ(sent_ports(b, ports), 1);
		CHECK_EQ(ports[0], 81);
		CHECK(!reply(b, -1, "taken", FORWARDS_RETRY));
		CHECK_STR(b->said, ""); /* told once */
	}
	REQUIRE_EQ(forwards_ask(&b->forwards, b->mux), E_OK);
	CHECK(!reply(b, -1, "not allowed", FORWARDS_RETRY));
	CHECK(strstr(b->said, "The relay says: not allowed\n") != NULL);
	REQUIRE_EQ(forwards_ask(&b->forwards, b->mux), E_OK);
	CHECK(reply(b, 0, NULL, FORWARDS_RETRY));
	CHECK_EQ(forwards_count(&b->forwards, FORWARD_UP), 2);
	bench_free(b);
}

TEST(all_of_them_are_asked_for_on_the_next_connection)
{
	static const char *const specs[] = {"80:a:1", "81:b:2"};
	struct bench *b = bench_new(2, specs);
	uint32_t ports[4];

	REQUIRE_EQ(forwards_ask(&b->forwards, b->mux), E_OK);
	CHECK(reply(b, 0, NULL, FORWARDS_RETRY));
	forwards_on_down(&b->forwards);
	check_match(b, "localhost", 80, -1);
	CHECK(!forwards_are_answered(&b->forwards));
	sent_ports(b, ports);
	REQUIRE_EQ(forwards_ask(&b->forwards, b->mux), E_OK);
	CHECK_EQ(sent_ports(b, ports), 2);
	bench_free(b);
}

TEST(a_port_the_relay_chose_is_asked_for_again_but_not_for_ever)
{
	static const char *const specs[] = {"0:a:1"};
	struct bench *b = bench_new(1, specs);
	uint32_t ports[4];

	REQUIRE_EQ(forwards_ask(&b->forwards, b->mux), E_OK);
	CHECK(reply(b, 40123, NULL, FORWARDS_RETRY));
	sent_ports(b, ports);
	forwards_on_down(&b->forwards);
	for (int i = 0; i < FORWARDS_SAME_PORT_TRIES; i++) {
		REQUIRE_EQ(forwards_ask(&b->forwards, b->mux), E_OK);
		REQUIRE_EQ(sent_ports(b, ports), 1);
		CHECK_EQ(ports[0], 40123);
		CHECK(!reply(b, -1, "", FORWARDS_RETRY));
	}
	REQUIRE_EQ(forwards_ask(&b->forwards, b->mux), E_OK);
	REQUIRE_EQ(sent_ports(b, ports), 1);
	CHECK_EQ(ports[0], 0);
	CHECK(reply(b, 40999, NULL, FORWARDS_RETRY));
	check_match(b, "localhost", 40999, 0);
	bench_free(b);
}

/* --- that come and go ---------------------------------------------------------------------------
 */

static struct forward *add(struct bench *b, const char *text)
{
	struct forward_spec spec;
	struct forward *one = NULL;
	struct fault f = {0};

	REQUIRE_EQ(forward_spec_remote(&spec, text, &f), E_OK);
	CHECK(forwards_find(&b->forwards, &spec) == NULL);
	REQUIRE_EQ(forwards_add(&b->forwards, &spec, &one), E_OK);
	CHECK(forwards_find(&b->forwards, &spec) == one);
	return one;
}

/* The name of the oldest message that was sent, and its port. */
static void check_sent(struct bench *b, const char *name, uint32_t port)
{
	struct reader r;

	rd_init(&r, bytes_of(b->wire.sent, b->wire.len));
	rd_u8(&r);
	CHECK(bytes_is(rd_string(&r, 64), name));
	rd_bool(&r);
	rd_string(&r, 64);
	CHECK_EQ(rd_u32(&r), port);
	CHECK(rd_end(&r));
	b->wire.len = 0;
}

TEST(one_that_comes_later_is_asked_for_alone_and_again_after_a_loss)
{
	static const char *const specs[] = {"80:a:1"};
	struct bench *b = bench_new(1, specs);
	struct forward *one;

	REQUIRE_EQ(forwards_ask(&b->forwards, b->mux), E_OK);
	CHECK(reply(b, 0, NULL, FORWARDS_WARN));
	b->wire.len = 0;
	one = add(b, "81:b:2");
	CHECK(one->is_new && forwards_wanted(&b->forwards) == 2);
	REQUIRE_EQ(forwards_ask(&b->forwards, b->mux), E_OK);
	check_sent(b, "tcpip-forward", 81);
	CHECK(reply(b, 0, NULL, FORWARDS_WARN));
	CHECK(!one->is_new && one->state == FORWARD_UP);
	forwards_on_down(&b->forwards);
	CHECK_EQ(forwards_count(&b->forwards, FORWARD_WANTED), 2);
	bench_free(b);
}

TEST(one_that_was_never_given_is_gone_with_the_connection)
{
	struct bench *b = bench_new(0, NULL);

	add(b, "81:b:2");
	REQUIRE_EQ(forwards_ask(&b->forwards, b->mux), E_OK);
	forwards_on_down(&b->forwards);
	CHECK_EQ(forwards_wanted(&b->forwards), 0);
	bench_free(b);
}

TEST(cancelling_tells_the_relay_and_leaves_visitors_alone)
{
	static const char *const specs[] = {"80:a:1", "0:b:2"};
	struct bench *b = bench_new(2, specs);
	struct forward *first = &b->forwards.items[0], *second = &b->forwards.items[1], *third;
	struct passage *p;

	REQUIRE_EQ(forwards_ask(&b->forwards, b->mux), E_OK);
	CHECK(reply(b, 0, NULL, FORWARDS_WARN));
	CHECK(reply(b, 40123, NULL, FORWARDS_WARN));
	b->wire.len = 0;
	p = passage_new(&first->traffic, 0, "somebody");
	REQUIRE(p != NULL);
	REQUIRE_EQ(forwards_cancel(first, b->mux), E_OK);
	check_sent(b, "cancel-tcpip-forward", 80);
	REQUIRE_EQ(forwards_cancel(second, b->mux), E_OK);
	check_sent(b, "cancel-tcpip-forward", 40123);
	check_match(b, "localhost", 80, -1);
	CHECK(forwards_are_answered(&b->forwards));
	/* The place of one that still has a visitor is not given away. */
	CHECK(add(b, "90:c:3") == second);
	third = add(b, "91:d:4");
	CHECK(third != first && third != second);
	passage_end(p, NULL);
	CHECK(add(b, "92:e:5") == first);
	bench_free(b);
}

TEST(one_that_is_cancelled_before_its_port_is_known_is_left_when_it_comes)
{
	static const char *const specs[] = {"0:a:1"};
	struct bench *b = bench_new(1, specs);
	struct forward *one = &b->forwards.items[0];

	REQUIRE_EQ(forwards_ask(&b->forwards, b->mux), E_OK);
	b->wire.len = 0;
	REQUIRE_EQ(forwards_cancel(one, b->mux), E_OK);
	CHECK_EQ(b->wire.len, 0);
	CHECK(add(b, "80:b:2") != one);		      /* whose answer is still to come */
	CHECK(!reply(b, 40123, NULL, FORWARDS_WARN)); /* FORWARDS_LEFT */
	CHECK_EQ(one->state, FORWARD_GONE);
	REQUIRE_EQ(forwards_send_cancel(one, b->mux), E_OK);
	check_sent(b, "cancel-tcpip-forward", 40123);
	bench_free(b);
}

TEST(there_is_a_last_one)
{
	struct bench *b = bench_new(0, NULL);
	struct forward_spec spec = {.listen_port = 1};
	struct forward *one;

	for (int i = 0; i < CLIENT_FORWARDS_MAX; i++)
		REQUIRE_EQ(forwards_add(&b->forwards, &spec, &one), E_OK);
	CHECK_EQ(forwards_add(&b->forwards, &spec, &one), E_LIMIT);
	REQUIRE_EQ(forwards_cancel(&b->forwards.items[7], NULL), E_OK);
	CHECK_EQ(forwards_add(&b->forwards, &spec, &one), E_OK);
	CHECK(one == &b->forwards.items[7]);
	bench_free(b);
}
