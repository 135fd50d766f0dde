/* SPDX-License-Identifier: ISC */
#include "keys/keylint.h"

#include "base/text.h"

#include <stdio.h>

struct telling {
	const struct authkey *key;
	authkeys_complaint tell;
	void *ctx;
};

static void say(const struct telling *t, const char *fmt, ...) PRINTF(2, 3);
static void say(const struct telling *t, const char *fmt, ...)
{
	char text[FAULT_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	t->tell(t->ctx, t->key->line, text);
}

/* What has a meaning only for a key that may open ports. */
static void lint_shut(const struct telling *t)
{
	const struct authkey *k = t->key;
	const struct {
		const char *option;
		bool is_there;
	} idle[] = {
		{"permitlisten", k->permitlisten_count > 0},
		{"permitopen", k->permitopen_count > 0},
		{"max-visitors", k->max_visitors > 0},
		{"max-forwards", k->max_forwards > 0},
		{"rate", k->rate_bytes > 0},
		{"visitors-from", k->visitors_from != NULL},
		{"takeover", k->takeover != AUTHKEY_TAKEOVER_DEFAULT},
	};

	if (k->port_forwarding)
		return;
	for (size_t i = 0; i < sizeof idle / sizeof idle[0]; i++)
		if (idle[i].is_there)
			say(t,
				"%s= has no effect: the key may not open ports, as restrict or "
				"no-port-forwarding is not followed by port-forwarding",
				idle[i].option);
}

/* Whether every element of a comma list is negated. */
static bool admits_nobody(const char *list)
{
	for (const char *at = list; at != NULL; at = strchr(at, ',')) {
		at += *at == ',';
		if (*at != '!')
			return false;
	}
	return true;
}

static void lint_lists(const struct telling *t)
{
	const struct authkey *k = t->key;

	if (k->from != NULL && admits_nobody(k->from))
		say(t, "from= admits nobody: it only has elements with '!'");
	if (k->visitors_from != NULL && admits_nobody(k->visitors_from))
		say(t, "visitors-from= admits nobody: it only has elements with '!'");
	if (k->principals != NULL && !k->cert_authority)
		say(t, "principals= without cert-authority: the line admits nobody");
	if (k->tunnel_forced && !k->tunnel_allowed)
		say(t, "tunnel= has no effect after restrict");
}

/* Held against a request in lower case. */
static void lint_capitals(const struct telling *t)
{
	for (size_t i = 0; i < t->key->permitlisten_count; i++) {
		const char *permit = t->key->permitlisten[i];
		char shown[80];

		if (strpbrk(permit, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == NULL)
			continue;
		text_escape(shown, sizeof shown, bytes_str(permit));
		say(t, "permitlisten=\"%s\" admits nothing: a host has to be in lower case here",
			shown);
	}
}

void keylint(const struct authkey *k, authkeys_complaint tell, void *ctx)
{
	struct telling t = {k, tell, ctx};

	lint_shut(&t);
	lint_lists(&t);
	lint_capitals(&t);
}
