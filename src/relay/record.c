/* SPDX-License-Identifier: ISC */
#include "relay/record.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { TIME_TEXT = 40 };

void record_init(struct record *r, const struct timespec *at, const char *event)
{
	*r = (struct record){.at = *at, .event = event};
}

static struct record_field *add(struct record *r, const char *name, enum record_kind kind)
{
	struct record_field *f = &r->field[r->count++];

	assert(r->count <= RECORD_FIELDS_MAX && strlen(name) < RECORD_NAME_MAX);
	f->name = name;
	f->kind = kind;
	return f;
}

void record_text(struct record *r, const char *name, const char *text)
{
	if (text && text[0])
		add(r, name, RECORD_TEXT)->text = text;
}

void record_number(struct record *r, const char *name, uint64_t n)
{
	add(r, name, RECORD_NUMBER)->number = n;
}

void record_ms(struct record *r, const char *name, uint64_t ms)
{
	add(r, name, RECORD_SECONDS)->number = ms;
}

static const char *time_text(const struct timespec *at, char out[static TIME_TEXT])
{
	struct tm t;
	size_t n =
		gmtime_r(&at->tv_sec, &t) ? strftime(out, TIME_TEXT, "%Y-%m-%dT%H:%M:%S", &t) : 0;

	if (n == 0)
		n = (size_t)snprintf(out, TIME_TEXT, "unknown");
	else
		snprintf(out + n, TIME_TEXT - n, ".%03ldZ", at->tv_nsec / 1000000);
	return out;
}

/* --- logfmt ----------------------------------------------------------------------------------- */

struct line {
	char *at;
	size_t len;
};

static void put(struct line *l, const char *text)
{
	size_t n = strlen(text);

	memcpy(l->at + l->len, text, n);
	l->len += n;
}

static bool is_plain(const char *text)
{
	return text[0] && !strpbrk(text, " =\"\\");
}

static void put_value(struct line *l, const char *text)
{
	if (is_plain(text)) {
		put(l, text);
		return;
	}
	l->at[l->len++] = '"';
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			l->at[l->len++] = '\\';
		l->at[l->len++] = *text;
	}
	l->at[l->len++] = '"';
}

static void put_field(struct line *l, const struct record_field *f)
{
	char text[RECORD_TEXT_MAX];

	put(l, " ");
	put(l, f->name);
	put(l, "=");
	if (f->kind == RECORD_TEXT)
		text_printable(text, sizeof(text), bytes_str(f->text));
	else if (f->kind == RECORD_NUMBER)
		snprintf(text, sizeof(text), "%llu", (unsigned long long)f->number);
	else
		snprintf(text, sizeof(text), "%llu.%03llu", (unsigned long long)(f->number / 1000),
			(unsigned long long)(f->number % 1000));
	put_value(l, text);
}

size_t record_logfmt(const struct record *r, char out[static RECORD_LINE_MAX])
{
	struct line l = {out, 0};
	char at[TIME_TEXT];

	put(&l, "time=");
	put(&l, time_text(&r->at, at));
	put(&l, " event=");
	put(&l, r->event);
	for (size_t i = 0; i < r->count; i++)
		put_field(&l, &r->field[i]);
	out[l.len] = '\0';
	return l.len;
}

/* --- JSON ------------------------------------------------------------------------------------- */

static json_t *value_of(const struct record_field *f)
{
	char text[RECORD_TEXT_MAX];

	if (f->kind == RECORD_TEXT)
		return json_string(text_printable(text, sizeof(text), bytes_str(f->text)));
	if (f->kind == RECORD_NUMBER)
		return json_integer((json_int_t)f->number);
	return json_real((double)f->number / 1000);
}

json_t *record_json(const struct record *r)
{
	char at[TIME_TEXT];
	json_t *all = json_pack("{ss ss}", "time", time_text(&r->at, at), "event", r->event);

	for (size_t i = 0; all && i < r->count; i++) {
		if (json_object_set_new(all, r->field[i].name, value_of(&r->field[i])) == 0)
			continue;
		json_decref(all);
		all = NULL;
	}
	return all;
}

size_t record_json_line(const struct record *r, char out[static RECORD_LINE_MAX])
{
	json_t *all = record_json(r);
	/* 15 digits tell thousandths of a second for as long as anybody waits, and 0.1 stays 0.1.
	 */
	size_t len = all ? json_dumpb(all, out, RECORD_LINE_MAX - 1,
				   JSON_COMPACT | JSON_REAL_PRECISION(15))
			 : 0;

	json_decref(all);
	if (len >= RECORD_LINE_MAX)
		len = 0;
	out[len] = '\0';
	return len;
}
