/* SPDX-License-Identifier: ISC */
/* The examples and sizes of HAProxy's proxy-protocol.txt. */
#include "forward/proxyproto.h"

#include "harness.h"

static size_t put(enum proxy_version version, const char *from, uint32_t from_port, const char *to,
	uint32_t to_port, uint8_t *out)
{
	struct proxyproto_ends ends = {bytes_str(from), bytes_str(to), from_port, to_port};

	return proxyproto_write(version, &ends, out);
}

TEST(proxyproto_text)
{
	static const struct {
		const char *from;
		uint32_t from_port;
		const char *to;
		uint32_t to_port;
		const char *want;
	} cases[] = {
		{"192.168.0.1", 56324, "192.168.0.11", 443,
			"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"},
		{"2001:db8::1", 1, "::1", 65535, "PROXY TCP6 2001:db8::1 ::1 1 65535\r\n"},
		{"::ffff:10.0.0.1", 5, "10.0.0.2", 6, "PROXY TCP4 10.0.0.1 10.0.0.2 5 6\r\n"},
		{"fe80::1%eth0", 5, "fe80::2", 6, "PROXY TCP6 fe80::1 fe80::2 5 6\r\n"},
		/* where it came in is not told as an address, or as one of the other family */
		{"10.0.0.1", 5, "localhost", 6, "PROXY TCP4 10.0.0.1 0.0.0.0 5 6\r\n"},
		{"10.0.0.1", 5, "", 6, "PROXY TCP4 10.0.0.1 0.0.0.0 5 6\r\n"},
		{"2001:db8::1", 5, "10.0.0.1", 6, "PROXY TCP6 2001:db8::1 :: 5 6\r\n"},
		/* nothing is known of the visitor */
		{"UNKNOWN", 65535, "10.0.0.1", 6, "PROXY UNKNOWN\r\n"},
		{"", 5, "10.0.0.1", 6, "PROXY UNKNOWN\r\n"},
		{"10.0.0.1\r\nPROXY", 5, "10.0.0.1", 6, "PROXY UNKNOWN\r\n"},
		{"10.0.0.1", 65536, "10.0.0.1", 6, "PROXY UNKNOWN\r\n"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535,
			"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535,
			"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
			"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"},
	};
	uint8_t out[PROXYPROTO_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t n = put(PROXY_V1, cases[i].from, cases[i].from_port, cases[i].to,
			cases[i].to_port, out);

		harness_note("case %zu", i);
		REQUIRE_EQ(n, strlen(cases[i].want));
		CHECK_MEM(out, n, cases[i].want);
	}
}

TEST(proxyproto_binary)
{
	static const uint8_t v4[] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\xa8\0\1\xc0\xa8\0\x0b"
				    "\xdc\x04\x01\xbb";
	static const uint8_t v6[] = "\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24\x20\1\x0d\xb8\0\0\0\0\0\0\0"
				    "\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\1\xff\xff";
	static const uint8_t unknown[] = "\r\n\r\n\0\r\nQUIT\n\x21\0\0\0";
	uint8_t out[PROXYPROTO_MAX];

	REQUIRE_EQ(put(PROXY_V2, "192.168.0.1", 56324, "192.168.0.11", 443, out), sizeof(v4) - 1);
	CHECK_MEM(out, sizeof(v4) - 1, v4);
	REQUIRE_EQ(put(PROXY_V2, "2001:db8::1", 1, "::1", 65535, out), sizeof(v6) - 1);
	CHECK_MEM(out, sizeof(v6) - 1, v6);
	REQUIRE_EQ(put(PROXY_V2, "UNKNOWN", 0, "::1", 1, out), sizeof(unknown) - 1);
	CHECK_MEM(out, sizeof(unknown) - 1, unknown);
}

TEST(proxyproto_none)
{
	uint8_t out[PROXYPROTO_MAX];

	CHECK_EQ(put(PROXY_NONE, "10.0.0.1", 1, "10.0.0.2", 2, out), 0);
}
