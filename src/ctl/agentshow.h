/* SPDX-License-Identifier: ISC */
/* An agent's facts for people. What is missing is shown as "-"; text is made printable. */
#ifndef CTL_AGENTSHOW_H
#define CTL_AGENTSHOW_H

#include <jansson.h>
#include <stdio.h>
#include <time.h>

/* now: what "since" is reckoned from. */
void agentshow_status(FILE *out, const json_t *facts, time_t now);
/* A table of its forwards, each followed by its visitors. */
void agentshow_ls(FILE *out, const json_t *facts, time_t now);
/* The state in one line, with the time. */
void agentshow_line(FILE *out, const json_t *facts, time_t now);

#endif
