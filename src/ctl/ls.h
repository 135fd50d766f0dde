/* SPDX-License-Identifier: ISC */
/* The answer to ls: agents, their forwards, their visitors, a row each. */
#ifndef CTL_LS_H
#define CTL_LS_H

#include <jansson.h>
#include <stdio.h>
#include <time.h>

enum { LS_PLACES_MAX = 1024, LS_LIMITS_MAX = 160 };

/* now: what "since" is reckoned from. */
void show_ls(FILE *out, const json_t *ls, time_t now);
/* Where a forward is open: "0.0.0.0:2222 [::]:2222", "stands by" or "closed, visitors stay". */
const char *ls_places(const json_t *forward, char out[static LS_PLACES_MAX]);
/* What limits its visitors, the most frequent first: "target 3, window". "" when all are idle. */
const char *ls_limits(const json_t *forward, char out[static LS_LIMITS_MAX]);

#endif
