/* SPDX-License-Identifier: ISC */
#include "mux/window.h"

#include "harness.h"
#include "seed.h"

TEST(window_send_is_spent_and_grown)
{
	struct send_window w = {.left = 10};

	send_window_spend(&w, 10);
	CHECK_EQ(w.left, 0);
	CHECK_EQ(send_window_grow(&w, 7), E_OK);
	CHECK_EQ(w.left, 7);
}

/* R24, CVE-2025-54804: the sum may not pass 2^32-1. */
TEST(r24_cve_2025_54804_window_send_overflow)
{
	struct send_window w = {.left = 0};

	CHECK_EQ(send_window_grow(&w, UINT32_MAX), E_OK);
	CHECK_EQ(w.left, UINT32_MAX);
	CHECK_EQ(send_window_grow(&w, 0), E_OK);
	CHECK_EQ(send_window_grow(&w, 1), E_LIMIT);
	CHECK_EQ(send_window_grow(&w, UINT32_MAX), E_LIMIT);
	CHECK_EQ(w.left, UINT32_MAX);
	w.left = 1;
	CHECK_EQ(send_window_grow(&w, UINT32_MAX), E_LIMIT);
	CHECK_EQ(send_window_grow(&w, UINT32_MAX - 1), E_OK);
}

static void overspend(void *arg)
{
	send_window_spend(arg, 2);
}

static void overconsume(void *arg)
{
	recv_window_consume(arg, 2);
}

TEST(window_asserts_our_own_duty)
{
	struct send_window s = {.left = 1};
	struct recv_window r;

	CHECK_ABORTS(overspend, &s);
	r = (struct recv_window){.size = 10, .left = 9, .held = 1};
	CHECK_ABORTS(overconsume, &r);
}

static struct recv_window full(uint32_t size)
{
	return (struct recv_window){.size = size, .left = size};
}

/* R25: exactly the window, and not one byte more. */
TEST(r25_window_recv_takes_what_was_granted)
{
	struct recv_window w;

	w = full(100);
	CHECK_EQ(recv_window_take(&w, 101), E_LIMIT);
	CHECK_EQ(w.left, 100);
	CHECK_EQ(recv_window_take(&w, 60), E_OK);
	CHECK_EQ(recv_window_take(&w, 41), E_LIMIT);
	CHECK_EQ(recv_window_take(&w, 40), E_OK);
	CHECK_EQ(recv_window_take(&w, 0), E_OK);
	CHECK_EQ(recv_window_take(&w, 1), E_LIMIT);
	CHECK_EQ(recv_window_take(&w, UINT32_MAX), E_LIMIT);
	CHECK_EQ(w.held, 100);
}

TEST(window_recv_grants_by_the_quarter)
{
	struct recv_window w;

	w = full(1000);
	CHECK_EQ(recv_window_grant(&w, UINT64_MAX), 0);
	REQUIRE_EQ(recv_window_take(&w, 249), E_OK);
	recv_window_consume(&w, 249);
	CHECK_EQ(recv_window_grant(&w, UINT64_MAX), 0); /* not worth a message */
	REQUIRE_EQ(recv_window_take(&w, 1), E_OK);
	recv_window_consume(&w, 1);
	CHECK_EQ(recv_window_grant(&w, UINT64_MAX), 250);
	CHECK_EQ(w.left, 1000);
	CHECK_EQ(recv_window_grant(&w, UINT64_MAX), 0);
	/* Less than half is left: whatever there is. */
	REQUIRE_EQ(recv_window_take(&w, 501), E_OK);
	recv_window_consume(&w, 1);
	CHECK_EQ(recv_window_grant(&w, UINT64_MAX), 1);
	recv_window_consume(&w, 1);
	CHECK_EQ(w.left, 500);
	CHECK_EQ(recv_window_grant(&w, UINT64_MAX), 0);
}

TEST(window_recv_largest)
{
	struct recv_window w;

	w = full(UINT32_MAX);
	CHECK_EQ(recv_window_take(&w, UINT32_MAX), E_OK);
	CHECK_EQ(recv_window_take(&w, 1), E_LIMIT);
	recv_window_consume(&w, UINT32_MAX);
	CHECK_EQ(recv_window_grant(&w, UINT64_MAX), UINT32_MAX);
	CHECK_EQ(w.left, UINT32_MAX);
	w = full(0);
	CHECK_EQ(recv_window_take(&w, 1), E_LIMIT);
	CHECK_EQ(recv_window_grant(&w, UINT64_MAX), 0);
	w = full(1);
	CHECK_EQ(recv_window_take(&w, 1), E_OK);
	recv_window_consume(&w, 1);
	CHECK_EQ(recv_window_grant(&w, UINT64_MAX), 1);
}

/* What was granted stays granted when the size is lowered, and the room is kept to the byte. */
TEST(window_recv_grants_within_size_and_room)
{
	struct recv_window w = full(1000);

	REQUIRE_EQ(recv_window_take(&w, 1000), E_OK);
	w.size = 300;
	recv_window_consume(&w, 700);
	CHECK_EQ(recv_window_grant(&w, UINT64_MAX), 0);
	recv_window_consume(&w, 100);
	CHECK_EQ(recv_window_grant(&w, UINT64_MAX), 100);
	CHECK_EQ(w.left + w.held, 300);
	w.size = 1000;
	CHECK_EQ(recv_window_grant(&w, 0), 0);
	CHECK_EQ(recv_window_grant(&w, 200), 200);
	CHECK_EQ(w.left, 300);
	/* Worth a message or not is measured by what can be out, not by what one would like. */
	recv_window_consume(&w, 200);
	CHECK_EQ(recv_window_grant(&w, 60), 0);
	CHECK_EQ(recv_window_grant(&w, 100), 100);
}

/* Whatever happens, the peer never holds more credit than the window, no byte is lost, and a reader
 * that keeps up never leaves the peer without credit. */
TEST(window_random_walk)
{
	struct seed s;

	seed_init(&s, 4254);
	for (int round = 0; round < 200; round++) {
		uint32_t size = 1 + (uint32_t)seed_below(&s, 5000);
		struct send_window peer = {.left = size};
		struct recv_window w;

		w = full(size);
		for (int i = 0; i < 200; i++) {
			uint32_t n = (uint32_t)seed_below(&s, size + 1);

			if (n <= peer.left) {
				send_window_spend(&peer, n);
				REQUIRE_EQ(recv_window_take(&w, n), E_OK);
			} else {
				REQUIRE_EQ(recv_window_take(&w, n), E_LIMIT);
			}
			recv_window_consume(&w, (uint32_t)seed_below(&s, w.held + 1));
			REQUIRE_EQ(
				send_window_grow(&peer, recv_window_grant(&w, UINT64_MAX)), E_OK);
			REQUIRE_EQ(peer.left, w.left);
			REQUIRE((uint64_t)w.left + w.held <= size);
		}
		recv_window_consume(&w, w.held);
		REQUIRE_EQ(send_window_grow(&peer, recv_window_grant(&w, UINT64_MAX)), E_OK);
		REQUIRE(peer.left >= size / 2);
		REQUIRE(peer.left > 0);
	}
}
