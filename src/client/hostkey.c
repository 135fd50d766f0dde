/* SPDX-License-Identifier: ISC */
/*
 * What is known is decided in known.c; here, what follows from it. Every way that is not spelled
 * out ends in a refusal.
 */
#include "client/hostkey.h"

#include <stdio.h>

#include "base/log.h"
#include "client/identities.h"
#include "client/prompt.h"
#include "crypto/pk.h"
#include "wire/namelist.h"

enum { QUESTION_MAX = 1024, SSH_PORT = 22 };

/* A key as messages name it. */
struct face {
	char type[16];
	char print[FINGERPRINT_MAX];
	const char *address;
};

enum err hostkey_init(
	struct hostkey *h, const struct client_settings *s, struct rng *rng, struct fault *f)
{
	enum err e;

	*h = (struct hostkey){.settings = s, .rng = rng, .may_ask = true};
	if (s->host_key_alias != NULL)
		e = knownhosts_name(s->host_key_alias, SSH_PORT, h->name);
	else
		e = knownhosts_name(s->hostname, s->port, h->name);
	if (e != E_OK)
		return fault_set(f, e, 0, "%.200s is no name a host can have in known_hosts",
			s->host_key_alias != NULL ? s->host_key_alias : s->hostname);
	if (s->host_key_alias == NULL && s->port != SSH_PORT)
		e = knownhosts_name(s->hostname, SSH_PORT, h->plain_name);
	return e;
}

/* --- the offer ----------------------------------------------------------------------------------
 */

/* Appends the algorithms of list whose key type is (or is not) among types. */
static void append_algs(
	char out[static HOSTKEY_ALGS_MAX], const char *list, const char *types, bool is_known)
{
	struct bytes rest = bytes_str(list), name;

	while (namelist_next(&rest, &name)) {
		const struct sig_alg *alg = sig_alg_find(name);
		size_t len = strlen(out);

		if (alg == NULL || namelist_has(bytes_str(types), alg->key_name) != is_known ||
			len + 1 + name.len + 1 > HOSTKEY_ALGS_MAX)
			continue;
		snprintf(out + len, HOSTKEY_ALGS_MAX - len, "%s%s", len > 0 ? "," : "", alg->name);
	}
}

void hostkey_algorithms(const struct hostkey *h, char list[static HOSTKEY_ALGS_MAX])
{
	const char *wanted = h->settings->host_key_algorithms;
	char types[KNOWN_TYPES_MAX] = "";

	list[0] = '\0';
	if (strcmp(wanted, sig_default_list()) == 0) {
		known_types(h->settings, h->name, types);
		if (types[0] == '\0' && h->plain_name[0] != '\0')
			known_types(h->settings, h->plain_name, types);
		append_algs(list, wanted, types, true);
		if (list[0] != '\0')
			log_write(LOG_LEVEL_DEBUG3, "prefer hostkeyalgs: %s", list);
	}
	append_algs(list, wanted, types, false);
}

/* --- messages -----------------------------------------------------------------------------------
 */

static const char frame[] = "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@";

static void warn_changed(
	const struct hostkey *h, const struct face *key, const struct known_answer *a)
{
	log_write(LOG_LEVEL_ERROR, "%s", frame);
	log_write(LOG_LEVEL_ERROR, "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @");
	log_write(LOG_LEVEL_ERROR, "%s", frame);
	log_write(LOG_LEVEL_ERROR,
		"The relay %s showed another host key than the one known for it.", h->name);
	log_write(LOG_LEVEL_ERROR,
		"Either it got a new key, or somebody stands in between and pretends to be it.");
	log_write(LOG_LEVEL_ERROR, "The %s key it showed has the fingerprint", key->type);
	log_write(LOG_LEVEL_ERROR, "%s.", key->print);
	log_write(LOG_LEVEL_ERROR,
		"If whoever runs the relay confirms this key, remove the line named below.");
	log_write(LOG_LEVEL_ERROR, "Offending %s%s in %s:%u",
		a->verdict == HOST_CHANGED ? key->type : "key of another type",
		a->verdict == HOST_CHANGED ? " key" : "", a->path, a->line);
}

static void warn_revoked(
	const struct hostkey *h, const struct face *key, const struct known_answer *a)
{
	log_write(LOG_LEVEL_ERROR, "%s", frame);
	log_write(LOG_LEVEL_ERROR, "@       WARNING: REVOKED HOST KEY DETECTED!               @");
	log_write(LOG_LEVEL_ERROR, "%s", frame);
	log_write(LOG_LEVEL_ERROR, "The %s host key for %s is marked as revoked in %s:%u.",
		key->type, h->name, a->path, a->line);
	log_write(LOG_LEVEL_ERROR, "Whoever stole it could pretend to be this relay.");
}

static void refuse_strict(const struct hostkey *h, const char *what)
{
	log_write(LOG_LEVEL_ERROR, "Host key for %s has changed and you have requested %s.",
		h->name, what);
}

/* --- learning and asking ------------------------------------------------------------------------
 */

static void learn(const struct hostkey *h, struct bytes key, const struct face *face)
{
	struct fault f = {0};
	enum err e = known_add(h->settings, h->name, key, h->rng, &f);

	if (e == E_OK)
		log_write(LOG_LEVEL_INFO,
			"Warning: Permanently added '%s' (%s) to the list of known hosts.", h->name,
			face->type);
	else
		log_write(LOG_LEVEL_INFO,
			"Failed to add the host to the list of known hosts (%s): %s",
			h->settings->known_hosts_count > 0 ? h->settings->known_hosts[0] : "none",
			f.text);
}

static bool ask(const struct hostkey *h, const struct face *key, const struct known_answer *a)
{
	char question[QUESTION_MAX];

	if (h->settings->batch_mode || !h->may_ask)
		return false;
	snprintf(question, sizeof(question),
		"The authenticity of host '%s (%s)' can't be established.\n"
		"%s key fingerprint is %s.\n"
		"%s\n"
		"Are you sure you want to continue connecting (yes/no/[fingerprint])? ",
		h->name, key->address, key->type, key->print,
		a->verdict == HOST_OTHER_TYPE
			? "Careful: keys of other types are known for this host."
			: "No key is known for this host.");
	return prompt_confirm(question, key->print);
}

static enum verdict judge_new(const struct hostkey *h, struct bytes key, const struct face *face,
	const struct known_answer *a)
{
	switch (h->settings->strict_hosts) {
	case STRICT_YES:
		log_write(LOG_LEVEL_ERROR,
			"No %s host key is known for %s and you have requested strict checking.",
			face->type, h->name);
		return VERDICT_BAD;
	case STRICT_ASK:
		if (!ask(h, face, a))
			return VERDICT_BAD;
		break;
	case STRICT_ACCEPT_NEW:
		/* A host we know by a key of another type is not new: who stands in between could
		 * simply offer a type we have not seen. */
		if (a->verdict == HOST_OTHER_TYPE) {
			warn_changed(h, face, a);
			refuse_strict(h, "to accept only new hosts");
			return VERDICT_BAD;
		}
		break;
	case STRICT_NO:
		break;
	}
	learn(h, key, face);
	return VERDICT_GOOD;
}

/* --- the judgement ------------------------------------------------------------------------------
 */

static void describe(struct bytes key, const char *address, struct face *out)
{
	enum pk_type type;
	bool is_known = pubkey_type_find(pubkey_blob_type(key), &type);

	snprintf(out->type, sizeof(out->type), "%s",
		is_known ? identities_type_word(type) : "unknown");
	if (pubkey_fingerprint(key, out->print) != E_OK)
		out->print[0] = '\0';
	out->address = address;
}

/* A key known for the host's standard port is known. */
static void look_without_port(const struct hostkey *h, struct bytes key, struct known_answer *a)
{
	struct known_answer plain;

	if (h->plain_name[0] == '\0')
		return;
	log_write(LOG_LEVEL_DEBUG1, "checking without port identifier");
	known_check(h->settings, h->plain_name, key, &plain);
	if (plain.verdict == HOST_KNOWN || plain.verdict == HOST_REVOKED)
		*a = plain;
}

static struct hostkey_result decide(const struct hostkey *h, struct bytes key,
	const struct face *face, const struct known_answer *a)
{
	struct hostkey_result r = {VERDICT_BAD, false};

	switch (a->verdict) {
	case HOST_KNOWN:
		log_write(LOG_LEVEL_DEBUG1, "Host '%s' is known and matches the %s host key.",
			h->name, face->type);
		log_write(LOG_LEVEL_DEBUG1, "Found key in %s:%u", a->path, a->line);
		r.verdict = VERDICT_GOOD;
		break;
	case HOST_UNKNOWN:
	case HOST_OTHER_TYPE:
		r.verdict = judge_new(h, key, face, a);
		break;
	case HOST_CHANGED:
		warn_changed(h, face, a);
		if (h->settings->strict_hosts != STRICT_NO) {
			refuse_strict(h, "strict checking");
			break;
		}
		r.verdict = VERDICT_GOOD;
		r.is_unproven = true;
		break;
	case HOST_REVOKED:
		warn_revoked(h, face, a);
		break;
	case HOST_UNDECIDED:
		log_write(LOG_LEVEL_ERROR, "%s could not be searched for the key of %s.", a->path,
			h->name);
		break;
	}
	return r;
}

struct hostkey_result hostkey_judge(const struct hostkey *h, struct bytes key, const char *address)
{
	struct known_answer a;
	struct face face;

	describe(key, address, &face);
	known_check(h->settings, h->name, key, &a);
	if (a.verdict == HOST_UNKNOWN)
		look_without_port(h, key, &a);
	return decide(h, key, &face, &a);
}
