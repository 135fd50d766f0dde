/* SPDX-License-Identifier: ISC */
#include "wire/writer.h"

#include "harness.h"
#include "hex.h"
#include "wire/reader.h"

static uint8_t mem[512];

static struct writer start(void)
{
	struct writer w;

	memset(mem, 0x5a, sizeof(mem));
	wr_init(&w, (struct span){mem, sizeof(mem)});
	return w;
}

static void check_is(const struct writer *w, const char *hex)
{
	struct bytes b = wr_bytes(w);

	CHECK(wr_ok(w));
	CHECK_HEX(b.ptr, b.len, hex);
}

TEST(writer_writes_in_order)
{
	struct writer w = start();

	wr_u8(&w, 0xff);
	wr_u32(&w, 699921578);
	wr_u64(&w, 0x0123456789abcdef);
	wr_bool(&w, false);
	wr_bool(&w, true);
	wr_cstring(&w, "testing");
	wr_string(&w, bytes_of("\0z", 2));
	wr_string(&w, bytes_of(NULL, 0));
	wr_raw(&w, bytes_str("ab"));
	wr_raw(&w, bytes_of(NULL, 0));
	check_is(&w, "ff 29b7f4aa 0123456789abcdef 00 01 00000007 74657374696e67 00000002 007a"
		     "00000000 6162");
}

/* RFC 4251 5, the examples of mpint that are not negative */
TEST(writer_mpint_vectors)
{
	static const char *const cases[][2] = {
		{"", "00000000"},
		{"0000", "00000000"},
		{"09a378f9b2e332a7", "00000008 09a378f9b2e332a7"},
		{"80", "00000002 0080"},
		{"000080", "00000002 0080"},
		{"00007f", "00000001 7f"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct writer w = start();
		uint8_t magnitude[16];
		struct reader r;

		harness_note("%s", cases[i][0]);
		wr_mpint(&w, bytes_of(magnitude, hex_to(cases[i][0], magnitude, 16)));
		check_is(&w, cases[i][1]);
		rd_init(&r, wr_bytes(&w));
		rd_mpint(&r, 16);
		CHECK(rd_end(&r));
	}
}

TEST(writer_marks_nest)
{
	struct writer w = start();
	size_t outer, inner;

	wr_u8(&w, 1);
	outer = wr_mark(&w);
	wr_u8(&w, 2);
	inner = wr_mark(&w);
	wr_u8(&w, 3);
	wr_close(&w, inner);
	inner = wr_mark(&w);
	wr_close(&w, inner);
	wr_close(&w, outer);
	check_is(&w, "01 0000000a 02 00000001 03 00000000");
}

TEST(writer_room_is_filled_by_the_caller)
{
	struct writer w = start();
	uint8_t *p = wr_room(&w, 3);

	REQUIRE(p == mem);
	memcpy(p, "abc", 3);
	check_is(&w, "616263");
	CHECK(wr_room(&w, sizeof(mem)) == NULL);
	CHECK(!wr_ok(&w));
	CHECK(wr_room(&w, 1) == NULL);
	CHECK(wr_room(&w, 0) == NULL);
}

static void write_message(struct writer *w)
{
	size_t mark;

	wr_u8(w, 80);
	wr_cstring(w, "hello");
	wr_u32(w, 42);
	wr_bool(w, true);
	wr_u64(w, 7);
	mark = wr_mark(w);
	wr_mpint(w, bytes_of("\xff\x01", 2));
	wr_close(w, mark);
	wr_raw(w, bytes_str("abc"));
	wr_string(w, bytes_str("end"));
}

TEST(writer_never_passes_its_span)
{
	struct writer whole = start();
	uint8_t good[64];
	size_t len;

	write_message(&whole);
	len = wr_bytes(&whole).len;
	REQUIRE(wr_ok(&whole) && len < sizeof(good));
	memcpy(good, mem, len);
	for (size_t cap = 0; cap <= len; cap++) {
		struct writer w = start();

		harness_note("cap %zu of %zu", cap, len);
		wr_init(&w, (struct span){mem, cap});
		write_message(&w);
		CHECK_EQ(wr_ok(&w), cap == len);
		CHECK_EQ(wr_bytes(&w).len, cap == len ? len : 0);
		CHECK_EQ(mem[cap], 0x5a);
	}
	CHECK_MEM(mem, len, good);
}

TEST(writer_failure_sticks)
{
	struct writer w;
	size_t mark;

	wr_init(&w, (struct span){mem, 6});
	mark = wr_mark(&w);
	wr_u32(&w, 1); /* does not fit */
	wr_u8(&w, 1);  /* would */
	wr_close(&w, mark);
	CHECK(!wr_ok(&w));
	CHECK_EQ(wr_bytes(&w).len, 0);

	wr_init(&w, (struct span){NULL, 0});
	CHECK(wr_ok(&w));
	mark = wr_mark(&w);
	wr_close(&w, mark);
	CHECK(!wr_ok(&w));
}

TEST(writer_refuses_what_has_no_length_field)
{
	struct writer w = start();

	/* only the length is looked at */
	wr_string(&w, bytes_of(mem, (size_t)UINT32_MAX + 1));
	CHECK(!wr_ok(&w));
}

TEST(writer_finish_counts_what_fits)
{
	uint8_t room[4];
	size_t len = 99;
	struct writer w;

	wr_init(&w, (struct span){room, sizeof(room)});
	wr_u32(&w, 7);
	CHECK_EQ(wr_finish(&w, &len), E_OK);
	CHECK_EQ(len, 4);
	wr_u8(&w, 1);
	len = 99;
	CHECK_EQ(wr_finish(&w, &len), E_LIMIT);
	CHECK_EQ(len, 99);
}
