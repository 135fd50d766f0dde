/* SPDX-License-Identifier: ISC */
#include "transport/rekey.h"

#include "harness.h"

struct ways {
	struct packet_in in;
	struct packet_out out;
};

static struct cipher *make(const char *name, enum cipher_dir dir)
{
	const struct cipher_keys keys = {.iv = {0}};
	struct cipher *c = cipher_new(dir, cipher_alg_find(bytes_str(name)), NULL, &keys);

	REQUIRE(c != NULL);
	return c;
}

static void open_ways(struct ways *w, const char *name)
{
	*w = (struct ways){.in = {.cipher = make(name, CIPHER_OPEN)},
		.out = {.cipher = make(name, CIPHER_SEAL)}};
}

static void close_ways(struct ways *w)
{
	packet_in_fini(&w->in);
	packet_out_fini(&w->out);
}

static bool is_due(const struct rekey *r, const struct ways *w, uint64_t now_ms)
{
	return rekey_reason(r, &w->in, &w->out, now_ms) != NULL;
}

TEST(bytes_of_either_direction)
{
	struct rekey r;
	struct ways w;

	open_ways(&w, "aes128-gcm@openssh.com");
	rekey_init(&r, 1000, 0);
	rekey_done(&r, 0);
	w.in.bytes = w.out.bytes = 999;
	CHECK(!is_due(&r, &w, UINT64_MAX - 1));
	w.in.bytes = 1000;
	CHECK(is_due(&r, &w, 0));
	w.in.bytes = 0;
	w.out.bytes = 1000;
	CHECK(is_due(&r, &w, 0));
	close_ways(&w);
}

/* OpenSSH: 1 GiB under a chacha20 key, 64 GiB under AES, whatever larger amount is configured. */
TEST(blocks_of_the_cipher)
{
	static const struct {
		const char *name;
		uint64_t blocks;
	} limits[] = {{"chacha20-poly1305@openssh.com", (UINT64_C(1) << 30) / 8},
		{"aes128-gcm@openssh.com", UINT64_C(1) << 32}};

	for (int i = 0; i < 2; i++) {
		struct rekey r;
		struct ways w;

		open_ways(&w, limits[i].name);
		rekey_init(&r, UINT64_C(1) << 50, 0);
		w.in.blocks = w.out.blocks = limits[i].blocks - 1;
		CHECK(!is_due(&r, &w, 0));
		w.out.blocks++;
		CHECK(is_due(&r, &w, 0));
		w.out.blocks = 0;
		w.in.blocks++;
		CHECK(is_due(&r, &w, 0));
		close_ways(&w);
	}
}

TEST(packets_always)
{
	struct rekey r;
	struct ways w;

	open_ways(&w, "aes128-gcm@openssh.com");
	rekey_init(&r, 0, 0);
	w.in.packets = w.out.packets = 0x7fffffff;
	CHECK(!is_due(&r, &w, 0));
	w.in.packets++;
	CHECK(is_due(&r, &w, 0));
	w.in.packets = 0;
	w.out.packets++;
	CHECK(is_due(&r, &w, 0));
	close_ways(&w);
}

TEST(time_from_the_last_exchange)
{
	struct rekey r;
	struct ways w;

	open_ways(&w, "aes128-gcm@openssh.com");
	rekey_init(&r, 0, 5000);
	CHECK_EQ(rekey_deadline(&r), UINT64_MAX);
	rekey_done(&r, 100);
	CHECK_EQ(rekey_deadline(&r), 5100);
	CHECK(!is_due(&r, &w, 5099));
	CHECK(is_due(&r, &w, 5100));
	rekey_done(&r, 6000);
	CHECK(!is_due(&r, &w, 10999));
	rekey_done(&r, UINT64_MAX - 10); /* saturates */
	CHECK_EQ(rekey_deadline(&r), UINT64_MAX);
	rekey_init(&r, 0, 0);
	rekey_done(&r, 0);
	CHECK(!is_due(&r, &w, UINT64_MAX - 1));
	close_ways(&w);
}

TEST(an_open_exchange_has_a_minute)
{
	struct rekey r;

	rekey_init(&r, 0, 1000);
	CHECK(!rekey_is_overdue(&r, UINT64_MAX));
	rekey_opened(&r, 500);
	CHECK_EQ(rekey_deadline(&r), 60500);
	rekey_opened(&r, 900); /* the other side's KEXINIT does not prolong it */
	CHECK(!rekey_is_overdue(&r, 60499));
	CHECK(rekey_is_overdue(&r, 60500));
	rekey_done(&r, 60500);
	CHECK(!rekey_is_overdue(&r, UINT64_MAX));
	CHECK_EQ(rekey_deadline(&r), 61500);
}
