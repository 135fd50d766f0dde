/* SPDX-License-Identifier: ISC */
/*
 * What is known is decided in known.c; here, what follows from it. Every way that is not spelled
 * out ends in a refusal.
 */
#include "client/hostkey.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/log.h"
#include "client/files.h"
#include "client/hostcert.h"
#include "client/knowncommand.h"
#include "keys/keyalg.h"
#include "keys/revoked.h"
#include "wire/namelist.h"

enum { SSH_PORT = 22, ANSWER_MAX = 128 };

enum err hostkey_init(
	struct hostkey *h, const struct client_settings *s, struct rng *rng, struct fault *f)
{
	enum err e;

	*h = (struct hostkey){.settings = s, .rng = rng};
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

/* --- where it is known from ---------------------------------------------------------------------
 */

/* What the command says counts for the name with the port only, as in ssh. */
static void look(
	const struct hostkey *h, const char *name, struct bytes key, struct known_answer *a)
{
	struct known_from from = {.settings = h->settings};

	if (name == h->name)
		from.said = bytes_of(h->said.ptr, h->said.len);
	known_check(&from, name, key, a);
}

static void forget_said(struct hostkey *h)
{
	free(h->said.ptr);
	h->said = (struct span){0};
}

/* Asks KnownHostsCommand, if there is one. */
static bool ask_command(struct hostkey *h, const char *why, const char *name, struct bytes key)
{
	struct fault f = {0};

	forget_said(h);
	if (!knowncommand_is_set(h->settings) ||
		knowncommand_run(h->settings, why, name, key, &h->said, &f) == E_OK)
		return true;
	log_write(LOG_LEVEL_ERROR, "%s", f.text);
	return false;
}

/* --- the offer ----------------------------------------------------------------------------------
 */

/* What a host needs to have in known_hosts for an algorithm to be of use. */
static const char *plain_type(const struct keyalg *alg)
{
	return strncmp(alg->sig_name, "rsa-", 4) == 0 ? "ssh-rsa" : alg->sig_name;
}

struct wish {
	const char *types; /* of keys that are known */
	bool has_authority;
};

static bool is_of_use(const struct wish *w, const struct keyalg *alg)
{
	return (alg->is_cert && w->has_authority) ||
	       namelist_has(bytes_str(w->types), plain_type(alg));
}

/* Appends the algorithms of list that are (or are not) of use. */
static void append_algs(
	char out[static HOSTKEY_ALGS_MAX], const char *list, const struct wish *w, bool is_wanted)
{
	struct bytes rest = bytes_str(list), name;

	while (namelist_next(&rest, &name)) {
		const struct keyalg *alg = keyalg_find(name);
		size_t len = strlen(out);

		if (alg == NULL || is_of_use(w, alg) != is_wanted ||
			len + 1 + name.len + 1 > HOSTKEY_ALGS_MAX)
			continue;
		snprintf(out + len, HOSTKEY_ALGS_MAX - len, "%s%s", len > 0 ? "," : "", alg->name);
	}
}

/* Does the list as it stands lead to a key that is known? Its first name counts, which a server
 * with keys of all types would take. */
static bool is_fine_as_it_is(const char *list, const struct wish *w)
{
	struct bytes rest = bytes_str(list), name;
	const struct keyalg *alg = namelist_next(&rest, &name) ? keyalg_find(name) : NULL;

	return alg == NULL || namelist_has(bytes_str(w->types), plain_type(alg)) ||
	       (w->types[0] == '\0' && !w->has_authority);
}

/* Whoever listens learns from the order whether we know the host (CVE-2020-14145), so it is touched
 * only where it has to be: hosts that are not known and those known by a key of the first type,
 * which are nearly all, are asked in the same way. */
void hostkey_algorithms(struct hostkey *h, char list[static HOSTKEY_ALGS_MAX])
{
	const char *wanted = h->settings->host_key_algorithms;
	struct known_from from = {.settings = h->settings};
	char types[KNOWN_TYPES_MAX];
	struct wish w = {types, false};

	list[0] = '\0';
	if (ask_command(h, "ORDER", h->name, bytes_of(NULL, 0)))
		from.said = bytes_of(h->said.ptr, h->said.len);
	w.has_authority = known_has_authority(&from, h->name);
	known_types(&from, h->name, types);
	if (types[0] == '\0' && from.said.len > 0)
		known_types(&from, h->settings->hostname, types);
	forget_said(h);
	from.said = bytes_of(NULL, 0);
	if (h->plain_name[0] != '\0') {
		if (types[0] == '\0')
			known_types(&from, h->plain_name, types);
		w.has_authority |= known_has_authority(&from, h->plain_name);
	}
	if (strcmp(wanted, keyalg_host_list()) != 0 || is_fine_as_it_is(wanted, &w)) {
		snprintf(list, HOSTKEY_ALGS_MAX, "%s", wanted);
		return;
	}
	append_algs(list, wanted, &w, true);
	log_write(LOG_LEVEL_DEBUG3, "prefer hostkeyalgs: %s", list);
	append_algs(list, wanted, &w, false);
}

/* --- messages -----------------------------------------------------------------------------------
 */

static const char frame[] = "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@";

static void warn_changed(
	const struct hostkey *h, const struct hostkey_face *key, const struct known_answer *a)
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
	const struct hostkey *h, const struct hostkey_face *key, const struct known_answer *a)
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

const char *hostkey_name(const struct hostkey *h)
{
	return h->name;
}

bool hostkey_is_own(const struct hostkey *h)
{
	return h->is_own;
}

enum err hostkey_add(const struct hostkey *h, struct bytes key, struct fault *f)
{
	return known_add(h->settings, h->name, key, h->rng, f);
}

/* The address too, where it is checked: a line for each. */
static void learn(struct hostkey *h, struct bytes key)
{
	bool has_ip = hostip_is_new(&h->ip);
	struct fault f = {0};

	h->is_own = hostkey_add(h, key, &f) == E_OK &&
		    (!has_ip || known_add(h->settings, h->ip.name, key, h->rng, &f) == E_OK);
	if (h->is_own)
		log_write(LOG_LEVEL_INFO,
			"Warning: Permanently added '%s%s%s' (%s) to the list of known hosts.",
			h->name, has_ip ? "," : "", has_ip ? h->ip.name : "", h->face.type);
	else
		log_write(LOG_LEVEL_INFO,
			"Failed to add the host to the list of known hosts (%s): %s",
			h->settings->known_hosts_count > 0 ? h->settings->known_hosts[0] : "none",
			f.text);
}

/* The name is known, its address is not. */
static void learn_ip(struct hostkey *h, struct bytes key)
{
	struct fault f = {0};

	if (!h->is_own)
		log_write(LOG_LEVEL_INFO,
			"%s host key for IP address '%s' not in list of known hosts.", h->face.type,
			h->ip.name);
	else if (known_add(h->settings, h->ip.name, key, h->rng, &f) == E_OK)
		log_write(LOG_LEVEL_INFO,
			"Warning: Permanently added the %s host key for IP address '%s' to the "
			"list of known hosts.",
			h->face.type, h->ip.name);
	else
		log_write(LOG_LEVEL_INFO,
			"Failed to add the %s host key for IP address '%s' to the list of known "
			"hosts (%s): %s",
			h->face.type, h->ip.name, h->settings->known_hosts[0], f.text);
}

static bool is_users_file(const struct client_settings *s, const char *path)
{
	for (size_t i = 0; i < s->known_hosts_count; i++)
		if (s->known_hosts[i] == path)
			return true;
	return false;
}

static void word_question(struct hostkey *h, const char *address, const struct known_answer *a)
{
	char words[HOSTIP_WORDS_MAX] = "";

	if (hostip_differs(&h->ip))
		hostip_words(&h->ip, h->face.type, h->name, a, words);
	snprintf(h->question, sizeof(h->question),
		"%s%sThe authenticity of host '%s (%s)' can't be established.\n"
		"%s key fingerprint is %s.\n"
		"%s\n"
		"Are you sure you want to continue connecting (yes/no/[fingerprint])? ",
		words, words[0] != '\0' ? "\n" : "", h->name, address, h->face.type, h->face.print,
		a->verdict == HOST_OTHER_TYPE
			? "Careful: keys of other types are known for this host."
			: "No key is known for this host.");
}

/* The address has another key than the one that is shown. True: nothing more is in the way. */
static struct hostkey_result judge_ip(struct hostkey *h, const struct known_answer *a)
{
	struct hostkey_result r = {.verdict = VERDICT_BAD};
	char words[HOSTIP_WORDS_MAX];

	hostip_words(&h->ip, h->face.type, h->name, a, words);
	if (h->settings->strict_hosts == STRICT_ASK) {
		snprintf(h->question, sizeof(h->question),
			"%s\nAre you sure you want to continue connecting (yes/no)? ", words);
		h->is_about_ip = r.is_asking = true;
		return r;
	}
	for (const char *line = words; line != NULL;) {
		const char *end = strchr(line, '\n');

		log_write(LOG_LEVEL_INFO, "%.*s", end != NULL ? (int)(end - line) : -1, line);
		line = end != NULL ? end + 1 : NULL;
	}
	if (h->settings->strict_hosts == STRICT_NO)
		r.verdict = VERDICT_GOOD;
	else
		log_write(LOG_LEVEL_ERROR, "Exiting, you have requested strict checking.");
	return r;
}

static struct hostkey_result judge_new(
	struct hostkey *h, struct bytes key, const char *address, const struct known_answer *a)
{
	struct hostkey_result bad = {.verdict = VERDICT_BAD};

	if (h->settings->verify_dns != VERIFY_DNS_NO)
		log_write(LOG_LEVEL_INFO, "VerifyHostKeyDNS: no key is looked for in DNS; without "
					  "DNSSEC its word could not be trusted");
	switch (h->settings->strict_hosts) {
	case STRICT_YES:
		log_write(LOG_LEVEL_ERROR,
			"No %s host key is known for %s and you have requested strict checking.",
			h->face.type, h->name);
		return bad;
	case STRICT_ASK:
		word_question(h, address, a);
		bad.is_asking = true;
		return bad;
	case STRICT_ACCEPT_NEW:
		/* A host we know by a key of another type is not new: who stands in between could
		 * simply offer a type we have not seen. */
		if (a->verdict == HOST_OTHER_TYPE) {
			warn_changed(h, &h->face, a);
			refuse_strict(h, "to accept only new hosts");
			return bad;
		}
		break;
	case STRICT_NO:
		break;
	}
	if (hostip_differs(&h->ip) && judge_ip(h, a).verdict != VERDICT_GOOD)
		return bad;
	learn(h, key);
	return (struct hostkey_result){.verdict = VERDICT_GOOD};
}

const char *hostkey_question(const struct hostkey *h)
{
	return h->question;
}

/* Blanks around the answer do not count. */
static void trim(const char *from, char to[static ANSWER_MAX])
{
	size_t len;

	from += strspn(from, " \t");
	snprintf(to, ANSWER_MAX, "%s", from);
	for (len = strlen(to); len > 0 && strchr(" \t", to[len - 1]) != NULL;)
		to[--len] = '\0';
}

struct hostkey_result hostkey_answer(struct hostkey *h, const char *answer)
{
	struct hostkey_result r = {.verdict = VERDICT_BAD};
	char word[ANSWER_MAX];

	if (answer == NULL)
		return r;
	trim(answer, word);
	if (h->is_about_ip && strcasecmp(word, "yes") == 0) {
		r.verdict = VERDICT_GOOD;
	} else if (!h->is_about_ip &&
		   (strcasecmp(word, "yes") == 0 || strcmp(word, h->face.print) == 0)) {
		learn(h, bytes_of(h->judged, h->judged_len));
		r.verdict = VERDICT_GOOD;
	} else if (word[0] != '\0' && strcasecmp(word, "no") != 0) {
		snprintf(h->question, sizeof(h->question),
			h->is_about_ip ? "Please type 'yes' or 'no': "
				       : "Please type 'yes', 'no' or the fingerprint: ");
		r.is_asking = true;
	}
	return r;
}

/* --- the judgement ------------------------------------------------------------------------------
 */

static void describe(struct bytes key, struct hostkey_face *out)
{
	snprintf(out->type, sizeof(out->type), "%s", keyalg_word(pubkey_blob_type(key)));
	if (pubkey_fingerprint(key, out->print) != E_OK)
		out->print[0] = '\0';
}

/* A key known for the host's standard port is known. */
static void look_without_port(const struct hostkey *h, struct bytes key, struct known_answer *a)
{
	struct known_answer plain;

	if (h->plain_name[0] == '\0')
		return;
	log_write(LOG_LEVEL_DEBUG1, "checking without port identifier");
	look(h, h->plain_name, key, &plain);
	if (plain.verdict == HOST_KNOWN || plain.verdict == HOST_REVOKED)
		*a = plain;
}

static struct hostkey_result decide(
	struct hostkey *h, struct bytes key, const char *address, const struct known_answer *a)
{
	struct hostkey_result r = {.verdict = VERDICT_BAD};

	switch (a->verdict) {
	case HOST_KNOWN:
		log_write(LOG_LEVEL_DEBUG1, "Host '%s' is known and matches the %s host key.",
			h->name, h->face.type);
		log_write(LOG_LEVEL_DEBUG1, "Found key in %s:%u", a->path, a->line);
		r.verdict = VERDICT_GOOD;
		if (hostip_is_new(&h->ip))
			learn_ip(h, key);
		else if (hostip_differs(&h->ip))
			r = judge_ip(h, a);
		break;
	case HOST_UNKNOWN:
	case HOST_OTHER_TYPE:
		r = judge_new(h, key, address, a);
		break;
	case HOST_CHANGED:
		hostip_warn_spoofing(&h->ip, h->face.type, h->name);
		warn_changed(h, &h->face, a);
		if (h->settings->strict_hosts != STRICT_NO) {
			refuse_strict(h, "strict checking");
			break;
		}
		r.verdict = VERDICT_GOOD;
		r.is_unproven = true;
		break;
	case HOST_REVOKED:
		warn_revoked(h, &h->face, a);
		break;
	case HOST_UNDECIDED:
		log_write(LOG_LEVEL_ERROR, "%s could not be searched for the key of %s.", a->path,
			h->name);
		break;
	}
	return r;
}

static struct hostkey_result judge_plain(
	struct hostkey *h, struct bytes key, const struct hostip_peer *peer)
{
	struct fault f = {0};
	struct known_answer a;

	memcpy(h->judged, key.ptr, key.len);
	h->judged_len = key.len;
	describe(key, &h->face);
	look(h, h->name, key, &a);
	h->is_own = a.verdict == HOST_KNOWN && is_users_file(h->settings, a.path);
	if (a.verdict == HOST_UNKNOWN)
		look_without_port(h, key, &a);
	h->found = a;
	h->is_judged = true;
	h->is_cert = false;
	if (hostip_look(&h->ip, h->settings, h->name, peer, key, &f) != E_OK) {
		log_write(LOG_LEVEL_ERROR, "%s", f.text);
		return (struct hostkey_result){.verdict = VERDICT_BAD};
	}
	return decide(h, key, peer->name, &a);
}

/* A key that is revoked is not made good by a certificate. */
static bool is_revoked(struct hostkey *h, struct bytes key)
{
	struct known_answer a;

	describe(key, &h->face);
	look(h, h->name, key, &a);
	if (a.verdict != HOST_REVOKED)
		look_without_port(h, key, &a);
	if (a.verdict == HOST_REVOKED) {
		warn_revoked(h, &h->face, &a);
		h->found = a;
	}
	return a.verdict == HOST_REVOKED;
}

static struct hostkey_result judge_cert(
	struct hostkey *h, struct bytes blob, const struct hostip_peer *peer)
{
	const struct client_settings *s = h->settings;
	const char *const names[] = {h->name, h->plain_name};
	const struct known_from from = {s, bytes_of(h->said.ptr, h->said.len)};
	struct hostkey_result r = {.verdict = VERDICT_BAD};
	struct known_answer a;
	uint8_t plain[LIMIT_BLOB];
	struct cert c;
	size_t len;

	h->found = (struct known_answer){.verdict = HOST_UNDECIDED};
	h->is_judged = h->is_cert = true;
	if (cert_parse(blob, &c) != E_OK ||
		cert_plain(&c, (struct span){plain, sizeof(plain)}, &len) != E_OK) {
		log_write(LOG_LEVEL_ERROR, "The host certificate of %s is malformed.", h->name);
		return r;
	}
	switch (hostcert_judge(&from, names, h->plain_name[0] != '\0' ? 2 : 1,
		s->host_key_alias != NULL ? s->host_key_alias : s->hostname, &c, &a)) {
	case HOSTCERT_PLAIN:
		return judge_plain(h, bytes_of(plain, len), peer);
	case HOSTCERT_BAD:
		return r;
	case HOSTCERT_GOOD:
		break;
	}
	if (is_revoked(h, bytes_of(plain, len)))
		return r;
	h->found = (struct known_answer){HOST_KNOWN, a.path, a.line};
	log_write(LOG_LEVEL_DEBUG1, "Host '%s' is known and matches the %s host certificate.",
		h->name, keyalg_word(bytes_str(c.type)));
	log_write(LOG_LEVEL_DEBUG1, "Found CA key in %s:%u", a.path, a.line);
	r.verdict = VERDICT_GOOD;
	return r;
}

bool hostkey_is_revoked(const struct hostkey *h, struct bytes key)
{
	const struct client_settings *s = h->settings;
	struct hostkey_face face;

	describe(key, &face);
	for (size_t i = 0; i < s->revoked_host_keys_count; i++) {
		const char *path = s->revoked_host_keys[i];
		struct file_content file;
		struct fault f = {0};
		enum verdict v = VERDICT_BAD;

		if (files_read(path, FILES_HOSTS_MAX, &file, &f) != E_OK) {
			log_write(LOG_LEVEL_ERROR,
				"Error checking host key %s %s in revoked keys file %s: %s",
				face.type, face.print, path, f.text);
			return true;
		}
		v = revoked_check(files_bytes(&file), key, &f);
		files_free(&file);
		if (v == VERDICT_GOOD)
			continue;
		log_write(LOG_LEVEL_ERROR, "Host key %s %s revoked by file %s (%s)", face.type,
			face.print, path, f.text);
		return true;
	}
	return false;
}

/* Whoever is on this machine is trusted: the same home may be on many, each with a key of its own.
 */
static bool is_trusted_as_local(const struct hostkey *h, const struct hostip_peer *peer)
{
	return h->settings->trusts_localhost && peer->is_local && !peer->is_proxied &&
	       h->settings->host_key_alias == NULL;
}

struct hostkey_result hostkey_judge(
	struct hostkey *h, struct bytes key, const struct hostip_peer *peer)
{
	struct hostkey_result r = {.verdict = VERDICT_BAD};

	h->is_own = h->is_about_ip = false;
	h->ip = (struct hostip){0};
	if (key.len > sizeof(h->judged) || hostkey_is_revoked(h, key))
		return r;
	if (is_trusted_as_local(h, peer)) {
		log_write(
			LOG_LEVEL_DEBUG1, "Forcing accepting of host key for loopback/localhost.");
		r.verdict = VERDICT_GOOD;
		return r;
	}
	if (!ask_command(h, "HOSTNAME", h->name, key))
		return r;
	r = keyalg_is_cert_type(pubkey_blob_type(key)) ? judge_cert(h, key, peer)
						       : judge_plain(h, key, peer);
	forget_said(h);
	return r;
}
