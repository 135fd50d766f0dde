/* SPDX-License-Identifier: ISC */
#include "client/piped.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "bridge/pump.h"
#include "client/outbound.h"

static void fail(struct piped *s)
{
	log_write(LOG_LEVEL_FATAL, "stdio forwarding failed");
	s->done(s->ctx, false);
}

/* Another descriptor for what fd is, which then is the null device. */
static int take(int fd, int null)
{
	int taken = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (taken >= 0)
		(void)dup2(null, fd);
	return taken;
}

static bool take_both(int *in, int *out)
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
	if (*in >= 0)
		close(*in);
	if (*out >= 0)
		close(*out);
	return false;
}

static void on_pump_done(void *ctx, struct pump *p, const struct pump_report *r)
{
	struct piped *s = ctx;

	struct mux *m = session_mux(conn_session(s->conn));
	struct mux_channel_info info;

	log_write(LOG_LEVEL_DEBUG1, "stdio forwarding: done%s%s", r->text[0] != '\0' ? ": " : "",
		r->text);
	if (r->end == PUMP_CONN_LOST)
		return;
	/* Whoever hangs up now may take away what the other side has not passed on yet. */
	s->is_closing = m != NULL && mux_channel_info(m, s->channel, &info);
	if (s->is_closing)
		mux_set_user(m, s->channel, &s->sink);
	else
		s->done(s->ctx, true);
}

static void on_opened(struct piped *s)
{
	struct conn *c = s->conn;
	struct pump *p;
	int in, out;
	enum err e;

	if (!take_both(&in, &out)) {
		log_write(LOG_LEVEL_ERROR, "standard input and output cannot be used: %m");
		outbound_close(c, s->channel);
		fail(s);
		return;
	}
	e = pump_join_stdio(c, s->channel, in, out, on_pump_done, s, &p);
	if (e == E_OK)
		return;
	log_write(LOG_LEVEL_ERROR, "standard input and output cannot be used: %s", err_text(e));
	outbound_close(c, s->channel);
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
	case MUX_CLOSED: /* with code 1 the connection was lost, which is told by others */
		if (s->is_closing)
			s->done(s->ctx, true);
		else if (ev->code == 0)
			fail(s);
		break;
	default:
		break;
	}
}

void piped_open(struct piped *s, struct conn *c, const struct forward_spec *spec,
	void (*done)(void *ctx, bool is_good), void *ctx)
{
	struct outbound_target to = outbound_target_of(spec);
	enum err e;

	*s = (struct piped){.sink = {on_event}, .conn = c, .done = done, .ctx = ctx};
	e = outbound_open(c, &to, NULL, &s->sink, &s->channel);
	if (e == E_OK)
		return;
	log_write(LOG_LEVEL_ERROR, "no channel can be opened: %s", err_text(e));
	fail(s);
}
