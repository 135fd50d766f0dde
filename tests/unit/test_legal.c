/* SPDX-License-Identifier: ISC */
/*
 * The legality table against a second, independent writing of it: one line a message number, one
 * letter a phase. All 256 numbers in every phase and both roles.
 *
 *     columns  I ident, K first exchange (strict), L the same without strict, N before the service,
 *              A login, O open, R the peer's KEXINIT seen
 *     letters  . disconnect, y handle, e only the expected one, b bounded, i ignore, u
 * unimplemented
 */
#include "session/legal.h"

#include <string.h>
#include "support/harness.h"

struct line {
	unsigned first, last;
	const char *server, *client; /* IKLNAOR */
};

static const struct line matrix[] = {
	{0, 0, ".......", "......."},
	{1, 1, ".yyyyyy", ".yyyyyy"},
	{2, 2, "..bbbbb", "..bbbbb"},
	{3, 3, "..bbbbb", "..bbbbb"},
	{4, 4, "..bbbbb", "..bbbbb"},
	{5, 5, "...yy..", "......."},
	{6, 6, ".......", "...y..."},
	{7, 7, "...b...", "...bb.."},
	{8, 19, ".....u.", ".....u."},
	{20, 20, ".ee..y.", ".ee..y."},
	{21, 21, ".ee...e", ".ee...e"},
	{22, 29, ".......", "......."},
	{30, 49, ".ee...e", ".ee...e"},
	{50, 50, "....yi.", "......."},
	{51, 53, ".......", "....y.."},
	{54, 59, ".....u.", ".....u."},
	{60, 60, ".......", "....e.."},
	{61, 79, ".......", "......."},
	{80, 82, ".....y.", ".....y."},
	{83, 89, ".......", "......."},
	{90, 100, ".....y.", ".....y."},
	{101, 191, ".....u.", ".....u."},
	{192, 192, "...iiy.", "...iiy."},
	{193, 193, "...iii.", "...iii."},
	{194, 255, ".......", "......."},
};

static char letter(enum legal v)
{
	switch (v) {
	case LEGAL_NO:
		return '.';
	case LEGAL_YES:
		return 'y';
	case LEGAL_EXPECTED:
		return 'e';
	case LEGAL_BOUNDED:
		return 'b';
	case LEGAL_IGNORE:
		return 'i';
	case LEGAL_UNKNOWN:
		return 'u';
	}
	return '?';
}

static void walk(enum role role)
{
	size_t lines = sizeof(matrix) / sizeof(matrix[0]);
	unsigned next = 0;

	for (size_t i = 0; i < lines; i++) {
		const char *want = role == ROLE_SERVER ? matrix[i].server : matrix[i].client;

		REQUIRE_EQ(matrix[i].first, next); /* no number is left out */
		REQUIRE_EQ(strlen(want), PHASE_COUNT);
		for (unsigned msg = matrix[i].first; msg <= matrix[i].last; msg++)
			for (enum phase p = 0; p < PHASE_COUNT; p++)
				if (letter(legal_verdict(role, p, (uint8_t)msg)) != want[p])
					FAIL("message %u %s: is %c, must be %c", msg,
						legal_phase_name(p),
						letter(legal_verdict(role, p, (uint8_t)msg)),
						want[p]);
		next = matrix[i].last + 1;
	}
	CHECK_EQ(next, 256);
}

TEST(r1_r2_r9_every_number_in_every_phase_as_server)
{
	walk(ROLE_SERVER);
}

TEST(r1_r2_r9_every_number_in_every_phase_as_client)
{
	walk(ROLE_CLIENT);
}

/* CVE-2018-10933: what a server says, no server takes. */
TEST(r1_cve_2018_10933_cve_2018_1000805_success_sent_to_a_server)
{
	for (enum phase p = 0; p < PHASE_COUNT; p++) {
		CHECK_EQ(legal_verdict(ROLE_SERVER, p, 51), LEGAL_NO);
		CHECK_EQ(legal_verdict(ROLE_SERVER, p, 52), LEGAL_NO);
		CHECK_EQ(legal_verdict(ROLE_SERVER, p, 60), LEGAL_NO);
		CHECK_EQ(legal_verdict(ROLE_CLIENT, p, 50), LEGAL_NO);
	}
}

/* CVE-2025-32433: nothing of the connection protocol before login. */
TEST(r2_cve_2025_32433_cve_2018_7749_cve_2018_7750_cve_2024_2873_channels_before_login)
{
	for (enum role r = 0; r < ROLE_COUNT; r++)
		for (enum phase p = 0; p < PHASE_COUNT; p++)
			for (unsigned msg = 80; msg < 128; msg++)
				if (p != PHASE_OPEN)
					CHECK_EQ(legal_verdict(r, p, (uint8_t)msg), LEGAL_NO);
}
