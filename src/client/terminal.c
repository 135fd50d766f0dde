/* SPDX-License-Identifier: ISC */
#include "client/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/log.h"

/* Those that end a program, the one that stops it, and the one it goes on with. */
static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT};
enum { SIGNALS = sizeof(numbers) / sizeof(numbers[0]), HANDLES = SIGNALS + 1 };

struct terminal {
	int fd;
	uv_poll_t poll;
	uv_signal_t signals[SIGNALS];
	unsigned open_handles;
	struct termios before;
	bool is_changed; /* the terminal is not as before */
	bool is_echoed;
	char *text;
	terminal_fn done; /* NULL: over */
	void *ctx;
	size_t len;
	char answer[TERMINAL_ANSWER_MAX + 1];
};

/* --- the terminal's manners ---------------------------------------------------------------------
 */

static void set_modes(const struct terminal *t, const struct termios *modes)
{
	/* What was typed before the question, or behind the answer, is not meant for it. */
	while (tcsetattr(t->fd, TCSAFLUSH, modes) != 0 && errno == EINTR)
		;
}

static void restore(struct terminal *t)
{
	if (t->is_changed)
		set_modes(t, &t->before);
	t->is_changed = false;
}

static void show(const struct terminal *t, const char *text)
{
	size_t len = strlen(text);

	/* A terminal that takes no more loses what it is not shown. */
	while (len > 0) {
		ssize_t n = write(t->fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

static bool show_question(struct terminal *t)
{
	struct termios modes;

	if (!t->is_changed && tcgetattr(t->fd, &t->before) != 0)
		return false;
	modes = t->before;
	modes.c_lflag |= ICANON | ISIG;
	if (!t->is_echoed)
		modes.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	set_modes(t, &modes);
	t->is_changed = true;
	show(t, "\r");
	show(t, t->text);
	return true;
}

/* --- the end ------------------------------------------------------------------------------------
 */

static void on_handle_closed(uv_handle_t *handle)
{
	struct terminal *t = handle->data;

	if (--t->open_handles > 0)
		return;
	close(t->fd);
	free(t->text);
	free(t);
}

static void drop(struct terminal *t)
{
	restore(t);
	bytes_wipe(t->answer, sizeof(t->answer));
	t->done = NULL;
	uv_close((uv_handle_t *)&t->poll, on_handle_closed);
	for (size_t i = 0; i < SIGNALS; i++)
		uv_close((uv_handle_t *)&t->signals[i], on_handle_closed);
}

void terminal_cancel(struct terminal *t)
{
	if (t == NULL || t->done == NULL)
		return;
	show(t, "\n");
	drop(t);
}

static void finish(struct terminal *t, const char *answer)
{
	terminal_fn done = t->done;

	if (!t->is_echoed || answer == NULL)
		show(t, "\n");
	restore(t);
	t->done = NULL;
	done(t->ctx, answer);
	drop(t);
}

/* --- lines and signals --------------------------------------------------------------------------
 */

static void take_line(struct terminal *t)
{
	size_t len = strcspn(t->answer, "\r\n");

	if (len > TERMINAL_ANSWER_MAX - 1) {
		log_write(LOG_LEVEL_ERROR, "The answer is longer than %d characters.",
			TERMINAL_ANSWER_MAX - 1);
		finish(t, NULL);
		return;
	}
	t->answer[len] = '\0';
	finish(t, t->answer);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct terminal *t = poll->data;
	ssize_t n = read(t->fd, t->answer + t->len, TERMINAL_ANSWER_MAX - t->len);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		finish(t, NULL);
		return;
	}
	t->len += (size_t)n;
	t->answer[t->len] = '\0';
	if (t->len == TERMINAL_ANSWER_MAX || strchr(t->answer, '\n') != NULL)
		take_line(t);
}

static bool is_default(int number)
{
	struct sigaction now;

	return sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_DFL;
}

/* Does what the signal would have done without us. False: somebody else takes care of it. */
static bool pass_on(uv_signal_t *handle, int number)
{
	uv_signal_stop(handle);
	if (!is_default(number))
		return false;
	raise(number);
	return true;
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct terminal *t = handle->data;

	if (t->done == NULL)
		return;
	if (number == SIGCONT) {
		show_question(t);
		return;
	}
	restore(t);
	if (number == SIGTSTP) {
		if (pass_on(handle, number)) /* returns when the program goes on */
			uv_signal_start(handle, on_signal, number);
		return;
	}
	show(t, "\n");
	if (!pass_on(handle, number))
		finish(t, NULL);
}

static bool is_ignored(int number)
{
	struct sigaction now;

	return sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

static void watch(struct terminal *t, uv_loop_t *loop)
{
	t->poll.data = t;
	uv_poll_start(&t->poll, UV_READABLE, on_readable);
	for (size_t i = 0; i < SIGNALS; i++) {
		uv_signal_init(loop, &t->signals[i]);
		t->signals[i].data = t;
		/* nohup means it. */
		if (!is_ignored(numbers[i]))
			uv_signal_start(&t->signals[i], on_signal, numbers[i]);
	}
	t->open_handles = HANDLES;
}

struct terminal *terminal_ask(
	uv_loop_t *loop, const char *text, bool is_echoed, terminal_fn done, void *ctx)
{
	struct terminal *t = calloc(1, sizeof(*t));
	int fd, code;

	if (t == NULL)
		return NULL;
	t->is_echoed = is_echoed;
	t->done = done;
	t->ctx = ctx;
	t->text = strdup(text);
	t->fd = fd = t->text != NULL ? open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY) : -1;
	if (fd < 0)
		goto out;
	code = uv_poll_init(loop, &t->poll, fd);
	if (code != 0) {
		errno = -code;
		goto out;
	}
	watch(t, loop);
	if (show_question(t))
		return t;
	code = errno;
	drop(t);
	errno = code;
	return NULL;
out:
	code = errno;
	if (fd >= 0)
		close(fd);
	free(t->text);
	free(t);
	errno = code;
	return NULL;
}
