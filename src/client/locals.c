/* SPDX-License-Identifier: ISC */
/*
 * An address given by name is looked up at once and on the spot, as ssh does: it is one of this
 * machine, and nothing runs yet that could be held up.
 */
#include "client/locals.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "client/caller.h"
#include "client/family.h"

enum err locals_init(struct locals *l, struct hub *hub, const struct client_settings *s)
{
	*l = (struct locals){.settings = s, .hub = hub, .count = s->local_count, .is_paused = true};
	list_init(&l->callers);
	/* At once, since callers keep addresses of them. */
	l->items = calloc(CLIENT_FORWARDS_MAX, sizeof(*l->items));
	if (l->items == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < l->count; i++) {
		l->items[i] = (struct local){.spec = &s->locals[i], .locals = l};
		traffic_init(&l->items[i].traffic);
	}
	return E_OK;
}

bool locals_is_open(const struct locals *l, size_t i)
{
	return l->items[i].count > 0;
}

/* --- listening ----------------------------------------------------------------------------------
 */

static void on_accept(void *ctx, int fd, const struct sock_addr *peer)
{
	struct local *one = ctx;

	caller_new(one, fd, peer);
}

static void on_complaint(void *ctx, const char *sentence)
{
	log_write(LOG_LEVEL_ERROR, "%s", sentence);
}

static void close_one(struct local *one)
{
	for (size_t i = 0; i < one->count; i++)
		acceptor_free(one->acceptors[i]);
	if (one->count > 0 && one->spec->listen_path[0] != '\0')
		unixsock_remove(one->spec->listen_path, &one->file);
	one->count = 0;
}

/* Takes fd. */
static bool add_acceptor(struct local *one, int fd, struct fault *f)
{
	struct locals *l = one->locals;
	enum err e = acceptor_new(
		l->hub->loop, fd, on_accept, on_complaint, one, &one->acceptors[one->count]);

	if (e != E_OK) {
		fault_set(f, e, 0, "listen %s: %s", one->listen_text, err_text(e));
		close(fd);
		return false;
	}
	acceptor_pause(one->acceptors[one->count++], l->is_paused);
	return true;
}

/* What is tried again and again is told once. */
static enum log_level loudness(const struct local *one)
{
	return one->is_told ? LOG_LEVEL_DEBUG1 : LOG_LEVEL_ERROR;
}

/* What ssh binds without an address says GatewayPorts, with one the user. */
static enum err plan(const struct local *one, int family, struct binder_wish *wish, struct fault *f)
{
	const struct forward_spec *spec = one->spec;
	bool is_wide = one->locals->settings->gateway_ports;
	const char *bind = spec->has_bind ? spec->bind : is_wide ? "" : "localhost";
	struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM}, *list;
	struct bindplan bp;
	enum err e = bindplan_make(bytes_str(bind), GATEWAY_CLIENT, &bp);
	int status;

	if (e != E_OK)
		return fault_set(f, e, 0, "'%s' is no address to listen on", bind);
	e = binder_plan(&bp, family == AF_INET ? 4 : family == AF_INET6 ? 6 : 0, wish, f);
	if (e != E_UNKNOWN)
		return e;
	status = getaddrinfo(bp.address, NULL, &hints, &list);
	if (status != 0)
		return fault_set(
			f, E_UNKNOWN, 0, "getaddrinfo(%s): %s", bp.address, gai_strerror(status));
	wish->count = 0;
	for (struct addrinfo *ai = list; ai != NULL && wish->count < BINDER_MAX; ai = ai->ai_next) {
		struct sock_addr *a = &wish->addr[wish->count++];

		memcpy(&a->ss, ai->ai_addr, ai->ai_addrlen);
		a->len = ai->ai_addrlen;
	}
	freeaddrinfo(list);
	return E_OK;
}

static void say_listening(const struct binder_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		char host[SOCK_TEXT_MAX];

		sock_host(&set->addr[i], host);
		log_write(LOG_LEVEL_DEBUG1, "Local forwarding listening on %s port %u.", host,
			set->port);
	}
}

static bool take_set(struct local *one, struct binder_set *set, struct fault *f)
{
	bool is_good = true;

	for (size_t i = 0; is_good && i < set->count; i++) {
		is_good = add_acceptor(one, set->fd[i], f);
		set->fd[i] = -1;
	}
	return is_good;
}

static bool listen_port(struct local *one, struct fault *f)
{
	const struct client_settings *s = one->locals->settings;
	struct binder_wish wish = {.count = 0};
	struct binder_set set = {.count = 0};
	struct fault why = {0};
	char host[SOCK_TEXT_MAX];
	enum err e = plan(one, family_of(s), &wish, f);
	bool is_good;

	wish.port = one->spec->listen_port;
	if (e != E_OK)
		return false;
	e = binder_bind(&wish, &set, &why);
	if (e != E_OK && why.code != 0) {
		sock_host(&set.failed, host);
		fault_set(f, e, why.code, "bind [%s]:%u: %s", host, wish.port,
			strerror((int)why.code));
	} else if (e != E_OK) {
		fault_set(f, e, 0, "%s", why.text);
	}
	if (e != E_OK)
		return false;
	say_listening(&set);
	is_good = take_set(one, &set, f);
	binder_fini(&set);
	return is_good;
}

static bool listen_path(struct local *one, struct fault *f)
{
	const struct client_settings *s = one->locals->settings;
	const char *path = one->spec->listen_path;
	int fd;

	if (unixsock_listen(path, s->bind_mask, s->bind_unlink, &fd, &one->file, f) != E_OK)
		return false;
	log_write(LOG_LEVEL_DEBUG1, "Local forwarding listening on path %s.", path);
	return add_acceptor(one, fd, f);
}

static void describe(struct local *one)
{
	const struct forward_spec *spec = one->spec;
	char target[LOCALS_SPEC_TEXT];

	forward_spec_print_target(spec, target, sizeof(target));
	if (spec->listen_path[0] != '\0')
		snprintf(one->listen_text, sizeof(one->listen_text), "path %s", spec->listen_path);
	else
		snprintf(one->listen_text, sizeof(one->listen_text), "port %u", spec->listen_port);
	log_write(LOG_LEVEL_DEBUG1, "Local connections to %s forwarded to %s%s", one->listen_text,
		spec->is_socks ? "what they name" : "remote address ", target);
}

static bool listen_one(struct local *one, struct fault *f)
{
	bool is_good;

	describe(one);
	is_good = one->spec->listen_path[0] != '\0' ? listen_path(one, f) : listen_port(one, f);
	if (is_good)
		return true;
	log_write(loudness(one), "%s", f->text);
	close_one(one);
	if (one->spec->listen_path[0] == '\0')
		log_write(loudness(one),
			"channel_setup_fwd_listener_tcpip: cannot listen to port: %u",
			one->spec->listen_port);
	return false;
}

/* Opens one, and says what became of it where that is news. */
static bool try_one(struct local *one)
{
	struct fault f = {0};
	bool is_good = listen_one(one, &f);

	if (is_good && one->is_told)
		log_write(LOG_LEVEL_INFO, "Local %s is open now.", one->listen_text);
	else if (!is_good && !one->is_told && one->locals->settings->reconnect)
		log_write(LOG_LEVEL_INFO, "Local %s is tried again until it can be opened.",
			one->listen_text);
	one->is_told = !is_good;
	return is_good;
}

bool locals_listen(struct locals *l)
{
	bool is_news = !l->is_tried;
	size_t failed = 0;

	for (size_t i = 0; i < l->count; i++)
		if (!l->items[i].is_gone && l->items[i].count == 0 && !try_one(&l->items[i]))
			failed++;
	l->is_tried = true;
	if (failed > 0 && l->settings->exit_on_forward_failure)
		log_write(LOG_LEVEL_FATAL, "Could not request local forwarding.");
	else if (failed > 0 && failed == locals_wanted(l) && is_news)
		log_write(LOG_LEVEL_ERROR, "Could not request local forwarding.");
	return failed == 0;
}

size_t locals_open_count(const struct locals *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->count; i++)
		n += l->items[i].count > 0;
	return n;
}

size_t locals_wanted(const struct locals *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->count; i++)
		n += !l->items[i].is_gone;
	return n;
}

/* --- that come and go ---------------------------------------------------------------------------
 */

static void local_fini(struct local *one)
{
	traffic_fini(&one->traffic);
	free(one->own);
}

/* One whose callers have gone. */
static struct local *free_place(struct locals *l)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->items[i].is_gone && l->items[i].traffic.now == 0)
			return &l->items[i];
	return l->count < CLIENT_FORWARDS_MAX ? &l->items[l->count] : NULL;
}

enum err locals_add(struct locals *l, const struct forward_spec *spec, struct fault *f)
{
	struct local *one = l->items != NULL ? free_place(l) : NULL;
	struct forward_spec *own = one != NULL ? malloc(sizeof(*own)) : NULL;

	if (one == NULL)
		return fault_set(
			f, E_LIMIT, 0, "there are %d forwards already", CLIENT_FORWARDS_MAX);
	if (own == NULL)
		return fault_set(f, E_NOMEM, 0, "%s", err_text(E_NOMEM));
	*own = *spec;
	if (one == &l->items[l->count])
		l->count++;
	else
		local_fini(one);
	*one = (struct local){.spec = own, .own = own, .locals = l};
	traffic_init(&one->traffic);
	one->is_gone = !listen_one(one, f);
	return one->is_gone ? f->err : E_OK;
}

struct local *locals_find(struct locals *l, const struct forward_spec *spec)
{
	for (size_t i = 0; i < l->count; i++)
		if (!l->items[i].is_gone && forward_spec_is_same(l->items[i].spec, spec))
			return &l->items[i];
	return NULL;
}

void locals_cancel(struct local *one)
{
	close_one(one);
	one->is_gone = true;
}

/* --- who may come in ----------------------------------------------------------------------------
 */

static void apply_pause(struct locals *l)
{
	bool is_paused = l->conn == NULL || l->opening_count >= LOCALS_OPENING;

	if (is_paused == l->is_paused)
		return;
	l->is_paused = is_paused;
	for (size_t i = 0; i < l->count; i++)
		for (size_t k = 0; k < l->items[i].count; k++)
			acceptor_pause(l->items[i].acceptors[k], is_paused);
}

void locals_count_opening(struct locals *l, int change)
{
	l->opening_count += (unsigned)change;
	apply_pause(l);
}

void locals_attach(struct locals *l, struct conn *c)
{
	l->conn = c;
	apply_pause(l);
}

void locals_detach(struct locals *l)
{
	l->conn = NULL;
	apply_pause(l);
}

void locals_fini(struct locals *l)
{
	l->conn = NULL;
	for (size_t i = 0; i < l->count; i++)
		close_one(&l->items[i]);
	while (!list_is_empty(&l->callers))
		caller_stop(list_entry(l->callers.next, struct caller, link));
	for (size_t i = 0; i < l->count; i++)
		local_fini(&l->items[i]);
	free(l->items);
	l->items = NULL;
	l->count = 0;
}
