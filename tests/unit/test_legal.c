/* SPDX-License-Identifier: ISC */
/* The legality table against a second, independent writing of it: all 256 numbers in every phase
 * and both roles. */
#include "session/legal.h"

#include <string.h>
#include "support/harness.h"
#include "support/legalmatrix.h"

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
	unsigned next = 0;

	for (size_t i = 0; i < LEGAL_LINES; i++) {
		const char *want =
			role == ROLE_SERVER ? legal_matrix[i].server : legal_matrix[i].client;

		REQUIRE_EQ(legal_matrix[i].first, next); /* no number is left out */
		REQUIRE_EQ(strlen(want), PHASE_COUNT);
		for (unsigned msg = legal_matrix[i].first; msg <= legal_matrix[i].last; msg++)
			for (enum phase p = 0; p < PHASE_COUNT; p++)
				if (letter(legal_verdict(role, p, (uint8_t)msg)) != want[p])
					FAIL("message %u %s: is %c, must be %c", msg,
						legal_phase_name(p),
						letter(legal_verdict(role, p, (uint8_t)msg)),
						want[p]);
		next = legal_matrix[i].last + 1;
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
