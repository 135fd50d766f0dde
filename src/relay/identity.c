/* SPDX-License-Identifier: ISC */
#include "relay/identity.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "keys/addrmatch.h"
#include "keys/cert.h"
#include "keys/keyalg.h"

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

/* What expiry_parse made, as a time of this machine's clock. */
static time_t expiry_time(const struct authkey *key)
{
	struct tm t = {.tm_isdst = -1};

	if (!key->expiry || !strptime(key->expiry, "%Y%m%d%H%M%S", &t))
		return 0;
	return key->expiry_is_utc ? timegm(&t) : mktime(&t);
}

static enum err copy_limits(
	struct identity *id, const struct keyring_place *at, struct fault *f)
{
	const struct authkey *key = at->key;

	id->line = key->line;
	id->no_touch = key->no_touch;
	id->verify_required = key->verify_required;
	id->path = strdup(at->path);
	if (!id->path)
		return fault_set(f, E_NOMEM, 0, "out of memory");
	id->may_forward = key->port_forwarding;
	id->may_tunnel = key->tunnel_allowed;
	id->tunnel_unit = key->tunnel_forced ? key->tunnel_unit : TUN_UNIT_ANY;
	id->max_visitors = key->max_visitors;
	id->max_forwards = key->max_forwards;
	id->rate_bytes = key->rate_bytes;
	id->takeover = key->takeover;
	id->expires = expiry_time(key);
	if (!key->visitors_from)
		return E_OK;
	id->visitors_from = strdup(key->visitors_from);
	return id->visitors_from ? E_OK : fault_set(f, E_NOMEM, 0, "out of memory");
}

/* A key id is no name for Match Key: an authority that a tenant trusts could choose another's. */
static void copy_name(struct identity *id, const struct keyring_place *at)
{
	const char *name = at->key->name ? at->key->name : at->name;

	id->is_named = name;
	if (!name)
		name = id->is_cert ? id->cert.id : at->key->comment;
	if (!name || !name[0])
		name = id->fingerprint;
	snprintf(id->key_name, sizeof(id->key_name), "%s", name);
}

static enum err copy_key(struct identity *id, struct bytes blob, struct fault *f)
{
	struct cert c;

	id->blob = malloc(blob.len);
	if (!id->blob)
		return fault_set(f, E_NOMEM, 0, "out of memory");
	memcpy(id->blob, blob.ptr, blob.len);
	id->blob_len = blob.len;
	id->is_cert = keyalg_is_cert_type(pubkey_blob_type(blob));
	if (cert_fingerprint(blob, id->fingerprint) != E_OK ||
		(id->is_cert && cert_parse(blob, &c) != E_OK) ||
		(id->is_cert && pubkey_fingerprint(c.authority, id->cert.authority) != E_OK))
		return fault_set(f, E_CRYPTO, 0, "the key has no fingerprint");
	if (id->is_cert) {
		text_escape(id->cert.id, sizeof(id->cert.id), c.key_id);
		id->cert.serial = c.serial;
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
	id->since = at->since;
	e = copy_key(id, blob, f);
	if (e == E_OK)
		e = copy_permits(id, at->key, f);
	if (e == E_OK)
		e = copy_limits(id, at, f);
	if (e != E_OK) {
		identity_free(id);
		return e;
	}
	copy_name(id, at);
	*out = id;
	return E_OK;
}

void identity_free(struct identity *id)
{
	if (!id)
		return;
	free(id->blob);
	free(id->permit);
	free(id->visitors_from);
	free(id->path);
	free(id);
}

struct auth_terms identity_terms(const struct identity *id, const struct relay_settings *s)
{
	return (struct auth_terms){
		.may_be_untouched = id->no_touch && !s->touch_required,
		.must_be_verified = id->verify_required || s->verify_required,
	};
}

static bool admits(const struct permit_rule *rules, size_t count, struct bytes host, uint32_t port)
{
	for (size_t i = 0; i < count; i++)
		if (permit_rule_allows(&rules[i], host, port))
			return true;
	return false;
}

/* By its number or in a range of them: '*' was not written with a privileged port in mind. */
static bool names(const struct permit_rule *rules, size_t count, struct bytes host, uint32_t port)
{
	for (size_t i = 0; i < count; i++)
		if (rules[i].first != 0 && permit_rule_allows(&rules[i], host, port))
			return true;
	return false;
}

const char *identity_rule_name(enum identity_rule rule)
{
	switch (rule) {
	case IDENTITY_NO_FORWARDING:
		return "AllowTcpForwarding";
	case IDENTITY_KEY_RESTRICTED:
		return "restrict";
	case IDENTITY_KEY_PERMITS:
		return "permitlisten";
	case IDENTITY_PERMITS:
		return "PermitListen";
	case IDENTITY_LOW_PORT:
		return "low port";
	}
	return "";
}

enum err identity_may_listen(const struct identity *id, const struct relay_settings *s,
	uint32_t low_end, struct bytes host, uint32_t port, struct fault *f)
{
	char text[128];

	text_escape(text, sizeof(text), host);
	if (!s->allow_remote)
		return fault_set(
			f, E_DENIED, IDENTITY_NO_FORWARDING, "this relay lets nobody open ports (AllowTcpForwarding)");
	if (!id->may_forward)
		return fault_set(f, E_DENIED, IDENTITY_KEY_RESTRICTED,
			"your key may not open ports (restrict or no-port-forwarding on its line)");
	if (id->is_limited && !admits(id->permit, id->permit_count, host, port))
		return fault_set(f, E_DENIED, IDENTITY_KEY_PERMITS,
			"your key may not open port %u of \"%s\" (permitlisten on its line)", port,
			text);
	if (s->permit_listen_is_set &&
		!admits(s->permit_listen, s->permit_listen_count, host, port))
		return fault_set(f, E_DENIED, IDENTITY_PERMITS,
			"this relay lets nobody open port %u of \"%s\" (PermitListen)", port, text);
	if (port != 0 && port < low_end && !names(id->permit, id->permit_count, host, port) &&
		!names(s->permit_listen, s->permit_listen_count, host, port))
		return fault_set(f, E_DENIED, IDENTITY_LOW_PORT,
			"port %u is below %u: this relay opens it only when PermitListen, or "
			"permitlisten on your key's line, names it",
			port, low_end);
	return E_OK;
}

enum err identity_may_tunnel(const struct identity *id, const struct relay_settings *s,
	const struct tun_open *open, uint32_t *unit, struct fault *f)
{
	bool is_ethernet = open->mode == TUN_ETHERNET;

	if (s->permit_tunnel == 0)
		return fault_set(f, E_DENIED, 0, "this relay makes no tunnels (PermitTunnel)");
	if ((s->permit_tunnel & 1U << open->mode) == 0)
		return fault_set(f, E_DENIED, 0, "this relay makes %s tunnels only (PermitTunnel)",
			is_ethernet ? "point-to-point" : "ethernet");
	if (!id->may_tunnel)
		return fault_set(
			f, E_DENIED, 0, "your key may not have tunnels (restrict on its line)");
	if (id->tunnel_unit != TUN_UNIT_ANY && open->unit != TUN_UNIT_ANY &&
		open->unit != id->tunnel_unit)
		return fault_set(f, E_DENIED, 0,
			"your key may have unit %u only, not %u (tunnel= on its line)",
			id->tunnel_unit, open->unit);
	*unit = id->tunnel_unit != TUN_UNIT_ANY ? id->tunnel_unit : open->unit;
	return E_OK;
}

static const struct permit_rule *rules_of(
	const struct identity *id, const struct relay_settings *s, size_t *count)
{
	*count = id->is_limited ? id->permit_count : s->permit_listen_count;
	return id->is_limited ? id->permit : s->permit_listen;
}

/* How many ports a rule names for this address; none when it admits every port. */
static uint32_t ports_of(const struct permit_rule *rule, struct bytes host)
{
	if (rule->first == 0 || !permit_rule_allows(rule, host, rule->first))
		return 0;
	return rule->last - rule->first + 1;
}

uint32_t identity_port_count(
	const struct identity *id, const struct relay_settings *s, struct bytes host)
{
	size_t count;
	const struct permit_rule *rule = rules_of(id, s, &count);
	uint32_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += ports_of(&rule[i], host);
	return sum;
}

uint16_t identity_port(
	const struct identity *id, const struct relay_settings *s, struct bytes host, uint32_t nth)
{
	size_t count;
	const struct permit_rule *rule = rules_of(id, s, &count);

	for (size_t i = 0; i < count; i++) {
		uint32_t ports = ports_of(&rule[i], host);

		if (nth < ports)
			return (uint16_t)(rule[i].first + nth);
		nth -= ports;
	}
	return 0;
}

enum err identity_may_open(const struct identity *id, unsigned forwards_now, struct fault *f)
{
	if (id->max_forwards == 0 || forwards_now < id->max_forwards)
		return E_OK;
	return fault_set(f, E_LIMIT, 0,
		"your key has %u ports open already (max-forwards=%u on its line)", forwards_now,
		id->max_forwards);
}

enum err identity_may_visit(
	const struct identity *id, unsigned visitors_now, const char *address, struct fault *f)
{
	if (id->visitors_from && !addrmatch_allows(bytes_str(id->visitors_from), address))
		return fault_set(f, E_DENIED, 0,
			"its address is not one that may visit (visitors-from on the key's line)");
	if (id->max_visitors > 0 && visitors_now >= id->max_visitors)
		return fault_set(f, E_LIMIT, 0,
			"the key has %u visitors already (max-visitors=%u on its line)",
			visitors_now, id->max_visitors);
	return E_OK;
}
