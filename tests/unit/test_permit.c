/* SPDX-License-Identifier: ISC */
#include "forward/permit.h"

#include "harness.h"

TEST(permit_parses)
{
	static const struct {
		const char *text, *host, *again;
		uint32_t first, last;
	} rows[] = {
		{"8080", "*", "*:8080", 8080, 8080},
		{"*", "*", "*:*", 0, 65535},
		{"*:8080", "*", "*:8080", 8080, 8080},
		{"localhost:*", "localhost", "localhost:*", 0, 65535},
		{"localhost:2222", "localhost", "localhost:2222", 2222, 2222},
		{"192.0.2.*:80", "192.0.2.*", "192.0.2.*:80", 80, 80},
		{"[::1]:443", "::1", "[::1]:443", 443, 443},
		{"[*]:443", "*", "*:443", 443, 443},
		{":25", "", ":25", 25, 25},
		{"h:65535", "h", "h:65535", 65535, 65535},
		{"h:http", "h", "h:80", 80, 80},
		{"8000-8099", "*", "*:8000-8099", 8000, 8099},
		{"[::1]:1-65535", "::1", "[::1]:1-65535", 1, 65535},
		{"h:7-7", "h", "h:7", 7, 7},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct permit_rule rule;
		struct fault f = {0};
		char text[300];

		harness_note("%s", rows[i].text);
		REQUIRE_EQ(permit_rule_parse(rows[i].text, &rule, &f), E_OK);
		CHECK_STR(rule.host, rows[i].host);
		CHECK_EQ(rule.first, rows[i].first);
		CHECK_EQ(rule.last, rows[i].last);
		permit_rule_text(&rule, text, sizeof(text));
		CHECK_STR(text, rows[i].again);
	}
}

TEST(permit_refuses)
{
	static const char *const bad[] = {"", "a", "a:", "a:0", "0", "65536", "a:b:c", "::1:80",
		"[::1]", "[::1", "[::1]80", "a/22", "a:-1", "a:22x", "a:no-such-service", "0-80",
		"80-0", "81-80", "80-", "-80", "80-90-100", "80-65536", "*-80", "80-*", "a:1 - 2"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct permit_rule rule = {.first = 7};
		struct fault f = {0};

		harness_note("%s", bad[i]);
		CHECK(permit_rule_parse(bad[i], &rule, &f) != E_OK);
		CHECK(strstr(f.text, bad[i]) != NULL);
		CHECK_EQ(rule.first, 7);
	}
}

static bool allows(const char *text, const char *host, uint32_t port)
{
	struct permit_rule rule;

	REQUIRE_EQ(permit_rule_parse(text, &rule, NULL), E_OK);
	return permit_rule_allows(&rule, bytes_str(host), port);
}

TEST(permit_matches_the_requested_string)
{
	CHECK(allows("8080", "localhost", 8080));
	CHECK(allows("8080", "", 8080));
	CHECK(!allows("8080", "", 8081));
	CHECK(allows("localhost:8080", "LocalHost", 8080));
	/* Plain -R 8080 arrives as "localhost": a rule for the address does not admit it. */
	CHECK(!allows("127.0.0.1:8080", "localhost", 8080));
	CHECK(!allows("localhost:8080", "127.0.0.1", 8080));
	CHECK(allows("10.0.?.1:80", "10.0.7.1", 80));
	CHECK(!allows("10.0.?.1:80", "10.0.77.1", 80));
	CHECK(allows("[::1]:80", "::1", 80));
	/* Patterns are in lower case, as in sshd. */
	CHECK(!allows("LOCALHOST:80", "localhost", 80));
	CHECK(!allows(":80", "localhost", 80));
	CHECK(allows(":80", "", 80));
}

TEST(permit_port_0_needs_a_star)
{
	CHECK(allows("*", "localhost", 0));
	CHECK(allows("localhost:*", "localhost", 0));
	CHECK(!allows("8080", "localhost", 0));
	CHECK(!allows("1-65535", "localhost", 0));
}

TEST(permit_ranges_hold_both_ends)
{
	CHECK(!allows("8000-8099", "", 7999));
	CHECK(allows("8000-8099", "", 8000));
	CHECK(allows("8000-8099", "", 8099));
	CHECK(!allows("8000-8099", "", 8100));
	CHECK(allows("localhost:8000-8099", "localhost", 8050));
	CHECK(!allows("localhost:8000-8099", "", 8050));
}

TEST(permit_hosts_that_are_no_text)
{
	char host[300];

	memset(host, 'a', sizeof(host));
	CHECK(!permit_rule_allows(&(struct permit_rule){"*", 80, 80}, bytes_of("a\0b", 3), 80));
	CHECK(!permit_rule_allows(&(struct permit_rule){"*", 80, 80}, bytes_of(host, 256), 80));
	CHECK(permit_rule_allows(&(struct permit_rule){"*", 80, 80}, bytes_of(host, 255), 80));
}

TEST(permit_open)
{
	static const struct {
		const char *rule, *host;
		uint32_t port;
		bool allows;
	} rows[] = {
		{"h:80", "h", 80, true}, {"h:80", "h", 81, false},
		{"h:80", "H", 80, false}, /* no name is looked up, and none is folded */
		{"h:80", "h.", 80, false}, {"*:80", "anything", 80, true},
		{"h:*", "h", 65535, true}, {"*:*", "x", 1, true}, {"[::1]:80", "::1", 80, true},
		{"[::1]:80", "0:0:0:0:0:0:0:1", 80, false},
		{"h*:80", "hx", 80, false}, /* no patterns but a whole star */
	};
	static const char *const bad[] = {
		"", "h", "80", ":80", "h:", "h:0", "h:65536", "[::1:80", "[::1]80", "[]:80"};
	struct permit_rule rule;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		harness_note("%s %s", rows[i].rule, rows[i].host);
		REQUIRE_EQ(permit_open_parse(rows[i].rule, &rule, NULL), E_OK);
		CHECK_EQ(permit_open_allows(&rule, rows[i].host, rows[i].port), rows[i].allows);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct fault f = {0};

		harness_note("%s", bad[i]);
		CHECK(permit_open_parse(bad[i], &rule, &f) != E_OK);
		CHECK(f.text[0] != '\0');
	}
}
