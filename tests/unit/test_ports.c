/* SPDX-License-Identifier: ISC */
#include "relay/ports.h"

#include <stdio.h>
#include <string.h>

#include "harness.h"

static const struct port_place here = {"127.0.0.1", 2222}, there = {"::1", 2222};

static enum err claim(struct ports *p, const struct port_place *at, const char *owner,
	uint64_t lease_ms, uint64_t now_ms, struct port_hold *hold)
{
	struct port_claim c = {.place = *at, .owner = owner, .lease_ms = lease_ms};

	return ports_claim(p, &c, now_ms, hold);
}

struct ear {
	struct port_watch watch;
	unsigned told;
	enum port_news news;
	uint64_t generation;
	bool leaves; /* takes itself off when told */
};

static void hear(struct port_watch *w, enum port_news news, const struct port_hold *hold)
{
	struct ear *ear = (struct ear *)(void *)w;

	ear->told++;
	ear->news = news;
	ear->generation = hold->generation;
	if (ear->leaves)
		ports_unwatch(w);
}

TEST(a_place_has_one_holder)
{
	struct ports *p = ports_new();
	struct port_hold a, b;

	REQUIRE_EQ(claim(p, &here, "alice", 0, 10, &a), E_OK);
	CHECK_EQ(a.since_ms, 10);
	CHECK_EQ(claim(p, &here, "bob", 0, 11, &b), E_DENIED);
	CHECK_STR(b.owner, "alice");
	CHECK_EQ(b.generation, a.generation);
	/* The owner is no exception: taking over is another decision than claiming. */
	CHECK_EQ(claim(p, &here, "alice", 0, 11, &b), E_DENIED);
	CHECK_EQ(claim(p, &there, "bob", 0, 12, &b), E_OK);
	CHECK(ports_find(p, &there, 12) != NULL);
	CHECK(ports_find(p, &(struct port_place){"::1", 2223}, 12) == NULL);
	ports_free(p);
}

TEST(r33_an_old_generation_changes_nothing)
{
	struct ports *p = ports_new();
	struct port_hold first, second;

	REQUIRE_EQ(claim(p, &here, "alice", 0, 0, &first), E_OK);
	CHECK(ports_release(p, &here, first.generation));
	CHECK(!ports_release(p, &here, first.generation));
	REQUIRE_EQ(claim(p, &here, "alice", 0, 0, &second), E_OK);
	CHECK(second.generation > first.generation);
	CHECK(!ports_release(p, &here, first.generation));
	CHECK_EQ(ports_renew(p, &here, first.generation, 5, 0), E_CLOSED);
	REQUIRE(ports_find(p, &here, 0) != NULL);
	CHECK_EQ(ports_find(p, &here, 0)->generation, second.generation);
	ports_free(p);
}

TEST(a_keeper_goes_with_its_hold)
{
	struct ports *p = ports_new();
	struct port_hold h;
	int connection;
	struct port_claim c = {.place = here, .owner = "alice", .keeper = &connection};

	REQUIRE_EQ(ports_claim(p, &c, 0, &h), E_OK);
	CHECK(ports_find(p, &here, 0)->keeper == &connection);
	c.over = h.generation;
	c.keeper = NULL;
	REQUIRE_EQ(ports_claim(p, &c, 0, &h), E_OK);
	CHECK(ports_find(p, &here, 0)->keeper == NULL);
	ports_free(p);
}

/* The compare and swap of a takeover. */
TEST(a_claim_follows_the_hold_it_names)
{
	struct ports *p = ports_new();
	struct ear ear = {.watch = {.told = hear, .place = here}};
	struct port_hold first, second, third;
	struct port_claim c = {.place = here, .owner = "alice", .lease_ms = 100};

	REQUIRE_EQ(ports_claim(p, &c, 0, &first), E_OK);
	ports_watch(p, &ear.watch);
	c.over = first.generation;
	c.lease_ms = 0;
	REQUIRE_EQ(ports_claim(p, &c, 50, &second), E_OK);
	CHECK_EQ(ear.told, 1);
	CHECK_EQ(ear.news, PORT_MOVED);
	CHECK(second.generation > first.generation);
	CHECK_EQ(second.until_ms, 0);
	CHECK_EQ(second.since_ms, 50);
	/* What the one before says counts for nothing any more. */
	CHECK_EQ(ports_claim(p, &c, 60, &third), E_CLOSED);
	CHECK(!ports_release(p, &here, first.generation));
	CHECK_EQ(ports_renew(p, &here, first.generation, 5, 60), E_CLOSED);
	CHECK_EQ(ports_find(p, &here, 1000)->generation, second.generation);
	/* Another identity follows nobody. */
	c.over = second.generation;
	c.owner = "bob";
	CHECK_EQ(ports_claim(p, &c, 60, &third), E_DENIED);
	CHECK_STR(third.owner, "alice");
	CHECK_EQ(ports_find(p, &here, 60)->generation, second.generation);
	CHECK(ports_release(p, &here, second.generation));
	c.owner = "alice";
	CHECK_EQ(ports_claim(p, &c, 70, &third), E_CLOSED);
	ports_free(p);
}

TEST(all_addresses_of_a_family_take_in_each_of_them)
{
	static const struct {
		const char *held, *wanted;
		bool is_free;
	} cases[] = {
		{"0.0.0.0", "127.0.0.1", false},
		{"127.0.0.1", "0.0.0.0", false},
		{"::", "fe80::1%eth0", false},
		{"::1", "::", false},
		{"0.0.0.0", "::1", true},
		{"::", "0.0.0.0", true},
		{"127.0.0.1", "127.0.0.2", true},
		{"::1", "::2", true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ports *p = ports_new();
		struct port_place held = {.port = 80}, wanted = {.port = 80};
		struct port_hold a, b;

		harness_note("%s and %s", cases[i].held, cases[i].wanted);
		strcpy(held.address, cases[i].held);
		strcpy(wanted.address, cases[i].wanted);
		REQUIRE_EQ(claim(p, &held, "alice", 10, 0, &a), E_OK);
		CHECK_EQ(ports_find(p, &wanted, 0) == NULL, cases[i].is_free);
		CHECK_EQ(claim(p, &wanted, "bob", 0, 0, &b), cases[i].is_free ? E_OK : E_DENIED);
		/* Once the lease is over nothing is in the way. */
		if (!cases[i].is_free)
			CHECK_EQ(claim(p, &wanted, "bob", 0, 10, &b), E_OK);
		ports_free(p);
	}
}

TEST(a_lease_lapses_unless_it_is_renewed)
{
	struct ports *p = ports_new();
	struct port_hold a, b;

	REQUIRE_EQ(claim(p, &here, "alice", 100, 1000, &a), E_OK);
	CHECK_EQ(a.until_ms, 1100);
	CHECK_EQ(claim(p, &here, "bob", 0, 1099, &b), E_DENIED);
	CHECK_EQ(ports_renew(p, &here, a.generation, 100, 1099), E_OK);
	CHECK_EQ(claim(p, &here, "bob", 0, 1198, &b), E_DENIED);
	CHECK(ports_find(p, &here, 1199) == NULL);
	CHECK_EQ(ports_renew(p, &here, a.generation, 100, 1199), E_CLOSED);
	REQUIRE_EQ(claim(p, &here, "bob", 0, 1199, &b), E_OK);
	CHECK(b.generation > a.generation);
	CHECK_EQ(b.until_ms, 0);
	CHECK(!ports_release(p, &here, a.generation));
	ports_free(p);
}

TEST(watchers_hear_of_their_place_only)
{
	struct ports *p = ports_new();
	struct ear mine = {.watch = {hear, here, {0}}}, other = {.watch = {hear, there, {0}}};
	struct ear all = {.watch = {.told = hear}};
	struct port_hold a, b;

	ports_watch(p, &mine.watch);
	ports_watch(p, &other.watch);
	ports_watch(p, &all.watch);
	REQUIRE_EQ(claim(p, &here, "alice", 10, 0, &a), E_OK);
	CHECK_EQ(mine.told, 1);
	CHECK_EQ(mine.news, PORT_CLAIMED);
	CHECK_EQ(mine.generation, a.generation);
	CHECK_EQ(other.told, 0);
	CHECK_EQ(all.told, 1);
	/* A claim over a lapsed lease is two pieces of news. */
	REQUIRE_EQ(claim(p, &here, "bob", 0, 10, &b), E_OK);
	CHECK_EQ(mine.told, 3);
	CHECK_EQ(mine.generation, b.generation);
	CHECK(ports_release(p, &here, b.generation));
	CHECK_EQ(mine.news, PORT_RELEASED);
	ports_unwatch(&mine.watch);
	REQUIRE_EQ(claim(p, &here, "bob", 0, 10, &b), E_OK);
	CHECK_EQ(mine.told, 4);
	CHECK_EQ(all.told, 5);
	ports_free(p);
}

TEST(a_watcher_may_leave_while_it_is_told)
{
	struct ports *p = ports_new();
	struct ear one = {.watch = {.told = hear}, .leaves = true};
	struct ear two = {.watch = {.told = hear}, .leaves = true};
	struct ear three = {.watch = {.told = hear}};
	struct port_hold a;

	ports_watch(p, &one.watch);
	ports_watch(p, &two.watch);
	ports_watch(p, &three.watch);
	REQUIRE_EQ(claim(p, &here, "alice", 0, 0, &a), E_OK);
	CHECK(ports_release(p, &here, a.generation));
	CHECK_EQ(one.told, 1);
	CHECK_EQ(two.told, 1);
	CHECK_EQ(three.told, 2);
	ports_free(p);
}

TEST(an_owner_that_does_not_fit_is_refused)
{
	struct ports *p = ports_new();
	struct port_hold a;
	char name[PORTS_TEXT_MAX + 1];

	memset(name, 'x', sizeof(name));
	name[PORTS_TEXT_MAX] = '\0';
	CHECK_EQ(claim(p, &here, name, 0, 0, &a), E_LIMIT);
	name[PORTS_TEXT_MAX - 1] = '\0';
	CHECK_EQ(claim(p, &here, name, 0, 0, &a), E_OK);
	ports_free(p);
}

/* Thousands of places in any order: each is found, each goes. */
TEST(many_places)
{
	struct ports *p = ports_new();
	static struct port_hold hold[5000];

	for (unsigned i = 0; i < 5000; i++) {
		struct port_place at = {.port = (uint16_t)(i * 7919 % 5003 + 1)};

		snprintf(at.address, sizeof(at.address), "10.0.0.%u", i % 3);
		harness_note("place %u", i);
		REQUIRE_EQ(claim(p, &at, "fleet", 0, 0, &hold[i]), E_OK);
	}
	for (unsigned i = 0; i < 5000; i++) {
		harness_note("place %u", i);
		REQUIRE(ports_find(p, &hold[i].place, 0) != NULL);
		REQUIRE(ports_release(p, &hold[i].place, hold[i].generation));
		REQUIRE(ports_find(p, &hold[i].place, 0) == NULL);
	}
	ports_free(p);
}
