/* SPDX-License-Identifier: ISC */
#include "relay/binding.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "relay/book.h"
#include "relay/worker.h"

/* One whose address is a name. */
struct lookup {
	struct list node; /* of supervisor.lookups; off it: nobody waits any more */
	uv_getaddrinfo_t req;
	struct supervisor *supervisor;
	uint64_t number;
	struct ipc_bind bind;
	char name[256];
};

/* --- answers ---------------------------------------------------------------------------------- */

static void refuse(struct supervisor *s, uint64_t number, const struct binder_wish *wish,
	const struct fault *f)
{
	struct ipc_unbound u = {.code = f->code};
	uint8_t room[IPC_SMALL_MAX];

	strcpy(u.why, f->text);
	for (; wish && u.count < wish->count; u.count++)
		u.addr[u.count] = wish->addr[u.count];
	worker_tell(s->worker, IPC_NOT_BOUND, number,
		ipcbind_wr_unbound((struct span){room, sizeof(room)}, &u));
}

static enum err hand_over(struct supervisor *s, uint64_t number, const struct mooring *t)
{
	uint8_t room[8];
	struct frame out = {.type = IPC_BOUND,
		.number = number,
		.payload = ipcbind_wr_bound((struct span){room, sizeof(room)}, t->id)};

	for (size_t i = 0; i < t->set.count; i++) {
		int fd = fcntl(t->set.fd[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

		if (fd < 0) {
			frame_close_fds(&out);
			return E_SYS;
		}
		out.fd[out.fd_count++] = fd;
	}
	worker_send(s->worker, &out);
	return E_OK;
}

/* --- sockets ---------------------------------------------------------------------------------- */

static bool is_others(const struct supervisor *s, const char *owner, uint16_t port)
{
	const char *has = book_owner(s->book, port);

	return has && strcmp(has, owner) != 0;
}

/* The kernel does not know which ports other keys count on. */
static enum err bind_for(const struct supervisor *s, const char *owner,
	const struct binder_wish *wish, struct binder_set *set, struct fault *f)
{
	enum err e = binder_bind(wish, set, f);

	for (int i = 0; e == E_OK && wish->port == 0 && i < BINDER_TRIES; i++) {
		if (!is_others(s, owner, set->port))
			break;
		binder_fini(set);
		e = binder_bind(wish, set, f);
	}
	return e;
}

/* Sockets whose process is gone are the owner's, and in the way of everybody else. */
static enum err take_left(struct supervisor *s, const char *owner, const struct binder_wish *wish,
	struct mooring **out, struct fault *f)
{
	struct mooring *t;
	uint64_t now_ms = uv_now(s->loop);
	size_t used;

	while ((t = mooring_left_at(&s->moorings, wish)) != NULL) {
		if (strcmp(t->owner, owner) != 0) {
			used = strlen(f->text);
			snprintf(f->text + used, sizeof(f->text) - used,
				": it is kept for another key, whose connection was lost, for %llu "
				"s more",
				(unsigned long long)((t->until_ms - now_ms + 999) / 1000));
			return E_DENIED;
		}
		if (mooring_fits(t, wish)) {
			mooring_resume(t);
			*out = t;
			return E_OK;
		}
		mooring_close(t);
	}
	return E_AGAIN;
}

static enum err get(struct supervisor *s, const char *owner, const struct binder_wish *wish,
	struct mooring **t, struct fault *f)
{
	struct binder_set set;
	enum err e = bind_for(s, owner, wish, &set, f);

	laters_run(&s->moorings.lapses);
	if (e != E_OK && f->code == EADDRINUSE && wish->port != 0 &&
		mooring_left_at(&s->moorings, wish)) {
		e = take_left(s, owner, wish, t, f);
		if (e != E_AGAIN)
			return e;
		*f = (struct fault){0};
		e = bind_for(s, owner, wish, &set, f);
	}
	if (e != E_OK)
		return e;
	*t = mooring_new(&s->moorings, owner, &set);
	if (*t)
		return E_OK;
	binder_fini(&set);
	return fault_set(f, E_NOMEM, 0, "no memory for another port");
}

static void open_port(struct supervisor *s, const struct member *m, uint64_t number,
	const struct ipc_bind *b, const struct binder_wish *want)
{
	struct binder_wish wish = *want;
	struct fault f = {0};
	struct mooring *t = NULL;
	enum err e;

	wish.port = b->port;
	e = get(s, m->identity->fingerprint, &wish, &t, &f);
	if (e == E_OK) {
		t->is_chosen = b->is_chosen;
		e = hand_over(s, number, t);
		if (e == E_OK)
			return;
		mooring_close(t);
		(void)fault_set(&f, e, 0, "no descriptor is left for another port");
	}
	refuse(s, number, &wish, &f);
}

/* --- judging ---------------------------------------------------------------------------------- */

static enum err judge(const struct supervisor *s, const struct member *m,
	const struct ipc_bind *b, struct fault *f)
{
	if (!m)
		return fault_set(f, E_DENIED, 0, "no key has logged in there");
	if (s->is_draining || s->is_ending)
		return fault_set(f, E_DENIED, 0, "the relay is about to shut down");
	return identity_may_listen(m->identity, relay_conf_settings(m->policy), s->low_end,
		bytes_str(b->host), b->port, f);
}

/* --- names ------------------------------------------------------------------------------------ */

static bool is_listed(const struct binder_wish *want, const struct sock_addr *a)
{
	char one[SOCK_TEXT_MAX], other[SOCK_TEXT_MAX];

	sock_host(a, one);
	for (size_t i = 0; i < want->count; i++) {
		sock_host(&want->addr[i], other);
		if (strcmp(one, other) == 0)
			return true;
	}
	return false;
}

/* Much may have happened since it was judged. */
static void looked_up(struct lookup *u, int status, const struct addrinfo *res)
{
	struct supervisor *s = u->supervisor;
	struct member *m = roster_find(&s->roster, u->bind.session);
	struct binder_wish want = {.count = 0};
	struct fault f = {0};
	char name[128];

	if (m)
		m->lookups--;
	for (; res && want.count < BINDER_MAX; res = res->ai_next) {
		struct sock_addr a = {.len = (socklen_t)res->ai_addrlen};

		memcpy(&a.ss, res->ai_addr, res->ai_addrlen);
		if (!is_listed(&want, &a))
			want.addr[want.count++] = a;
	}
	text_escape(name, sizeof(name), bytes_str(u->name));
	if (judge(s, m, &u->bind, &f) != E_OK) {
		refuse(s, u->number, NULL, &f);
	} else if (want.count == 0) {
		(void)fault_set(&f, E_SYS, 0, "the relay cannot look up %s: %s", name,
			status < 0 ? uv_strerror(status) : "no address");
		refuse(s, u->number, NULL, &f);
	} else {
		open_port(s, m, u->number, &u->bind, &want);
	}
}

static void on_lookup(uv_getaddrinfo_t *req, int status, struct addrinfo *res)
{
	struct lookup *u = req->data;
	bool is_wanted = !list_is_empty(&u->node);

	u->supervisor->lookups_now--;
	list_remove(&u->node);
	if (is_wanted)
		looked_up(u, status, res);
	uv_freeaddrinfo(res);
	free(u);
}

static enum err look_up(struct supervisor *s, struct member *m, uint64_t number,
	const struct ipc_bind *b, const char *name, struct fault *f)
{
	int family = s->settings->family, rc;
	struct addrinfo hints = {
		.ai_family = family == 4   ? AF_INET
			     : family == 6 ? AF_INET6
					   : AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
	};
	struct lookup *u;

	if (m->lookups >= BINDING_LOOKUPS_MAX)
		return fault_set(f, E_LIMIT, 0,
			"too many names are being looked up for this connection");
	u = calloc(1, sizeof(*u));
	if (!u)
		return fault_set(f, E_NOMEM, 0, "out of memory");
	u->supervisor = s;
	u->number = number;
	u->bind = *b;
	snprintf(u->name, sizeof(u->name), "%s", name);
	u->req.data = u;
	rc = uv_getaddrinfo(s->loop, &u->req, on_lookup, u->name, NULL, &hints);
	if (rc < 0) {
		free(u);
		return fault_set(f, E_SYS, 0, "%s", uv_strerror(rc));
	}
	m->lookups++;
	s->lookups_now++;
	list_append(&s->lookups, &u->node);
	return E_OK;
}

/* on_lookup frees them, cancelled or not. */
void binding_forget(struct supervisor *s, const struct member *m)
{
	struct list *n, *next;

	for (n = s->lookups.next; n != &s->lookups; n = next) {
		struct lookup *u = list_entry(n, struct lookup, node);

		next = n->next;
		if (m && u->bind.session != m->session)
			continue;
		list_remove(&u->node);
		uv_cancel((uv_req_t *)&u->req);
	}
}

void binding_ask(struct supervisor *s, uint64_t number, const struct ipc_bind *b)
{
	struct member *m = roster_find(&s->roster, b->session);
	struct binder_wish want = {.count = 0};
	struct bindplan plan;
	struct fault f = {0};
	enum err e = judge(s, m, b, &f);

	if (e == E_OK) {
		e = bindplan_make(bytes_str(b->host),
			relay_conf_settings(m->policy)->gateway_ports, &plan);
		if (e != E_OK)
			(void)fault_set(&f, e, 0, "the address to listen on is no host name");
	}
	if (e == E_OK)
		e = binder_plan(&plan, s->settings->family, &want, &f);
	if (e == E_OK) {
		open_port(s, m, number, b, &want);
		return;
	}
	if (e == E_UNKNOWN)
		e = look_up(s, m, number, b, plan.address, &f);
	if (e != E_OK)
		refuse(s, number, NULL, &f);
}
