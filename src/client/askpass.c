/* SPDX-License-Identifier: ISC */
#include "client/askpass.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/log.h"

enum { HANDLES = 2 };

struct askpass {
	uv_process_t process;
	uv_pipe_t output;
	unsigned open_handles;
	bool is_exited, is_read, is_good;
	askpass_fn done; /* NULL: over */
	void *ctx;
	size_t len;
	char answer[ASKPASS_ANSWER_MAX + 1];
};

static void on_handle_closed(uv_handle_t *handle)
{
	struct askpass *p = handle->data;

	if (--p->open_handles == 0)
		free(p);
}

static void drop(struct askpass *p)
{
	bytes_wipe(p->answer, sizeof(p->answer));
	p->done = NULL;
	uv_close((uv_handle_t *)&p->process, on_handle_closed);
	uv_close((uv_handle_t *)&p->output, on_handle_closed);
}

void askpass_cancel(struct askpass *p)
{
	if (p == NULL || p->done == NULL)
		return;
	if (!p->is_exited)
		uv_process_kill(&p->process, SIGTERM);
	drop(p);
}

/* Over when the program is gone and all it wrote was read. */
static void check_end(struct askpass *p)
{
	askpass_fn done = p->done;

	if (done == NULL || !p->is_exited || !p->is_read)
		return;
	p->answer[p->len] = '\0';
	p->answer[strcspn(p->answer, "\r\n")] = '\0';
	p->done = NULL;
	done(p->ctx, p->is_good ? p->answer : NULL);
	drop(p);
}

static void on_exit_of(uv_process_t *process, int64_t status, int signal_number)
{
	struct askpass *p = process->data;

	p->is_exited = true;
	p->is_good = status == 0 && signal_number == 0;
	check_end(p);
}

static void lend(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct askpass *p = handle->data;

	*buf = uv_buf_init(p->answer + p->len, (unsigned)(ASKPASS_ANSWER_MAX - p->len));
}

static void on_output(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct askpass *p = stream->data;

	if (n > 0)
		p->len += (size_t)n;
	/* What is behind the longest answer is not read (UV_ENOBUFS). */
	if (n >= 0)
		return;
	p->is_read = true;
	uv_read_stop(stream);
	check_end(p);
}

static int spawn(struct askpass *p, uv_loop_t *loop, const char *program, const char *text)
{
	char *words[] = {(char *)(uintptr_t)program, (char *)(uintptr_t)text, NULL};
	uv_stdio_container_t stdio[] = {{.flags = UV_INHERIT_FD, .data.fd = STDIN_FILENO},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
			.data.stream = (uv_stream_t *)&p->output},
		{.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO}};
	uv_process_options_t options = {.exit_cb = on_exit_of,
		.file = program,
		.args = words,
		.stdio = stdio,
		.stdio_count = sizeof(stdio) / sizeof(stdio[0])};

	uv_pipe_init(loop, &p->output, 0);
	return uv_spawn(loop, &p->process, &options);
}

struct askpass *askpass_ask(
	uv_loop_t *loop, const char *program, const char *text, askpass_fn done, void *ctx)
{
	struct askpass *p = calloc(1, sizeof(*p));
	int code;

	if (p == NULL)
		return NULL;
	p->done = done;
	p->ctx = ctx;
	p->open_handles = HANDLES;
	p->process.data = p->output.data = p;
	code = spawn(p, loop, program, text);
	p->process.data = p->output.data = p;
	if (code == 0)
		code = uv_read_start((uv_stream_t *)&p->output, lend, on_output);
	if (code == 0)
		return p;
	log_write(LOG_LEVEL_ERROR, "ssh_askpass: exec(%s): %s", program, uv_strerror(code));
	drop(p);
	return NULL;
}
