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

void show_status(FILE *out, const json_t *status);
/* now: what "since" is reckoned from. */
void show_ls(FILE *out, const json_t *ls, time_t now);

#endif
