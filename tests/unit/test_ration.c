/* SPDX-License-Identifier: ISC */
#include "relay/ration.h"

#include "harness.h"

TEST(so_many_lines_in_a_span)
{
	struct ration r = {0};

	for (unsigned span = 0; span < 3; span++) {
		uint64_t from = 1000 + span * (uint64_t)RATION_SPAN_MS;

		for (unsigned i = 0; i < RATION_LINES; i++)
			CHECK(ration_allows(&r, from + i));
		for (unsigned i = 0; i < 500; i++)
			CHECK(!ration_allows(&r, from + RATION_SPAN_MS - 1));
	}
	CHECK_EQ(ration_settle(&r), 1500);
	CHECK_EQ(ration_settle(&r), 0);
}

TEST(a_few_are_all_written)
{
	struct ration r = {0};

	for (uint64_t i = 0; i < 1000; i++)
		CHECK(ration_allows(&r, i * RATION_SPAN_MS / RATION_LINES));
	CHECK_EQ(ration_settle(&r), 0);
}
