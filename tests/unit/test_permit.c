/* SPDX-License-Identifier: ISC */
#include "forward/permit.h"

#include "harness.h"

TEST(permit_parses)
{
	static const struct {
		const char *text, *host;
		uint32_t port;
	} rows[] = {
		{"8080", "*", 8080},
		{"*", "*", PERMIT_ANY_PORT},
		{"*:8080", "*", 8080},
		{"localhost:*", "localhost", PERMIT_ANY_PORT},
		{"localhost:2222", "localhost", 2222},
		{"192.0.2.*:80", "192.0.2.*", 80},
		{"[::1]:443", "::1", 443},
		{"[*]:443", "*", 443},
		{":25", "", 25},
		{"h:65535", "h", 65535},
		{"h:http", "h", 80},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct permit_rule rule;
		struct fault f = {0};

		harness_note("%s", rows[i].text);
		REQUIRE_EQ(permit_rule_parse(rows[i].text, &rule, &f), E_OK);
		CHECK_STR(rule.host, rows[i].host);
		CHECK_EQ(rule.port, rows[i].port);
	}
}

TEST(permit_refuses)
{
	static const char *const bad[] = {"", "a", "a:", "a:0", "0", "65536", "a:b:c", "::1:80",
		"[::1]", "[::1", "[::1]80", "a/22", "a:-1", "a:22x", "a:no-such-service"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct permit_rule rule = {.port = 7};
		struct fault f = {0};

		harness_note("%s", bad[i]);
		CHECK(permit_rule_parse(bad[i], &rule, &f) != E_OK);
		CHECK(strstr(f.text, bad[i]) != NULL);
		CHECK_EQ(rule.port, 7);
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
	/* Not even a rule that was made with port 0 by hand. */
	CHECK(!permit_rule_allows(&(struct permit_rule){"*", 0}, bytes_str("localhost"), 0));
}

TEST(permit_hosts_that_are_no_text)
{
	char host[300];

	memset(host, 'a', sizeof(host));
	CHECK(!permit_rule_allows(&(struct permit_rule){"*", 80}, bytes_of("a\0b", 3), 80));
	CHECK(!permit_rule_allows(&(struct permit_rule){"*", 80}, bytes_of(host, 256), 80));
	CHECK(permit_rule_allows(&(struct permit_rule){"*", 80}, bytes_of(host, 255), 80));
}
