/* SPDX-License-Identifier: ISC */
/*
 * Makes the n-th allocation of the program under test fail. Works by the linker's --wrap, so it sees
 * the calls of our own objects and static libraries, and not those inside libc or shared libraries:
 * libcrypto's failures need CRYPTO_set_mem_functions, in the test that wants them.
 *
 * The usual round, which stops when no allocation was left to fail:
 *
 *	for (unsigned n = 1;; n++) {
 *		failalloc_arm(n);
 *		... the work, which must fail cleanly or succeed ...
 *		if (!failalloc_disarm())
 *			break;
 *	}
 */
#ifndef SUPPORT_FAILALLOC_H
#define SUPPORT_FAILALLOC_H

#include <stdbool.h>

/* The n-th allocation from now on fails, 1 being the next; all others succeed. Starts the count. */
void failalloc_arm(unsigned n);
/* Nothing fails any more. True when an allocation was made to fail since failalloc_arm. */
bool failalloc_disarm(void);
/* Allocations since failalloc_arm, the failed one among them. */
unsigned failalloc_count(void);

#endif
