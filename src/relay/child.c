/* SPDX-License-Identifier: ISC */
/*
 * The program is started anew rather than forked: nothing of the parent's memory goes along, and
 * its addresses are laid out afresh. /proc/self/exe is the running program even when a newer one
 * has taken its place on the disk.
 *
 * On standard error a line of the log starts with its level in angle brackets, as in sd-daemon(3);
 * lines without are what libraries and assertions say last, and are errors.
 */
#include "relay/child.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "io/frame.h"
#include "relay/ipc.h"

#define PROGRAM "/proc/self/exe"
#define ROLE "--role="

enum { LINE_MAX_BYTES = 2048, KILL_AFTER_MS = 3000 };

extern char **environ;

struct child {
	uv_loop_t *loop;
	char role[16];
	const struct child_ops *ops;
	void *ctx;
	uv_process_t process;
	uv_pipe_t words;  /* its standard error */
	uv_timer_t timer; /* until the next start; until it is killed */
	char line[LINE_MAX_BYTES];
	size_t line_len;
	unsigned parts; /* process and words that are still there */
	unsigned did_not_stay;
	uint64_t since_ms;
	int64_t code; /* how the last one ended */
	int signum;
	bool is_running, is_stopping;
};

unsigned child_wait_ms(unsigned did_not_stay)
{
	unsigned ms = CHILD_AGAIN_MS;

	for (unsigned i = 1; i < did_not_stay && ms < CHILD_AGAIN_MAX_MS; i++)
		ms *= 2;
	return ms < CHILD_AGAIN_MAX_MS ? ms : CHILD_AGAIN_MAX_MS;
}

pid_t child_pid(const struct child *c)
{
	return c->is_running ? (pid_t)c->process.pid : 0;
}

/* --- what it says ----------------------------------------------------------------------------- */

static void child_log(void *ctx, enum log_level level, const char *line)
{
	char out[LINE_MAX_BYTES];
	int n = snprintf(out, sizeof(out), "<%d>%s\n", (int)level, line);

	if (n > 0 && (size_t)n < sizeof(out) && write(STDERR_FILENO, out, (size_t)n) < 0)
		return; /* nobody is left to be told */
}

enum err child_be(struct bytes payload, struct sandbox_user *user, struct fault *f)
{
	struct ipc_start to;
	enum err e = ipc_rd_start(payload, &to);

	if (e != E_OK)
		return fault_set(f, e, 0, "the start is malformed");
	log_setup(to.level, child_log, NULL);
	if (to.has_user)
		*user = (struct sandbox_user){.uid = to.uid, .gid = to.gid};
	return E_OK;
}

static void say_line(struct child *c)
{
	char *line = c->line;

	line[c->line_len] = '\0';
	c->line_len = 0;
	if (line[0] == '<' && line[1] > '0' && line[1] <= '0' + LOG_LEVEL_DEBUG3 && line[2] == '>')
		log_pass((enum log_level)(line[1] - '0'), line + 3);
	else if (line[0])
		log_write(LOG_LEVEL_ERROR, "%s: %s", c->role, line);
}

static void take_words(struct child *c, const char *at, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (at[i] != '\n')
			c->line[c->line_len++] = at[i] ? at[i] : ' ';
		if (at[i] == '\n' || c->line_len == sizeof(c->line) - 1)
			say_line(c);
	}
}

static void give_room(uv_handle_t *h, size_t wanted, uv_buf_t *buf)
{
	static char room[4096];

	*buf = uv_buf_init(room, sizeof(room));
}

static void part_gone(uv_handle_t *h);

static void on_words(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct child *c = s->data;

	if (n > 0) {
		take_words(c, buf->base, (size_t)n);
	} else if (n < 0) {
		say_line(c);
		uv_close((uv_handle_t *)s, part_gone);
	}
}

/* --- its life --------------------------------------------------------------------------------- */

static void start(struct child *c);

static void on_timer_closed(uv_handle_t *h)
{
	struct child *c = h->data;

	c->ops->gone(c->ctx);
	free(c);
}

static void on_again(uv_timer_t *t)
{
	start(t->data);
}

static void again(struct child *c)
{
	uv_timer_start(&c->timer, on_again, child_wait_ms(c->did_not_stay), 0);
}

static void log_exit(const struct child *c)
{
	int signum = c->signum;

	if (c->process.pid == 0)
		return; /* it never ran, and that was told */
	if (signum == SIGSYS)
		log_write(LOG_LEVEL_ERROR,
			"the %s (pid %d) made a system call it may not make, and was ended",
			c->role, c->process.pid);
	else if (signum != 0)
		log_write(LOG_LEVEL_ERROR, "the %s (pid %d) was ended by signal %d (%s)", c->role,
			c->process.pid, signum, strsignal(signum));
	else
		log_write(LOG_LEVEL_ERROR, "the %s (pid %d) ended with code %lld", c->role,
			c->process.pid, (long long)c->code);
}

/* Nothing of it is left; the owner may stop it when it hears of that. */
static void mourn(struct child *c)
{
	c->ops->ended(c->ctx);
	if (c->is_stopping)
		return;
	log_exit(c);
	again(c);
}

/* Both the process and its last words are over. */
static void part_gone(uv_handle_t *h)
{
	struct child *c = h->data;

	if (--c->parts > 0)
		return;
	c->is_running = false;
	if (c->is_stopping)
		uv_close((uv_handle_t *)&c->timer, on_timer_closed);
	else
		mourn(c);
}

static void on_ended(uv_process_t *p, int64_t code, int signum)
{
	struct child *c = p->data;
	bool has_stayed = uv_now(c->loop) - c->since_ms >= CHILD_STAYED_MS;

	c->code = code;
	c->signum = signum;
	c->did_not_stay = has_stayed ? 1 : c->did_not_stay + 1;
	uv_close((uv_handle_t *)p, part_gone);
}

static int spawn(struct child *c, int frames)
{
	char role[sizeof(ROLE) + sizeof(c->role)], *argv[] = {(char *)"sallyd", role, NULL};
	uv_stdio_container_t stdio[] = {
		{.flags = UV_IGNORE},
		{.flags = UV_IGNORE},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
			.data.stream = (uv_stream_t *)&c->words},
		{.flags = UV_INHERIT_FD, .data.fd = frames},
	};
	uv_process_options_t options = {
		.exit_cb = on_ended,
		.file = PROGRAM,
		.args = argv,
		.env = environ,
		.stdio_count = sizeof(stdio) / sizeof(stdio[0]),
		.stdio = stdio,
	};

	snprintf(role, sizeof(role), ROLE "%s", c->role);
	return uv_spawn(c->loop, &c->process, &options);
}

static void start(struct child *c)
{
	struct fault f = {0};
	int pair[2], rc;

	if (frame_pair(pair, &f) != E_OK) {
		log_write(LOG_LEVEL_ERROR, "the %s cannot be started: %s", c->role, f.text);
		c->did_not_stay++;
		mourn(c);
		return;
	}
	uv_pipe_init(c->loop, &c->words, 0);
	c->words.data = c->process.data = c;
	c->process.pid = 0;
	c->parts = 2;
	c->since_ms = uv_now(c->loop);
	rc = spawn(c, pair[1]);
	close(pair[1]);
	if (rc != 0) {
		log_write(
			LOG_LEVEL_ERROR, "the %s cannot be started: %s", c->role, uv_strerror(rc));
		close(pair[0]);
		c->did_not_stay++;
		uv_close((uv_handle_t *)&c->process, part_gone);
		uv_close((uv_handle_t *)&c->words, part_gone);
		return;
	}
	c->is_running = true;
	uv_read_start((uv_stream_t *)&c->words, give_room, on_words);
	log_write(LOG_LEVEL_DEBUG1, "the %s runs as pid %d", c->role, c->process.pid);
	c->ops->started(c->ctx, pair[0], (pid_t)c->process.pid);
}

enum err child_new(uv_loop_t *loop, const char *role, const struct child_ops *ops, void *ctx,
	struct child **out)
{
	struct child *c = calloc(1, sizeof(*c));

	if (!c)
		return E_NOMEM;
	c->loop = loop;
	snprintf(c->role, sizeof(c->role), "%s", role);
	c->ops = ops;
	c->ctx = ctx;
	uv_timer_init(loop, &c->timer);
	c->timer.data = c;
	uv_timer_start(&c->timer, on_again, 0, 0);
	*out = c;
	return E_OK;
}

static void on_kill(uv_timer_t *t)
{
	struct child *c = t->data;

	if (c->is_running)
		uv_process_kill(&c->process, SIGKILL);
}

void child_stop(struct child *c)
{
	if (c->is_stopping)
		return;
	c->is_stopping = true;
	if (c->parts > 0)
		uv_timer_start(&c->timer, on_kill, KILL_AFTER_MS, 0);
	else
		uv_close((uv_handle_t *)&c->timer, on_timer_closed);
}

const char *child_role(int *argc, char ***argv)
{
	const char *word = *argc > 1 ? (*argv)[1] : "";

	if (strncmp(word, ROLE, strlen(ROLE)) != 0)
		return NULL;
	(*argc)--;
	(*argv)++;
	return word + strlen(ROLE);
}
