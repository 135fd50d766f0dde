/* SPDX-License-Identifier: ISC */
#include "relay/front.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/accept.h"
#include "relay/link.h"
#include "relay/startups.h"

struct front {
	struct relay *relay;
	struct sock_addr addr[FRONT_MAX];
	bool is_lent[FRONT_MAX];
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

struct front *front_new(struct relay *r)
{
	struct front *t = calloc(1, sizeof(*t));

	if (t)
		t->relay = r;
	return t;
}

enum err front_add(struct front *t, int fd, bool is_lent)
{
	enum err e = t->count < FRONT_MAX ? sock_local(fd, &t->addr[t->count]) : E_LIMIT;

	if (e == E_OK)
		e = acceptor_new(t->relay->loop, fd, on_accept, on_complaint, t,
			&t->acceptor[t->count]);
	if (e == E_OK)
		t->is_lent[t->count++] = is_lent;
	return e;
}

void front_free(struct front *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->count; i++) {
		if (!t->is_lent[i])
			(void)shutdown(acceptor_fd(t->acceptor[i]), SHUT_RDWR);
		acceptor_free(t->acceptor[i]);
	}
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
