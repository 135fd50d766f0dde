/* SPDX-License-Identifier: ISC */
/* Who has a port, and who could get it. */
#ifndef CTL_WHY_H
#define CTL_WHY_H

#include <jansson.h>
#include <stdio.h>
#include <time.h>

/* What else is asked: the answers to ls and to reserved, in this order. Adds who holds the port, who stands
 * by, for whom it is kept and for whom it is reserved, and to each verdict what would become of it now. */
void why_merge(json_t *why, json_t *const also[]);
void show_why(FILE *out, const json_t *why, time_t now);

#endif
