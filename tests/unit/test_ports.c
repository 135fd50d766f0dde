/* SPDX-License-Identifier: ISC */
#include "relay/ports.h"

#include <stdio.h>
#include <string.h>

#include "harness.h"

static const struct port_place here = {"127.0.0.1", 2222}, there = {"::1", 2222};

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

	REQUIRE_EQ(ports_claim(p, &here, "alice", 0, 10, &a), E_OK);
	CHECK_EQ(a.since_ms, 10);
	CHECK_EQ(ports_claim(p, &here, "bob", 0, 11, &b), E_DENIED);
	CHECK_STR(b.owner, "alice");
	CHECK_EQ(b.generation, a.generation);
	/* The owner is no exception: taking over is another decision than claiming. */
	CHECK_EQ(ports_claim(p, &here, "alice", 0, 11, &b), E_DENIED);
	CHECK_EQ(ports_claim(p, &there, "bob", 0, 12, &b), E_OK);
	CHECK(ports_find(p, &there, 12) != NULL);
	CHECK(ports_find(p, &(struct port_place){"::1", 2223}, 12) == NULL);
	ports_free(p);
}

TEST(an_old_generation_changes_nothing)
{
	struct ports *p = ports_new();
	struct port_hold first, second;

	REQUIRE_EQ(ports_claim(p, &here, "alice", 0, 0, &first), E_OK);
	CHECK(ports_release(p, &here, first.generation));
	CHECK(!ports_release(p, &here, first.generation));
	REQUIRE_EQ(ports_claim(p, &here, "alice", 0, 0, &second), E_OK);
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

	REQUIRE_EQ(ports_claim(p, &here, "alice", 0, 0, &h), E_OK);
	CHECK(ports_find(p, &here, 0)->keeper == NULL);
	CHECK(ports_keep(p, &here, h.generation, &connection));
	CHECK(ports_find(p, &here, 0)->keeper == &connection);
	CHECK(!ports_keep(p, &here, h.generation + 1, NULL));
	CHECK(!ports_keep(p, &there, h.generation, NULL));
	CHECK(ports_release(p, &here, h.generation));
	REQUIRE_EQ(ports_claim(p, &here, "alice", 0, 0, &h), E_OK);
	CHECK(ports_find(p, &here, 0)->keeper == NULL);
	ports_free(p);
}

TEST(a_lease_lapses_unless_it_is_renewed)
{
	struct ports *p = ports_new();
	struct port_hold a, b;

	REQUIRE_EQ(ports_claim(p, &here, "alice", 100, 1000, &a), E_OK);
	CHECK_EQ(a.until_ms, 1100);
	CHECK_EQ(ports_claim(p, &here, "bob", 0, 1099, &b), E_DENIED);
	CHECK_EQ(ports_renew(p, &here, a.generation, 100, 1099), E_OK);
	CHECK_EQ(ports_claim(p, &here, "bob", 0, 1198, &b), E_DENIED);
	CHECK(ports_find(p, &here, 1199) == NULL);
	CHECK_EQ(ports_renew(p, &here, a.generation, 100, 1199), E_CLOSED);
	REQUIRE_EQ(ports_claim(p, &here, "bob", 0, 1199, &b), E_OK);
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
	REQUIRE_EQ(ports_claim(p, &here, "alice", 10, 0, &a), E_OK);
	CHECK_EQ(mine.told, 1);
	CHECK_EQ(mine.news, PORT_CLAIMED);
	CHECK_EQ(mine.generation, a.generation);
	CHECK_EQ(other.told, 0);
	CHECK_EQ(all.told, 1);
	/* A claim over a lapsed lease is two pieces of news. */
	REQUIRE_EQ(ports_claim(p, &here, "bob", 0, 10, &b), E_OK);
	CHECK_EQ(mine.told, 3);
	CHECK_EQ(mine.generation, b.generation);
	CHECK(ports_release(p, &here, b.generation));
	CHECK_EQ(mine.news, PORT_RELEASED);
	ports_unwatch(&mine.watch);
	REQUIRE_EQ(ports_claim(p, &here, "bob", 0, 10, &b), E_OK);
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
	REQUIRE_EQ(ports_claim(p, &here, "alice", 0, 0, &a), E_OK);
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
	CHECK_EQ(ports_claim(p, &here, name, 0, 0, &a), E_LIMIT);
	name[PORTS_TEXT_MAX - 1] = '\0';
	CHECK_EQ(ports_claim(p, &here, name, 0, 0, &a), E_OK);
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
		REQUIRE_EQ(ports_claim(p, &at, "fleet", 0, 0, &hold[i]), E_OK);
	}
	for (unsigned i = 0; i < 5000; i++) {
		harness_note("place %u", i);
		REQUIRE(ports_find(p, &hold[i].place, 0) != NULL);
		REQUIRE(ports_release(p, &hold[i].place, hold[i].generation));
		REQUIRE(ports_find(p, &hold[i].place, 0) == NULL);
	}
	ports_free(p);
}
