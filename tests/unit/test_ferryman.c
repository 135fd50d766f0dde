/* SPDX-License-Identifier: ISC */
#include "relay/ferryman.h"

#include "harness.h"

#include <stdio.h>

TEST(hosts_of_a_pool_are_all_but_the_relays)
{
	struct tunaddr pool;
	bool seen[256] = {false};

	REQUIRE(tunaddr_parse_network("10.9.0.0/24", &pool));
	for (uint32_t tries = 0; tries < 253; tries++) {
		uint32_t host = ferryman_host(&pool, "SHA256:abc", tries);

		REQUIRE(host >= 2 && host <= 254);
		CHECK(!seen[host]);
		seen[host] = true;
	}
	REQUIRE(tunaddr_parse_network("10.9.0.0/30", &pool));
	CHECK_EQ(ferryman_host(&pool, "SHA256:abc", 0), 2);
	CHECK_EQ(ferryman_host(&pool, "SHA256:xyz", 5), 2);
	REQUIRE(tunaddr_parse_network("10.0.0.0/8", &pool));
	CHECK(ferryman_host(&pool, "SHA256:abc", 0) < 0xffffff);
}

TEST(a_key_has_a_host_of_its_own)
{
	struct tunaddr pool;
	unsigned others = 0;

	REQUIRE(tunaddr_parse_network("10.9.0.0/16", &pool));
	for (int i = 0; i < 100; i++) {
		char name[32];

		snprintf(name, sizeof(name), "SHA256:%d", i);
		CHECK_EQ(ferryman_host(&pool, name, 0), ferryman_host(&pool, name, 0));
		others += ferryman_host(&pool, name, 0) != ferryman_host(&pool, "SHA256:x", 0);
	}
	CHECK(others > 95);
}

TEST(nobody_gets_nothing)
{
	struct tun_open open = {.mode = TUN_POINT_TO_POINT, .unit = 0};
	struct ferryman_gift gift;
	struct fault f = {0};
	struct ferryman all;

	ferryman_init(&all);
	CHECK_EQ(ferryman_ask(&all, NULL, &open, &gift, &f), E_DENIED);
	CHECK_STR(f.text, "no key has logged in there");
	ferryman_close(&all, 1);
	ferryman_leave(&all, 1);
	ferryman_clear(&all);
}
