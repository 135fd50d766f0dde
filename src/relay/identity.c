/* SPDX-License-Identifier: ISC */
#include "relay/identity.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

static enum err copy_permits(struct identity *id, const struct authkey *key, struct fault *f)
{
	id->is_limited = key->permitlisten_count > 0;
	if (!id->is_limited)
		return E_OK;
	id->permit = calloc(key->permitlisten_count, sizeof(id->permit[0]));
	if (!id->permit)
		return fault_set(f, E_NOMEM, 0, "out of memory");
	for (size_t i = 0; i < key->permitlisten_count; i++) {
		enum err e = permit_rule_parse(key->permitlisten[i], &id->permit[i], f);

		if (e != E_OK)
			return e;
		id->permit_count = i + 1;
	}
	return E_OK;
}

enum err identity_new(const char *user, struct bytes blob, const struct keyring_place *at,
	struct identity **out, struct fault *f)
{
	struct identity *id = calloc(1, sizeof(*id));
	enum err e;

	if (!id)
		return fault_set(f, E_NOMEM, 0, "out of memory");
	snprintf(id->user, sizeof(id->user), "%s", user);
	id->may_forward = at->key->port_forwarding;
	e = pubkey_fingerprint(blob, id->fingerprint);
	if (e != E_OK)
		e = fault_set(f, e, 0, "the key has no fingerprint");
	else
		e = copy_permits(id, at->key, f);
	if (e != E_OK) {
		identity_free(id);
		return e;
	}
	if (at->key->comment && at->key->comment[0])
		snprintf(id->key_name, sizeof(id->key_name), "%s", at->key->comment);
	else
		snprintf(id->key_name, sizeof(id->key_name), "%s", id->fingerprint);
	*out = id;
	return E_OK;
}

void identity_free(struct identity *id)
{
	if (!id)
		return;
	free(id->permit);
	free(id);
}

static bool admits(const struct permit_rule *rules, size_t count, struct bytes host, uint32_t port)
{
	for (size_t i = 0; i < count; i++)
		if (permit_rule_allows(&rules[i], host, port))
			return true;
	return false;
}

/* By its number: '*' was not written with a privileged port in mind. */
static bool names(const struct permit_rule *rules, size_t count, struct bytes host, uint32_t port)
{
	for (size_t i = 0; i < count; i++)
		if (rules[i].port == port && permit_rule_allows(&rules[i], host, port))
			return true;
	return false;
}

enum err identity_may_listen(const struct identity *id, const struct relay_settings *s,
	uint32_t low_end, struct bytes host, uint32_t port, struct fault *f)
{
	char text[128];

	text_escape(text, sizeof(text), host);
	if (!s->allow_remote)
		return fault_set(
			f, E_DENIED, 0, "this relay lets nobody open ports (AllowTcpForwarding)");
	if (!id->may_forward)
		return fault_set(f, E_DENIED, 0,
			"your key may not open ports (restrict or no-port-forwarding on its line)");
	if (id->is_limited && !admits(id->permit, id->permit_count, host, port))
		return fault_set(f, E_DENIED, 0,
			"your key may not open port %u of \"%s\" (permitlisten on its line)", port,
			text);
	if (s->permit_listen_is_set &&
		!admits(s->permit_listen, s->permit_listen_count, host, port))
		return fault_set(f, E_DENIED, 0,
			"this relay lets nobody open port %u of \"%s\" (PermitListen)", port, text);
	if (port != 0 && port < low_end && !names(id->permit, id->permit_count, host, port) &&
		!names(s->permit_listen, s->permit_listen_count, host, port))
		return fault_set(f, E_DENIED, 0,
			"port %u is below %u: this relay opens it only when PermitListen, or "
			"permitlisten on your key's line, names it",
			port, low_end);
	return E_OK;
}
