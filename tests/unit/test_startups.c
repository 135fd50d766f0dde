/* SPDX-License-Identifier: ISC */
#include "relay/startups.h"

#include "harness.h"

static unsigned dropped_of_100(const struct startups *s, unsigned pending)
{
	unsigned n = 0;

	for (unsigned dice = 0; dice < 100; dice++)
		n += startups_drops(s, pending, dice);
	return n;
}

/* The figures of sshd_config(5): rate/100 at begin, all at full, evenly in between. */
TEST(the_default_of_sshd)
{
	const struct startups s = {10, 30, 100};

	CHECK_EQ(dropped_of_100(&s, 0), 0);
	CHECK_EQ(dropped_of_100(&s, 9), 0);
	CHECK_EQ(dropped_of_100(&s, 10), 30);
	CHECK_EQ(dropped_of_100(&s, 55), 65);
	CHECK_EQ(dropped_of_100(&s, 99), 99);
	CHECK_EQ(dropped_of_100(&s, 100), 100);
	CHECK_EQ(dropped_of_100(&s, 4000000000u), 100);
}

/* Every corner of the settings: never a division by nothing, never less at more load (the crash of
 * small MaxStartups, OpenSSH 2026). */
TEST(r42_every_corner)
{
	static const unsigned values[] = {0, 1, 2, 9, 10, 100, 2147483647};
	static const unsigned rates[] = {0, 1, 30, 99, 100};

	for (unsigned b = 0; b < 7; b++)
		for (unsigned f = 0; f < 7; f++)
			for (unsigned r = 0; r < 5; r++) {
				struct startups s = {values[b], rates[r], values[f]};
				unsigned last = 0;

				harness_note("%u:%u:%u", s.begin, s.rate, s.full);
				for (unsigned p = 0; p < 120; p++) {
					unsigned now = dropped_of_100(&s, p);

					REQUIRE(now >= last);
					REQUIRE(p >= s.begin || now == 0);
					REQUIRE(p < s.full || p < s.begin || now == 100);
					last = now;
				}
			}
}
