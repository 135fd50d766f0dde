/* SPDX-License-Identifier: ISC */
/* The keys that a relay takes, each with what it does now. */
#ifndef CTL_KEYS_H
#define CTL_KEYS_H

#include <jansson.h>
#include <stdio.h>
#include <time.h>

enum { KEYS_WORDS_MAX = 4096 };

/* What else is asked: the answers to ls and to reserved, in this order. Adds to each key its sessions, the
 * ports it holds and those it has reserved. */
void keys_merge(json_t *keys, json_t *const also[]);
void show_keys(FILE *out, const json_t *keys, time_t now);
/* What the line of a key lets it do, in words. */
const char *keys_words(const json_t *key, time_t now, char out[static KEYS_WORDS_MAX]);

#endif
