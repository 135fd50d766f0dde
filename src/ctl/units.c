/* SPDX-License-Identifier: ISC */
#include "ctl/units.h"

#include <stdio.h>

const char *units_bytes(long long n, char out[static UNITS_TEXT])
{
	static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
	double v = (double)n;
	size_t i = 0;

	while (v >= 1024 && i + 1 < sizeof(unit) / sizeof(unit[0])) {
		v /= 1024;
		i++;
	}
	snprintf(out, UNITS_TEXT, i == 0 ? "%.0f %s" : "%.1f %s", v, unit[i]);
	return out;
}

const char *units_rate(long long n, char out[static UNITS_TEXT])
{
	char bytes[UNITS_TEXT];

	if (n <= 0)
		snprintf(out, UNITS_TEXT, "-");
	else
		snprintf(out, UNITS_TEXT, "%.28s/s", units_bytes(n, bytes));
	return out;
}

const char *units_time(long long s, char out[static UNITS_TEXT])
{
	if (s < 0)
		s = 0;
	if (s < 60)
		snprintf(out, UNITS_TEXT, "%llds", s);
	else if (s < 3600)
		snprintf(out, UNITS_TEXT, "%lldm %02llds", s / 60, s % 60);
	else if (s < 86400)
		snprintf(out, UNITS_TEXT, "%lldh %02lldm", s / 3600, s % 3600 / 60);
	else
		snprintf(out, UNITS_TEXT, "%lldd %02lldh", s / 86400, s % 86400 / 3600);
	return out;
}

const char *units_ms(double ms, char out[static UNITS_TEXT])
{
	if (!(ms >= 0) || ms > 1e12)
		snprintf(out, UNITS_TEXT, "-");
	else if (ms < 10)
		snprintf(out, UNITS_TEXT, "%.1f ms", ms);
	else if (ms < 1000)
		snprintf(out, UNITS_TEXT, "%.0f ms", ms);
	else
		snprintf(out, UNITS_TEXT, "%.1f s", ms / 1000);
	return out;
}
