/* SPDX-License-Identifier: ISC */
/*
 * The dial is one heap object that holds every handle it needs: two timers, at most one lookup, and
 * a poll handle an attempt. It lives until libuv has let go of all of them (refs), also after the
 * answer was given (is_over). Addresses are tried in the order of RFC 8305 section 4: the families
 * in turn, the first one as the resolver sorted them.
 *
 * Numeric addresses never touch libuv's pool, so a process that dials only those starts no threads.
 */
#include "io/dial.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/text.h"

enum { HEAD_START_MS = 250, ADDRS_MAX = 16, HOST_MAX = 1025, PORT_MAX = 32 };

struct attempt {
	uv_poll_t poll;
	struct dial *dial;
	struct sock_addr addr;
	int fd; /* -1: not begun, or over */
};

struct dial {
	uv_loop_t *loop;
	uv_getaddrinfo_t lookup;
	uv_timer_t step;  /* the head start of the attempt begun last */
	uv_timer_t limit; /* over all */
	unsigned refs;	  /* handles and lookups not given back by libuv */
	bool is_over, is_looking_up;
	char host[HOST_MAX], port[PORT_MAX], bind_host[HOST_MAX];
	int family;
	struct sock_addr bind[2]; /* v4, v6; len 0: none */
	struct attempt attempts[ADDRS_MAX];
	unsigned count, begun, open;
	int code; /* errno worth telling */
	dial_fn done;
	void *ctx;
};

static void begin_next(struct dial *d);
static int look_up(struct dial *d, const char *host);

/* --- the end -----------------------------------------------------------------------------------*/

static void release(struct dial *d)
{
	if (--d->refs == 0)
		free(d);
}

static void on_closed(uv_handle_t *handle)
{
	release(handle->data);
}

static void end_attempt(struct attempt *at)
{
	if (at->fd < 0)
		return;
	uv_close((uv_handle_t *)&at->poll, on_closed);
	close(at->fd);
	at->fd = -1;
	at->dial->open--;
}

void dial_cancel(struct dial *d)
{
	if (d == NULL || d->is_over)
		return;
	d->is_over = true;
	for (unsigned i = 0; i < d->begun; i++)
		end_attempt(&d->attempts[i]);
	uv_close((uv_handle_t *)&d->step, on_closed);
	uv_close((uv_handle_t *)&d->limit, on_closed);
	/* A lookup that runs already cannot be stopped: its callback gives the last reference back.
	 */
	if (d->is_looking_up)
		uv_cancel((uv_req_t *)&d->lookup);
}

/* The dial goes first: the callee may start another or end the loop. */
static void fail(struct dial *d, const struct fault *f)
{
	dial_cancel(d);
	d->done(d->ctx, -1, NULL, f);
}

static void fail_connect(struct dial *d, int code)
{
	struct fault f = {0};

	fault_set(&f, code == ETIMEDOUT ? E_TIMEOUT : E_SYS, (uint32_t)code,
		"connect to host %s port %s: %s", d->host, d->port, strerror(code));
	fail(d, &f);
}

static void succeed(struct attempt *at)
{
	struct dial *d = at->dial;
	struct sock_addr peer = at->addr;
	int fd = at->fd;

	uv_close((uv_handle_t *)&at->poll, on_closed);
	at->fd = -1;
	dial_cancel(d);
	d->done(d->ctx, fd, &peer, NULL);
}

static void on_limit(uv_timer_t *timer)
{
	fail_connect(timer->data, ETIMEDOUT);
}

/* --- attempts ----------------------------------------------------------------------------------*/

/* Of several reasons the one that a host gave counts, not that this machine lacks a route for one
 * of the families. */
static void remember(struct dial *d, int code)
{
	bool is_local = code == ENETUNREACH || code == EAFNOSUPPORT || code == EADDRNOTAVAIL;

	if (d->code == 0 || !is_local)
		d->code = code;
}

/* An attempt is over; the next one need not wait for its head start. */
static void on_failed(struct attempt *at, int code)
{
	struct dial *d = at->dial;

	remember(d, code);
	end_attempt(at);
	begin_next(d);
}

static void on_writable(uv_poll_t *poll, int status, int events)
{
	struct attempt *at =
		(struct attempt *)(void *)((char *)poll - offsetof(struct attempt, poll));
	int code = 0;
	socklen_t len = sizeof(code);

	if (getsockopt(at->fd, SOL_SOCKET, SO_ERROR, &code, &len) != 0)
		code = errno;
	if (code == 0 && status < 0)
		code = ECONNABORTED;
	if (code == 0)
		succeed(at);
	else
		on_failed(at, code);
}

/* The socket of an attempt, bound where that is wished; 0 or errno. */
static int open_socket(const struct dial *d, const struct sock_addr *addr, int *out)
{
	const struct sock_addr *from = &d->bind[addr->ss.ss_family == AF_INET6];
	int fd, code;

	if (d->bind_host[0] != '\0' && from->len == 0)
		return EADDRNOTAVAIL;
	fd = socket(addr->ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	if (from->len != 0 && bind(fd, (const struct sockaddr *)&from->ss, from->len) != 0) {
		code = errno;
		close(fd);
		return code;
	}
	*out = fd;
	return 0;
}

/* 0 or errno. Also a connect that ends at once is told from the loop, like all others. */
static int begin(struct dial *d, struct attempt *at)
{
	int fd = -1, code = open_socket(d, &at->addr, &fd);

	if (code != 0)
		return code;
	if (connect(fd, (const struct sockaddr *)&at->addr.ss, at->addr.len) != 0 &&
		errno != EINPROGRESS) {
		code = errno;
		close(fd);
		return code;
	}
	code = uv_poll_init(d->loop, &at->poll, fd);
	if (code != 0) {
		close(fd);
		return -code;
	}
	at->poll.data = d;
	at->fd = fd;
	d->refs++;
	d->open++;
	uv_poll_start(&at->poll, UV_WRITABLE, on_writable);
	return 0;
}

static void on_step(uv_timer_t *timer)
{
	begin_next(timer->data);
}

static void begin_next(struct dial *d)
{
	while (d->begun < d->count) {
		int code = begin(d, &d->attempts[d->begun++]);

		if (code == 0) {
			if (d->begun < d->count)
				uv_timer_start(&d->step, on_step, HEAD_START_MS, 0);
			return;
		}
		remember(d, code);
	}
	if (d->open == 0)
		fail_connect(d, d->code);
}

/* --- addresses ---------------------------------------------------------------------------------*/

static void add_addr(struct dial *d, const struct sockaddr *sa, socklen_t len)
{
	struct attempt *at = &d->attempts[d->count++];

	memcpy(&at->addr.ss, sa, len);
	at->addr.len = len;
	at->dial = d;
	at->fd = -1;
}

static const struct addrinfo *next_of(const struct addrinfo *ai, int family, bool is_same)
{
	while (ai != NULL && (ai->ai_family == family) != is_same)
		ai = ai->ai_next;
	return ai;
}

/* The first family, then the other, and so on (RFC 8305 4). */
static void add_list(struct dial *d, const struct addrinfo *list)
{
	int first = list->ai_family;
	const struct addrinfo *next[2] = {list, next_of(list, first, false)};

	for (unsigned turn = 0; (next[0] != NULL || next[1] != NULL) && d->count < ADDRS_MAX;
		turn ^= 1) {
		const struct addrinfo *ai = next[turn];

		if (ai == NULL)
			continue;
		add_addr(d, ai->ai_addr, ai->ai_addrlen);
		next[turn] = next_of(ai->ai_next, first, turn == 0);
	}
}

static void set_bind(struct dial *d, const struct sockaddr *sa, socklen_t len)
{
	struct sock_addr *a = &d->bind[sa->sa_family == AF_INET6];

	if (a->len != 0)
		return;
	memcpy(&a->ss, sa, len);
	a->len = len;
}

/* libc's words, as ssh prints them, and not libuv's. */
static const char *lookup_text(int status)
{
	static const struct {
		int uv, eai;
	} map[] = {{UV_EAI_AGAIN, EAI_AGAIN}, {UV_EAI_BADFLAGS, EAI_BADFLAGS},
		{UV_EAI_FAIL, EAI_FAIL}, {UV_EAI_FAMILY, EAI_FAMILY}, {UV_EAI_MEMORY, EAI_MEMORY},
		{UV_EAI_NODATA, EAI_NODATA}, {UV_EAI_NONAME, EAI_NONAME},
		{UV_EAI_OVERFLOW, EAI_OVERFLOW}, {UV_EAI_SERVICE, EAI_SERVICE},
		{UV_EAI_SOCKTYPE, EAI_SOCKTYPE}, {UV_EAI_ADDRFAMILY, EAI_ADDRFAMILY}};

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (map[i].uv == status)
			return gai_strerror(map[i].eai);
	return strerror(-status);
}

static void fail_lookup(struct dial *d, const char *reason)
{
	struct fault f = {0};

	fault_set(&f, E_UNKNOWN, 0, "Could not resolve hostname %s: %s", d->host, reason);
	fail(d, &f);
}

static void fail_bind(struct dial *d, const char *reason)
{
	struct fault f = {0};

	fault_set(&f, E_UNKNOWN, 0, "bind address %s: %s", d->bind_host, reason);
	fail(d, &f);
}

static bool is_bind_lookup(const struct dial *d)
{
	return d->bind_host[0] != '\0' && d->bind[0].len == 0 && d->bind[1].len == 0;
}

static void on_bind_found(struct dial *d, int status, const struct addrinfo *list)
{
	if (status != 0) {
		fail_bind(d, lookup_text(status));
		return;
	}
	for (const struct addrinfo *ai = list; ai != NULL; ai = ai->ai_next)
		set_bind(d, ai->ai_addr, ai->ai_addrlen);
	if (d->count > 0) {
		begin_next(d);
		return;
	}
	status = look_up(d, d->host);
	if (status != 0)
		fail_lookup(d, lookup_text(status));
}

static void on_host_found(struct dial *d, int status, const struct addrinfo *list)
{
	if (status != 0) {
		fail_lookup(d, lookup_text(status));
		return;
	}
	add_list(d, list);
	begin_next(d);
}

static void on_found(uv_getaddrinfo_t *req, int status, struct addrinfo *list)
{
	struct dial *d = req->data;

	d->is_looking_up = false;
	if (!d->is_over) {
		if (is_bind_lookup(d))
			on_bind_found(d, status, list);
		else
			on_host_found(d, status, list);
	}
	if (status == 0)
		uv_freeaddrinfo(list);
	release(d);
}

/* 0 or libuv's error. */
static int look_up(struct dial *d, const char *host)
{
	struct addrinfo hints = {.ai_family = d->family, .ai_socktype = SOCK_STREAM};
	const char *port = is_bind_lookup(d) ? NULL : d->port;
	int status = uv_getaddrinfo(d->loop, &d->lookup, on_found, host, port, &hints);

	if (status != 0)
		return status;
	d->lookup.data = d;
	d->is_looking_up = true;
	d->refs++;
	return 0;
}

/* Addresses that need no lookup; false when the family is not wanted. */
static bool take_numeric(struct dial *d)
{
	struct sock_addr a;
	uint64_t port;

	if (!text_to_u64(bytes_str(d->port), 65535, &port) ||
		!sock_parse(d->host, (uint16_t)port, &a))
		return false;
	if (d->family != AF_UNSPEC && d->family != a.ss.ss_family)
		return false;
	add_addr(d, (struct sockaddr *)&a.ss, a.len);
	return true;
}

/* --- the start ---------------------------------------------------------------------------------*/

/* 0 or libuv's error. All that is numeric: the first attempt begins as soon as the loop runs. */
static int start(struct dial *d, const struct addrinfo *addrs)
{
	struct sock_addr a;

	if (d->bind_host[0] != '\0' && sock_parse(d->bind_host, 0, &a))
		set_bind(d, (struct sockaddr *)&a.ss, a.len);
	if (addrs != NULL)
		add_list(d, addrs);
	else
		take_numeric(d);
	if (is_bind_lookup(d))
		return look_up(d, d->bind_host);
	if (d->count == 0)
		return look_up(d, d->host);
	uv_timer_start(&d->step, on_step, 0, 0);
	return 0;
}

static bool copy_text(char *dst, size_t cap, const char *src)
{
	return bytes_to_cstr(bytes_str(src != NULL ? src : ""), dst, cap);
}

enum err dial_start(uv_loop_t *loop, const struct dial_options *o, dial_fn done, void *ctx,
	struct dial **out, struct fault *f)
{
	struct dial *d = calloc(1, sizeof(*d));
	int status;

	if (d == NULL)
		return fault_set(
			f, E_NOMEM, 0, "connect to host %s: %s", o->host, err_text(E_NOMEM));
	if (!copy_text(d->host, HOST_MAX, o->host) || !copy_text(d->port, PORT_MAX, o->port) ||
		!copy_text(d->bind_host, HOST_MAX, o->bind_address)) {
		free(d);
		return fault_set(f, E_LIMIT, 0, "connect to host %.64s: name too long", o->host);
	}
	d->loop = loop;
	d->family = o->family;
	d->done = done;
	d->ctx = ctx;
	uv_timer_init(loop, &d->step);
	uv_timer_init(loop, &d->limit);
	d->step.data = d->limit.data = d;
	d->refs = 2;
	if (o->timeout_ms != 0)
		uv_timer_start(&d->limit, on_limit, o->timeout_ms, 0);
	status = start(d, o->addrs);
	if (status != 0) {
		dial_cancel(d);
		return fault_set(f, E_UNKNOWN, 0, "Could not resolve hostname %s: %s",
			is_bind_lookup(d) ? d->bind_host : d->host, lookup_text(status));
	}
	*out = d;
	return E_OK;
}
