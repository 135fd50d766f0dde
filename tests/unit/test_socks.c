/* SPDX-License-Identifier: ISC */
#include "forward/socks.h"

#include <errno.h>

#include "harness.h"
#include "wire/msgs.h"

enum { SAID_MAX = 64 };

struct row {
	const char *name;
	const char *in;
	size_t len;
	enum socks_verdict verdict;
	const char *host;
	unsigned port;
	const char *said; /* all replies so far, and the one to connected */
	size_t said_len;
};

#define BYTES(s) (s), sizeof(s) - 1
#define V4_YES "\0\x5a\0\0\0\0\0\0"
#define V4_NO "\0\x5b\0\0\0\0\0\0"
#define V5_NONE "\5\0"
#define V5_END "\0\1\0\0\0\0\0\0"
#define V5_YES "\5\0" V5_END
#define LONG_16 "0123456789abcdef"
#define LONG_64 LONG_16 LONG_16 LONG_16 LONG_16
#define LONG_255 LONG_64 LONG_64 LONG_64 LONG_16 LONG_16 LONG_16 "0123456789abcde"

static const struct row rows[] = {
	{"4", BYTES("\4\1\0\x50\x7f\0\0\1\0"), SOCKS_TARGET, "127.0.0.1", 80, BYTES(V4_YES)},
	{"4 with a user", BYTES("\4\1\x1f\x90\xc0\0\2\1me\0"), SOCKS_TARGET, "192.0.2.1", 8080,
		BYTES(V4_YES)},
	{"4, address zero is no name", BYTES("\4\1\0\x50\0\0\0\0\0"), SOCKS_TARGET, "0.0.0.0", 80,
		BYTES(V4_YES)},
	{"4a", BYTES("\4\1\0\x16\0\0\0\1\0host.example\0"), SOCKS_TARGET, "host.example", 22,
		BYTES(V4_YES)},
	{"4a with a user", BYTES("\4\1\0\x16\0\0\0\xffuser\0h\0"), SOCKS_TARGET, "h", 22,
		BYTES(V4_YES)},
	{"4, bind", BYTES("\4\2\0\x50\x7f\0\0\1"), SOCKS_BAD, NULL, 0, BYTES(V4_NO)},
	{"4a, no name", BYTES("\4\1\0\x16\0\0\0\1\0\0"), SOCKS_BAD, NULL, 0, BYTES(V4_NO)},
	{"4, endless user", BYTES("\4\1\0\x16\0\0\0\1" LONG_255 "x"), SOCKS_BAD, NULL, 0,
		BYTES(V4_NO)},
	{"4, longest user", BYTES("\4\1\0\x16\0\0\0\1" LONG_255 "\0h\0"), SOCKS_TARGET, "h", 22,
		BYTES(V4_YES)},
	{"4a, longest name", BYTES("\4\1\0\x16\0\0\0\1\0" LONG_255 "\0"), SOCKS_TARGET, LONG_255,
		22, BYTES(V4_YES)},
	{"4a, endless name", BYTES("\4\1\0\x16\0\0\0\1\0" LONG_255 "x"), SOCKS_BAD, NULL, 0,
		BYTES(V4_NO)},
	{"5, address", BYTES("\5\1\0\5\1\0\1\xc0\0\2\7\0\x50"), SOCKS_TARGET, "192.0.2.7", 80,
		BYTES(V5_NONE V5_YES)},
	{"5, name", BYTES("\5\2\2\0\5\1\0\3\1h\1\xbb"), SOCKS_TARGET, "h", 443,
		BYTES(V5_NONE V5_YES)},
	{"5, longest name", BYTES("\5\1\0\5\1\0\3\xff" LONG_255 "\1\xbb"), SOCKS_TARGET, LONG_255,
		443, BYTES(V5_NONE V5_YES)},
	{"5, IPv6", BYTES("\5\1\0\5\1\0\4\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\xff\xff"),
		SOCKS_TARGET, "2001:db8::1", 65535, BYTES(V5_NONE V5_YES)},
	{"5, password only", BYTES("\5\1\2"), SOCKS_BAD, NULL, 0, BYTES("\5\xff")},
	{"5, no methods", BYTES("\5\0"), SOCKS_BAD, NULL, 0, BYTES("\5\xff")},
	{"5, bind", BYTES("\5\1\0\5\2\0\1"), SOCKS_BAD, NULL, 0, BYTES(V5_NONE "\5\7" V5_END)},
	{"5, type", BYTES("\5\1\0\5\1\0\2"), SOCKS_BAD, NULL, 0, BYTES(V5_NONE "\5\x8" V5_END)},
	{"5, reserved", BYTES("\5\1\0\5\1\1\1"), SOCKS_BAD, NULL, 0, BYTES(V5_NONE "\5\1" V5_END)},
	{"5, then 4", BYTES("\5\1\0\4\1\0\1"), SOCKS_BAD, NULL, 0, BYTES(V5_NONE "\5\1" V5_END)},
	{"5, empty name", BYTES("\5\1\0\5\1\0\3\0\0\x50"), SOCKS_BAD, NULL, 0,
		BYTES(V5_NONE "\5\1" V5_END)},
	{"5, NUL in a name", BYTES("\5\1\0\5\1\0\3\3a\0b\0\x50"), SOCKS_BAD, NULL, 0,
		BYTES(V5_NONE "\5\1" V5_END)},
	{"5, a line in a name", BYTES("\5\1\0\5\1\0\3\3a\nb\0\x50"), SOCKS_BAD, NULL, 0,
		BYTES(V5_NONE "\5\1" V5_END)},
	{"5, all but the end", BYTES("\5\1\0\5\1\0\1\xc0\0\2\7\0"), SOCKS_MORE, NULL, 0,
		BYTES(V5_NONE)},
	{"nothing", BYTES(""), SOCKS_MORE, NULL, 0, BYTES("")},
	{"HTTP", BYTES("G"), SOCKS_BAD, NULL, 0, BYTES("")},
	{"6", BYTES("\6"), SOCKS_BAD, NULL, 0, BYTES("")},
};

struct said {
	uint8_t bytes[SAID_MAX];
	size_t len;
};

static void hear(struct said *said, struct bytes more)
{
	REQUIRE(said->len + more.len <= SAID_MAX);
	memcpy(said->bytes + said->len, more.ptr, more.len);
	said->len += more.len;
}

/* Gives the first cut bytes, then the rest, each as often as it is not used up. tail: what belongs
 * to the target. */
static void run(const struct row *row, size_t cut, size_t step, const char *tail)
{
	uint8_t in[700];
	size_t len = row->len + strlen(tail), at = 0;
	enum socks_verdict v = SOCKS_MORE;
	struct said said = {.len = 0};
	struct socks s;

	memcpy(in, row->in, row->len);
	memcpy(in + row->len, tail, strlen(tail));
	socks_init(&s);
	while (v == SOCKS_MORE && at < len) {
		size_t n = at < cut ? cut - at : step < len - at ? step : len - at, used;
		struct bytes reply;

		v = socks_take(&s, bytes_of(in + at, n), &used, &reply);
		hear(&said, reply);
		CHECK(used <= n && (v != SOCKS_MORE || used == n));
		at += used;
	}
	CHECK_EQ(v, row->verdict);
	if (v == SOCKS_TARGET) {
		CHECK_EQ(at, row->len);
		CHECK_STR(s.host, row->host);
		CHECK_EQ(s.port, row->port);
		hear(&said, socks_answer(&s, SOCKS_CONNECTED));
	}
	CHECK_EQ(said.len, row->said_len);
	CHECK_MEM(said.bytes, row->said_len, row->said);
}

TEST(socks_rows_however_they_are_cut)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		harness_note("%s", rows[i].name);
		for (size_t cut = 0; cut <= rows[i].len; cut++)
			run(&rows[i], cut, sizeof(rows[i]), "");
		run(&rows[i], 0, 1, "");
		if (rows[i].verdict == SOCKS_TARGET) {
			run(&rows[i], 0, 700, "GET / HTTP/1.0\r\n\r\n");
			run(&rows[i], 0, 2, "GET");
		}
	}
}

TEST(socks_answers)
{
	struct socks s;
	struct bytes reply;
	size_t used;

	socks_init(&s);
	REQUIRE_EQ(socks_take(&s, bytes_of(rows[0].in, rows[0].len), &used, &reply), SOCKS_TARGET);
	CHECK(bytes_eq(socks_answer(&s, SOCKS_REFUSED), bytes_of(V4_NO, 8)));
	socks_init(&s);
	REQUIRE_EQ(socks_take(&s, bytes_of("\5\1\0\5\1\0\1\1\1\1\1\0\1", 13), &used, &reply),
		SOCKS_TARGET);
	CHECK(bytes_eq(socks_answer(&s, SOCKS_REFUSED), bytes_of("\5\5" V5_END, 10)));
	CHECK(bytes_eq(socks_answer(&s, SOCKS_NOT_ALLOWED), bytes_of("\5\2" V5_END, 10)));
}

TEST(socks_results)
{
	static const struct {
		uint32_t reason;
		const char *text;
		enum socks_result result;
	} opens[] = {
		{OPEN_ADMINISTRATIVELY_PROHIBITED, "open failed", SOCKS_NOT_ALLOWED},
		{OPEN_CONNECT_FAILED, "Connection refused", SOCKS_REFUSED},
		{OPEN_CONNECT_FAILED, "", SOCKS_REFUSED},
		{OPEN_CONNECT_FAILED, "Network is unreachable", SOCKS_NET_UNREACHABLE},
		{OPEN_CONNECT_FAILED, "No route to host", SOCKS_HOST_UNREACHABLE},
		{OPEN_CONNECT_FAILED, "Connection timed out", SOCKS_HOST_UNREACHABLE},
		{OPEN_CONNECT_FAILED, "Name or service not known", SOCKS_HOST_UNREACHABLE},
		{OPEN_CONNECT_FAILED, "Temporary failure in name resolution",
			SOCKS_HOST_UNREACHABLE},
		{OPEN_UNKNOWN_CHANNEL_TYPE, "Connection refused", SOCKS_FAILED},
		{OPEN_RESOURCE_SHORTAGE, "", SOCKS_FAILED},
		{99, "", SOCKS_FAILED},
	};

	for (size_t i = 0; i < sizeof(opens) / sizeof(*opens); i++) {
		harness_note("%s", opens[i].text);
		CHECK_EQ(socks_result_of_open(opens[i].reason, bytes_str(opens[i].text)),
			opens[i].result);
	}
	CHECK_EQ(socks_result_of_errno(ECONNREFUSED), SOCKS_REFUSED);
	CHECK_EQ(socks_result_of_errno(ENETUNREACH), SOCKS_NET_UNREACHABLE);
	CHECK_EQ(socks_result_of_errno(EHOSTUNREACH), SOCKS_HOST_UNREACHABLE);
	CHECK_EQ(socks_result_of_errno(ETIMEDOUT), SOCKS_HOST_UNREACHABLE);
	CHECK_EQ(socks_result_of_errno(0), SOCKS_HOST_UNREACHABLE);
	CHECK_EQ(socks_result_of_errno(EACCES), SOCKS_NOT_ALLOWED);
	CHECK_EQ(socks_result_of_errno(EMFILE), SOCKS_FAILED);
}
