/* SPDX-License-Identifier: ISC */
#include "bridge/binder.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool family_fits(int family, const struct sock_addr *a)
{
	return family == 0 || (family == 4 && a->ss.ss_family == AF_INET) ||
	       (family == 6 && a->ss.ss_family == AF_INET6);
}

static void add(struct binder_wish *wish, int family, const char *numeric)
{
	struct sock_addr a;

	if (sock_parse(numeric, 0, &a) && family_fits(family, &a))
		wish->addr[wish->count++] = a;
}

enum err binder_plan(
	const struct bindplan *plan, int family, struct binder_wish *wish, struct fault *f)
{
	struct sock_addr a;

	memset(wish, 0, sizeof(*wish));
	switch (plan->kind) {
	case BIND_LOOPBACK:
		add(wish, family, "127.0.0.1");
		add(wish, family, "::1");
		break;
	case BIND_WILDCARD:
		add(wish, family, "0.0.0.0");
		add(wish, family, "::");
		break;
	case BIND_ADDRESS:
		if (!sock_parse(plan->address, 0, &a))
			return E_UNKNOWN;
		add(wish, family, plan->address);
		break;
	}
	if (wish->count == 0)
		return fault_set(
			f, E_VALUE, 0, "addresses like %s are not used here", plan->address);
	return E_OK;
}

void binder_fini(struct binder_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->fd[i] >= 0)
			close(set->fd[i]);
	set->count = 0;
}

static enum err explain(const struct sock_addr *a, const struct fault *why, struct fault *f)
{
	char host[SOCK_TEXT_MAX], text[SOCK_TEXT_MAX];
	uint16_t port = sock_port(a);

	sock_host(a, host);
	sock_text(a, text);
	switch (why->code) {
	case EADDRINUSE:
		return fault_set(f, E_SYS, why->code, "port %u on %s%s%s is taken", port,
			strchr(host, ':') ? "[" : "", host, strchr(host, ':') ? "]" : "");
	case EACCES:
		return fault_set(f, E_SYS, why->code,
			"port %u needs root or CAP_NET_BIND_SERVICE here", port);
	case EADDRNOTAVAIL:
		return fault_set(f, E_SYS, why->code, "%s is no address of this machine", host);
	case EMFILE:
	case ENFILE:
		return fault_set(f, E_SYS, why->code, "no descriptor is left for %s", text);
	default:
		return fault_set(f, why->err, why->code, "%s", why->text);
	}
}

/* May this address be missing? Only when the kernel cannot have any of its family right now. */
static bool is_absent(const struct sock_addr *a, uint32_t code)
{
	return (code == EADDRNOTAVAIL || code == EAFNOSUPPORT) &&
	       sock_family_is_absent(a->ss.ss_family);
}

/* One attempt at all addresses. E_AGAIN: a port the kernel chose clashes in another family. */
static enum err bind_all(
	const struct binder_wish *wish, uint16_t port, struct binder_set *set, struct fault *f)
{
	bool is_chosen = port == 0;

	set->count = 0;
	for (size_t i = 0; i < wish->count; i++) {
		struct sock_addr a = wish->addr[i];
		struct fault why = {0};
		int fd;
		enum err e;

		sock_set_port(&a, port);
		e = sock_listen(&a, &fd, &why);
		if (e == E_OK) {
			set->fd[set->count] = fd;
			e = sock_local(fd, &set->addr[set->count++]);
			if (e != E_OK)
				return fault_set(f, e, 0, "cannot ask which port was bound");
			port = sock_port(&set->addr[set->count - 1]);
			continue;
		}
		if (is_absent(&a, why.code))
			continue;
		if (is_chosen && set->count > 0 && why.code == EADDRINUSE)
			return E_AGAIN;
		set->failed = a;
		return explain(&a, &why, f);
	}
	if (set->count == 0)
		return fault_set(f, E_SYS, EADDRNOTAVAIL, "no address of this machine fits");
	set->port = port;
	return E_OK;
}

enum err binder_bind(const struct binder_wish *wish, struct binder_set *set, struct fault *f)
{
	enum err e = E_AGAIN;

	for (int i = 0; i < BINDER_TRIES && e == E_AGAIN; i++) {
		e = bind_all(wish, wish->port, set, f);
		if (e != E_OK)
			binder_fini(set);
	}
	if (e == E_AGAIN)
		return fault_set(f, E_SYS, EADDRINUSE, "no port is free in all address families");
	return e;
}
