/* SPDX-License-Identifier: ISC */
#include "keys/addrmatch.h"

#include "harness.h"

#include <stdio.h>

TEST(lists_against_addresses)
{
	static const struct {
		const char *list, *address;
		bool allowed;
	} rows[] = {
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"192.0.2.0/24", "192.0.2.255", true},
		{"192.0.2.0/24", "192.0.3.0", false},
		{"192.0.2.128/25", "192.0.2.127", false},
		{"192.0.2.128/25", "192.0.2.128", true},
		{"0.0.0.0/0", "203.0.113.9", true},
		{"0.0.0.0/0", "2001:db8::1", false},
		{"::/0", "192.0.2.1", false},
		{"192.0.2.1/32", "192.0.2.1", true},
		{"2001:db8::/32", "2001:db8:ffff::1", true},
		{"2001:db8::/32", "2001:db9::1", false},
		{"2001:DB8:0:0::1", "2001:db8::1", true},
		{"fe80::/10", "fe80::1%eth0", true},
		{"!fe80::/10,*", "fe80::1%eth0", false},
		{"fe80::1%eth0", "fe80::1%eth0", true},
		{"fe80::1%eth1", "fe80::1%eth0", false},
		{"192.0.2.*", "192.0.2.77", true},
		{"192.0.2.?", "192.0.2.77", false},
		{"2001:DB8:*", "2001:db8::9", true},
		{"*.example.com", "192.0.2.1", false},
		{"*", "192.0.2.1", true},
		/* negation, wherever it stands */
		{"*,!192.0.2.1", "192.0.2.1", false},
		{"!192.0.2.1,*", "192.0.2.1", false},
		{"!192.0.2.1,*", "192.0.2.2", true},
		{"!192.0.2.1", "192.0.2.2", false},
		{"192.0.2.0/24,!192.0.2.64/26", "192.0.2.65", false},
		{"192.0.2.0/24,!192.0.2.64/26", "192.0.2.1", true},
		{"!!192.0.2.1,*", "192.0.2.1", true},
		/* mapped addresses are IPv4 on either side */
		{"192.0.2.0/24", "::ffff:192.0.2.9", true},
		{"::ffff:192.0.2.0/120", "192.0.2.9", true},
		{"*,!::ffff:192.0.2.9", "192.0.2.9", false},
		{"192.0.2.*", "::ffff:192.0.2.9", true},
		/* what is no address is never allowed */
		{"*", "relay.example.com", false},
		{"*", "", false},
		{"*", "192.0.2", false},
		{"*", "192.0.2.1 ", false},
		{"*", "1::2::3", false},
		{"*", "fe80::1%an-interface-name-that-is-longer-than-any-could-ever-be-anywhere",
			false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		harness_note("%s for %s", rows[i].list, rows[i].address);
		CHECK(addrmatch_is_valid(bytes_str(rows[i].list)));
		CHECK_EQ(addrmatch_allows(bytes_str(rows[i].list), rows[i].address),
			rows[i].allowed);
	}
}

TEST(lists_that_are_not_valid_admit_nobody)
{
	static const char *const rows[] = {"", ",", "*,", ",*", "*,,*", "!", "*,!",
		"192.0.2.1/24,*", "192.0.2.0/33,*", "192.0.2.0/,*", "192.0.2.0/-1,*",
		"192.0.2.0/2 4,*", "192.0.2.0/24/8,*", "relay/24,*", "2001:db8::1/64,*",
		"2001:db8::/129,*", "/8,*", "*,192.0.2.0/99999999999999999999"};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		harness_note("\"%s\"", rows[i]);
		CHECK(!addrmatch_is_valid(bytes_str(rows[i])));
		CHECK(!addrmatch_allows(bytes_str(rows[i]), "192.0.2.1"));
		CHECK(!addrmatch_allows(bytes_str(rows[i]), "2001:db8::1"));
	}
	CHECK(!addrmatch_allows(bytes_of(NULL, 0), "192.0.2.1"));
}

/* Every prefix length against an address that differs in exactly one bit. */
TEST(each_bit_of_a_mask_counts)
{
	for (unsigned prefix = 0; prefix <= 32; prefix++) {
		for (unsigned bit = 0; bit < 32; bit++) {
			char list[32], address[32];
			uint32_t a = 1u << (31 - bit);

			snprintf(list, sizeof list, "0.0.0.0/%u", prefix);
			snprintf(address, sizeof address, "%u.%u.%u.%u", a >> 24, a >> 16 & 255,
				a >> 8 & 255, a & 255);
			harness_note("%s for %s", list, address);
			CHECK_EQ(addrmatch_allows(bytes_str(list), address), bit >= prefix);
		}
	}
}
