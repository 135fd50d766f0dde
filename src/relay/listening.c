/* SPDX-License-Identifier: ISC */
#include "relay/listening.h"

#include <netdb.h>
#include <string.h>
#include <unistd.h>

#include "bridge/binder.h"

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

static enum err add_set(struct listening *l, struct binder_set *set, struct fault *f)
{
	for (size_t i = 0; i < set->count; i++) {
		if (l->count == LISTENING_MAX)
			return fault_set(f, E_LIMIT, 0, "too many addresses to listen on");
		l->addr[l->count] = set->addr[i];
		l->fd[l->count++] = set->fd[i];
		set->fd[i] = -1;
	}
	return E_OK;
}

static enum err listen_one(
	struct listening *l, const struct relay_listen *to, int family, struct fault *f)
{
	struct binder_wish wish;
	struct binder_set set = {.count = 0};
	struct fault why = {0};
	enum err e = wish_of(to, family, &wish, &why);

	if (e == E_OK)
		e = binder_bind(&wish, &set, &why);
	if (e == E_OK)
		e = add_set(l, &set, &why);
	binder_fini(&set);
	return e == E_OK ? E_OK : fault_set(f, e, why.code, "cannot listen: %s", why.text);
}

enum err listening_open(struct listening *l, const struct relay_settings *s, struct fault *f)
{
	for (size_t i = 0; i < s->listen_count; i++) {
		enum err e = listen_one(l, &s->listen[i], s->family, f);

		if (e == E_OK)
			continue;
		listening_close(l);
		return e;
	}
	return E_OK;
}

enum err listening_borrow(struct listening *l, const struct handed *h, struct fault *f)
{
	l->is_lent = true;
	for (; l->count < h->count; l->count++) {
		l->fd[l->count] = h->fd[l->count];
		if (sock_local(l->fd[l->count], &l->addr[l->count]) != E_OK)
			return fault_set(f, E_VALUE, 0,
				"LISTEN_FDS: descriptor %d has no internet address",
				l->fd[l->count]);
	}
	return E_OK;
}

void listening_close(struct listening *l)
{
	for (size_t i = 0; i < l->count; i++)
		close(l->fd[i]);
	l->count = 0;
}
