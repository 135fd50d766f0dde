/* SPDX-License-Identifier: ISC */
/*
 * One thing that happened, as a line of text: a time, the name of an event, and fields. Peers have
 * a say in some of the text, so a line is built so that it cannot be forged: every text is made
 * printable ASCII and cut, and what could end a value stands in quotes with the quotes in it
 * escaped. Two forms:
 *
 *     time=2026-11-22T09:30:00.125Z event=login address=192.0.2.7 key="the lab's"
 *     {"time":"2026-11-22T09:30:00.125Z","event":"login","address":"192.0.2.7","key":"the lab's"}
 *
 * docs/audit.md names every event and field.
 */
#ifndef RELAY_RECORD_H
#define RELAY_RECORD_H

#include <jansson.h>
#include <stdint.h>
#include <time.h>

#include "base/bytes.h"

enum {
	RECORD_FIELDS_MAX = 16,
	RECORD_NAME_MAX = 24,
	RECORD_TEXT_MAX = 256, /* of one text, printable, the terminator included */
	/* Each letter of a text may need a backslash; name, equals sign, quotes and a blank. */
	RECORD_LINE_MAX = (RECORD_FIELDS_MAX + 2) * (2 * RECORD_TEXT_MAX + RECORD_NAME_MAX + 4)
};

enum record_kind { RECORD_TEXT, RECORD_NUMBER, RECORD_SECONDS };

struct record {
	struct timespec at;
	const char *event;
	size_t count;
	struct record_field {
		const char *name;
		enum record_kind kind;
		const char *text;
		uint64_t number; /* of seconds: thousandths */
	} field[RECORD_FIELDS_MAX];
};

/* Names and texts are kept by reference. */
void record_init(struct record *r, const struct timespec *at, const char *event);
void record_text(struct record *r, const char *name, const char *text); /* NULL, "": left out */
void record_number(struct record *r, const char *name, uint64_t n);
void record_ms(struct record *r, const char *name, uint64_t ms); /* as seconds, 1.250 */

/* One line without its newline; returns its length. */
size_t record_logfmt(const struct record *r, char out[static RECORD_LINE_MAX]);
/* A new reference; NULL when memory is short. */
json_t *record_json(const struct record *r);
/* The same as a line; 0 when memory is short. */
size_t record_json_line(const struct record *r, char out[static RECORD_LINE_MAX]);

#endif
