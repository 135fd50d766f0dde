/* SPDX-License-Identifier: ISC */
#include "relay/front.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/accept.h"
#include "bridge/binder.h"
#include "relay/link.h"
#include "relay/startups.h"

struct front {
	struct relay *relay;
	struct sock_addr addr[FRONT_MAX];
	struct acceptor *acceptor[FRONT_MAX];
	size_t count;
	bool is_throttling;
	uint64_t dropped_since;
};

/* Said in front of a version line, where RFC 4253 4.2 lets a server say something. */
static void turn_away(int fd)
{
	static const char text[] = "Exceeded MaxStartups\r\n";

	if (send(fd, text, sizeof(text) - 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		log_write(LOG_LEVEL_DEBUG1, "not even told: %s", strerror(errno));
	close(fd);
}

/* One line when it begins and one when it is over, not one a connection. */
static void note_drop(struct front *t, bool is_dropped)
{
	const struct relay *r = t->relay;

	if (is_dropped && !t->is_throttling) {
		t->is_throttling = true;
		t->dropped_since = 0;
		log_write(LOG_LEVEL_INFO, "beginning MaxStartups throttling: %u before login",
			r->pending);
	}
	if (is_dropped) {
		t->dropped_since++;
	} else if (t->is_throttling && r->pending < r->settings->startups_begin) {
		t->is_throttling = false;
		log_write(LOG_LEVEL_INFO,
			"exited MaxStartups throttling: %llu connections were dropped",
			(unsigned long long)t->dropped_since);
	}
}

static bool drops(struct front *t)
{
	struct relay *r = t->relay;
	struct startups s = {.begin = r->settings->startups_begin,
		.rate = r->settings->startups_rate,
		.full = r->settings->startups_full};
	uint8_t dice[4];

	if (rng_bytes(&r->hub.rng, dice, sizeof(dice)) != E_OK)
		return true;
	return startups_drops(&s, r->pending, load_be32(dice) % 100);
}

/* In-flight data that nobody acknowledges is given up about when a silent agent is. */
static void set_user_timeout(const struct relay_settings *s, int fd)
{
	uint64_t ms = s->alive_interval_ms * ((uint64_t)s->alive_count_max + 1);

	if (s->alive_interval_ms > 0 && s->alive_count_max > 0 && ms < UINT32_MAX)
		sock_user_timeout(fd, (unsigned)ms);
}

static void on_accept(void *ctx, int fd, const struct sock_addr *peer)
{
	struct front *t = ctx;
	struct relay *r = t->relay;
	bool is_dropped = drops(t);
	enum err e;

	note_drop(t, is_dropped);
	if (is_dropped) {
		r->dropped++;
		turn_away(fd);
		return;
	}
	sock_tune(fd, r->settings->tcp_keepalive, true);
	set_user_timeout(r->settings, fd);
	e = link_new(r, fd, peer);
	if (e != E_OK)
		log_write(LOG_LEVEL_ERROR, "a connection could not be served: %s", err_text(e));
}

static void on_complaint(void *ctx, const char *sentence)
{
	log_write(LOG_LEVEL_ERROR, "%s", sentence);
}

/* A name stands for all its addresses. */
static enum err look_up(const char *host, int family, struct binder_wish *wish, struct fault *f)
{
	struct addrinfo hints = {
		.ai_family = family == 4   ? AF_INET
			     : family == 6 ? AF_INET6
					   : AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE,
	};
	struct addrinfo *res;
	int rc = getaddrinfo(host, NULL, &hints, &res);

	if (rc != 0)
		return fault_set(f, E_SYS, 0, "ListenAddress %s: %s", host, gai_strerror(rc));
	memset(wish, 0, sizeof(*wish));
	for (struct addrinfo *ai = res; ai && wish->count < BINDER_MAX; ai = ai->ai_next) {
		struct sock_addr *a = &wish->addr[wish->count++];

		memcpy(&a->ss, ai->ai_addr, ai->ai_addrlen);
		a->len = (socklen_t)ai->ai_addrlen;
	}
	freeaddrinfo(res);
	return E_OK;
}

static enum err wish_of(
	const struct relay_listen *l, int family, struct binder_wish *wish, struct fault *f)
{
	struct bindplan plan = {.kind = l->host ? BIND_ADDRESS : BIND_WILDCARD};
	enum err e;

	if (l->host && !bytes_to_cstr(bytes_str(l->host), plan.address, sizeof(plan.address)))
		return fault_set(f, E_LIMIT, 0, "ListenAddress %s: too long", l->host);
	e = binder_plan(&plan, family, wish, f);
	if (e == E_UNKNOWN)
		e = look_up(l->host, family, wish, f);
	wish->port = l->port;
	return e;
}

static enum err add_set(struct front *t, struct binder_set *set, struct fault *f)
{
	for (size_t i = 0; i < set->count; i++) {
		enum err e;

		if (t->count == FRONT_MAX)
			return fault_set(f, E_LIMIT, 0, "too many addresses to listen on");
		t->addr[t->count] = set->addr[i];
		e = acceptor_new(t->relay->loop, set->fd[i], on_accept, on_complaint, t,
			&t->acceptor[t->count]);
		if (e != E_OK)
			return fault_set(f, e, 0, "cannot listen: %s", err_text(e));
		set->fd[i] = -1;
		t->count++;
	}
	return E_OK;
}

static enum err listen_one(struct front *t, const struct relay_listen *l, struct fault *f)
{
	struct binder_wish wish;
	struct binder_set set = {.count = 0};
	struct fault why = {0};
	enum err e = wish_of(l, t->relay->settings->family, &wish, &why);

	if (e == E_OK)
		e = binder_bind(&wish, &set, &why);
	if (e == E_OK)
		e = add_set(t, &set, &why);
	binder_fini(&set);
	return e == E_OK ? E_OK : fault_set(f, e, why.code, "cannot listen: %s", why.text);
}

enum err front_new(struct relay *r, struct front **out, struct fault *f)
{
	struct front *t = calloc(1, sizeof(*t));

	if (!t)
		return fault_set(f, E_NOMEM, 0, "out of memory");
	t->relay = r;
	for (size_t i = 0; i < r->settings->listen_count; i++) {
		enum err e = listen_one(t, &r->settings->listen[i], f);

		if (e != E_OK) {
			front_free(t);
			return e;
		}
	}
	*out = t;
	return E_OK;
}

void front_free(struct front *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->count; i++)
		acceptor_free(t->acceptor[i]);
	free(t);
}

size_t front_count(const struct front *t)
{
	return t->count;
}

const struct sock_addr *front_addr(const struct front *t, size_t i)
{
	return &t->addr[i];
}
