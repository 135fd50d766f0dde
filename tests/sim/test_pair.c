/* SPDX-License-Identifier: ISC */
/* Whole connections in memory: every split, slow readers, rekey storms, freeze and thaw. */
#include "sim/pair.h"

#include <stdlib.h>
#include "support/harness.h"

static void run(const struct pair_options *o, unsigned max_steps)
{
	struct pair p;

	REQUIRE(pair_init(&p, o));
	if (!CHECK(pair_run(&p, max_steps)))
		FAIL("client: %s; server: %s; closed %u/%u of %u", p.client.fault.text,
			p.server.fault.text, p.client.closed, p.server.closed, o->channels);
	pair_fini(&p);
}

TEST(login_and_one_channel)
{
	run(&(struct pair_options){.seed = 1, .channels = 1, .bytes = 100000}, 1000);
}

TEST(nothing_but_login)
{
	run(&(struct pair_options){.seed = 2}, 100);
}

TEST(empty_streams)
{
	run(&(struct pair_options){.seed = 3, .channels = 3, .bytes = 0}, 100);
}

TEST(many_channels)
{
	run(&(struct pair_options){.seed = 4, .channels = 64, .bytes = 300000}, 10000);
}

TEST(more_than_a_window)
{
	run(&(struct pair_options){.seed = 5, .channels = 1, .bytes = 20u << 20}, 10000);
}

TEST(one_byte_at_a_time)
{
	run(&(struct pair_options){.seed = 6, .channels = 2, .bytes = 3000, .cut = 1}, 200000);
}

TEST(deliveries_of_every_small_size)
{
	for (size_t cut = 2; cut < 80; cut++)
		run(&(struct pair_options){.seed = cut, .channels = 1, .bytes = 5000, .cut = cut},
			200000);
}

/* The bytes of a whole login are cut once, at every place in turn. */
TEST(one_cut_at_every_place)
{
	size_t end = 1;

	for (size_t at = 0; at < end; at++) {
		struct pair p;
		struct pair_options o = {.seed = 7, .channels = 1, .bytes = 10};
		size_t seen = 0;

		REQUIRE(pair_init(&p, &o));
		for (unsigned i = 0; i < 200 && !pair_is_done(&p) && !p.client.dead; i++) {
			size_t n = p.client.queue_len;

			if (seen < at && seen + n > at)
				n = at - seen;
			seen += n;
			p.now_ms++;
			pair_turn(&p, &p.server, &p.client, n);
			pair_turn(&p, &p.client, &p.server, p.server.queue_len);
		}
		CHECK(pair_is_done(&p));
		end = (size_t)p.client.wire_bytes;
		pair_fini(&p);
	}
	CHECK(end > 1000);
}

TEST(slow_readers)
{
	run(&(struct pair_options){.seed = 8, .channels = 16, .bytes = 3u << 20, .slow_one_in = 7},
		20000);
}

TEST(rekey_at_random_from_both_sides)
{
	for (uint64_t seed = 1; seed <= 20; seed++)
		run(&(struct pair_options){.seed = seed,
			    .channels = 8,
			    .bytes = 400000,
			    .cut = 9001,
			    .slow_one_in = 3,
			    .rekey_one_in = 4},
			20000);
}

TEST(rekey_storm)
{
	run(&(struct pair_options){.seed = 9,
		    .channels = 4,
		    .bytes = 2u << 20,
		    .rekey_one_in = 1,
		    .cut = 4000},
		40000);
}

TEST(rekey_by_bytes)
{
	struct pair p;
	struct pair_options o = {
		.seed = 10, .channels = 1, .bytes = 4u << 20, .rekey_bytes = 65536};
	struct session_counts c;

	REQUIRE(pair_init(&p, &o));
	CHECK(pair_run(&p, 20000));
	session_counts(p.client.s, &c);
	CHECK(c.rekeys >= 5);
	pair_fini(&p);
}

/* What one end has sent the other has got, over rekeying and freezing. */
TEST(packets_are_counted_the_same_at_both_ends)
{
	struct pair p;
	struct pair_options o = {.seed = 12,
		.channels = 2,
		.bytes = 1u << 20,
		.rekey_bytes = 65536,
		.freeze_one_in = 7};
	struct session_counts client, server;

	REQUIRE(pair_init(&p, &o));
	REQUIRE(pair_run(&p, 20000));
	for (unsigned i = 0; i < 20; i++)
		pair_step(&p); /* what is still under way arrives */
	REQUIRE_EQ(p.client.queue_len + p.server.queue_len, 0);
	session_counts(p.client.s, &client);
	session_counts(p.server.s, &server);
	CHECK(client.packets_out > 30);
	CHECK_EQ(client.packets_out, server.packets_in);
	CHECK_EQ(server.packets_out, client.packets_in);
	CHECK_EQ(client.bytes_out, server.bytes_in);
	pair_fini(&p);
}

static void each_name(const char *list, void (*fn)(const char *name))
{
	char copy[512], *save = NULL;

	REQUIRE(strlen(list) < sizeof(copy));
	strcpy(copy, list);
	for (char *name = strtok_r(copy, ",", &save); name != NULL;
		name = strtok_r(NULL, ",", &save))
		fn(name);
}

static void with_kex(const char *name)
{
	run(
		&(struct pair_options){
			.seed = 11, .channels = 2, .bytes = 50000, .kex = name, .rekey_one_in = 5},
		2000);
}

TEST(every_key_exchange)
{
	each_name(exchange_default_list(), with_kex);
}

static const char *cipher_now;

static void with_mac(const char *name)
{
	run(&(struct pair_options){.seed = 12,
		    .channels = 2,
		    .bytes = 200000,
		    .cut = 5000,
		    .ciphers = cipher_now,
		    .macs = name,
		    .rekey_one_in = 9,
		    .freeze_one_in = 5},
		4000);
}

static void with_cipher(const char *name)
{
	cipher_now = name;
	each_name(mac_default_list(), with_mac);
}

TEST(every_cipher_and_mac_with_rekey_and_freeze)
{
	each_name(cipher_default_list(), with_cipher);
}

TEST(frozen_at_every_step)
{
	static const size_t cuts[] = {1, 37, 1000, 40000};

	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		struct pair p;
		struct pair_options o = {.seed = 13 + i,
			.channels = 3,
			.bytes = 200 * cuts[i] < 300000 ? 2000 : 300000,
			.cut = cuts[i],
			.freeze_one_in = 1,
			.rekey_one_in = 50,
			.slow_one_in = 3};

		REQUIRE(pair_init(&p, &o));
		if (!CHECK(pair_run(&p, 400000)))
			FAIL("client: %s; server: %s", p.client.fault.text, p.server.fault.text);
		CHECK(p.freezes > 10);
		pair_fini(&p);
	}
}

/* What thaw is given is not trusted: cut anywhere, or with a byte changed, it is refused or makes a
 * session that can be freed; never a crash. */
TEST(a_spoilt_frozen_session)
{
	struct pair p;
	struct pair_options o = {.seed = 17, .channels = 3, .bytes = 50000, .cut = 3000};
	struct buf frozen;
	struct session *s = NULL;

	REQUIRE(pair_init(&p, &o));
	for (unsigned i = 0; i < 12; i++)
		pair_step(&p);
	buf_init(&frozen, FREEZE_MAX);
	REQUIRE_EQ(session_freeze(p.client.s, p.now_ms, &frozen), E_OK);
	for (size_t n = 0; n < buf_bytes(&frozen).len; n++) {
		CHECK(session_thaw(&p.client.cfg, &p.client.env,
			      bytes_of(buf_bytes(&frozen).ptr, n), p.now_ms, &s) != E_OK);
	}
	for (unsigned i = 0; i < 3000; i++) {
		uint8_t *mem = malloc(buf_bytes(&frozen).len);
		size_t at = (size_t)seed_below(&p.seed, buf_bytes(&frozen).len);

		memcpy(mem, buf_bytes(&frozen).ptr, buf_bytes(&frozen).len);
		mem[at] ^= (uint8_t)(1 + seed_below(&p.seed, 255));
		if (session_thaw(&p.client.cfg, &p.client.env,
			    bytes_of(mem, buf_bytes(&frozen).len), p.now_ms, &s) == E_OK)
			session_free(s);
		free(mem);
	}
	buf_fini(&frozen);
	pair_fini(&p);
}
