/* SPDX-License-Identifier: ISC */
/*
 * MaxStartups begin:rate:full: how many connections may be on their way to a login, and which of
 * those that come next are turned away. Pure.
 */
#ifndef RELAY_STARTUPS_H
#define RELAY_STARTUPS_H

#include <stdbool.h>

struct startups {
	unsigned begin, rate, full;
};

/* pending: connections before login now. dice: even over 0..99. From begin on a connection is
 * dropped with rate per cent, growing evenly to all of them at full. */
bool startups_drops(const struct startups *s, unsigned pending, unsigned dice);

#endif
