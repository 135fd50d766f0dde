/* SPDX-License-Identifier: ISC */
#include "conf/value.h"

#include "harness.h"

static struct fault fault;
static const struct conf_at at = {"FILE", 3, "key", &fault};

static void fresh(void)
{
	fault = (struct fault){0};
}

TEST(value_flag_words)
{
	bool v = false;

	CHECK_EQ(value_flag(&at, "yes", &v), E_OK);
	CHECK(v);
	CHECK_EQ(value_flag(&at, "FALSE", &v), E_OK);
	CHECK(!v);
	CHECK_EQ(value_flag(&at, "True", &v), E_OK);
	CHECK(v);
	fresh();
	CHECK_EQ(value_flag(&at, "maybe", &v), E_VALUE);
	CHECK(v);
	CHECK_STR(fault.text, "FILE line 3: unsupported option \"maybe\".");
}

TEST(value_uint_range)
{
	unsigned v = 7;

	CHECK_EQ(value_uint(&at, "", "2147483647", &v), E_OK);
	CHECK_EQ(v, 2147483647);
	CHECK_EQ(value_uint(&at, "", "0", &v), E_OK);
	fresh();
	CHECK_EQ(value_uint(&at, "", "2147483648", &v), E_VALUE);
	CHECK(strstr(fault.text, "FILE line 3: integer value invalid: '2147483648'") == fault.text);
	fresh();
	CHECK_EQ(value_uint(&at, "", "-1", &v), E_VALUE);
	CHECK(strstr(fault.text, "FILE line 3: integer value too small: '-1'") == fault.text);
	fresh();
	CHECK_EQ(value_uint(&at, "", "1x", &v), E_VALUE);
	CHECK_EQ(value_uint(&at, "", "-", &v), E_VALUE);
	CHECK(strstr(fault.text, "FILE line 3: integer value invalid") == fault.text);
	CHECK_EQ(value_uint(&at, "", "", &v), E_FORMAT);
	CHECK_EQ(v, 0);
}

TEST(value_time_forms)
{
	uint64_t ms = 7;

	CHECK_EQ(value_time(&at, "15", &ms), E_OK);
	CHECK_EQ(ms, 15000);
	CHECK_EQ(value_time(&at, "1h30m", &ms), E_OK);
	CHECK_EQ(ms, 5400000);
	CHECK_EQ(value_time(&at, "none", &ms), E_OK);
	CHECK_EQ(ms, 0);
	fresh();
	CHECK_EQ(value_time(&at, "5y", &ms), E_VALUE);
	CHECK(strstr(fault.text, "FILE line 3: invalid time value") == fault.text);
}

TEST(value_rekey_forms)
{
	char g[] = "2G", t[] = "1h", none[] = "none", usual[] = "default", small[] = "15",
	     bad[] = "x";
	uint64_t bytes = 1, ms = 1;

	CHECK_EQ(value_rekey(&at, (char *[]){g, t}, 2, &bytes, &ms), E_OK);
	CHECK_EQ(bytes, 2147483648);
	CHECK_EQ(ms, 3600000);
	CHECK_EQ(value_rekey(&at, (char *[]){usual, none}, 2, &bytes, &ms), E_OK);
	CHECK_EQ(bytes, 0);
	CHECK_EQ(ms, 0);
	CHECK_EQ(value_rekey(&at, (char *[]){g}, 1, &bytes, &ms), E_OK);
	fresh();
	CHECK_EQ(value_rekey(&at, (char *[]){small}, 1, &bytes, &ms), E_VALUE);
	CHECK_STR(fault.text, "FILE line 3: RekeyLimit too small");
	CHECK_EQ(value_rekey(&at, (char *[]){bad}, 1, &bytes, &ms), E_VALUE);
	CHECK_EQ(value_rekey(&at, (char *[]){g, bad}, 2, &bytes, &ms), E_VALUE);
	CHECK_EQ(bytes, 2147483648);
}

TEST(value_unknown_keyword)
{
	fresh();
	CHECK_EQ(conf_unknown(&at), E_UNKNOWN);
	CHECK_STR(fault.text, "FILE: line 3: Bad configuration option: key");
}
