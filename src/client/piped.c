/* SPDX-License-Identifier: ISC */
#include "client/piped.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "bridge/pump.h"
#include "client/outbound.h"

static void close_both(int in, int out)
{
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
}

static void fail(struct piped *s)
{
	bool is_own = s->in < 0;

	close_both(s->in, s->out);
	s->in = s->out = -1;
	s->state = PIPED_NONE;
	log_write(is_own ? LOG_LEVEL_FATAL : LOG_LEVEL_INFO, "stdio forwarding failed");
	s->ops->done(s->ctx, false);
}

/* Another descriptor for what fd is, which then is the null device. */
static int take(int fd, int null)
{
	int taken = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (taken >= 0)
		(void)dup2(null, fd);
	return taken;
}

/* The standard ones of this program. */
static bool take_own(int *in, int *out)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	*in = *out = -1;
	if (null < 0)
		return false;
	*in = take(STDIN_FILENO, null);
	*out = take(STDOUT_FILENO, null);
	close(null);
	if (*in >= 0 && *out >= 0)
		return true;
	close_both(*in, *out);
	return false;
}

static bool take_both(struct piped *s, int *in, int *out)
{
	if (s->in < 0)
		return take_own(in, out);
	*in = s->in;
	*out = s->out;
	s->in = s->out = -1;
	return true;
}

static void on_pump_done(void *ctx, struct pump *p, const struct pump_report *r)
{
	struct piped *s = ctx;
	struct mux *m = session_mux(conn_session(s->conn));
	struct mux_channel_info info;

	s->pump = NULL;
	s->state = PIPED_NONE;
	if (s->is_stopped)
		return;
	log_write(LOG_LEVEL_DEBUG1, "stdio forwarding: done%s%s", r->text[0] != '\0' ? ": " : "",
		r->text);
	if (r->end == PUMP_CONN_LOST)
		return;
	/* Whoever hangs up now may take away what the other side has not passed on yet. */
	if (m == NULL || !mux_channel_info(m, s->channel, &info)) {
		s->ops->done(s->ctx, true);
		return;
	}
	s->state = PIPED_CLOSING;
	mux_set_user(m, s->channel, &s->sink);
}

static void on_opened(struct piped *s)
{
	bool is_own = s->in < 0;
	struct conn *c = s->conn;
	int in, out;
	enum err e;

	if (!take_both(s, &in, &out)) {
		log_write(LOG_LEVEL_ERROR, "standard input and output cannot be used: %m");
		outbound_close(c, s->channel);
		fail(s);
		return;
	}
	e = pump_join_stdio(c, s->channel, in, out, on_pump_done, s, &s->pump);
	if (e == E_OK) {
		s->state = PIPED_JOINED;
		if (s->ops->opened != NULL)
			s->ops->opened(s->ctx);
		return;
	}
	log_write(LOG_LEVEL_ERROR, "%s input and output cannot be used: %s",
		is_own ? "standard" : "passed", err_text(e));
	outbound_close(c, s->channel);
	fail(s);
}

static void on_closed(struct piped *s, uint32_t code)
{
	bool was_closing = s->state == PIPED_CLOSING;

	s->state = PIPED_NONE;
	if (was_closing)
		s->ops->done(s->ctx, true);
	else if (code == 0) /* else the connection was lost, which is told by others */
		fail(s);
}

static void on_event(struct sink *sink, const struct mux_event *ev)
{
	struct piped *s = list_entry(sink, struct piped, sink);

	switch (ev->kind) {
	case MUX_OPENED:
		on_opened(s);
		break;
	case MUX_REFUSED:
		outbound_say_refusal(ev);
		fail(s);
		break;
	case MUX_CLOSED:
		on_closed(s, ev->code);
		break;
	default:
		break;
	}
}

void piped_open(struct piped *s, struct conn *c, const struct forward_spec *spec, int in, int out,
	const struct piped_ops *ops, void *ctx)
{
	struct outbound_target to = outbound_target_of(spec);
	enum err e;

	*s = (struct piped){
		.sink = {on_event}, .conn = c, .in = in, .out = out, .ops = ops, .ctx = ctx};
	e = outbound_open(c, &to, NULL, &s->sink, &s->channel);
	if (e == E_OK) {
		s->state = PIPED_OPENING;
		return;
	}
	log_write(LOG_LEVEL_ERROR, "no channel can be opened: %s", err_text(e));
	fail(s);
}

void piped_stop(struct piped *s)
{
	enum piped_state state = s->state;

	s->is_stopped = true;
	if (state == PIPED_JOINED)
		pump_stop(s->pump);
	else if (state == PIPED_OPENING)
		outbound_close(s->conn, s->channel);
	else if (state == PIPED_CLOSING)
		conn_disown(s->conn, s->channel);
	s->state = PIPED_NONE;
	close_both(s->in, s->out);
	s->in = s->out = -1;
}
