/* SPDX-License-Identifier: ISC */
#include "forward/failover.h"

#include <stdio.h>
#include <string.h>

#include "harness.h"

/* "first|host port|host port", or the sentence. */
static const char *split(const char *text)
{
	static char out[4096];
	char first[FORWARD_SPEC_MAX];
	struct forward_spec spec = {.more_count = 99};
	struct fault f = {0};
	size_t len;

	if (failover_split(text, first, &spec, &f) != E_OK) {
		snprintf(out, sizeof(out), "%s", f.text);
		return out;
	}
	len = (size_t)snprintf(out, sizeof(out), "%s", first);
	for (size_t i = 0; i < spec.more_count; i++)
		len += (size_t)snprintf(out + len, sizeof(out) - len, "|%s %u", spec.more[i].host,
			spec.more[i].port);
	return out;
}

TEST(targets_stand_behind_commas)
{
	static const char *const cases[][2] = {
		{"80:a:80", "80:a:80"},
		{"80:a:80,b:81", "80:a:80|b 81"},
		{"*:80:a:80,[::1]:81,127.0.0.1:http", "*:80:a:80|::1 81|127.0.0.1 80"},
		{"80:[fe80::1]:80,b:1", "80:[fe80::1]:80|b 1"},
		{"8080:/run/a,b.sock", "8080:/run/a,b.sock"},
		{"", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		harness_note("%s", cases[i][0]);
		CHECK_STR(split(cases[i][0]), cases[i][1]);
	}
}

TEST(a_target_that_is_none_is_named)
{
	static const char *const cases[][2] = {
		{"80:a:80,", "target '': host:hostport is wanted"},
		{"80:a:80,b", "target 'b': host:hostport is wanted"},
		{"80:a:80,:1", "target ':1': host:hostport is wanted"},
		{"80:a:80,b:0", "target 'b:0': its port is no number"},
		{"80:a:80,b:65536", "target 'b:65536': its port is no number"},
		{"80:a:80,::1:80", "target '::1:80': an IPv6 address stands in brackets"},
		{"80:a:80,[]:80", "target '[]:80': its host is empty"},
		{"80:a:80,b:1,b:2,b:3,b:4,b:5,b:6,b:7,b:8", "target 'b:8': there are more than"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		harness_note("%s", cases[i][0]);
		CHECK(strstr(split(cases[i][0]), cases[i][1]) != NULL);
	}
}

TEST(what_is_too_long_is_none)
{
	char text[3000];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	CHECK(strstr(split(text), "too long") != NULL);
	memcpy(text, "80:a:80,", 8);
	CHECK(strstr(split(text), "too long") != NULL);
	memset(text + 8, 'a', 300);
	memcpy(text + 8 + 260, ":80", 4);
	CHECK(strstr(split(text), "longer than 255") != NULL);
}
