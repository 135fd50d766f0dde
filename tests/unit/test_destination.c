/* SPDX-License-Identifier: ISC */
#include "conf/destination.h"

#include <stdio.h>

#include "harness.h"

static const struct {
	const char *text, *user, *host; /* host NULL: it is none */
	uint16_t port;
} rows[] = {
	{"a", NULL, "a", 0},
	{"u@a", "u", "a", 0},
	{"u@v@a:22", "u@v", "a", 22},
	{"a:", NULL, "a", 0},
	{"a:ssh", NULL, "a", 22},
	{"[::1]", NULL, "::1", 0},
	{"u@[fe80::1%eth0]:2", "u", "fe80::1%eth0", 2},
	{"ssh://a", NULL, "a", 0},
	{"ssh://u@a:1/", "u", "a", 1},
	{"ssh://a/", NULL, "a", 0},
	{"ssh://u%40v@[::1]:65535", "u@v", "::1", 65535},
	{"ssh://u;fingerprint=x@a", "u", "a", 0},
	{"", NULL, NULL, 0},
	{"@a", NULL, NULL, 0},
	{"u@", NULL, NULL, 0},
	{":22", NULL, NULL, 0},
	{"a:0", NULL, NULL, 0},
	{"a:65536", NULL, NULL, 0},
	{"a:1:2", NULL, NULL, 0},
	{"::1", NULL, NULL, 0},
	{"[::1", NULL, NULL, 0},
	{"[::1]x", NULL, NULL, 0},
	{"[]", NULL, NULL, 0},
	{"a:22/", NULL, NULL, 0},
	{"ssh://", NULL, NULL, 0},
	{"ssh:///", NULL, NULL, 0},
	{"ssh://a/b", NULL, NULL, 0},
	{"ssh://a:1/b", NULL, NULL, 0},
	{"ssh://%4@a", NULL, NULL, 0},
	{"ssh://%zz@a", NULL, NULL, 0},
	{"ssh://%00@a", NULL, NULL, 0},
	{"ssh://@a", NULL, NULL, 0},
};

TEST(destinations)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char text[64];
		struct destination d;
		bool is_one;

		snprintf(text, sizeof(text), "%s", rows[i].text);
		harness_note("%s", rows[i].text);
		is_one = destination_parse(text, &d);
		CHECK_EQ(is_one, rows[i].host != NULL);
		if (!is_one || rows[i].host == NULL)
			continue;
		CHECK_STR(d.host, rows[i].host);
		CHECK_EQ(d.user != NULL, rows[i].user != NULL);
		if (d.user != NULL && rows[i].user != NULL)
			CHECK_STR(d.user, rows[i].user);
		CHECK_EQ(d.port, rows[i].port);
	}
}

TEST(destination_names)
{
	static const char *const bad_hosts[] = {
		"-a", "a b", "a;b", "$(a)", "`a`", "a\n", "a\x7f", "a,b"};
	static const char *const bad_users[] = {"-a", "a;b", "`a`", "a|b", "a -b", "a\\", "a\n"};
	static const char *const good_users[] = {"a", "a b", "DOM\\a", "a@b", "$a"};

	CHECK(destination_is_host("a-b.example") && destination_is_host("::1%eth0"));
	for (size_t i = 0; i < sizeof(bad_hosts) / sizeof(*bad_hosts); i++)
		CHECK(!destination_is_host(bad_hosts[i]));
	for (size_t i = 0; i < sizeof(bad_users) / sizeof(*bad_users); i++)
		CHECK(!destination_is_user(bad_users[i]));
	for (size_t i = 0; i < sizeof(good_users) / sizeof(*good_users); i++)
		CHECK(destination_is_user(good_users[i]));
}
