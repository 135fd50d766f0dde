/* SPDX-License-Identifier: ISC */
#include "relay/record.h"

#include <string.h>

#include "harness.h"

static const struct timespec at = {1795339800, 125999999}; /* 2026-11-22 */

static const char *logfmt(const struct record *r)
{
	static char line[RECORD_LINE_MAX];

	size_t n = record_logfmt(r, line);

	CHECK_EQ(n, strlen(line));
	return line;
}

static const char *json(const struct record *r)
{
	static char line[RECORD_LINE_MAX];

	size_t n = record_json_line(r, line);

	CHECK_EQ(n, strlen(line));
	return line;
}

TEST(fields_in_their_order)
{
	struct record r;

	record_init(&r, &at, "visitor");
	record_text(&r, "address", "192.0.2.7");
	record_number(&r, "bytes_in", 18446744073709551615ull / 2);
	record_ms(&r, "seconds", 61025);
	record_text(&r, "reason", ""); /* nothing to say */
	record_text(&r, "user", NULL);
	CHECK_STR(logfmt(&r), "time=2026-11-22T09:30:00.125Z event=visitor address=192.0.2.7 "
			      "bytes_in=9223372036854775807 seconds=61.025");
	CHECK_STR(json(&r), "{\"time\":\"2026-11-22T09:30:00.125Z\",\"event\":\"visitor\","
			    "\"address\":\"192.0.2.7\",\"bytes_in\":9223372036854775807,"
			    "\"seconds\":61.025}");
}

TEST(text_that_would_be_more_than_a_value)
{
	static const struct {
		const char *text, *logfmt, *json;
	} cases[] = {
		{"plain", "plain", "plain"},
		{"two words", "\"two words\"", "two words"},
		{"x event=login", "\"x event=login\"", "x event=login"},
		{"a=b", "\"a=b\"", "a=b"},
		{"say \"hi\"", "\"say \\\"hi\\\"\"", "say \\\"hi\\\""},
		{"\" event=login key=\"", "\"\\\" event=login key=\\\"\"",
			"\\\" event=login key=\\\""},
		{"end\\", "\"end\\\\\"", "end\\\\"},
		{"a\nb", "\"a\\\\nb\"", "a\\\\nb"},
		{"a\r\n\x1b[2J", "\"a\\\\r\\\\n\\\\x1b[2J\"", "a\\\\r\\\\n\\\\x1b[2J"},
		{"\x80\xff\xe2\x80\xa8", "\"\\\\x80\\\\xff\\\\xe2\\\\x80\\\\xa8\"",
			"\\\\x80\\\\xff\\\\xe2\\\\x80\\\\xa8"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char want[256];
		struct record r;

		record_init(&r, &at, "login");
		record_text(&r, "user", cases[i].text);
		snprintf(want, sizeof(want), "time=2026-11-22T09:30:00.125Z event=login user=%s",
			cases[i].logfmt);
		CHECK_STR(logfmt(&r), want);
		snprintf(want, sizeof(want),
			"{\"time\":\"2026-11-22T09:30:00.125Z\",\"event\":\"login\","
			"\"user\":\"%s\"}",
			cases[i].json);
		CHECK_STR(json(&r), want);
	}
}

/* Whatever bytes come, the line has one value more and one line, and JSON gives back one text. */
TEST(no_byte_ends_a_line_or_a_value)
{
	for (int first = 1; first < 256; first++) {
		char text[] = {(char)first, '"', (char)first, ' ', 'e', '=', (char)first, '\0'};
		const char *line, *c;
		unsigned quotes = 0;
		struct record r;
		json_t *back;

		record_init(&r, &at, "x");
		record_text(&r, "user", text);
		line = logfmt(&r);
		for (c = strstr(line, "user=") + 5; *c; c++) {
			CHECK(*c >= 0x20 && *c < 0x7f);
			if (*c == '\\')
				c++;
			else if (*c == '"')
				quotes++;
		}
		CHECK_EQ(quotes, 2);
		CHECK(c[-1] == '"');
		back = json_loads(json(&r), JSON_REJECT_DUPLICATES, NULL);
		CHECK_EQ(json_object_size(back), 3);
		CHECK(json_string_value(json_object_get(back, "user")) != NULL);
		json_decref(back);
	}
}

TEST(the_longest_record_fits)
{
	char text[4 * RECORD_TEXT_MAX];
	struct record r;

	memset(text, '"', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	record_init(&r, &at, "an-event-of-that-length");
	for (int i = 0; i < RECORD_FIELDS_MAX; i++)
		record_text(&r, "a_field_of_this_length_", text);
	CHECK(strlen(logfmt(&r)) < RECORD_LINE_MAX);
	CHECK(strlen(logfmt(&r)) > RECORD_FIELDS_MAX * 2 * (RECORD_TEXT_MAX - 8));
	/* Of one name there is one member. */
	CHECK(strlen(json(&r)) > 2 * (RECORD_TEXT_MAX - 8));
	CHECK(strstr(logfmt(&r), "...") != NULL); /* a cut shows */
}
