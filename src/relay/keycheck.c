/* SPDX-License-Identifier: ISC */
#include "relay/keycheck.h"

#include <stdio.h>

#include "keys/keylint.h"

struct check {
	const struct relay_settings *settings;
	bool is_for_all; /* no Match block says otherwise for some */
	uint32_t barred;
	const char *path;
	void (*tell)(void *ctx, const char *sentence);
	void *ctx;
};

static void on_oddity(void *ctx, unsigned line, const char *sentence)
{
	const struct check *c = ctx;
	char text[1400];

	snprintf(text, sizeof(text), "%s line %u: warning: %s", c->path, line, sentence);
	c->tell(c->ctx, text);
}

/* Whether PermitListen has a port of the rule; of hosts nothing is said. */
static bool overlaps(const struct relay_settings *s, const struct permit_rule *rule)
{
	for (size_t i = 0; i < s->permit_listen_count; i++)
		if (s->permit_listen[i].first <= rule->last &&
			rule->first <= s->permit_listen[i].last)
			return true;
	return false;
}

static void check_permit(struct check *c, const struct authkey *k, const char *permit)
{
	struct permit_rule rule;
	char text[FAULT_TEXT];

	if (permit_rule_parse(permit, &rule, NULL) != E_OK) {
		on_oddity(c, k->line,
			"a host in permitlisten is too long: the key will not be able to log in");
		return;
	}
	if (rule.last < c->barred) {
		snprintf(text, sizeof(text),
			"no port of permitlisten=\"%.80s\" can be opened: below %u that needs root "
			"or CAP_NET_BIND_SERVICE here",
			permit, c->barred);
		on_oddity(c, k->line, text);
	}
	if (c->is_for_all && c->settings->permit_listen_is_set && !overlaps(c->settings, &rule)) {
		snprintf(text, sizeof(text),
			"permitlisten=\"%.80s\" admits nothing: PermitListen has none of its ports",
			permit);
		on_oddity(c, k->line, text);
	}
}

static void check_key(struct check *c, const struct authkey *k)
{
	keylint(k, on_oddity, c);
	if (!k->port_forwarding)
		return;
	for (size_t i = 0; i < k->permitlisten_count; i++)
		check_permit(c, k, k->permitlisten[i]);
}

void keycheck(const struct keyring *k, const struct relay_conf *conf, uint32_t barred,
	void (*tell)(void *ctx, const char *sentence), void *ctx)
{
	for (size_t i = 0; i < keyring_files(k); i++) {
		struct keyring_file file;
		struct check c = {relay_conf_settings(conf), !relay_conf_has_match(conf), barred,
			NULL, tell, ctx};

		keyring_file_info(k, i, &file);
		c.path = file.path;
		for (size_t j = 0; j < file.keys && !file.is_authorities; j++)
			check_key(&c, authkeys_at(file.set, j));
	}
}
