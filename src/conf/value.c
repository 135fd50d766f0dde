/* SPDX-License-Identifier: ISC */
/* Words, numbers, times and sizes of configuration lines. */
#include "conf/value.h"

#include <limits.h>
#include <stdio.h>
#include <strings.h>

#include "base/text.h"

enum { REKEY_BYTES_MIN = 16 }; /* below it a key would not last for one block */

enum err conf_bad(const struct conf_at *at, enum err e, const char *fmt, ...)
{
	char what[FAULT_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return fault_set(at->fault, e, 0, "%s line %u: %s", at->file, at->line, what);
}

enum err conf_unknown(const struct conf_at *at)
{
	return fault_set(at->fault, E_UNKNOWN, 0, "%s: line %u: Bad configuration option: %s",
		at->file, at->line, at->keyword);
}

enum err value_word(
	const struct conf_at *at, const char *arg, const struct value_word *words, int *out)
{
	if (arg[0] == '\0')
		return conf_bad(at, E_FORMAT, "missing argument.");
	for (; words->word != NULL; words++) {
		if (strcasecmp(words->word, arg) == 0) {
			*out = words->value;
			return E_OK;
		}
	}
	return conf_bad(at, E_VALUE, "unsupported option \"%s\".", arg);
}

enum err value_flag(const struct conf_at *at, const char *arg, bool *out)
{
	static const struct value_word words[] = {
		{"yes", 1}, {"true", 1}, {"no", 0}, {"false", 0}, {NULL, 0}};
	int value = 0;
	enum err e = value_word(at, arg, words, &value);

	if (e == E_OK)
		*out = value != 0;
	return e;
}

static bool is_negative(const char *arg)
{
	uint64_t n;

	return arg[0] == '-' && text_to_u64(bytes_str(arg + 1), UINT64_MAX, &n);
}

enum err value_uint(const struct conf_at *at, const char *said, const char *arg, unsigned *out)
{
	uint64_t n;

	if (arg[0] == '\0')
		return conf_bad(at, E_FORMAT, "%sinteger value missing.", said);
	if (!text_to_u64(bytes_str(arg), INT_MAX, &n))
		return conf_bad(at, E_VALUE, "%sinteger value %s: '%s' is no number from 0 to %d",
			said, is_negative(arg) ? "too small" : "invalid", arg, INT_MAX);
	*out = (unsigned)n;
	return E_OK;
}

enum err value_time(const struct conf_at *at, const char *arg, uint64_t *ms)
{
	if (arg[0] == '\0')
		return conf_bad(at, E_FORMAT, "missing time value.");
	if (strcmp(arg, "none") == 0) {
		*ms = 0;
		return E_OK;
	}
	if (!text_to_time_ms(bytes_str(arg), ms))
		return conf_bad(
			at, E_VALUE, "invalid time value '%s' (write 90, 90s, 5m, 1h30m).", arg);
	return E_OK;
}

enum err value_rekey(
	const struct conf_at *at, char *const *args, size_t count, uint64_t *bytes, uint64_t *ms)
{
	uint64_t size = 0, time = 0;

	bool is_below = is_negative(args[0]);

	if (strcmp(args[0], "default") != 0 && !is_below &&
		!text_to_size(bytes_str(args[0]), &size))
		return conf_bad(at, E_VALUE,
			"Bad number '%s': Invalid argument (write 1G, 512M or default)", args[0]);
	if (is_below || (size != 0 && size < REKEY_BYTES_MIN))
		return conf_bad(at, E_VALUE, "RekeyLimit too small");
	if (count > 1) {
		enum err e = value_time(at, args[1], &time);

		if (e != E_OK)
			return e;
	}
	*bytes = size;
	*ms = time;
	return E_OK;
}
