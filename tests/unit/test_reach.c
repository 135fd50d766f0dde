/* SPDX-License-Identifier: ISC */
#include "client/reach.h"

#include "harness.h"

static const struct {
	const char *spec, *words, *want;
} cases[] = {
	{"80:a:1", NULL,
		"localhost:80 on the relay itself leads to a:1 (for visitors from elsewhere: -R "
		"*:80:a:1)"},
	{"127.0.0.9:80:[::1]:1", "",
		"127.0.0.9:80 on the relay itself leads to [::1]:1 (for visitors from elsewhere: "
		"-R "
		"*:80:[::1]:1)"},
	{"[::1]:80:a:1", NULL,
		"[::1]:80 on the relay itself leads to a:1 (for visitors from elsewhere: -R "
		"*:80:a:1)"},
	{"*:80:a:1", NULL,
		"relay.test:80 leads to a:1 (only from the relay itself if it has GatewayPorts "
		"no)"},
	{"*:80:a:1", "", "relay.test:80 leads to a:1"},
	{"[::]:80:a:1", "", "relay.test:80 leads to a:1"},
	{"10.0.0.1:80:a:1", "", "10.0.0.1:80 leads to a:1"},
	{"*:80:a:1", "narrowed", "relay.test:80 leads to a:1; the relay says: narrowed"},
	{"80:a:1", "widened", "localhost:80 leads to a:1; the relay says: widened"},
};

TEST(reach_says_what_is_known_and_no_more)
{
	const struct client_settings s = {.hostname = (char *)"relay.test"};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct forward_spec spec;
		struct forward one = {.spec = &spec, .port = 80};
		struct fault f = {0};
		char text[REACH_TEXT];

		REQUIRE_EQ(forward_spec_remote(&spec, cases[i].spec, &f), E_OK);
		reach_text(&one, &s, cases[i].words, text);
		CHECK_STR(text, cases[i].want);
	}
}

TEST(reach_names_every_target)
{
	const struct client_settings s = {.hostname = (char *)"relay.test"};
	struct forward_spec spec;
	struct forward one = {.spec = &spec, .port = 80};
	struct fault f = {0};
	char text[REACH_TEXT];

	REQUIRE_EQ(forward_spec_remote(&spec, "*:80:a:1", &f), E_OK);
	spec.more[0] = (struct forward_target){"::1", 2};
	spec.more[1] = (struct forward_target){"b", 3};
	spec.more_count = 2;
	reach_text(&one, &s, "", text);
	CHECK_STR(text, "relay.test:80 leads to a:1,[::1]:2,b:3");
}
