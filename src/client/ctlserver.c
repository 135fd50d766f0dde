/* SPDX-License-Identifier: ISC */
/*
 * Descriptors come with bytes of their own between messages, so every read asks for no more than
 * what is left of the present unit: a length, a body, or the byte of one descriptor.
 */
#include "client/ctlserver.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "io/accept.h"

enum { READ_STEP = 4096, SUFFIX = 17, PRIVATE_MASK = 0177 };

static void on_event(uv_poll_t *poll, int status, int events);

/* --- the end of a client ------------------------------------------------------------------------
 */

static void on_handle_closed(uv_handle_t *handle)
{
	struct ctlclient *k = handle->data;

	if (--k->handles > 0)
		return;
	close(k->fd);
	buf_fini(&k->in);
	buf_fini(&k->out);
	free(k);
}

static void drop_descriptors(struct ctlclient *k)
{
	for (size_t i = 0; i < CTLSERVER_DESCRIPTORS_MAX; i++) {
		if (k->descriptors[i] >= 0)
			close(k->descriptors[i]);
		k->descriptors[i] = -1;
	}
	k->passed = 0;
}

void ctlserver_hang_up(struct ctlclient *k)
{
	if (k->is_closing)
		return;
	k->is_closing = true;
	k->server->ops->gone(k->server->ctx, k);
	list_remove(&k->link);
	k->server->count--;
	drop_descriptors(k);
	(void)shutdown(k->fd, SHUT_RDWR);
	uv_close((uv_handle_t *)&k->poll, on_handle_closed);
	uv_close((uv_handle_t *)&k->silence, on_handle_closed);
}

static void on_silence(uv_timer_t *timer)
{
	log_write(LOG_LEVEL_DEBUG1, "A control client was hung up on: %d s of silence",
		CTLSERVER_SILENCE_MS / 1000);
	ctlserver_hang_up(timer->data);
}

/* --- writing ------------------------------------------------------------------------------------
 */

/* While an answer waits to be taken, nothing is read; while a request is open, only the end of the
 * client is looked for. */
static void apply(struct ctlclient *k)
{
	bool has_more = buf_bytes(&k->out).len > 0;
	bool is_halfway = !k->has_hello || buf_bytes(&k->in).len > 0 || k->passed > 0;

	if (k->is_closing)
		return;
	if (has_more || (!k->is_busy && is_halfway)) {
		if (!uv_is_active((uv_handle_t *)&k->silence))
			uv_timer_start(&k->silence, on_silence, CTLSERVER_SILENCE_MS, 0);
	} else {
		uv_timer_stop(&k->silence);
	}
	uv_poll_start(&k->poll,
		UV_DISCONNECT | (has_more	     ? UV_WRITABLE
					: k->is_busy ? 0
						     : UV_READABLE),
		on_event);
}

/* False: the client is gone. */
static bool flush(struct ctlclient *k)
{
	struct bytes left;

	while ((left = buf_bytes(&k->out)).len > 0) {
		ssize_t n = send(k->fd, left.ptr, left.len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			ctlserver_hang_up(k);
			return false;
		}
		uv_timer_stop(&k->silence);
		buf_consume(&k->out, (size_t)n);
	}
	apply(k);
	return true;
}

void ctlserver_say(struct ctlclient *k, const struct ctlmsg *m)
{
	struct ctlmsg with_id = *m;
	struct span room;
	size_t len;

	with_id.id = k->id;
	if (k->is_closing)
		return;
	if (buf_reserve(&k->out, CTLMSG_SMALL + m->text.len, &room) != E_OK ||
		ctlmsg_write(room, &with_id, &len) != E_OK) {
		log_write(LOG_LEVEL_INFO, "A control client was hung up on: it does not keep up");
		ctlserver_hang_up(k);
		return;
	}
	buf_commit(&k->out, len);
	(void)flush(k);
}

void ctlserver_answer(struct ctlclient *k, const struct ctlmsg *m)
{
	k->is_busy = false;
	k->waits_for = NULL;
	k->idle_since_ms = uv_now(k->server->loop);
	drop_descriptors(k);
	ctlserver_say(k, m);
}

void ctlserver_answer_plain(struct ctlclient *k, uint32_t type, const char *why)
{
	ctlserver_answer(k, &(struct ctlmsg){.type = type, .text = bytes_str(why)});
}

/* --- reading ------------------------------------------------------------------------------------
 */

static void take_hello(struct ctlclient *k, const struct ctlmsg *m)
{
	if (m->type != CTLMSG_HELLO || m->number != CTLMSG_VERSION) {
		log_write(LOG_LEVEL_ERROR,
			m->type != CTLMSG_HELLO
				? "expected MUX_MSG_HELLO(0x00000001), received 0x%08x"
				: "unsupported multiplexing protocol version %u (expected 4)",
			m->type != CTLMSG_HELLO ? m->type : m->number);
		ctlserver_hang_up(k);
		return;
	}
	k->has_hello = true;
	apply(k);
}

/* A whole request: the owner has it until it is answered. */
static void take_request(struct ctlclient *k, const struct ctlmsg *m, enum err known)
{
	if (m->type == CTLMSG_HELLO) {
		log_write(LOG_LEVEL_ERROR, "HELLO received twice");
		ctlserver_hang_up(k);
		return;
	}
	k->id = m->id;
	k->is_busy = true;
	k->server->ops->request(k->server->ctx, k, m, known);
	if (!k->is_closing)
		apply(k);
}

static void take_message(struct ctlclient *k)
{
	struct bytes all = buf_bytes(&k->in);
	uint8_t *copy = malloc(all.len);
	struct ctlmsg m;
	enum err e = E_NOMEM;

	/* The owner may hang up, which takes the buffer away. */
	if (copy != NULL) {
		memcpy(copy, all.ptr, all.len);
		e = ctlmsg_read(bytes_of(copy + CTLMSG_HEAD, all.len - CTLMSG_HEAD), &m);
	}
	buf_consume(&k->in, all.len);
	k->want = CTLMSG_HEAD;
	k->has_body = false;
	k->passed = 0;
	uv_timer_stop(&k->silence);
	if (e != E_OK && e != E_UNKNOWN) {
		log_write(LOG_LEVEL_ERROR, "a control client sent a malformed message");
		ctlserver_hang_up(k);
	} else if (!k->has_hello) {
		take_hello(k, &m);
	} else {
		take_request(k, &m, e);
	}
	free(copy);
}

/* The unit is whole. False: the client is gone, or has to wait. */
static bool take_unit(struct ctlclient *k)
{
	struct bytes all = buf_bytes(&k->in);

	if (!k->has_body && all.len == CTLMSG_HEAD) {
		if (ctlmsg_length(all, &k->want) != E_OK) {
			log_write(LOG_LEVEL_ERROR, "a control client sent a malformed message");
			ctlserver_hang_up(k);
			return false;
		}
		return true;
	}
	if (!k->has_body) {
		k->has_body = true;
		k->to_pass =
			k->has_hello ? ctlmsg_descriptors(load_be32(all.ptr + CTLMSG_HEAD)) : 0;
	}
	if (k->passed < k->to_pass)
		return true;
	take_message(k);
	return !k->is_closing && !k->is_busy && buf_bytes(&k->out).len == 0;
}

/* Descriptors nobody expects are closed. */
static void take_descriptors(struct ctlclient *k, struct msghdr *msg, bool is_expected)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		size_t n =
			c->cmsg_len > CMSG_LEN(0) ? (c->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (is_expected && k->descriptors[k->passed] < 0)
				k->descriptors[k->passed] = fd;
			else
				close(fd);
		}
	}
}

/* As recv; wanted: no more than the unit lacks. */
static ssize_t receive(struct ctlclient *k, struct span into, bool is_descriptor)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(CTLSERVER_DESCRIPTORS_MAX * sizeof(int))];
	} control = {0};
	struct iovec iov = {into.ptr, into.len};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.room)};
	ssize_t n = recvmsg(k->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n > 0)
		take_descriptors(k, &msg, is_descriptor);
	return n;
}

/* One step of a unit; as recv, and -1 with ENOMEM. */
static ssize_t read_step(struct ctlclient *k)
{
	size_t left = k->want - buf_bytes(&k->in).len;
	struct span room;
	uint8_t byte;
	ssize_t n;

	if (k->has_body) {
		n = receive(k, (struct span){&byte, 1}, true);
		if (n > 0 && k->descriptors[k->passed] < 0) {
			errno = EBADMSG;
			return -1;
		}
		k->passed += n > 0;
		return n;
	}
	if (buf_reserve(&k->in, left < READ_STEP ? left : READ_STEP, &room) != E_OK) {
		errno = ENOMEM;
		return -1;
	}
	n = receive(k, (struct span){room.ptr, left < READ_STEP ? left : READ_STEP}, false);
	if (n > 0)
		buf_commit(&k->in, (size_t)n);
	return n;
}

static bool is_whole(const struct ctlclient *k)
{
	return buf_bytes(&k->in).len == k->want && (!k->has_body || k->passed == k->to_pass);
}

static void read_on(struct ctlclient *k)
{
	for (;;) {
		ssize_t n = read_step(k);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0) {
			if (n < 0)
				log_write(LOG_LEVEL_DEBUG1, "A control client was hung up on: %s",
					errno == EBADMSG ? "it did not pass its descriptors"
							 : strerror(errno));
			ctlserver_hang_up(k);
			return;
		}
		while (is_whole(k))
			if (!take_unit(k))
				return;
	}
	apply(k);
}

static void on_event(uv_poll_t *poll, int status, int events)
{
	struct ctlclient *k = poll->data;

	if (status < 0 || ((events & UV_DISCONNECT) != 0 && (events & UV_READABLE) == 0 &&
				  (k->is_busy || buf_bytes(&k->out).len > 0)))
		ctlserver_hang_up(k);
	else if (buf_bytes(&k->out).len > 0)
		(void)flush(k);
	else if (!k->is_busy)
		read_on(k);
}

/* --- who comes in -------------------------------------------------------------------------------
 */

static bool is_admitted(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0)
		return false;
	if (cred.uid == 0 || cred.uid == geteuid())
		return true;
	log_write(LOG_LEVEL_ERROR, "multiplex uid mismatch: peer euid %u != uid %u", cred.uid,
		geteuid());
	return false;
}

/* False: everybody there is at work. */
static bool make_room(struct ctlserver *s)
{
	struct ctlclient *oldest = NULL;

	if (s->count < CTLSERVER_CLIENTS_MAX)
		return true;
	for (struct list *n = s->clients.next; n != &s->clients; n = n->next) {
		struct ctlclient *k = list_entry(n, struct ctlclient, link);

		if (!k->is_busy && (oldest == NULL || k->idle_since_ms < oldest->idle_since_ms))
			oldest = k;
	}
	if (oldest != NULL)
		ctlserver_hang_up(oldest);
	return oldest != NULL;
}

static void greet(struct ctlclient *k)
{
	ctlserver_say(k, &(struct ctlmsg){.type = CTLMSG_HELLO,
				 .number = CTLMSG_VERSION,
				 .has_info = true,
				 .has_ours = true});
}

static void on_accept(void *ctx, int fd, const struct sock_addr *peer)
{
	struct ctlserver *s = ctx;
	struct ctlclient *k = is_admitted(fd) && make_room(s) ? calloc(1, sizeof(*k)) : NULL;

	if (k == NULL || uv_poll_init(s->loop, &k->poll, fd) != 0) {
		free(k);
		close(fd);
		return;
	}
	uv_timer_init(s->loop, &k->silence);
	k->poll.data = k->silence.data = k;
	k->handles = 2;
	k->server = s;
	k->fd = fd;
	k->want = CTLMSG_HEAD;
	k->idle_since_ms = uv_now(s->loop);
	for (size_t i = 0; i < CTLSERVER_DESCRIPTORS_MAX; i++)
		k->descriptors[i] = -1;
	buf_init(&k->in, CTLMSG_HEAD + CTLMSG_MAX);
	buf_init(&k->out, CTLSERVER_OUT_MAX);
	list_init(&k->link);
	list_append(&s->clients, &k->link);
	s->count++;
	greet(k);
}

static void on_complaint(void *ctx, const char *sentence)
{
	log_write(LOG_LEVEL_ERROR, "%s", sentence);
}

/* --- the socket ---------------------------------------------------------------------------------
 */

static enum err taken(const char *path, struct fault *f)
{
	return fault_set(
		f, E_DENIED, 0, "ControlSocket %s already exists, disabling multiplexing", path);
}

/* A socket that nobody listens on any more is what a master left that did not end by itself. */
static enum err clear_way(const char *path, struct fault *f)
{
	struct fault why = {0};
	struct stat st;
	int fd;

	if (lstat(path, &st) != 0)
		return E_OK; /* what is wrong there, if anything, binding says */
	if (!S_ISSOCK(st.st_mode))
		return taken(path, f);
	if (unixsock_connect(path, &fd, &why) == E_OK) {
		close(fd);
		return taken(path, f);
	}
	if (why.code != ECONNREFUSED)
		return taken(path, f);
	log_write(LOG_LEVEL_DEBUG1, "Stale control socket %.100s, unlinking", path);
	unixsock_remove(path, &(struct unixsock_file){st.st_dev, st.st_ino});
	return E_OK;
}

/* A name beside the final one, where nobody connects before it listens. */
static bool name_aside(const char *path, struct rng *rng, char *out, size_t cap)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEF";
	uint8_t random[SUFFIX - 1];
	int n = snprintf(out, cap, "%s.", path);

	if (n < 0 || (size_t)n + SUFFIX > cap || rng_bytes(rng, random, sizeof(random)) != E_OK)
		return false;
	for (size_t i = 0; i < sizeof(random); i++)
		out[n++] = letters[random[i] % (sizeof(letters) - 1)];
	out[n] = '\0';
	return true;
}

static enum err listen_at(
	const char *path, struct rng *rng, int *fd, struct unixsock_file *file, struct fault *f)
{
	char aside[sizeof(((struct sockaddr_un *)0)->sun_path)];
	enum err e;
	int code = 0;

	if (!name_aside(path, rng, aside, sizeof(aside)))
		return fault_set(f, E_LIMIT, 0, "ControlPath too long ('%s' >= %zu bytes)", path,
			sizeof(aside) - SUFFIX);
	e = unixsock_listen(aside, PRIVATE_MASK, false, fd, file, f);
	if (e != E_OK)
		return e;
	if (link(aside, path) != 0)
		code = errno;
	unlink(aside);
	if (code == 0)
		return E_OK;
	close(*fd);
	return code == EEXIST ? taken(path, f)
			      : fault_set(f, E_SYS, (uint32_t)code, "ControlPath %s: %s", path,
					strerror(code));
}

enum err ctlserver_open(struct ctlserver *s, struct hub *hub, const char *path,
	const struct ctlserver_ops *ops, void *ctx, struct fault *f)
{
	enum err e = clear_way(path, f);
	int fd = -1;

	*s = (struct ctlserver){.loop = hub->loop, .path = path, .ops = ops, .ctx = ctx};
	list_init(&s->clients);
	if (e == E_OK)
		e = listen_at(path, &hub->rng, &fd, &s->file, f);
	if (e != E_OK)
		return e;
	e = acceptor_new(hub->loop, fd, on_accept, on_complaint, s, &s->acceptor);
	if (e == E_OK)
		return E_OK;
	s->acceptor = NULL;
	close(fd);
	unixsock_remove(path, &s->file);
	return fault_set(f, e, 0, "ControlPath %s: %s", path, err_text(e));
}

void ctlserver_stop(struct ctlserver *s)
{
	if (s->acceptor == NULL)
		return;
	acceptor_free(s->acceptor);
	s->acceptor = NULL;
	unixsock_remove(s->path, &s->file);
}

void ctlserver_close(struct ctlserver *s)
{
	if (s->loop == NULL) /* it never was one */
		return;
	ctlserver_stop(s);
	while (!list_is_empty(&s->clients))
		ctlserver_hang_up(list_entry(s->clients.next, struct ctlclient, link));
}
