/* SPDX-License-Identifier: ISC */
#include "keys/expiry.h"

#include "harness.h"

TEST(forms)
{
	static const struct {
		const char *text, *want;
		bool is_utc;
	} rows[] = {
		{"20300102", "20300102000000", false},
		{"203001022359", "20300102235900", false},
		{"20300102235958", "20300102235958", false},
		{"20300102Z", "20300102000000", true},
		{"203001022359z", "20300102235900", true},
		{"20300102235958UTC", "20300102235958", true},
		{"20240229", "20240229000000", false},
		{"20000229", "20000229000000", false},
		{"20300102235960", "20300102235960", false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char out[EXPIRY_TEXT];
		bool is_utc;

		harness_note("%s", rows[i].text);
		if (CHECK(expiry_parse(bytes_str(rows[i].text), out, &is_utc))) {
			CHECK_STR(out, rows[i].want);
			CHECK_EQ(is_utc, rows[i].is_utc);
		}
	}
}

TEST(what_is_no_time)
{
	static const char *const rows[] = {"", "Z", "UTC", "2030", "203001", "2030010", "203001021",
		"2030010223595", "203001022359580", "20301302", "20300002", "20300100", "20300132",
		"20300431", "20230229", "19000229", "00000101", "203001022459", "203001022360",
		"20300102235961", "2030-1-2", "+2030102", "20300102ZZ", "20300102 Z", " 20300102",
		"never", "2030010x"};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char out[EXPIRY_TEXT];
		bool is_utc;

		harness_note("\"%s\"", rows[i]);
		CHECK(!expiry_parse(bytes_str(rows[i]), out, &is_utc));
	}
}

TEST(past)
{
	/* sshd lets the key through in the very second it names. */
	CHECK(!expiry_is_past("20300102000000", "20300101235959"));
	CHECK(!expiry_is_past("20300102000000", "20300102000000"));
	CHECK(expiry_is_past("20300102000000", "20300102000001"));
	CHECK(expiry_is_past("20300102000000", "20310101000000"));
}

TEST(without_a_clock_all_is_past)
{
	CHECK(expiry_is_past("20300102000000", NULL));
	CHECK(expiry_is_past("20300102000000", ""));
	CHECK(expiry_is_past("20300102000000", "2020"));
	CHECK(expiry_is_past("20300102000000", "1111111111x111"));
	CHECK(expiry_is_past("20300102000000", "202001010000000"));
}
