/* SPDX-License-Identifier: ISC */
#include "relay/mooring.h"

#include <string.h>

#include "base/log.h"
#include "harness.h"

struct stage {
	uv_loop_t loop;
	struct moorings all;
};

static void stage_init(struct stage *s)
{
	log_setup(LOG_LEVEL_QUIET, log_to_stderr, NULL);
	REQUIRE_EQ(uv_loop_init(&s->loop), 0);
	moorings_init(&s->all, &s->loop);
}

static void stage_fini(struct stage *s)
{
	moorings_end(&s->all);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	CHECK_EQ(uv_loop_close(&s->loop), 0);
}

static struct binder_wish wish_at(const char *host, uint16_t port)
{
	struct binder_wish w = {.count = 1, .port = port};

	REQUIRE(sock_parse(host, 0, &w.addr[0]));
	return w;
}

static struct mooring *moor(struct stage *s, const char *host)
{
	struct binder_wish w = wish_at(host, 0);
	struct binder_set set;
	struct mooring *m;

	REQUIRE_EQ(binder_bind(&w, &set, NULL), E_OK);
	m = mooring_new(&s->all, "SHA256:one", &set);
	REQUIRE(m != NULL);
	return m;
}

/* Can somebody else listen there? */
static bool is_free(const char *host, uint16_t port)
{
	struct binder_wish w = wish_at(host, port);
	struct binder_set set;
	enum err e = binder_bind(&w, &set, NULL);

	if (e == E_OK)
		binder_fini(&set);
	return e == E_OK;
}

TEST(mooring_is_found_by_its_number)
{
	static struct stage s;
	struct mooring *a, *b;
	uint64_t gone;

	stage_init(&s);
	a = moor(&s, "127.0.0.1");
	b = moor(&s, "127.0.0.1");
	CHECK(a->id != b->id);
	CHECK(mooring_find(&s.all, a->id) == a);
	CHECK(mooring_find(&s.all, b->id) == b);
	gone = a->id;
	mooring_close(a);
	CHECK(mooring_find(&s.all, gone) == NULL);
	CHECK(moor(&s, "127.0.0.1")->id != gone);
	stage_fini(&s);
}

TEST(mooring_outlives_who_served_it)
{
	static struct stage s;
	struct binder_wish same, all, other;
	struct mooring *m;
	uint16_t port;

	stage_init(&s);
	m = moor(&s, "127.0.0.1");
	port = m->set.port;
	same = wish_at("127.0.0.1", port);
	all = wish_at("0.0.0.0", port);
	other = wish_at("127.0.0.2", port);
	CHECK(mooring_left_at(&s.all, &same) == NULL); /* it is served */
	moorings_left(&s.all, 60 * 1000);
	CHECK(!is_free("127.0.0.1", port));
	CHECK(mooring_left_at(&s.all, &same) == m);
	CHECK(mooring_left_at(&s.all, &all) == m);
	CHECK(mooring_left_at(&s.all, &other) == NULL);
	CHECK(mooring_fits(m, &same));
	CHECK(!mooring_fits(m, &all));
	mooring_resume(m);
	CHECK(mooring_left_at(&s.all, &same) == NULL);
	stage_fini(&s);
}

TEST(mooring_is_let_go_of_when_its_time_is_over)
{
	static struct stage s;
	struct mooring *m;
	uint16_t port;

	stage_init(&s);
	m = moor(&s, "127.0.0.1");
	port = m->set.port;
	moorings_left(&s.all, 20);
	for (int i = 0; i < 10000 && !list_is_empty(&s.all.all); i++)
		uv_run(&s.loop, UV_RUN_ONCE);
	CHECK(list_is_empty(&s.all.all));
	CHECK(is_free("127.0.0.1", port));
	stage_fini(&s);
}

TEST(mooring_without_a_lease_is_let_go_of_at_once)
{
	static struct stage s;
	uint16_t port;

	stage_init(&s);
	port = moor(&s, "127.0.0.1")->set.port;
	moorings_left(&s.all, 0);
	CHECK(list_is_empty(&s.all.all));
	CHECK(is_free("127.0.0.1", port));
	stage_fini(&s);
}
