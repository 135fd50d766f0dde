/* SPDX-License-Identifier: ISC */
#include "client/signals.h"

#include <signal.h>

static const int numbers[SIGNALS_COUNT] = {SIGTERM, SIGINT, SIGHUP};

static void on_signal(uv_signal_t *handle, int number)
{
	struct signals *s = handle->data;

	s->fn(s->ctx, number);
}

void signals_init(struct signals *s, uv_loop_t *loop, signals_fn fn, void *ctx)
{
	s->fn = fn;
	s->ctx = ctx;
	for (int i = 0; i < SIGNALS_COUNT; i++) {
		uv_signal_init(loop, &s->handles[i]);
		s->handles[i].data = s;
	}
	uv_signal_init(loop, &s->nudge);
	s->nudge.data = s;
}

void signals_catch(struct signals *s)
{
	for (int i = 0; i < SIGNALS_COUNT; i++) {
		struct sigaction now;

		/* nohup means it. */
		if (sigaction(numbers[i], NULL, &now) == 0 && now.sa_handler == SIG_IGN)
			continue;
		uv_signal_start(&s->handles[i], on_signal, numbers[i]);
		uv_unref((uv_handle_t *)&s->handles[i]);
	}
}

void signals_catch_nudge(struct signals *s)
{
	uv_signal_start(&s->nudge, on_signal, SIGUSR1);
	uv_unref((uv_handle_t *)&s->nudge);
}

void signals_close(struct signals *s)
{
	uv_close((uv_handle_t *)&s->nudge, NULL);
	for (int i = 0; i < SIGNALS_COUNT; i++)
		uv_close((uv_handle_t *)&s->handles[i], NULL);
}
