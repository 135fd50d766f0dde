/* SPDX-License-Identifier: ISC */
/*
 * One heap object shared by loop and thread. Under its lock one of them learns that the other one
 * has gone: the thread's last step is to wake the loop, unless the loop does not want to know any
 * more; the last of the two frees it.
 */
#include "io/lookup.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

enum { HOST_MAX = 1025, PORT_MAX = 32, STACK_BYTES = 256 * 1024 };

struct lookup {
	uv_async_t wake; /* of the loop */
	uv_mutex_t lock;
	bool is_cancelled, is_found; /* under the lock */
	bool loop_is_done, thread_is_done;
	char host[HOST_MAX], port[PORT_MAX];
	struct addrinfo hints, *list;
	int status;
	lookup_fn done;
	void *ctx;
};

static void free_all(struct lookup *l)
{
	if (l->list != NULL)
		freeaddrinfo(l->list);
	uv_mutex_destroy(&l->lock);
	free(l);
}

/* Marks one side as gone; true for the last one, which frees. */
static bool leave(struct lookup *l, bool *mark)
{
	bool is_last;

	uv_mutex_lock(&l->lock);
	*mark = true;
	is_last = l->loop_is_done && l->thread_is_done;
	uv_mutex_unlock(&l->lock);
	return is_last;
}

/* --- the thread ---------------------------------------------------------------------------------
 */

static void *work(void *arg)
{
	struct lookup *l = arg;
	struct addrinfo *list = NULL;
	int status = getaddrinfo(l->host, l->port, &l->hints, &list);

	uv_mutex_lock(&l->lock);
	l->status = status;
	l->list = status == 0 ? list : NULL;
	l->is_found = true;
	if (!l->is_cancelled)
		uv_async_send(&l->wake);
	uv_mutex_unlock(&l->lock);
	if (leave(l, &l->thread_is_done))
		free_all(l);
	return NULL;
}

/* Nobody waits for it to end; signals are the loop's. */
static int start_thread(struct lookup *l)
{
	sigset_t all, before;
	pthread_attr_t how;
	pthread_t thread;
	int code = pthread_attr_init(&how);

	if (code != 0)
		return code;
	pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&how, STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&thread, &how, work, l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&how);
	return code;
}

/* --- the loop -----------------------------------------------------------------------------------
 */

static void on_closed(uv_handle_t *handle)
{
	struct lookup *l = handle->data;

	if (leave(l, &l->loop_is_done))
		free_all(l);
}

static void on_wake(uv_async_t *wake)
{
	struct lookup *l = wake->data;
	struct fault f = {0};
	bool is_wanted;

	uv_mutex_lock(&l->lock);
	is_wanted = l->is_found && !l->is_cancelled;
	l->is_cancelled = true;
	uv_mutex_unlock(&l->lock);
	if (!is_wanted)
		return;
	uv_close((uv_handle_t *)wake, on_closed);
	if (l->status == 0) {
		l->done(l->ctx, l->list, NULL);
		return;
	}
	fault_set(&f, E_UNKNOWN, 0, "Could not resolve hostname %s: %s", l->host,
		gai_strerror(l->status));
	l->done(l->ctx, NULL, &f);
}

void lookup_cancel(struct lookup *l)
{
	bool was_wanted;

	if (l == NULL)
		return;
	uv_mutex_lock(&l->lock);
	was_wanted = !l->is_cancelled;
	l->is_cancelled = true;
	uv_mutex_unlock(&l->lock);
	if (was_wanted)
		uv_close((uv_handle_t *)&l->wake, on_closed);
}

enum err lookup_start(uv_loop_t *loop, const char *host, const char *port, int family,
	lookup_fn done, void *ctx, struct lookup **out, struct fault *f)
{
	struct lookup *l = calloc(1, sizeof(*l));
	int code;

	if (l == NULL || uv_mutex_init(&l->lock) != 0) {
		free(l);
		return fault_set(f, E_NOMEM, 0, "%.64s: %s", host, err_text(E_NOMEM));
	}
	l->done = done;
	l->ctx = ctx;
	l->hints = (struct addrinfo){.ai_family = family, .ai_socktype = SOCK_STREAM};
	if (!bytes_to_cstr(bytes_str(host), l->host, HOST_MAX) ||
		!bytes_to_cstr(bytes_str(port), l->port, PORT_MAX)) {
		free_all(l);
		return fault_set(f, E_LIMIT, 0, "%.64s: name too long", host);
	}
	code = uv_async_init(loop, &l->wake, on_wake);
	if (code != 0) {
		free_all(l);
		return fault_set(f, E_SYS, (uint32_t)-code, "%.64s: %s", host, strerror(-code));
	}
	l->wake.data = l;
	code = start_thread(l);
	if (code != 0) {
		l->thread_is_done = true;
		lookup_cancel(l);
		return fault_set(f, E_SYS, (uint32_t)code, "%.64s: no thread to look it up: %s",
			host, strerror(code));
	}
	*out = l;
	return E_OK;
}
