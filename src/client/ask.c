/* SPDX-License-Identifier: ISC */
#include "client/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "client/askpass.h"
#include "client/terminal.h"

#define ASKPASS_DEFAULT "/usr/bin/ssh-askpass"

/* What the environment says about the other program. */
struct wish {
	bool is_allowed; /* where there is no terminal */
	bool is_first;	 /* even where there is one */
};

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0';
}

static struct wish read_wish(void)
{
	struct wish w = {.is_allowed = is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")};
	const char *require = getenv("SSH_ASKPASS_REQUIRE");

	if (require == NULL)
		return w;
	if (strcasecmp(require, "force") == 0)
		w.is_allowed = w.is_first = true;
	else if (strcasecmp(require, "prefer") == 0)
		w.is_first = w.is_allowed;
	else if (strcasecmp(require, "never") == 0)
		w.is_allowed = false;
	return w;
}

void ask_init(struct ask *a, uv_loop_t *loop)
{
	*a = (struct ask){.loop = loop};
}

void ask_bar(struct ask *a, bool is_barred)
{
	a->is_barred = is_barred;
}

static void on_answer(void *ctx, const char *answer)
{
	struct ask *a = ctx;
	ask_fn done = a->done;

	a->terminal = NULL;
	a->askpass = NULL;
	a->done = NULL;
	done(a->ctx, answer);
}

static bool ask_terminal(struct ask *a, const char *text, bool is_echoed)
{
	a->terminal = terminal_ask(a->loop, text, is_echoed, on_answer, a);
	if (a->terminal == NULL)
		log_write(LOG_LEVEL_DEBUG1, "read_passphrase: can't open /dev/tty: %s",
			strerror(errno));
	return a->terminal != NULL;
}

static bool ask_program(struct ask *a, const char *text)
{
	const char *program = getenv("SSH_ASKPASS");

	a->askpass = askpass_ask(
		a->loop, program != NULL ? program : ASKPASS_DEFAULT, text, on_answer, a);
	return a->askpass != NULL;
}

bool ask_person(struct ask *a, const char *text, bool is_echoed, ask_fn done, void *ctx)
{
	struct wish w = read_wish();
	bool is_asked = false;

	if (a->is_barred)
		return false;
	if (!w.is_first)
		is_asked = ask_terminal(a, text, is_echoed);
	if (!is_asked && w.is_allowed)
		is_asked = ask_program(a, text);
	if (!is_asked)
		return false;
	a->done = done;
	a->ctx = ctx;
	return true;
}

void ask_cancel(struct ask *a)
{
	terminal_cancel(a->terminal);
	askpass_cancel(a->askpass);
	a->terminal = NULL;
	a->askpass = NULL;
	a->done = NULL;
}
