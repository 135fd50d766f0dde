/* SPDX-License-Identifier: ISC */
#include "wire/reader.h"

#include "harness.h"
#include "hex.h"
#include "seed.h"

static uint8_t mem[512];

static void start(struct reader *r, const char *hex)
{
	rd_init(r, bytes_of(mem, hex_to(hex, mem, sizeof(mem))));
}

TEST(reader_reads_in_order)
{
	struct reader r;

	/* the uint32 and uint64 are the examples of RFC 4251 5 or made like them */
	start(&r, "ff 29b7f4aa 0123456789abcdef 00 01 80 00000007 74657374696e67 aabb cc");
	CHECK_EQ(rd_u8(&r), 0xff);
	CHECK_EQ(rd_u32(&r), 699921578);
	CHECK_EQ(rd_u64(&r), 0x0123456789abcdef);
	CHECK_EQ(rd_bool(&r), false);
	CHECK_EQ(rd_bool(&r), true);
	CHECK_EQ(rd_bool(&r), true);
	CHECK_BYTES(rd_string(&r, 7), bytes_str("testing"));
	CHECK_BYTES(rd_raw(&r, 2), bytes_str("\xaa\xbb"));
	CHECK_EQ(rd_left(&r), 1);
	CHECK(rd_ok(&r));
	CHECK(!rd_end(&r));
	CHECK_BYTES(rd_rest(&r), bytes_str("\xcc"));
	CHECK(rd_end(&r));
	CHECK_EQ(rd_rest(&r).len, 0);
	CHECK(rd_end(&r));
}

TEST(reader_takes_no_input_at_all)
{
	struct reader r;

	rd_init(&r, bytes_of(NULL, 0));
	CHECK(rd_end(&r));
	CHECK_EQ(rd_left(&r), 0);
	CHECK_EQ(rd_raw(&r, 0).len, 0);
	CHECK(rd_end(&r));
	CHECK_EQ(rd_u8(&r), 0);
	CHECK(!rd_ok(&r));
}

TEST(reader_failure_sticks)
{
	struct reader r;

	start(&r, "00000004 01020304 05");
	CHECK_EQ(rd_string(&r, 3).len, 0);
	CHECK(!rd_ok(&r) && !rd_end(&r));
	CHECK_EQ(rd_left(&r), 0);
	CHECK_EQ(rd_u8(&r), 0);
	CHECK_EQ(rd_u32(&r), 0);
	CHECK_EQ(rd_u64(&r), 0);
	CHECK_EQ(rd_bool(&r), false);
	CHECK(rd_raw(&r, 1).ptr == NULL);
	CHECK_EQ(rd_raw(&r, 0).len, 0);
	CHECK_EQ(rd_string(&r, 9).len, 0);
	CHECK_EQ(rd_text(&r, 9).len, 0);
	CHECK_EQ(rd_mpint(&r, 9).len, 0);
	CHECK_EQ(rd_rest(&r).len, 0);
	CHECK(!rd_ok(&r) && !rd_end(&r));

	start(&r, "01");
	rd_fail(&r);
	CHECK_EQ(rd_u8(&r), 0);
	CHECK(!rd_end(&r));
}

TEST(reader_string_stays_within_its_input)
{
	static const char *const wrong[] = {"", "00", "000000", "00000001", "00000002 61",
		"ffffffff 6161", "80000000", "7fffffff 00"};
	struct reader r;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		harness_note("%s", wrong[i]);
		start(&r, wrong[i]);
		CHECK_EQ(rd_string(&r, SIZE_MAX).len, 0);
		CHECK(!rd_ok(&r));
	}
	start(&r, "00000000");
	CHECK_EQ(rd_string(&r, 0).len, 0);
	CHECK(rd_end(&r));
}

TEST(reader_raw_stays_within_its_input)
{
	struct reader r;

	start(&r, "010203");
	CHECK_EQ(rd_raw(&r, SIZE_MAX).len, 0);
	CHECK(!rd_ok(&r));
	start(&r, "010203");
	CHECK_EQ(rd_raw(&r, 4).len, 0);
	CHECK(!rd_ok(&r));
}

TEST(reader_text_has_no_nul)
{
	struct reader r;

	start(&r, "00000003 612062");
	CHECK_BYTES(rd_text(&r, 3), bytes_str("a b"));
	CHECK(rd_end(&r));
	start(&r, "00000003 610062");
	CHECK_EQ(rd_text(&r, 3).len, 0);
	CHECK(!rd_ok(&r));
	start(&r, "00000001 00");
	CHECK_EQ(rd_text(&r, 3).len, 0);
	CHECK(!rd_ok(&r));
}

/* RFC 4251 5, the examples of mpint */
TEST(reader_mpint_vectors)
{
	struct reader r;
	struct bytes m;

	start(&r, "00000000 00000008 09a378f9b2e332a7 00000002 0080");
	CHECK_EQ(rd_mpint(&r, 8).len, 0);
	CHECK(rd_ok(&r));
	m = rd_mpint(&r, 8);
	CHECK_HEX(m.ptr, m.len, "09a378f9b2e332a7");
	m = rd_mpint(&r, 1);
	CHECK_HEX(m.ptr, m.len, "80");
	CHECK(rd_end(&r));

	start(&r, "00000002 edcc"); /* -1234 */
	CHECK_EQ(rd_mpint(&r, 8).len, 0);
	CHECK(!rd_ok(&r));
	start(&r, "00000005 ff21524111"); /* -deadbeef */
	CHECK_EQ(rd_mpint(&r, 8).len, 0);
	CHECK(!rd_ok(&r));
}

TEST(reader_mpint_is_canonical_and_bounded)
{
	static const char *const wrong[] = {"00000001 00", "00000002 0001", "00000003 000080",
		"00000002 007f", "00000001 80", "00000001 ff", "00000005 0102030405",
		"00000006 00ffffffffff", "00000005 00"};
	static const char *const right[] = {"00000000", "00000001 01", "00000002 00ff",
		"00000004 7fffffff", "00000005 0080000000"};
	struct reader r;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		harness_note("%s", wrong[i]);
		start(&r, wrong[i]);
		CHECK_EQ(rd_mpint(&r, 4).len, 0);
		CHECK(!rd_ok(&r));
	}
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		harness_note("%s", right[i]);
		start(&r, right[i]);
		rd_mpint(&r, 4);
		CHECK(rd_end(&r));
	}
	start(&r, "00000001 01");
	CHECK_EQ(rd_mpint(&r, SIZE_MAX).len, 1);
	CHECK(rd_end(&r));
}

static void read_message(struct reader *r)
{
	rd_u8(r);
	rd_string(r, 64);
	rd_u32(r);
	rd_bool(r);
	rd_u64(r);
	rd_text(r, 64);
	rd_mpint(r, 64);
	rd_raw(r, 3);
}

/* Cut short anywhere or with a byte more, a message never ends well. The input is copied to a heap
 * block of its exact length, so that AddressSanitizer sees each byte read too far. */
TEST(reader_wants_the_whole_message_and_no_more)
{
	size_t len = hex_to("50 00000005 68656c6c6f 0000002a 01 0102030405060708"
			    "00000002 6869 00000003 00ff01 aabbcc",
		mem, sizeof(mem));

	for (size_t cut = 0; cut <= len + 1; cut++) {
		uint8_t *copy = malloc(cut + 1);
		struct reader r;

		harness_note("%zu of %zu bytes", cut, len);
		REQUIRE(copy != NULL);
		memcpy(copy + 1, mem, cut);
		rd_init(&r, bytes_of(copy + 1, cut));
		read_message(&r);
		CHECK_EQ(rd_end(&r), cut == len);
		CHECK_EQ(rd_ok(&r), cut >= len);
		free(copy);
	}
}

TEST(reader_survives_any_bytes)
{
	struct seed s;

	seed_init(&s, 6);
	for (int round = 0; round < 20000; round++) {
		size_t len = seed_below(&s, 40), left = len;
		uint8_t *copy = malloc(len + 1);
		struct reader r;

		harness_note("round %d", round);
		REQUIRE(copy != NULL);
		for (size_t i = 0; i < len; i++)
			copy[i] = seed_one_in(&s, 2) ? 0 : (uint8_t)seed_below(&s, 20);
		rd_init(&r, bytes_of(copy, len));
		for (int i = 0; i < 8; i++) {
			struct bytes b = bytes_of(NULL, 0);

			switch (seed_below(&s, 6)) {
			case 0:
				rd_u8(&r);
				break;
			case 1:
				rd_u32(&r);
				break;
			case 2:
				rd_u64(&r);
				break;
			case 3:
				b = rd_string(&r, seed_below(&s, 30));
				break;
			case 4:
				b = rd_text(&r, seed_below(&s, 30));
				break;
			default:
				b = rd_mpint(&r, seed_below(&s, 30));
				break;
			}
			CHECK(rd_left(&r) <= left);
			left = rd_left(&r);
			CHECK(rd_ok(&r) || (left == 0 && b.len == 0));
			if (b.len > 0)
				CHECK(b.ptr >= copy && b.len <= (size_t)(copy + len - b.ptr));
		}
		free(copy);
	}
}

TEST(reader_finish_tells_cut_from_long)
{
	static const uint8_t room[] = {0, 0, 0, 7, 9};
	struct reader r;

	rd_init(&r, bytes_of(room, 4));
	CHECK_EQ(rd_u32(&r), 7);
	CHECK_EQ(rd_finish(&r), E_OK);
	rd_init(&r, bytes_of(room, 5));
	CHECK_EQ(rd_u32(&r), 7);
	CHECK_EQ(rd_finish(&r), E_TRAILING);
	rd_init(&r, bytes_of(room, 3));
	CHECK_EQ(rd_u32(&r), 0);
	CHECK_EQ(rd_finish(&r), E_FORMAT);
}
