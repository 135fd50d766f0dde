/* SPDX-License-Identifier: ISC */
#include "base/bytes.h"

#include "harness.h"

#include <sys/uio.h>

TEST(bytes_compare_exactly)
{
	static const uint8_t zeros[2] = {0};

	CHECK(bytes_is(bytes_str("abc"), "abc"));
	CHECK(!bytes_is(bytes_str("abc"), "abd"));
	CHECK(!bytes_is(bytes_str("abc"), "ab"));
	CHECK(!bytes_is(bytes_str("ab"), "abc"));
	CHECK(!bytes_is(bytes_str("abc"), "ABC"));
	CHECK(!bytes_eq(bytes_of(zeros, 1), bytes_of(zeros, 2)));
	CHECK(bytes_eq(bytes_of(NULL, 0), bytes_str("")));
}

TEST(bytes_to_cstr_wants_room_and_no_nul)
{
	char dst[4] = "zzz";

	CHECK(bytes_to_cstr(bytes_str("abc"), dst, sizeof(dst)));
	CHECK_STR(dst, "abc");
	CHECK(!bytes_to_cstr(bytes_str("abcd"), dst, sizeof(dst)));
	CHECK(!bytes_to_cstr(bytes_of("a\0b", 3), dst, sizeof(dst)));
	CHECK(!bytes_to_cstr(bytes_of("a\0", 2), dst, sizeof(dst)));
	CHECK_STR(dst, "abc");
	CHECK(bytes_to_cstr(bytes_of(NULL, 0), dst, sizeof(dst)));
	CHECK_STR(dst, "");
	CHECK(!bytes_to_cstr(bytes_str(""), dst, 0));
}

TEST(bytes_wipe_zeroes_its_range_only)
{
	uint8_t mem[6] = {1, 2, 3, 4, 5, 6};

	bytes_wipe(mem + 1, 4);
	CHECK_HEX(mem, sizeof(mem), "01 00000000 06");
	bytes_wipe(NULL, 0);
}

TEST(bytes_numbers_are_big_endian)
{
	uint8_t mem[8];

	store_be32(mem, 0x699921ab);
	CHECK_HEX(mem, 4, "699921ab");
	CHECK_EQ(load_be32(mem), 0x699921ab);
	store_be64(mem, 0xfedcba9876543210);
	CHECK_HEX(mem, 8, "fedcba9876543210");
	CHECK(load_be64(mem) == 0xfedcba9876543210);
	store_be32(mem, UINT32_MAX);
	CHECK(load_be32(mem) == UINT32_MAX);
}

TEST(bytes_span_is_an_iovec)
{
	CHECK_EQ(sizeof(struct span), sizeof(struct iovec));
	CHECK_EQ(offsetof(struct span, ptr), offsetof(struct iovec, iov_base));
	CHECK_EQ(offsetof(struct span, len), offsetof(struct iovec, iov_len));
}
