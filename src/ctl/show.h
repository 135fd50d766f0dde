/* SPDX-License-Identifier: ISC */
/*
 * A relay's answers as tables for people. What is missing in an answer is shown as "-"; text is
 * made printable, whoever it came from.
 */
#ifndef CTL_SHOW_H
#define CTL_SHOW_H

#include <jansson.h>
#include <stdio.h>
#include <time.h>

/* now: what "since" is reckoned from. */
void show_status(FILE *out, const json_t *status, time_t now);
void show_kicked(FILE *out, const json_t *answer, time_t now);
void show_closed(FILE *out, const json_t *answer, time_t now);
void show_reloaded(FILE *out, const json_t *answer, time_t now);
void show_draining(FILE *out, const json_t *answer, time_t now);
/* A line of what is watched: a record of docs/audit.md, or how many are missing. */
void show_record(FILE *out, const json_t *line);

#endif
