/* SPDX-License-Identifier: ISC */
#include "transport/version.h"

#include <stdio.h>

#include "harness.h"

struct got {
	enum err e;
	size_t used;
	struct bytes line;
	bool is_ident;
	struct fault f;
};

static struct got ask(struct version *v, const void *data, size_t len)
{
	struct got g = {.e = E_OK};

	g.e = version_next(v, bytes_of(data, len), &g.used, &g.line, &g.is_ident, &g.f);
	return g;
}

static struct got once(bool is_server, const char *text)
{
	struct version v = {.is_server = is_server};

	return ask(&v, text, strlen(text));
}

TEST(ours_is_within_the_limits)
{
	CHECK(strlen(VERSION_OURS) + 2 <= LIMIT_IDENT);
	CHECK(strncmp(VERSION_OURS, "SSH-2.0-", 8) == 0);
	CHECK(strchr(&VERSION_OURS[8], '-') == NULL); /* RFC 4253 4.2 */
}

/* Lines seen in the wild. */
TEST(real_lines_are_taken)
{
	static const char *const lines[] = {"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10",
		"SSH-2.0-dropbear_2022.83", "SSH-2.0-tinyssh_20230101-1 LPjNUbd1",
		"SSH-2.0-libssh_0.10.6", "SSH-2.0-AsyncSSH_2.10.1", "SSH-2.0-paramiko_2.12.0",
		"SSH-1.99-Cisco-1.25", "SSH-2.0-Go", "SSH-2.0--", "SSH-2.0-PuTTY_Release_0.78"};
	static const char *const ends[] = {"\r\n", "\n"};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		for (int end = 0; end < 2; end++)
			for (int role = 0; role < 2; role++) {
				char text[300];
				struct got g;

				harness_note("%s", lines[i]);
				snprintf(text, sizeof(text), "%s%srest", lines[i], ends[end]);
				g = once(role, text);
				CHECK_EQ(g.e, E_OK);
				CHECK(g.is_ident);
				CHECK_EQ(g.used, strlen(text) - 4);
				CHECK(bytes_is(g.line, lines[i])); /* what is hashed: no CR LF */
			}
}

TEST(every_cut_waits_for_more)
{
	static const char text[] = "SSH-2.0-x\r\n";
	struct version v = {.is_server = true};

	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		struct got g = ask(&v, text, n);

		CHECK_EQ(g.e, E_AGAIN);
		CHECK_EQ(g.used, n + 1);
	}
}

TEST(other_versions_and_broken_lines_are_refused)
{
	static const char *const lines[] = {"SSH-1.5-old\n", "SSH-2.1-x\n", "SSH--x\n"};
	static const char *const broken[] = {"SSH-\n", "SSH-2.0\n", "SSH-2.0-\r\n", "SSH-2.0-\n"};

	for (size_t i = 0; i < 3; i++) {
		struct got g = once(false, lines[i]);

		CHECK_EQ(g.e, E_FORMAT);
		CHECK_EQ(g.f.code, DISCONNECT_VERSION_NOT_SUPPORTED);
	}
	for (size_t i = 0; i < 4; i++)
		CHECK_EQ(once(i & 1, broken[i]).e, E_FORMAT);
}

TEST(a_server_skips_nothing)
{
	CHECK_EQ(once(true, "GET / HTTP/1.1\r\n").e, E_FORMAT);
	CHECK_EQ(once(true, "\r\n").e, E_FORMAT);
	CHECK_EQ(once(true, "ssh-2.0-x\r\n").e, E_FORMAT);
	CHECK_EQ(once(true, " SSH-2.0-x\r\n").e, E_FORMAT);
}

TEST(a_client_skips_so_many_lines)
{
	struct version v = {.is_server = false};
	struct got g;

	for (int i = 0; i < LIMIT_PRE_LINES; i++) {
		g = ask(&v, "hello\r\n", 7);
		REQUIRE_EQ(g.e, E_OK);
		REQUIRE(!g.is_ident);
		REQUIRE_EQ(g.used, 7);
	}
	g = ask(&v, "SSH-2.0-x\n", 10);
	CHECK_EQ(g.e, E_OK);
	CHECK(g.is_ident);
	CHECK_EQ(ask(&v, "hello\r\n", 7).e, E_LIMIT);
}

TEST(long_lines_and_nul_are_refused)
{
	char text[LIMIT_IDENT + 2];
	struct version v = {.is_server = false};

	memset(text, 'a', sizeof(text));
	memcpy(text, "SSH-2.0-", 8);
	text[LIMIT_IDENT - 1] = '\n'; /* 255 bytes with LF */
	CHECK_EQ(ask(&v, text, LIMIT_IDENT).e, E_OK);
	CHECK_EQ(ask(&v, text, LIMIT_IDENT - 1).e, E_AGAIN);
	text[LIMIT_IDENT - 1] = 'a';
	text[LIMIT_IDENT] = '\n';
	CHECK_EQ(ask(&v, text, LIMIT_IDENT + 1).e, E_LIMIT);
	CHECK_EQ(ask(&v, text, LIMIT_IDENT).e, E_LIMIT);
	memset(text, 'b', sizeof(text)); /* the same for a line to skip */
	CHECK_EQ(ask(&v, text, sizeof(text)).e, E_LIMIT);
	CHECK_EQ(ask(&v, "SSH-2.0-a\0b\r\n", 13).e, E_FORMAT);
	CHECK_EQ(ask(&v, "hel\0lo\r\n", 8).e, E_FORMAT);
}
