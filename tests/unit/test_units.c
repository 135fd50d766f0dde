/* SPDX-License-Identifier: ISC */
#include "ctl/units.h"

#include <math.h>

#include "harness.h"

static char text[UNITS_TEXT];

TEST(units_bytes)
{
	CHECK_STR(units_bytes(0, text), "0 B");
	CHECK_STR(units_bytes(1023, text), "1023 B");
	CHECK_STR(units_bytes(1024, text), "1.0 KiB");
	CHECK_STR(units_bytes(12LL * 1024 * 1024 * 1024, text), "12.0 GiB");
	CHECK_STR(units_bytes(9223372036854775807LL, text), "8192.0 PiB");
}

TEST(units_rate)
{
	CHECK_STR(units_rate(0, text), "-");
	CHECK_STR(units_rate(1, text), "1 B/s");
	CHECK_STR(units_rate(1536, text), "1.5 KiB/s");
}

TEST(units_time)
{
	CHECK_STR(units_time(-5, text), "0s");
	CHECK_STR(units_time(59, text), "59s");
	CHECK_STR(units_time(200, text), "3m 20s");
	CHECK_STR(units_time(5 * 3600 + 180, text), "5h 03m");
	CHECK_STR(units_time(12 * 86400 + 4 * 3600, text), "12d 04h");
}

TEST(units_ms)
{
	CHECK_STR(units_ms(-1, text), "-");
	CHECK_STR(units_ms(NAN, text), "-");
	CHECK_STR(units_ms(0.31, text), "0.3 ms");
	CHECK_STR(units_ms(48.2, text), "48 ms");
	CHECK_STR(units_ms(1234, text), "1.2 s");
}
