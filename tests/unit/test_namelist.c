/* SPDX-License-Identifier: ISC */
#include "wire/namelist.h"

#include "harness.h"
#include "seed.h"
#include "wire/msgs.h"

TEST(namelist_walks_names)
{
	struct bytes rest = bytes_str(",a,,bc,def,"), name;

	REQUIRE(namelist_next(&rest, &name));
	CHECK_BYTES(name, bytes_str("a"));
	REQUIRE(namelist_next(&rest, &name));
	CHECK_BYTES(name, bytes_str("bc"));
	REQUIRE(namelist_next(&rest, &name));
	CHECK_BYTES(name, bytes_str("def"));
	CHECK(!namelist_next(&rest, &name));
	CHECK(!namelist_next(&rest, &name));

	rest = bytes_of(NULL, 0);
	CHECK(!namelist_next(&rest, &name));
	rest = bytes_str(",,,");
	CHECK(!namelist_next(&rest, &name));
}

TEST(r47_cve_2026_35387_cve_2026_35414_namelist_has_whole_names_only)
{
	/* RFC 4251 5, the example "zlib,none" */
	struct bytes list = bytes_str("zlib,none");

	CHECK(namelist_has(list, "zlib"));
	CHECK(namelist_has(list, "none"));
	CHECK(!namelist_has(list, "zli"));
	CHECK(!namelist_has(list, "one"));
	CHECK(!namelist_has(list, "zlib,none"));
	CHECK(!namelist_has(list, "NONE"));
	CHECK(!namelist_has(list, ""));
	CHECK(!namelist_has(bytes_str("a,,b"), ""));
	CHECK(!namelist_has(bytes_str(""), "none"));
}

TEST(namelist_validity)
{
	char list[LIMIT_NAMELIST + 2];

	CHECK(namelist_is_valid(bytes_str("")));
	CHECK(namelist_is_valid(bytes_str("a@b,c-d")));
	CHECK(namelist_is_valid(bytes_str("a,")));
	for (unsigned c = 0; c < 256; c++) {
		char one[3] = {'a', (char)c, 'b'};

		harness_note("byte %u", c);
		CHECK_EQ(namelist_is_valid(bytes_of(one, 3)), c > 0x20 && c < 0x7f);
	}
	memset(list, 'n', sizeof(list));
	CHECK(namelist_is_valid(bytes_of(list, LIMIT_NAME)));
	CHECK(!namelist_is_valid(bytes_of(list, LIMIT_NAME + 1)));
	memset(list, ',', sizeof(list));
	CHECK(namelist_is_valid(bytes_of(list, LIMIT_NAMELIST)));
	CHECK(!namelist_is_valid(bytes_of(list, LIMIT_NAMELIST + 1)));
}

static bool skip_b(struct bytes name)
{
	return bytes_is(name, "b");
}

/* RFC 4253 7.1: the first name of the client's list that the server has too */
TEST(namelist_first_common_follows_our_order)
{
	struct bytes got = bytes_str("untouched");

	CHECK(namelist_first_common(bytes_str("a,b,c"), bytes_str("c,b"), NULL, &got));
	CHECK_BYTES(got, bytes_str("b"));
	CHECK(namelist_first_common(bytes_str("a,b,c"), bytes_str("c,b"), skip_b, &got));
	CHECK_BYTES(got, bytes_str("c"));
	got = bytes_str("untouched");
	CHECK(!namelist_first_common(bytes_str("a,b"), bytes_str("b,x"), skip_b, &got));
	CHECK(!namelist_first_common(bytes_str("a,,b"), bytes_str("c,,d"), NULL, &got));
	CHECK(!namelist_first_common(bytes_str(""), bytes_str(""), NULL, &got));
	CHECK_BYTES(got, bytes_str("untouched"));
}

TEST(namelist_survives_any_bytes)
{
	struct seed s;

	seed_init(&s, 8);
	for (int round = 0; round < 5000; round++) {
		uint8_t text[24];
		size_t len = seed_below(&s, sizeof(text)), names = 0, taken = 0;
		struct bytes rest = bytes_of(text, len), name;

		for (size_t i = 0; i < len; i++)
			text[i] = (uint8_t) ",ab\0\xff"[seed_below(&s, 5)];
		harness_note("round %d", round);
		while (namelist_next(&rest, &name)) {
			CHECK(name.len > 0 && memchr(name.ptr, ',', name.len) == NULL);
			CHECK(name.ptr >= text && name.len <= (size_t)(text + len - name.ptr));
			taken += name.len;
			names++;
		}
		CHECK(rest.len == 0 && names <= len);
		for (size_t i = 0; i < len; i++)
			taken += text[i] == ',';
		CHECK_EQ(taken, len);
	}
}
