/* SPDX-License-Identifier: ISC */
#include "client/hook.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"

enum { VARIABLES = 4, VARIABLE_TEXT = 16 + FORWARD_SPEC_MAX };

struct running {
	uv_process_t process; /* first: closed as a handle, freed as this */
	struct list link;
	struct hook *hook; /* NULL: gone */
};

/* The environment with ours in it, in one allocation. */
struct surroundings {
	char texts[VARIABLES][VARIABLE_TEXT];
	char *list[]; /* ours, then what was there, then NULL */
};

static void on_closed(uv_handle_t *handle)
{
	free(handle);
}

static void on_exit_of(uv_process_t *process, int64_t status, int number)
{
	struct running *r = (struct running *)process;
	const char *name = r->hook->settings->forward_hook[0];

	if (number != 0)
		log_write(LOG_LEVEL_ERROR, "ForwardHook %s: killed by signal %d", name, number);
	else if (status != 0)
		log_write(LOG_LEVEL_ERROR, "ForwardHook %s: exit status %d", name, (int)status);
	list_remove(&r->link);
	r->hook->count--;
	uv_close((uv_handle_t *)process, on_closed);
}

static bool is_ours(const char *variable)
{
	return strncmp(variable, "SALLY_RELAY=", 12) == 0 ||
	       strncmp(variable, "SALLY_LISTEN=", 13) == 0 ||
	       strncmp(variable, "SALLY_PORT=", 11) == 0 ||
	       strncmp(variable, "SALLY_TARGET=", 13) == 0;
}

static struct surroundings *make_surroundings(const struct hook *h, const struct forward *one)
{
	char target[FORWARD_SPEC_MAX];
	struct surroundings *s;
	size_t n = 0, kept = VARIABLES;

	while (environ[n] != NULL)
		n++;
	s = calloc(1, sizeof(*s) + (VARIABLES + n + 1) * sizeof(char *));
	if (s == NULL)
		return NULL;
	forward_spec_print_target(one->spec, target, sizeof(target));
	snprintf(s->texts[0], VARIABLE_TEXT, "SALLY_RELAY=%s", h->settings->hostname);
	snprintf(s->texts[1], VARIABLE_TEXT, "SALLY_LISTEN=%s",
		one->spec->listen_path[0] != '\0' ? one->spec->listen_path
						  : forward_spec_wire_bind(one->spec));
	snprintf(s->texts[2], VARIABLE_TEXT, "SALLY_PORT=%u", one->port);
	snprintf(s->texts[3], VARIABLE_TEXT, "SALLY_TARGET=%s", target);
	for (size_t i = 0; i < VARIABLES; i++)
		s->list[i] = s->texts[i];
	for (size_t i = 0; i < n; i++)
		if (!is_ours(environ[i]))
			s->list[kept++] = environ[i];
	return s;
}

/* 0 or libuv's error. Standard input is /dev/null, the two outputs are ours. */
static int start(struct hook *h, struct running *r, char **variables)
{
	char *args[CLIENT_FILES_MAX + 1] = {NULL};
	uv_stdio_container_t stdio[] = {{.flags = UV_IGNORE},
		{.flags = UV_INHERIT_FD, .data.fd = STDOUT_FILENO},
		{.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO}};
	uv_process_options_t o = {.exit_cb = on_exit_of,
		.file = h->settings->forward_hook[0],
		.args = args,
		.env = variables,
		.stdio = stdio,
		.stdio_count = sizeof(stdio) / sizeof(*stdio)};

	memcpy(args, h->settings->forward_hook, h->settings->forward_hook_count * sizeof(char *));
	return uv_spawn(h->loop, &r->process, &o);
}

void hook_run(struct hook *h, const struct forward *one)
{
	const char *name = h->settings->forward_hook[0];
	struct surroundings *s;
	struct running *r;
	int status;

	if (h->settings->forward_hook_count == 0)
		return;
	if (h->count == HOOKS_RUNNING_MAX) {
		log_write(LOG_LEVEL_ERROR, "ForwardHook %s: %u of them are running, none is added",
			name, h->count);
		return;
	}
	s = make_surroundings(h, one);
	r = calloc(1, sizeof(*r));
	status = s != NULL && r != NULL ? start(h, r, s->list) : UV_ENOMEM;
	free(s);
	if (status == 0) {
		r->hook = h;
		list_append(&h->running, &r->link);
		h->count++;
		uv_unref((uv_handle_t *)&r->process);
		return;
	}
	log_write(LOG_LEVEL_ERROR, "ForwardHook %s: %s", name, strerror(-status));
	/* A handle that failed to spawn is one nevertheless, once libuv has seen it. */
	if (r != NULL && s != NULL)
		uv_close((uv_handle_t *)&r->process, on_closed);
	else
		free(r);
}

void hook_init(struct hook *h, uv_loop_t *loop, const struct client_settings *s)
{
	*h = (struct hook){.loop = loop, .settings = s};
	list_init(&h->running);
}

void hook_close(struct hook *h)
{
	while (!list_is_empty(&h->running)) {
		struct running *r = list_entry(h->running.next, struct running, link);

		list_remove(&r->link);
		uv_close((uv_handle_t *)&r->process, on_closed);
	}
}
