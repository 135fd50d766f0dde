/* SPDX-License-Identifier: ISC */
#include "client/proxycommand.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"

#define SHELL_DEFAULT "/bin/sh"

enum {
	EXIT_MS = 500,	/* for a child that closed its output, to end */
	KILL_MS = 2000, /* from SIGHUP on */
	HOW_TEXT = 64,
	COMMAND_MAX = 8 * 1024,
	TOLD_TEXT = 256
};

struct proxycommand {
	uv_process_t process;
	uv_timer_t timer;
	uv_poll_t poll;	  /* with passes_fd */
	unsigned handles; /* not closed yet */
	int fd;		  /* our end; -1: given away */
	bool passes_fd, is_polled, is_over, has_ended;
	char how[HOW_TEXT];
	dial_fn done; /* NULL: called */
	void (*ended)(void *ctx, const char *how);
	void *ctx;
};

/* --- the end ------------------------------------------------------------------------------------
 */

static void on_handle_closed(uv_handle_t *handle)
{
	struct proxycommand *p = handle->data;

	if (--p->handles == 0)
		free(p);
}

static void stop_polling(struct proxycommand *p)
{
	if (!p->is_polled)
		return;
	p->is_polled = false;
	uv_close((uv_handle_t *)&p->poll, on_handle_closed);
}

/* Nobody is told anything any more, and the child is gone. */
static void let_go(struct proxycommand *p)
{
	uv_close((uv_handle_t *)&p->process, on_handle_closed);
	uv_close((uv_handle_t *)&p->timer, on_handle_closed);
}

static void on_kill(uv_timer_t *timer)
{
	struct proxycommand *p = timer->data;

	uv_process_kill(&p->process, SIGKILL);
}

void proxycommand_free(struct proxycommand *p)
{
	if (p == NULL)
		return;
	p->is_over = true;
	stop_polling(p);
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	if (p->has_ended) {
		let_go(p);
		return;
	}
	uv_process_kill(&p->process, SIGHUP);
	uv_timer_start(&p->timer, on_kill, KILL_MS, 0);
	/* The program does not wait for it. */
	uv_unref((uv_handle_t *)&p->timer);
	uv_unref((uv_handle_t *)&p->process);
}

/* After this p may be gone. */
static void tell_end(struct proxycommand *p)
{
	void (*ended)(void *ctx, const char *how) = p->ended;

	p->ended = NULL;
	uv_timer_stop(&p->timer);
	if (ended != NULL)
		ended(p->ctx, p->how);
}

static void on_time(uv_timer_t *timer)
{
	tell_end(timer->data);
}

void proxycommand_await(struct proxycommand *p, void (*ended)(void *ctx, const char *how))
{
	p->ended = ended;
	uv_timer_start(&p->timer, on_time, p->has_ended ? 0 : EXIT_MS, 0);
}

static void on_exit_of(uv_process_t *process, int64_t status, int number)
{
	struct proxycommand *p = process->data;

	p->has_ended = true;
	if (number != 0)
		snprintf(p->how, sizeof(p->how), "killed by signal %d", number);
	else
		snprintf(p->how, sizeof(p->how), "exit status %d", (int)status);
	if (!p->is_over)
		tell_end(p);
	else
		let_go(p);
}

/* --- the socket ---------------------------------------------------------------------------------
 */

static void give(struct proxycommand *p, int fd, const struct fault *f)
{
	dial_fn done = p->done;
	struct sock_addr peer = {.ss.ss_family = AF_UNIX};
	struct fault own = {0};

	p->done = NULL;
	uv_timer_stop(&p->timer);
	if (fd >= 0 && p->passes_fd && sock_peer(fd, &peer) != E_OK) {
		f = &own;
		fault_set(&own, E_SYS, 0, "ProxyCommand passed no connection: %s", strerror(errno));
		close(fd);
		fd = -1;
	}
	done(p->ctx, fd, fd >= 0 ? &peer : NULL, f);
}

static void on_begun(uv_timer_t *timer)
{
	struct proxycommand *p = timer->data;
	int fd = p->fd;

	p->fd = -1;
	give(p, fd, NULL);
}

static void fail(struct proxycommand *p, enum err e, const char *text)
{
	struct fault f = {0};

	stop_polling(p);
	fault_set(&f, e, 0, "%s", text);
	give(p, -1, &f);
}

static void on_late(uv_timer_t *timer)
{
	fail(timer->data, E_TIMEOUT, "ProxyCommand passed no connection in time");
}

/* The descriptor in a message; -1: it has none. Others are closed. */
static int take_fd(struct msghdr *m)
{
	int taken = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (taken < 0)
				taken = fd;
			else
				close(fd);
		}
	}
	return taken;
}

static void on_message(uv_poll_t *poll, int status, int events)
{
	struct proxycommand *p = poll->data;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(4 * sizeof(int))];
	} control;
	char byte;
	struct iovec one = {&byte, sizeof(byte)};
	struct msghdr m = {.msg_iov = &one,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(p->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	int fd;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	fd = n > 0 ? take_fd(&m) : -1;
	if (fd < 0) {
		fail(p, E_CLOSED, "proxy dialer did not pass back a connection");
		return;
	}
	stop_polling(p);
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	give(p, fd, NULL);
}

/* --- the start ----------------------------------------------------------------------------------
 */

static int spawn(struct proxycommand *p, uv_loop_t *loop, const char *command, int fd)
{
	const char *shell = getenv("SHELL");
	char line[COMMAND_MAX];
	char *words[] = {NULL, (char[]){"-c"}, line, NULL};
	uv_stdio_container_t stdio[] = {{.flags = UV_INHERIT_FD, .data.fd = fd},
		{.flags = UV_INHERIT_FD, .data.fd = fd},
		{.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO}};
	uv_process_options_t o = {.exit_cb = on_exit_of,
		.args = words,
		.stdio = stdio,
		.stdio_count = sizeof(stdio) / sizeof(stdio[0])};
	int n = snprintf(line, sizeof(line), "exec %s", command);

	if (n < 0 || (size_t)n >= sizeof(line))
		return UV_E2BIG;
	if (shell == NULL || shell[0] == '\0')
		shell = SHELL_DEFAULT;
	words[0] = (char *)(uintptr_t)shell;
	o.file = shell;
	return uv_spawn(loop, &p->process, &o);
}

static void log_command(const char *command, bool passes_fd)
{
	char text[TOLD_TEXT];

	text_printable(text, sizeof(text), bytes_str(command));
	log_write(LOG_LEVEL_DEBUG1, "Executing proxy %s: exec %s",
		passes_fd ? "dialer command" : "command", text);
}

/* What comes next is told from the loop. */
static void begin(struct proxycommand *p, uv_loop_t *loop, uint64_t timeout_ms)
{
	if (!p->passes_fd) {
		uv_timer_start(&p->timer, on_begun, 0, 0);
		return;
	}
	p->is_polled = uv_poll_init(loop, &p->poll, p->fd) == 0;
	if (p->is_polled) {
		p->handles++;
		p->poll.data = p;
		uv_poll_start(&p->poll, UV_READABLE, on_message);
	}
	if (!p->is_polled || timeout_ms != 0)
		uv_timer_start(&p->timer, on_late, p->is_polled ? timeout_ms : 0, 0);
}

/* Handles of a child that never was. */
static enum err drop(struct proxycommand *p, int code, struct fault *f)
{
	close(p->fd);
	p->is_over = p->has_ended = true;
	let_go(p);
	return fault_set(f, E_SYS, 0, "ProxyCommand cannot be run: %s", uv_strerror(code));
}

enum err proxycommand_start(uv_loop_t *loop, const char *command, bool passes_fd,
	uint64_t timeout_ms, dial_fn done, void *ctx, struct proxycommand **out, struct fault *f)
{
	struct proxycommand *p = calloc(1, sizeof(*p));
	int ends[2], code;

	if (p == NULL)
		return fault_set(f, E_NOMEM, 0, "%s", err_text(E_NOMEM));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
		free(p);
		return fault_set(f, E_SYS, 0, "ProxyCommand: %s", strerror(errno));
	}
	*p = (struct proxycommand){
		.handles = 2, .fd = ends[0], .passes_fd = passes_fd, .done = done, .ctx = ctx};
	log_command(command, passes_fd);
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	uv_timer_init(loop, &p->timer);
	code = spawn(p, loop, command, ends[1]);
	p->process.data = p->timer.data = p;
	close(ends[1]);
	if (code != 0)
		return drop(p, code, f);
	begin(p, loop, timeout_ms);
	*out = p;
	return E_OK;
}
