/* SPDX-License-Identifier: ISC */
/* The n-th allocation fails, for every n: a connection ends with a reason or goes on; nothing
 * leaks. */
#include "sim/pair.h"
#include "support/failalloc.h"
#include "support/harness.h"

static void each_failure(const struct pair_options *o)
{
	unsigned n, done = 0;

	for (n = 1; n < 20000; n++) {
		struct pair p;
		bool failed;

		failalloc_arm(n);
		if (pair_init(&p, o))
			done += pair_run(&p, 3000);
		failed = failalloc_disarm();
		pair_fini(&p);
		if (!failed)
			break;
	}
	CHECK(n < 20000);
	CHECK(n > 20);
	CHECK(done > 0); /* the last run, at least, in which nothing failed */
}

TEST(r16_any_allocation_of_a_whole_connection_fails)
{
	each_failure(
		&(struct pair_options){.seed = 60, .channels = 3, .bytes = 20000, .cut = 3000});
}

TEST(r16_any_allocation_fails_while_keys_are_exchanged_again)
{
	each_failure(&(struct pair_options){.seed = 61,
		.channels = 2,
		.bytes = 60000,
		.cut = 5000,
		.rekey_one_in = 6,
		.slow_one_in = 3});
}
