/* SPDX-License-Identifier: ISC */
/* Calendar times as digits. */
#include "keys/expiry.h"

#include "base/text.h"

#include <strings.h>

struct part {
	unsigned at, len, min, max;
};

static const struct part month = {4, 2, 1, 12}, day = {6, 2, 1, 31}, hour = {8, 2, 0, 23},
			 minute = {10, 2, 0, 59}, second = {12, 2, 0, 60 /* leap second */};

/* The number at its place, or UINT32_MAX when it is not digits or out of range. */
static uint32_t read_part(const char *digits, const struct part *part)
{
	uint64_t v;

	if (!text_to_u64(bytes_of(digits + part->at, part->len), part->max, &v) || v < part->min)
		return UINT32_MAX;
	return (uint32_t)v;
}

static unsigned days_in(uint32_t y, uint32_t m)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool is_leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

	return m == 2 && is_leap ? 29 : days[m - 1];
}

static bool is_time(const char *digits)
{
	static const struct part year = {0, 4, 1, 9999};
	uint32_t y = read_part(digits, &year), m = read_part(digits, &month);
	uint32_t d = read_part(digits, &day);

	if (y == UINT32_MAX || m == UINT32_MAX || d == UINT32_MAX || d > days_in(y, m))
		return false;
	return read_part(digits, &hour) != UINT32_MAX && read_part(digits, &minute) != UINT32_MAX &&
	       read_part(digits, &second) != UINT32_MAX;
}

static bool drop_suffix(struct bytes *text, const char *suffix)
{
	size_t len = strlen(suffix);

	if (text->len <= len ||
		strncasecmp((const char *)text->ptr + text->len - len, suffix, len) != 0)
		return false;
	text->len -= len;
	return true;
}

bool expiry_parse(struct bytes text, char out[static EXPIRY_TEXT], bool *is_utc)
{
	*is_utc = drop_suffix(&text, "Z") || drop_suffix(&text, "UTC");
	if (text.len != 8 && text.len != 12 && text.len != EXPIRY_DIGITS)
		return false;
	memset(out, '0', EXPIRY_DIGITS);
	out[EXPIRY_DIGITS] = '\0';
	memcpy(out, text.ptr, text.len);
	return is_time(out);
}

bool expiry_is_past(const char *expiry, const char *now)
{
	if (now == NULL || strlen(now) != EXPIRY_DIGITS ||
		strspn(now, "0123456789") != EXPIRY_DIGITS)
		return true;
	return strcmp(expiry, now) < 0;
}
