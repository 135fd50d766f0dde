/* SPDX-License-Identifier: ISC */
/*
 * Foreign text made printable, option values, patterns. Everything works on slices and ASCII alone:
 * no locale has a say in what a log shows or a rule matches.
 */
#include "base/text.h"

static const char hex_digits[] = "0123456789abcdef";

/* Writes the printable form of c, at most 4 characters; returns how many. */
static size_t escape_byte(uint8_t c, bool keep_backslash, char out[4])
{
	char letter = 0;

	if (c == '\n')
		letter = 'n';
	else if (c == '\t')
		letter = 't';
	else if (c == '\r')
		letter = 'r';
	else if (c == '\\' && !keep_backslash)
		letter = '\\';
	if (letter != 0) {
		out[0] = '\\';
		out[1] = letter;
		return 2;
	}
	if (c >= 0x20 && c < 0x7f) {
		out[0] = (char)c;
		return 1;
	}
	out[0] = '\\';
	out[1] = 'x';
	out[2] = hex_digits[c >> 4];
	out[3] = hex_digits[c & 15];
	return 4;
}

static const char *escape(char *dst, size_t cap, struct bytes src, bool keep_backslash)
{
	size_t len = 0, cut = 0; /* cut: the last end behind which "..." still fits */

	for (size_t i = 0; i < src.len; i++) {
		char unit[4];
		size_t n = escape_byte(src.ptr[i], keep_backslash, unit);

		if (n >= cap - len) {
			memcpy(dst + cut, "...", 4);
			return dst;
		}
		memcpy(dst + len, unit, n);
		len += n;
		if (cap - len >= 4)
			cut = len;
	}
	dst[len] = '\0';
	return dst;
}

const char *text_escape(char *dst, size_t cap, struct bytes src)
{
	return escape(dst, cap, src, false);
}

const char *text_printable(char *dst, size_t cap, struct bytes src)
{
	return escape(dst, cap, src, true);
}

/* Takes the digits off the front of *s; false when there is none or the number passes max. */
static bool take_number(struct bytes *s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;
	size_t i = 0;

	for (; i < s->len && s->ptr[i] >= '0' && s->ptr[i] <= '9'; i++) {
		uint64_t digit = s->ptr[i] - (uint64_t)'0';

		if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
			__builtin_add_overflow(v, digit, &v) || v > max)
			return false;
	}
	if (i == 0)
		return false;
	*s = bytes_of(s->ptr + i, s->len - i);
	*out = v;
	return true;
}

bool text_to_u64(struct bytes s, uint64_t max, uint64_t *out)
{
	uint64_t v;

	if (!take_number(&s, max, &v) || s.len != 0)
		return false;
	*out = v;
	return true;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool text_to_size(struct bytes s, uint64_t *out)
{
	uint64_t v, unit = 1;

	if (!take_number(&s, UINT64_MAX, &v) || s.len > 1)
		return false;
	if (s.len == 1) {
		switch (lower(s.ptr[0])) {
		case 'k':
			unit = (uint64_t)1 << 10;
			break;
		case 'm':
			unit = (uint64_t)1 << 20;
			break;
		case 'g':
			unit = (uint64_t)1 << 30;
			break;
		case 't':
			unit = (uint64_t)1 << 40;
			break;
		default:
			return false;
		}
	}
	return !__builtin_mul_overflow(v, unit, out);
}

/* Seconds of a unit letter of sshd_config(5) TIME FORMATS; 0 for anything else. */
static uint64_t time_unit(uint8_t c)
{
	switch (lower(c)) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 60 * 60;
	case 'd':
		return 24 * 60 * 60;
	case 'w':
		return 7 * 24 * 60 * 60;
	default:
		return 0;
	}
}

bool text_to_time_ms(struct bytes s, uint64_t *out)
{
	static const uint64_t max_s = (uint64_t)1 << 31;
	uint64_t sum_s = 0;

	if (s.len == 0)
		return false;
	while (s.len > 0) {
		uint64_t v, unit = 1; /* a bare number is in seconds; only the last can be bare */

		if (!take_number(&s, max_s, &v))
			return false;
		if (s.len > 0) {
			unit = time_unit(s.ptr[0]);
			s = bytes_of(s.ptr + 1, s.len - 1);
		}
		/* v <= 2^31 and a unit is below 2^20: no overflow here */
		if (unit == 0 || v * unit > max_s - sum_s)
			return false;
		sum_s += v * unit;
	}
	*out = sum_s * 1000;
	return true;
}

static bool match(struct bytes pattern, struct bytes s, bool fold_case)
{
	size_t p = 0, i = 0;
	size_t star = SIZE_MAX, resume = 0; /* the last star; where in s it ends its run so far */

	while (i < s.len) {
		bool has_more = p < pattern.len;
		uint8_t want = has_more ? pattern.ptr[p] : 0, c = s.ptr[i];

		if (fold_case) {
			want = lower(want);
			c = lower(c);
		}
		if (has_more && want == '*') {
			star = p++;
			resume = i;
		} else if (has_more && (want == '?' || want == c)) {
			p++;
			i++;
		} else if (star != SIZE_MAX) {
			/* Only the last star can need to take more: earlier ones took the least
			 * that let the pattern come this far. */
			p = star + 1;
			i = ++resume;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.ptr[p] == '*')
		p++;
	return p == pattern.len;
}

bool text_match(struct bytes pattern, struct bytes s)
{
	return match(pattern, s, false);
}

int text_match_list(struct bytes patterns, struct bytes s, bool fold_case)
{
	int found = 0;

	while (patterns.len > 0) {
		const uint8_t *comma = memchr(patterns.ptr, ',', patterns.len);
		size_t n = comma != NULL ? (size_t)(comma - patterns.ptr) : patterns.len;
		struct bytes one = bytes_of(patterns.ptr, n);
		bool negated = n > 0 && one.ptr[0] == '!';

		if (negated)
			one = bytes_of(one.ptr + 1, n - 1);
		if (match(one, s, fold_case)) {
			if (negated)
				return -1; /* whatever else the list says */
			found = 1;
		}
		if (comma != NULL)
			n++;
		patterns = bytes_of(patterns.ptr + n, patterns.len - n);
	}
	return found;
}

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* 0..63, or 64 for what is no digit. */
static uint32_t base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - (uint32_t)'A';
	if (c >= 'a' && c <= 'z')
		return c - (uint32_t)'a' + 26;
	if (c >= '0' && c <= '9')
		return c - (uint32_t)'0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : 64;
}

bool text_unbase64(struct bytes text, uint8_t *dst, size_t cap, size_t *len)
{
	size_t pad = 0, n = 0;

	if (text.len % 4 != 0)
		return false;
	if (text.len > 0 && text.ptr[text.len - 1] == '=')
		pad = text.ptr[text.len - 2] == '=' ? 2 : 1;
	if (text.len / 4 * 3 - pad > cap)
		return false;
	for (size_t i = 0; i < text.len; i += 4) {
		size_t digits = i + 4 == text.len ? 4 - pad : 4;
		uint32_t group = 0;

		for (size_t k = 0; k < 4; k++) {
			uint32_t v = k < digits ? base64_value(text.ptr[i + k]) : 0;

			if (v > 63)
				return false;
			group = group << 6 | v;
		}
		/* RFC 4648 3.5: one text for one value, so bits behind the data are refused. */
		if ((digits == 2 && (group & 0xffff) != 0) || (digits == 3 && (group & 0xff) != 0))
			return false;
		for (size_t k = 0; k + 1 < digits; k++)
			dst[n++] = (uint8_t)(group >> (16 - 8 * k));
	}
	*len = n;
	return true;
}

size_t text_base64(struct bytes data, char *dst, size_t cap)
{
	size_t groups = data.len / 3 + (data.len % 3 != 0), n = 0;

	if (cap == 0 || groups > (cap - 1) / 4)
		return 0;
	for (size_t i = 0; i < data.len; i += 3) {
		size_t left = data.len - i;
		uint32_t group = (uint32_t)data.ptr[i] << 16;

		if (left > 1)
			group |= (uint32_t)data.ptr[i + 1] << 8;
		if (left > 2)
			group |= data.ptr[i + 2];
		dst[n++] = base64_digits[group >> 18];
		dst[n++] = base64_digits[group >> 12 & 63];
		dst[n++] = left > 1 ? base64_digits[group >> 6 & 63] : '=';
		dst[n++] = left > 2 ? base64_digits[group & 63] : '=';
	}
	dst[n] = '\0';
	return n;
}
