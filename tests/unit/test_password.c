/* SPDX-License-Identifier: ISC */
#include "auth/password.h"

#include "harness.h"
#include "wire/msgs.h"

TEST(password_request)
{
	uint8_t mem[128];
	struct writer w;

	wr_init(&w, (struct span){mem, sizeof(mem)});
	password_write(&w, bytes_str("bob"), bytes_str("pw"));
	CHECK_EQ(wr_bytes(&w).len, password_len(bytes_str("bob"), bytes_str("pw")));
	CHECK_HEX(mem, wr_bytes(&w).len,
		"32 00000003 626f62 0000000e 7373682d636f6e6e656374696f6e 00000008 70617373776f7264"
		"00 00000002 7077");
}

TEST(password_change)
{
	static const uint8_t whole[] = {60, 0, 0, 0, 3, 'o', 'l', 'd', 0, 0, 0, 0, 1};
	struct bytes prompt = bytes_str("untouched");

	for (size_t cut = 0; cut < 12; cut++)
		CHECK_EQ(password_read_change(bytes_of(whole, cut), &prompt), E_FORMAT);
	CHECK_EQ(password_read_change(bytes_of(whole, 13), &prompt), E_FORMAT);
	CHECK(bytes_is(prompt, "untouched"));
	CHECK_EQ(password_read_change(bytes_of(whole, 12), &prompt), E_OK);
	CHECK(bytes_is(prompt, "old"));
}
