/* SPDX-License-Identifier: ISC */
#include "relay/order.h"

#include <stdlib.h>
#include <string.h>

#include "relay/keylist.h"
#include "relay/reload.h"

static void say(struct order *o, json_t *answer)
{
	char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;

	json_decref(answer);
	o->answered(o, text, false);
}

static json_t *parse(struct bytes line)
{
	return json_loadb((const char *)line.ptr, line.len, JSON_REJECT_DUPLICATES, NULL);
}

static bool is_draining(struct bytes text)
{
	json_t *answer = parse(text);
	bool is_it = json_is_true(json_object_get(answer, "draining"));

	json_decref(answer);
	return is_it;
}

static void on_answered(struct worker_ask *a, struct bytes text, bool watches)
{
	struct order *o = list_entry(a, struct order, ask);
	char *line;

	/* By now the relay process has heard of all that the reload brought. */
	if (o->is_reload) {
		say(o, reload_report(o->supervisor));
		return;
	}
	if (text.len == 0) {
		say(o, json_pack("{ss}", "error", "the relay process has just been lost"));
		return;
	}
	if (o->is_drain && is_draining(text))
		supervisor_shut(o->supervisor);
	line = malloc(text.len + 2); /* a newline may take the place of the terminator */
	if (line)
		(void)bytes_to_cstr(text, line, text.len + 1);
	o->answered(o, line, watches);
}

void order_init(struct order *o, struct supervisor *s, void (*answered)(struct order *, char *, bool))
{
	*o = (struct order){.supervisor = s, .answered = answered};
	worker_ask_init(&o->ask);
	o->ask.answered = on_answered;
}

static void set_audience(struct supervisor *s)
{
	uint8_t flag = supervisor_has_audience(s);

	worker_tell(s->worker, IPC_AUDIENCE, 0, bytes_of(&flag, 1));
}

/* By the keys and the settings alone. NULL: not one of these. */
static json_t *answer_by_keys(struct supervisor *s, const char *cmd, const json_t *request)
{
	const char *port = json_string_value(json_object_get(request, "port"));
	bool is_keys = strcmp(cmd, "keys") == 0, is_why = strcmp(cmd, "why") == 0;

	if (!is_keys && !is_why)
		return NULL;
	keyring_refresh(s->keyring, NULL);
	if (is_keys)
		return keylist_keys(s->keyring);
	if (port && port[0])
		return keylist_why(s->keyring, s->conf, s->low_end, port);
	return json_pack("{ss}", "error", "why: the member \"port\" is wanted, as a string");
}

static void want_feed(struct order *o)
{
	if (o->is_audience)
		return;
	o->is_audience = true;
	o->supervisor->audience++;
	set_audience(o->supervisor);
}

/* False: the answer was given. */
static bool prepare(struct order *o, const char *cmd, const json_t *request)
{
	json_t *answer = answer_by_keys(o->supervisor, cmd, request);
	struct fault f = {0};

	o->is_reload = strcmp(cmd, "reload") == 0;
	o->is_drain = strcmp(cmd, "drain") == 0;
	if (o->is_reload && reload_all(o->supervisor, "sallyctl reload", &f) != E_OK)
		answer = json_pack("{ss}", "error", f.text);
	if (answer) {
		say(o, answer);
		return false;
	}
	if (strcmp(cmd, "watch") == 0)
		want_feed(o);
	return true;
}

void order_give(struct order *o, struct bytes line)
{
	json_t *request = parse(line);
	const char *cmd = json_string_value(json_object_get(request, "cmd"));
	bool is_open = prepare(o, cmd ? cmd : "", request);

	json_decref(request);
	if (!is_open)
		return;
	if (worker_ask(o->supervisor->worker, &o->ask, line))
		return;
	if (o->is_reload)
		say(o, reload_report(o->supervisor));
	else
		say(o, json_pack("{ss}", "error",
			       "the relay process is being started: try again in a moment"));
}

void order_forget(struct order *o)
{
	worker_forget(&o->ask);
	if (!o->is_audience)
		return;
	o->is_audience = false;
	o->supervisor->audience--;
	set_audience(o->supervisor);
}
