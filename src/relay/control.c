/* SPDX-License-Identifier: ISC */
#include "relay/control.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "relay/order.h"

#define PATH_LETTERS_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)

struct control {
	uv_pipe_t pipe;
	struct supervisor *supervisor;
	struct list clients;
	unsigned count;
};

struct client {
	struct list node;
	struct control *control;
	uv_pipe_t pipe;
	uv_timer_t silence;
	uv_write_t write;
	unsigned handles;
	char request[CONTROL_REQUEST_MAX];
	size_t len;
	char *answer;
	struct order order;
	bool watches;
	struct feed_taker taker;
	struct buf records; /* that wait to be written */
	uint64_t missed;    /* since there was no room: nothing but their number follows */
};

/* --- one client ------------------------------------------------------------------------------- */

static void on_client_closed(uv_handle_t *h)
{
	struct client *k = h->data;

	if (--k->handles > 0)
		return;
	free(k->answer);
	buf_fini(&k->records);
	free(k);
}

static void client_close(struct client *k)
{
	if (uv_is_closing((uv_handle_t *)&k->pipe))
		return;
	list_remove(&k->node);
	feed_leave(&k->taker);
	order_forget(&k->order);
	k->control->count--;
	uv_close((uv_handle_t *)&k->pipe, on_client_closed);
	uv_close((uv_handle_t *)&k->silence, on_client_closed);
}

static void on_silence(uv_timer_t *t)
{
	struct client *k = t->data;

	if (k->watches)
		log_write(LOG_LEVEL_INFO, "somebody who watched took nothing for %d s",
			CONTROL_SILENCE_MS / 1000);
	client_close(k);
}

static void answer_next(struct client *k);
static void feed_next(struct client *k);

static void on_written(uv_write_t *w, int status)
{
	struct client *k = w->data;

	free(k->answer);
	k->answer = NULL;
	if (status < 0)
		client_close(k);
	else if (k->watches)
		feed_next(k);
	else if (!uv_is_closing((uv_handle_t *)&k->pipe))
		answer_next(k);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
	struct client *k = h->data;

	*buf = uv_buf_init(k->request + k->len, (unsigned)(sizeof(k->request) - k->len));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct client *k = s->data;

	if (n < 0) {
		client_close(k);
		return;
	}
	if (k->watches) /* has nothing more to ask */
		return;
	k->len += (size_t)n;
	answer_next(k);
}

static void read_on(struct client *k)
{
	int rc = uv_read_start((uv_stream_t *)&k->pipe, on_alloc, on_read);

	/* A request longer than the buffer has no end that could still come. */
	if (k->len == sizeof(k->request) || (rc != 0 && rc != UV_EALREADY))
		client_close(k);
}

/* Takes text, whose terminator becomes the newline of the line. */
static void say(struct client *k, char *text, size_t len)
{
	uv_buf_t buf = uv_buf_init(text, (unsigned)len + 1);

	k->answer = text;
	text[len] = '\n';
	k->write.data = k;
	if (uv_write(&k->write, (uv_stream_t *)&k->pipe, &buf, 1, on_written) != 0)
		client_close(k);
	else
		uv_timer_start(&k->silence, on_silence, CONTROL_SILENCE_MS, 0);
}

/* --- one who watches -------------------------------------------------------------------------- */

/* What waits goes out in one piece. Who missed something learns how much and is hung up on: a
 * record that is not there would pass for a thing that did not happen. */
static void feed_next(struct client *k)
{
	struct bytes waiting = buf_bytes(&k->records);
	char *text;

	if (k->answer || uv_is_closing((uv_handle_t *)&k->pipe))
		return;
	if (waiting.len == 0 && k->missed == 0) {
		uv_timer_stop(&k->silence);
		return;
	}
	if (waiting.len == 0 && k->missed == UINT64_MAX) { /* said */
		client_close(k);
		return;
	}
	if (waiting.len == 0) {
		text = malloc(64);
		if (text)
			snprintf(text, 64, "{\"missed\":%llu}", (unsigned long long)k->missed);
		k->missed = UINT64_MAX;
	} else {
		text = strndup((const char *)waiting.ptr, waiting.len - 1);
		buf_consume(&k->records, waiting.len);
	}
	if (text)
		say(k, text, strlen(text));
	else
		client_close(k);
}

static void on_record(struct feed_taker *t, const struct record *r)
{
	struct client *k = list_entry(t, struct client, taker);
	char line[RECORD_LINE_MAX];
	size_t len = k->missed == 0 ? record_json_line(r, line) : 0;

	line[len] = '\n';
	if (k->missed == UINT64_MAX)
		return;
	if (len == 0 || buf_append(&k->records, bytes_of(line, len + 1)) != E_OK)
		k->missed++;
	feed_next(k);
}

static void watch(struct client *k)
{
	k->watches = true;
	k->len = 0;
	feed_join(&k->control->supervisor->feed, &k->taker);
	/* To see its end. */
	if (uv_read_start((uv_stream_t *)&k->pipe, on_alloc, on_read) != 0)
		client_close(k);
}

/* --- requests --------------------------------------------------------------------------------- */

/* Takes the first whole line of what was read. While its answer is written nothing is read: a
 * client that asks much waits, and the end of one that has asked all is not seen before it has all
 * its answers. */
static void answer_next(struct client *k)
{
	char *end = memchr(k->request, '\n', k->len), line[CONTROL_REQUEST_MAX];
	size_t used;

	if (!end) {
		read_on(k);
		return;
	}
	uv_read_stop((uv_stream_t *)&k->pipe);
	used = (size_t)(end - k->request) + 1;
	memcpy(line, k->request, used - 1);
	memmove(k->request, k->request + used, k->len - used);
	k->len -= used;
	order_give(&k->order, bytes_of(line, used - 1));
}

static void on_answered(struct order *o, char *text, bool watches)
{
	struct client *k = list_entry(o, struct client, order);

	if (!text) {
		client_close(k);
		return;
	}
	say(k, text, strlen(text));
	if (watches && !uv_is_closing((uv_handle_t *)&k->pipe))
		watch(k);
}

/* --- the socket ------------------------------------------------------------------------------- */

/* The mode of the file says the same; who opened it wider did not mean to hand over the relay. */
static bool is_admitted(const uv_pipe_t *pipe)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	int fd;

	return uv_fileno((const uv_handle_t *)pipe, &fd) == 0 &&
	       getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 &&
	       (cred.uid == 0 || cred.uid == geteuid());
}

static void on_connection(uv_stream_t *server, int status)
{
	struct control *c = server->data;
	struct client *k;

	if (status < 0)
		return;
	k = calloc(1, sizeof(*k));
	if (!k)
		return;
	k->control = c;
	order_init(&k->order, c->supervisor, on_answered);
	k->pipe.data = k->silence.data = k;
	k->handles = 2;
	list_init(&k->taker.link);
	k->taker.take = on_record;
	buf_init(&k->records, CONTROL_RECORDS_MAX);
	list_init(&k->node);
	list_append(&c->clients, &k->node);
	c->count++;
	uv_pipe_init(c->supervisor->loop, &k->pipe, 0);
	uv_timer_init(c->supervisor->loop, &k->silence);
	k->pipe.data = k->silence.data = k;
	if (uv_accept(server, (uv_stream_t *)&k->pipe) != 0 || c->count > CONTROL_CLIENTS_MAX ||
		!is_admitted(&k->pipe) ||
		uv_read_start((uv_stream_t *)&k->pipe, on_alloc, on_read) != 0) {
		client_close(k);
		return;
	}
	uv_timer_start(&k->silence, on_silence, CONTROL_SILENCE_MS, 0);
}

/* A socket file may be left of a relay that died. Whoever still answers there owns it. */
static enum err clear_way(const char *path, struct fault *f)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct ucred cred = {0};
	socklen_t len = sizeof(cred);
	struct stat st;
	enum err e = E_OK;
	int fd;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? E_OK
				       : fault_set(f, E_SYS, 0, "control socket %s: %s", path,
						 strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return fault_set(f, E_SYS, 0, "control socket %s: something else is there", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fault_set(f, E_SYS, 0, "control socket: %s", strerror(errno));
	strcpy(un.sun_path, path);
	if (connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0 || errno == EAGAIN) {
		/* SO_PEERCRED of a listener is who called listen. */
		if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 && cred.pid > 0)
			e = fault_set(f, E_DENIED, 0,
				"sallyd already runs: pid %ld (control socket %s)", (long)cred.pid,
				path);
		else
			e = fault_set(
				f, E_DENIED, 0, "sallyd already runs (control socket %s)", path);
	} else if (errno != ECONNREFUSED) {
		e = fault_set(f, E_SYS, 0, "control socket %s: %s", path, strerror(errno));
	} else if (unlink(path) != 0) {
		e = fault_set(f, E_SYS, 0, "control socket %s: %s", path, strerror(errno));
	}
	close(fd);
	return e;
}

/* libuv says EACCES where the kernel said ENOENT. */
static int bind_pipe(uv_pipe_t *pipe, const char *path)
{
	mode_t mask = umask(0177);
	int rc = uv_pipe_bind(pipe, path);
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];

	umask(mask);
	snprintf(folder, sizeof(folder), "%s", path);
	if (rc == UV_EACCES && access(dirname(folder), F_OK) != 0)
		rc = uv_translate_sys_error(errno);
	return rc;
}

static void on_control_closed(uv_handle_t *h)
{
	free(h->data);
}

enum err control_new(struct supervisor *s, const char *path, struct control **out, struct fault *f)
{
	struct control *c = calloc(1, sizeof(*c));
	enum err e;
	int rc;

	if (!c)
		return fault_set(f, E_NOMEM, 0, "out of memory");
	if (strlen(path) > PATH_LETTERS_MAX)
		e = fault_set(f, E_LIMIT, 0, "control socket: %zu letters at most, and not %s",
			PATH_LETTERS_MAX, path);
	else
		e = clear_way(path, f);
	if (e != E_OK) {
		free(c);
		return e;
	}
	c->supervisor = s;
	list_init(&c->clients);
	uv_pipe_init(s->loop, &c->pipe, 0);
	c->pipe.data = c;
	rc = bind_pipe(&c->pipe, path);
	if (rc == 0)
		rc = uv_listen((uv_stream_t *)&c->pipe, CONTROL_CLIENTS_MAX, on_connection);
	if (rc != 0) {
		uv_close((uv_handle_t *)&c->pipe, on_control_closed);
		return fault_set(f, E_SYS, 0, "control socket %s: %s", path, uv_strerror(rc));
	}
	*out = c;
	return E_OK;
}

void control_free(struct control *c)
{
	if (!c)
		return;
	while (!list_is_empty(&c->clients))
		client_close(list_entry(c->clients.next, struct client, node));
	/* libuv removes the file with the handle. */
	uv_close((uv_handle_t *)&c->pipe, on_control_closed);
}
