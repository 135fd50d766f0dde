/* SPDX-License-Identifier: ISC */
/* The example of RFC 4256 3.2 and 3.3, laid out by hand. */
#include "auth/kbdint.h"

#include "harness.h"
#include "wire/msgs.h"

static uint8_t mem[LIMIT_PACKET_LOGIN];

static struct bytes request(uint32_t count, unsigned present)
{
	struct writer w;

	wr_init(&w, (struct span){mem, sizeof(mem)});
	wr_u8(&w, MSG_USERAUTH_INFO_REQUEST);
	wr_cstring(&w, "CRYPTOCard Authentication");
	wr_cstring(&w, "The challenge is '14315716'");
	wr_cstring(&w, "en-US");
	wr_u32(&w, count);
	for (unsigned i = 0; i < present; i++) {
		wr_cstring(&w, i == 0 ? "Response: " : "More: ");
		wr_bool(&w, i == 0);
	}
	return wr_bytes(&w);
}

TEST(kbdint_request_of_the_client)
{
	struct writer w;

	wr_init(&w, (struct span){mem, sizeof(mem)});
	kbdint_write(&w, bytes_str("user23"));
	CHECK_EQ(wr_bytes(&w).len, kbdint_len(bytes_str("user23")));
	CHECK_HEX(mem, wr_bytes(&w).len,
		"32 00000006 757365723233 0000000e 7373682d636f6e6e656374696f6e 00000014"
		"6b6579626f6172642d696e746572616374697665 00000000 00000000");
}

TEST(kbdint_questions)
{
	struct bytes whole = request(2, 2), text;
	struct kbdint_request q;
	bool is_echoed;

	REQUIRE_EQ(kbdint_read(whole, &q), E_OK);
	CHECK(bytes_is(q.name, "CRYPTOCard Authentication"));
	CHECK(bytes_is(q.instruction, "The challenge is '14315716'"));
	CHECK_EQ(q.left, 2);
	REQUIRE(kbdint_next(&q, &text, &is_echoed));
	CHECK(bytes_is(text, "Response: ") && is_echoed);
	REQUIRE(kbdint_next(&q, &text, &is_echoed));
	CHECK(bytes_is(text, "More: ") && !is_echoed);
	CHECK(!kbdint_next(&q, &text, &is_echoed));
	for (size_t cut = 0; cut < whole.len; cut++)
		CHECK_EQ(kbdint_read(bytes_of(mem, cut), &q), E_FORMAT);
	mem[whole.len] = 0;
	CHECK_EQ(kbdint_read(bytes_of(mem, whole.len + 1), &q), E_FORMAT);
}

TEST(r14_cve_2002_0639_kbdint_counts)
{
	struct kbdint_request q;

	CHECK_EQ(kbdint_read(request(0, 0), &q), E_OK);
	CHECK_EQ(kbdint_read(request(KBDINT_PROMPTS_MAX, KBDINT_PROMPTS_MAX), &q), E_OK);
	CHECK_EQ(kbdint_read(request(KBDINT_PROMPTS_MAX + 1, 1), &q), E_LIMIT);
	CHECK_EQ(kbdint_read(request(UINT32_MAX, 1), &q), E_LIMIT);
	CHECK_EQ(kbdint_read(request(2, 1), &q), E_FORMAT);
	CHECK_EQ(kbdint_read(request(1, 2), &q), E_FORMAT);
}

TEST(kbdint_answers)
{
	struct writer w;

	wr_init(&w, (struct span){mem, sizeof(mem)});
	kbdint_write_answers(&w, 1,
		bytes_of("\0\0\0\5"
			 "5551x",
			9));
	CHECK_HEX(mem, wr_bytes(&w).len, "3d 00000001 00000005 3535353178");
}
