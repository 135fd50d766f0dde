/* SPDX-License-Identifier: ISC */
#include "client/ending.h"

#include <stdio.h>
#include <string.h>

#include "harness.h"

static const char too_many[] = "the peer disconnected: Too many authentication failures (reason 2)";

static const struct {
	enum uplink_stage stage;
	enum err err;
	const char *text;
	bool is_shunned, has_been_up;
	enum ending_kind want;
} cases[] = {
	{UPLINK_DIAL, E_SYS, "connect to host a port 22: Connection refused", 0, 0, ENDING_RETRY},
	{UPLINK_DIAL, E_UNKNOWN, "Could not resolve hostname a", 0, 0, ENDING_RETRY},
	{UPLINK_DIAL, E_LIMIT, "name too long", 0, 0, ENDING_FINAL},
	{UPLINK_DIAL, E_NOMEM, "out of memory", 0, 1, ENDING_RETRY},
	{UPLINK_LOGIN, E_CLOSED, "the peer closed the connection", 0, 0, ENDING_RETRY},
	{UPLINK_LOGIN, E_CLOSED, "the peer closed the connection", 1, 0, ENDING_LATER},
	{UPLINK_LOGIN, E_CLOSED, too_many, 0, 1, ENDING_FINAL},
	{UPLINK_LOGIN, E_AUTH, "Permission denied (publickey)", 0, 1, ENDING_FINAL},
	{UPLINK_LOGIN, E_HOSTKEY, "", 0, 1, ENDING_FINAL},
	{UPLINK_LOGIN, E_NOALG, "no cipher", 0, 0, ENDING_FINAL},
	{UPLINK_LOGIN, E_NOALG, "no cipher", 0, 1, ENDING_RETRY},
	{UPLINK_LOGIN, E_LIMIT, "no SSH identification line", 0, 0, ENDING_RETRY},
	{UPLINK_LOGIN, E_TIMEOUT, "no answer", 0, 0, ENDING_RETRY},
	{UPLINK_UP, E_CLOSED, "the peer closed the connection", 0, 1, ENDING_RETRY},
	{UPLINK_UP, E_CLOSED, too_many, 0, 1, ENDING_RETRY}, /* not at this stage */
	{UPLINK_UP, E_TIMEOUT, "silence", 0, 1, ENDING_RETRY},
	{UPLINK_UP, E_MAC, "corrupt", 0, 1, ENDING_RETRY},
};

TEST(ends_are_final_only_where_another_try_cannot_help)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fault f = {0};
		struct uplink_end end = {
			.stage = cases[i].stage, .is_shunned = cases[i].is_shunned, .fault = &f};

		fault_set(&f, cases[i].err, 0, "%s", cases[i].text);
		harness_note("case %zu: %s", i, cases[i].text);
		CHECK_EQ(ending_judge(&end, cases[i].has_been_up), cases[i].want);
	}
}

static char said[1024];

static void hear(void *ctx, enum log_level level, const char *line)
{
	size_t len = strlen(said);

	snprintf(said + len, sizeof(said) - len, "%s\n", line);
}

static const struct {
	enum uplink_stage stage;
	enum err err;
	const char *text, *want;
} words[] = {
	{UPLINK_DIAL, E_SYS, "connect to host a port 22: No route to host",
		"sally: connect to host a port 22: No route to host\n"},
	{UPLINK_LOGIN, E_CLOSED, "the peer closed the connection",
		"the peer closed the connection\nConnection closed by 127.0.0.1 port 22\n"},
	{UPLINK_UP, E_CLOSED, "the peer closed the connection",
		"Connection to relay.test closed by remote host.\n"},
	{UPLINK_UP, E_CLOSED, "Connection timed out",
		"Read from remote host relay.test: Connection timed out\n"},
	{UPLINK_UP, E_TIMEOUT, "silence", "Timeout, server relay.test not responding.\n"},
	{UPLINK_LOGIN, E_AUTH, "Permission denied (publickey)",
		"me@relay.test: Permission denied (publickey).\n"},
	{UPLINK_LOGIN, E_NOALG, "no matching cipher",
		"Unable to negotiate with 127.0.0.1 port 22: no matching cipher\n"},
	{UPLINK_UP, E_MAC, "corrupt", "Connection to 127.0.0.1 port 22: corrupt\n"},
};

TEST(ends_are_told_in_the_words_of_ssh)
{
	const struct client_settings s = {.hostname = (char *)"relay.test", .user = (char *)"me"};
	struct sock_addr peer;

	REQUIRE(sock_parse("127.0.0.1", 22, &peer));
	log_setup(LOG_LEVEL_INFO, hear, NULL);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		struct fault f = {0};
		struct uplink_end end = {.stage = words[i].stage, .peer = &peer, .fault = &f};

		said[0] = '\0';
		fault_set(&f, words[i].err, 0, "%s", words[i].text);
		ending_say(&s, &end, LOG_LEVEL_INFO);
		CHECK_STR(said, words[i].want);
	}
	log_setup(LOG_LEVEL_INFO, log_to_stderr, NULL);
}
