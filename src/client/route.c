/* SPDX-License-Identifier: ISC */
/*
 * A jump host gets what OpenSSH's child for it (ssh -W) would get: of the command line -F, the
 * level of the log, and the user, port and further jump hosts that stand with its name; all else
 * from the files, by its own name.
 */
#include "client/route.h"

#include <stdio.h>
#include <string.h>

#include "conf/destination.h"
#include "conf/expand.h"

enum { STEPS_MAX = 8, PORT_TEXT = 8 };

/* The words for a jump host. */
struct words {
	struct cmdline line;
	struct cmdline_step steps[STEPS_MAX];
	char port[PORT_TEXT];
};

static void add(struct words *w, enum cmdline_kind kind, const char *keyword, const char *value)
{
	w->steps[w->line.step_count++] =
		(struct cmdline_step){.kind = kind, .keyword = keyword, .value = value};
}

static void make_words(
	struct words *w, const struct cmdline *o, const struct client_settings *behind)
{
	*w = (struct words){
		.line = {.host = behind->jump_host,
			.config_file = o->config_file,
			.level = o->level,
			.level_is_set = o->level_is_set && o->level >= LOG_LEVEL_DEBUG1}};
	w->line.steps = w->steps;
	if (behind->jump_user != NULL)
		add(w, CMDLINE_VALUE, "User", behind->jump_user);
	snprintf(w->port, sizeof(w->port), "%u", behind->jump_port);
	if (behind->jump_port != 0)
		add(w, CMDLINE_VALUE, "Port", w->port);
	if (behind->jump_through != NULL)
		add(w, CMDLINE_JUMP, NULL, behind->jump_through);
	add(w, CMDLINE_VALUE, "SessionType", "none");
	add(w, CMDLINE_VALUE, "RequestTTY", "no");
}

static bool is_same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Did the same words lead on from another hop already? Then they would do so for ever. */
static bool is_loop(const struct route *r, const struct client_settings *s)
{
	for (size_t i = 0; i + 1 < r->count; i++) {
		const struct client_settings *one = &r->legs[i].settings;

		if (is_same(one->jump_host, s->jump_host) &&
			is_same(one->jump_user, s->jump_user) && one->jump_port == s->jump_port &&
			is_same(one->jump_through, s->jump_through))
			return true;
	}
	return false;
}

/* Adds a hop. A ProxyCommand that is none is told now, not at each try. */
static enum err load_leg(
	struct route *r, const struct cmdline *o, const struct settings_who *who, struct fault *f)
{
	struct leg *leg = &r->legs[r->count++];
	const struct client_settings *s;
	char line[EXPAND_MAX];
	enum err e = settings_load(o, who, &leg->conf, &s, f);

	if (e != E_OK)
		return e;
	leg->settings = *s;
	return s->proxy_command != NULL ? client_proxy_line(s, line, f) : E_OK;
}

/* They were found from the relay on. */
static void reverse(struct route *r)
{
	for (size_t i = 0; i < r->count / 2; i++) {
		struct leg one = r->legs[i];

		r->legs[i] = r->legs[r->count - 1 - i];
		r->legs[r->count - 1 - i] = one;
	}
}

enum err route_load(
	struct route *r, const struct cmdline *o, const struct settings_who *who, struct fault *f)
{
	enum err e;

	*r = (struct route){0};
	e = load_leg(r, o, who, f);
	while (e == E_OK && o->ask != CMDLINE_DUMP &&
		r->legs[r->count - 1].settings.jump_host != NULL) {
		const struct client_settings *behind = &r->legs[r->count - 1].settings;
		struct words w;

		if (is_loop(r, behind) || r->count == ROUTE_MAX)
			return fault_set(
				f, E_VALUE, 0, "jumphost loop via %.150s", behind->jump_host);
		if (!destination_is_host(behind->jump_host) ||
			(behind->jump_user != NULL && !destination_is_user(behind->jump_user)))
			return fault_set(f, E_VALUE, 0,
				"ProxyJump: host or user name contains invalid characters");
		make_words(&w, o, behind);
		e = load_leg(r, &w.line, who, f);
		/* Nobody asks about further keys of a host that is only passed through, as in ssh.
		 */
		if (r->legs[r->count - 1].settings.update_hosts == UPDATE_HOSTS_ASK)
			r->legs[r->count - 1].settings.update_hosts = UPDATE_HOSTS_NO;
	}
	reverse(r);
	return e;
}

void route_fini(struct route *r)
{
	for (size_t i = 0; i < r->count; i++)
		client_conf_free(r->legs[i].conf);
	*r = (struct route){0};
}

void route_load_keys(struct route *r, const struct settings_who *who)
{
	for (size_t i = 0; i < r->count; i++)
		identities_load(&r->legs[i].identities, &r->legs[i].settings, who->local.home);
}

void route_fini_keys(struct route *r)
{
	for (size_t i = 0; i < r->count; i++)
		identities_fini(&r->legs[i].identities);
}
