/* SPDX-License-Identifier: ISC */
#include "base/text.h"

#include "harness.h"
#include "seed.h"

static const char *escaped(size_t cap, const char *src, size_t n)
{
	static char dst[64];

	return text_escape(dst, cap, bytes_of(src, n));
}

TEST(r59_cve_2016_7406_text_escape_leaves_no_control_byte)
{
	for (unsigned c = 0; c < 256; c++) {
		char one = (char)c;
		const char *out = escaped(64, &one, 1);

		harness_note("byte %u", c);
		if (c >= 0x20 && c < 0x7f && c != '\\')
			CHECK(out[0] == one && out[1] == '\0');
		else
			CHECK(out[0] == '\\' && (strlen(out) == 2 || strlen(out) == 4));
	}
	CHECK_STR(escaped(64, "a\0b\n\t\r\\\x7f\xc3", 9), "a\\x00b\\n\\t\\r\\\\\\x7f\\xc3");
}

TEST(text_escape_cuts_between_units)
{
	CHECK_STR(escaped(4, "", 0), "");
	CHECK_STR(escaped(4, "abc", 3), "abc");
	CHECK_STR(escaped(4, "abcd", 4), "...");
	CHECK_STR(escaped(6, "abcde", 5), "abcde");
	CHECK_STR(escaped(6, "abcdef", 6), "ab...");
	CHECK_STR(escaped(9, "a\x01\x02", 3), "a\\x01...");
	CHECK_STR(escaped(8, "a\x01\x02", 3), "a...");
	CHECK_STR(escaped(10, "a\x01\x02", 3), "a\\x01\\x02");
}

TEST(text_escape_never_passes_its_room)
{
	struct seed s;

	seed_init(&s, 11);
	for (int round = 0; round < 2000; round++) {
		char src[40], dst[48];
		size_t cap = 4 + seed_below(&s, 40), n = seed_below(&s, sizeof(src));

		harness_note("round %d", round);
		seed_fill(&s, src, sizeof(src));
		memset(dst, 'Z', sizeof(dst));
		text_escape(dst, cap, bytes_of(src, n));
		CHECK(memchr(dst, '\0', cap) != NULL);
		CHECK(dst[cap] == 'Z');
	}
}

TEST(text_printable_keeps_backslashes)
{
	char dst[32];

	CHECK_STR(text_printable(dst, sizeof(dst), bytes_str("\\x1b\x1b")), "\\x1b\\x1b");
}

TEST(text_to_u64_takes_whole_numbers_only)
{
	uint64_t v = 99;

	CHECK(text_to_u64(bytes_str("0"), 0, &v));
	CHECK_EQ(v, 0);
	CHECK(text_to_u64(bytes_str("0065535"), 65535, &v));
	CHECK_EQ(v, 65535);
	CHECK(text_to_u64(bytes_str("18446744073709551615"), UINT64_MAX, &v));
	CHECK(v == UINT64_MAX);
	v = 7;
	CHECK(!text_to_u64(bytes_str("65536"), 65535, &v));
	CHECK(!text_to_u64(bytes_str("18446744073709551616"), UINT64_MAX, &v));
	CHECK(!text_to_u64(bytes_str("99999999999999999999"), UINT64_MAX, &v));
	CHECK(!text_to_u64(bytes_str(""), 9, &v));
	CHECK(!text_to_u64(bytes_str("-1"), 9, &v));
	CHECK(!text_to_u64(bytes_str("+1"), 9, &v));
	CHECK(!text_to_u64(bytes_str(" 1"), 9, &v));
	CHECK(!text_to_u64(bytes_str("1 "), 9, &v));
	CHECK(!text_to_u64(bytes_str("0x1"), 9, &v));
	CHECK(!text_to_u64(bytes_of("1\0", 2), 9, &v));
	CHECK_EQ(v, 7);
}

TEST(text_to_size_knows_its_units)
{
	uint64_t v;

	CHECK(text_to_size(bytes_str("512"), &v) && v == 512);
	CHECK(text_to_size(bytes_str("4K"), &v) && v == 4096);
	CHECK(text_to_size(bytes_str("1m"), &v) && v == 1048576);
	CHECK(text_to_size(bytes_str("2G"), &v) && v == 2147483648);
	CHECK(text_to_size(bytes_str("17179869183G"), &v) && v == 17179869183ull << 30);
	CHECK(!text_to_size(bytes_str("17179869184G"), &v));
	CHECK(text_to_size(bytes_str("3t"), &v) && v == 3ull << 40);
	CHECK(!text_to_size(bytes_str("1P"), &v));
	CHECK(!text_to_size(bytes_str("1KB"), &v));
	CHECK(!text_to_size(bytes_str("K"), &v));
	CHECK(!text_to_size(bytes_str(""), &v));
	CHECK(!text_to_size(bytes_str("1.5K"), &v));
}

/* The examples of sshd_config(5), TIME FORMATS, among others. */
TEST(text_to_time_adds_up)
{
	uint64_t v;

	CHECK(text_to_time_ms(bytes_str("600"), &v) && v == 600000);
	CHECK(text_to_time_ms(bytes_str("10m"), &v) && v == 600000);
	CHECK(text_to_time_ms(bytes_str("1h30m"), &v) && v == 5400000);
	CHECK(text_to_time_ms(bytes_str("1H30"), &v) && v == 3630000);
	CHECK(text_to_time_ms(bytes_str("0"), &v) && v == 0);
	CHECK(text_to_time_ms(bytes_str("2d"), &v) && v == 172800000);
	CHECK(text_to_time_ms(bytes_str("1w1s"), &v) && v == 604801000);
	CHECK(text_to_time_ms(bytes_str("2147483648"), &v) && v == 2147483648000);
	CHECK(!text_to_time_ms(bytes_str("2147483649"), &v));
	CHECK(!text_to_time_ms(bytes_str("2147483648s1"), &v));
	CHECK(!text_to_time_ms(bytes_str("3551w"), &v));
	CHECK(!text_to_time_ms(bytes_str("99999999999999999999w"), &v));
	CHECK(!text_to_time_ms(bytes_str(""), &v));
	CHECK(!text_to_time_ms(bytes_str("m"), &v));
	CHECK(!text_to_time_ms(bytes_str("1y"), &v));
	CHECK(!text_to_time_ms(bytes_str("1h "), &v));
	CHECK(!text_to_time_ms(bytes_str("-1"), &v));
}

TEST(text_match_wildcards)
{
	static const struct {
		const char *pattern, *s;
		bool matches;
	} cases[] = {
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "abc", true},
		{"?", "", false},
		{"?", "a", true},
		{"?", "ab", false},
		{"abc", "abc", true},
		{"abc", "ABC", false},
		{"abc", "ab", false},
		{"a*c", "ac", true},
		{"a*c", "abbbc", true},
		{"a*c", "abcb", false},
		{"*.example.com", "host.example.com", true},
		{"*.example.com", "example.com", false},
		{"192.0.2.?", "192.0.2.7", true},
		{"192.0.2.?", "192.0.2.77", false},
		{"*a*b*c*", "xxaxxbxxcxx", true},
		{"*a*b*c*", "xxaxxcxxbxx", false},
		{"*ab", "aab", true},
		{"**", "x", true},
		{"a**", "a", true},
		{"*?", "", false},
		{"?*?", "ab", true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		harness_note("\"%s\" on \"%s\"", cases[i].pattern, cases[i].s);
		CHECK_EQ(text_match(bytes_str(cases[i].pattern), bytes_str(cases[i].s)),
			cases[i].matches);
	}
}

/* The textbook definition, exponential but plainly right. */
static bool matches_slowly(const char *p, const char *s)
{
	if (*p == '\0')
		return *s == '\0';
	if (*p == '*')
		return matches_slowly(p + 1, s) || (*s != '\0' && matches_slowly(p, s + 1));
	return *s != '\0' && (*p == '?' || *p == *s) && matches_slowly(p + 1, s + 1);
}

TEST(text_match_agrees_with_the_definition)
{
	struct seed seed;

	seed_init(&seed, 5);
	for (int round = 0; round < 5000; round++) {
		char p[8] = {0}, s[10] = {0};
		size_t pn = seed_below(&seed, 7), sn = seed_below(&seed, 9);

		for (size_t i = 0; i < pn; i++)
			p[i] = "ab*?"[seed_below(&seed, 4)];
		for (size_t i = 0; i < sn; i++)
			s[i] = "ab"[seed_below(&seed, 2)];
		harness_note("\"%s\" on \"%s\"", p, s);
		CHECK_EQ(text_match(bytes_str(p), bytes_str(s)), matches_slowly(p, s));
	}
}

/* What takes a naive matcher longer than the age of the universe (x/crypto CVE-2025-58181): here it
 * is pattern times text at most, some 10^8 steps. */
TEST(r41_cve_2025_58181_cve_2026_0967_text_match_of_a_hostile_pattern)
{
	enum { STARS = 10000, LETTERS = 10000 };
	static uint8_t pattern[2 * STARS + 1], text[LETTERS];

	for (size_t i = 0; i < STARS; i++) {
		pattern[2 * i] = '*';
		pattern[2 * i + 1] = 'a';
	}
	pattern[2 * STARS] = 'b';
	memset(text, 'a', sizeof(text));
	CHECK(!text_match(bytes_of(pattern, sizeof(pattern)), bytes_of(text, sizeof(text))));
	CHECK(text_match(bytes_of(pattern, 2 * LETTERS), bytes_of(text, sizeof(text))));
	/* The last star meets as many near misses as there are letters. */
	pattern[0] = '*';
	memset(pattern + 1, 'a', LETTERS / 2);
	pattern[1 + LETTERS / 2] = 'b';
	CHECK(!text_match(bytes_of(pattern, 2 + LETTERS / 2), bytes_of(text, sizeof(text))));
}

TEST(text_match_list_negation_wins)
{
	CHECK_EQ(text_match_list(bytes_str("a*,b*"), bytes_str("bc"), false), 1);
	CHECK_EQ(text_match_list(bytes_str("a*,b*"), bytes_str("c"), false), 0);
	CHECK_EQ(text_match_list(bytes_str("!bad,*"), bytes_str("bad"), false), -1);
	CHECK_EQ(text_match_list(bytes_str("*,!bad"), bytes_str("bad"), false), -1);
	CHECK_EQ(text_match_list(bytes_str("*,!bad"), bytes_str("good"), false), 1);
	CHECK_EQ(text_match_list(bytes_str("!bad"), bytes_str("good"), false), 0);
	CHECK_EQ(text_match_list(bytes_str(""), bytes_str(""), false), 0);
	CHECK_EQ(text_match_list(bytes_str("A.Example"), bytes_str("a.eXAMPLE"), true), 1);
	CHECK_EQ(text_match_list(bytes_str("A.Example"), bytes_str("a.eXAMPLE"), false), 0);
	CHECK_EQ(text_match_list(bytes_str("a,"), bytes_str("a"), false), 1);
	CHECK_EQ(text_match_list(bytes_str(",a"), bytes_str("a"), false), 1);
}

/* RFC 4648 section 10 */
static const char *const rfc4648[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"},
	{"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};

TEST(text_base64_vectors)
{
	for (size_t i = 0; i < sizeof(rfc4648) / sizeof(rfc4648[0]); i++) {
		struct bytes plain = bytes_str(rfc4648[i][0]), coded = bytes_str(rfc4648[i][1]);
		char text[16];
		uint8_t raw[16];
		size_t n = 99;

		CHECK_EQ(text_base64(plain, text, coded.len + 1), coded.len);
		CHECK_STR(text, rfc4648[i][1]);
		CHECK(text_unbase64(coded, raw, plain.len, &n));
		CHECK_MEM(raw, n, plain.ptr);
		CHECK_EQ(n, plain.len);
		if (plain.len > 0) {
			CHECK_EQ(text_base64(plain, text, coded.len), 0);
			CHECK(!text_unbase64(coded, raw, plain.len - 1, &n));
		}
	}
}

TEST(text_unbase64_is_strict)
{
	static const char *const wrong[] = {"Z", "Zg", "Zg=", "Zg===", "=", "====", "Z===", "Zm=v",
		"Zg==Zg==", " Zg==", "Zg==\n", "Zm9v=", "Zm-v", "Zm_v", "Zh==", "Zm9=", "Zm9\x80"};
	uint8_t raw[16];
	size_t n;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		harness_note("\"%s\"", wrong[i]);
		CHECK(!text_unbase64(bytes_str(wrong[i]), raw, sizeof(raw), &n));
	}
}

TEST(text_base64_round_trips)
{
	struct seed s;

	seed_init(&s, 3);
	for (size_t len = 0; len < 100; len++) {
		uint8_t data[100];
		char text[140];
		size_t n = 0, coded;

		harness_note("%zu bytes", len);
		seed_fill(&s, data, len);
		coded = text_base64(bytes_of(data, len), text, sizeof(text));
		CHECK_EQ(coded, (len + 2) / 3 * 4);
		/* in place */
		CHECK(text_unbase64(bytes_of(text, coded), (uint8_t *)text, sizeof(text), &n));
		CHECK_EQ(n, len);
		CHECK_MEM(text, len, data);
	}
}
