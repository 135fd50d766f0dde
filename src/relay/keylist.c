/* SPDX-License-Identifier: ISC */
#include "relay/keylist.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "io/sock.h"
#include "relay/identity.h"
#include "relay/jsonlist.h"

/* "" when there is none. What is no UTF-8 is escaped. */
static json_t *text(const char *s)
{
	char shown[1024];
	json_t *plain = json_string(s ? s : "");

	return plain ? plain : json_string(text_escape(shown, sizeof(shown), bytes_str(s)));
}

static json_t *texts(const char *const *s, size_t count)
{
	json_t *all = json_array();

	for (size_t i = 0; i < count; i++)
		all = jsonlist_add(all, text(s[i]));
	return all;
}

/* As sallyd_config has it. */
static const char *takeover_name(enum authkey_takeover t)
{
	switch (t) {
	case AUTHKEY_TAKEOVER_REPLACE:
		return "replace";
	case AUTHKEY_TAKEOVER_REFUSE:
		return "refuse";
	case AUTHKEY_TAKEOVER_STANDBY:
		return "standby";
	default:
		return "";
	}
}

/* One line: where it stands and whose it is. */
static json_t *line_json(const struct identity *id, const struct keyring_place *at)
{
	return json_pack("{so ss so sI}", "name", text(id->key_name), "fingerprint",
		id->fingerprint, "file", text(at->path), "line", (json_int_t)at->key->line);
}

/* Walks all lines that make a key. Stops when each has returned false. */
static bool for_each(const struct keyring *k,
	bool (*each)(void *ctx, const struct identity *id, const struct keyring_place *at),
	void *ctx)
{
	for (size_t i = 0; i < keyring_files(k); i++) {
		struct keyring_file file;

		keyring_file_info(k, i, &file);
		for (size_t j = 0; j < file.keys && !file.is_authorities; j++) {
			struct keyring_place at = {.key = authkeys_at(file.set, j),
				.path = file.path,
				.name = file.name};
			struct fault f = {0};
			struct identity *id;
			bool goes_on;

			/* What has no identity cannot log in either; sallyd -t says why. */
			if (identity_new("", at.key->blob, &at, &id, &f) != E_OK)
				continue;
			goes_on = each(ctx, id, &at);
			identity_free(id);
			if (!goes_on)
				return false;
		}
	}
	return true;
}

/* --- keys ------------------------------------------------------------------------------------- */

struct keys {
	const struct keyring *ring;
	json_t *all;
};

static bool add_key(void *ctx, const struct identity *id, const struct keyring_place *at)
{
	struct keys *keys = ctx;
	const struct authkey *k = at->key;
	struct bytes type = pubkey_blob_type(k->blob);
	struct fault f = {0};
	json_t *one = line_json(id, at), *more;

	keyring_bans(keys->ring, k->blob, &f);
	more = json_pack("{ss% so so sb sb so so so sI so sI sI sI ss}", "type", type.ptr, type.len,
		"comment", text(k->comment), "refused", text(f.text), "cert_authority",
		k->cert_authority, "port_forwarding", k->port_forwarding, "permitlisten",
		texts(k->permitlisten, k->permitlisten_count), "permitopen",
		texts(k->permitopen, k->permitopen_count), "from", text(k->from), "expires",
		(json_int_t)id->expires, "visitors_from", text(k->visitors_from), "max_visitors",
		(json_int_t)k->max_visitors, "max_forwards", (json_int_t)k->max_forwards, "rate",
		(json_int_t)k->rate_bytes, "takeover", takeover_name(k->takeover));
	if (!one || !more || json_object_update(one, more) != 0) {
		json_decref(one);
		one = NULL;
	}
	json_decref(more);
	keys->all = jsonlist_add(keys->all, one);
	return keys->all != NULL;
}

json_t *keylist_keys(const struct keyring *k)
{
	struct keys keys = {k, json_array()};

	for_each(k, add_key, &keys);
	return json_pack("{so}", "keys", keys.all);
}

/* --- why -------------------------------------------------------------------------------------- */

struct question {
	struct relay_conf *conf;
	uint32_t low_end;
	char host[256];
	uint16_t port;
	json_t *all;
};

/* The setting that lets it have the port. */
static const char *reason(const struct identity *id, const struct relay_settings *s)
{
	if (id->is_limited)
		return "permitlisten";
	return s->permit_listen_is_set ? "PermitListen" : "";
}

/* Who it would be is known, from where it would come is not. */
static enum err settings_for(const struct question *q, const struct identity *id,
	struct relay_conf **made, struct fault *f)
{
	struct relay_facts facts = {.user = "",
		.address = "",
		.local_address = "",
		.key_name = id->is_named ? id->key_name : "",
		.fingerprint = id->fingerprint};

	return relay_conf_for(q->conf, &facts, made, f);
}

static bool judge(void *ctx, const struct identity *id, const struct keyring_place *at)
{
	struct question *q = ctx;
	const struct relay_settings *s;
	struct relay_conf *made;
	struct fault f = {0};
	json_t *one = line_json(id, at), *more;
	bool may;

	if (at->key->cert_authority || settings_for(q, id, &made, &f) != E_OK) {
		json_decref(one);
		return true;
	}
	s = relay_conf_settings(made);
	may = identity_may_listen(id, s, q->low_end, bytes_str(q->host), q->port, &f) == E_OK;
	more = json_pack("{sb ss so ss}", "may", may, "setting",
		may ? reason(id, s) : identity_rule_name((enum identity_rule)f.code), "says",
		text(f.text), "takeover",
		takeover_name(
			id->takeover != AUTHKEY_TAKEOVER_DEFAULT ? id->takeover : s->takeover));
	if (!one || !more || json_object_update(one, more) != 0) {
		json_decref(one);
		one = NULL;
	}
	json_decref(more);
	q->all = jsonlist_add(q->all, one);
	relay_conf_free(made);
	return q->all != NULL;
}

static bool read_place(const char *place, struct question *q)
{
	const char *colon = strrchr(place, ':');
	struct bytes host = bytes_str("localhost");
	uint64_t port;

	if (colon)
		host = bytes_of(place, (size_t)(colon - place));
	if (!text_to_u64(bytes_str(colon ? colon + 1 : place), UINT16_MAX, &port) || port == 0)
		return false;
	q->port = (uint16_t)port;
	return bytes_to_cstr(host, q->host, sizeof(q->host));
}

/* What the kernel says to one who wants it at all addresses: 0, or errno. Nothing is listened on.
 */
static int try_family(int family, uint16_t port)
{
	struct sock_addr a;
	const int on = 1;
	int fd, code = 0;

	if (sock_family_is_absent(family) ||
		!sock_parse(family == AF_INET ? "0.0.0.0" : "::", port, &a))
		return 0;
	fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&a.ss, a.len) != 0)
		code = errno;
	close(fd);
	return code;
}

json_t *keylist_why(
	const struct keyring *k, struct relay_conf *conf, uint32_t low_end, const char *place)
{
	struct question q = {.conf = conf, .low_end = low_end};
	int code;

	if (!read_place(place, &q))
		return json_pack(
			"{ss}", "error", "why: a port is wanted, perhaps with a host before it");
	q.all = json_array();
	for_each(k, judge, &q);
	code = try_family(AF_INET, q.port);
	if (code == 0)
		code = try_family(AF_INET6, q.port);
	return json_pack("{sI so ss sb sb so}", "port", (json_int_t)q.port, "host", text(q.host),
		"kernel", code == 0 ? "" : strerror(code), "low", q.port < low_end, "match",
		relay_conf_has_match(conf), "verdicts", q.all);
}
