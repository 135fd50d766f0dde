/* SPDX-License-Identifier: ISC */
#include "client/hostupdate.h"

#include <stdlib.h>
#include <strings.h>

#include "base/log.h"
#include "keys/keyalg.h"
#include "wire/namelist.h"
#include "wire/reader.h"

enum { TOKEN = 0x686b7570 /* unlike any number of a forward */ };

static const char prove[] = "hostkeys-prove-00@openssh.com";

void hostupdate_init(struct hostupdate *u, const struct client_settings *s,
	const struct hostkey *hostkey, struct ask *ask)
{
	*u = (struct hostupdate){.settings = s, .hostkey = hostkey, .ask = ask};
}

static void forget(struct hostupdate *u)
{
	free(u->keys.ptr);
	u->keys = (struct span){0};
}

void hostupdate_stop(struct hostupdate *u)
{
	if (u->is_asked)
		ask_cancel(u->ask);
	u->is_asked = u->was_told = false;
	u->conn = NULL;
	forget(u);
}

/* --- what the relay has -------------------------------------------------------------------------
 */

/* Of a type that we would take from this host at another time, and not known in any way. */
static bool is_news(const struct hostupdate *u, struct bytes blob)
{
	struct bytes rest = bytes_str(u->settings->host_key_algorithms), name;
	struct bytes type = pubkey_blob_type(blob);
	struct known_from from = {.settings = u->settings};
	struct known_answer a;
	bool is_wanted = false;

	while (!is_wanted && namelist_next(&rest, &name))
		is_wanted = bytes_is(type, keyalg_find(name)->key_name);
	if (!is_wanted || keyalg_is_cert_type(type) || hostkey_is_revoked(u->hostkey, blob))
		return false;
	known_check(&from, hostkey_name(u->hostkey), blob, &a);
	return a.verdict == HOST_UNKNOWN || a.verdict == HOST_OTHER_TYPE ||
	       a.verdict == HOST_CHANGED;
}

/* Those that are news, as strings; there is room for all. */
static unsigned collect(const struct hostupdate *u, struct bytes data, struct writer *w)
{
	unsigned told = 0, news = 0;
	struct reader r;

	rd_init(&r, data);
	while (rd_left(&r) > 0 && told++ < HOSTUPDATE_KEYS_MAX) {
		struct bytes blob = rd_string(&r, LIMIT_BLOB);

		if (rd_ok(&r) && is_news(u, blob)) {
			wr_string(w, blob);
			news++;
		}
	}
	return news;
}

static void on_keys(struct hostupdate *u, struct bytes data)
{
	struct writer w;
	unsigned news;
	enum err e;

	/* Once a connection: what comes later is not asked about again and again. */
	if (u->was_told || u->settings->update_hosts == UPDATE_HOSTS_NO)
		return;
	if (!hostkey_is_own(u->hostkey)) {
		log_write(LOG_LEVEL_DEBUG1, "client_input_hostkeys: the host is in no file of the "
					    "user by its own name");
		return;
	}
	u->was_told = true;
	u->keys.ptr = malloc(data.len > 0 ? data.len : 1);
	if (u->keys.ptr == NULL)
		return;
	wr_init(&w, (struct span){u->keys.ptr, data.len});
	news = collect(u, data, &w);
	u->keys.len = wr_bytes(&w).len;
	log_write(LOG_LEVEL_DEBUG1, "client_input_hostkeys: %u new host keys", news);
	if (news == 0) {
		forget(u);
		return;
	}
	e = mux_global(session_mux(conn_session(u->conn)), prove, true, wr_bytes(&w), TOKEN);
	if (e != E_OK)
		forget(u);
}

/* --- the proof ----------------------------------------------------------------------------------
 */

/* string name, string session id, string key: signed by that key. */
static bool is_proven(const struct hostupdate *u, struct bytes blob, struct bytes signature)
{
	uint8_t mem[LIMIT_BLOB + 256];
	const struct sig_alg *alg = sig_alg_find(keyalg_of_signature(signature));
	struct pk *key = NULL;
	struct writer w;
	bool is_good = false;

	wr_init(&w, (struct span){mem, sizeof(mem)});
	wr_cstring(&w, prove);
	wr_string(&w, transport_session_id(session_transport(conn_session(u->conn))));
	wr_string(&w, blob);
	if (alg != NULL && wr_ok(&w) && pubkey_from_blob(blob, &key) == E_OK)
		is_good = pk_verify(key, alg, wr_bytes(&w), signature) == VERDICT_GOOD;
	pk_free(key);
	return is_good;
}

static bool are_proven(const struct hostupdate *u, struct bytes signatures)
{
	struct reader keys, proofs;

	rd_init(&keys, bytes_of(u->keys.ptr, u->keys.len));
	rd_init(&proofs, signatures);
	while (rd_left(&keys) > 0) {
		struct bytes blob = rd_string(&keys, LIMIT_BLOB);
		struct bytes signature = rd_string(&proofs, LIMIT_BLOB);

		if (!rd_ok(&proofs) || !is_proven(u, blob, signature))
			return false;
	}
	return rd_end(&proofs);
}

static void learn(struct hostupdate *u)
{
	struct reader r;

	rd_init(&r, bytes_of(u->keys.ptr, u->keys.len));
	while (rd_left(&r) > 0) {
		struct bytes blob = rd_string(&r, LIMIT_BLOB);
		struct fault f = {0};
		char print[FINGERPRINT_MAX];

		if (pubkey_fingerprint(blob, print) != E_OK)
			print[0] = '\0';
		if (hostkey_add(u->hostkey, blob, &f) == E_OK)
			log_write(LOG_LEVEL_INFO, "Learned new hostkey: %s %s",
				keyalg_word(pubkey_blob_type(blob)), print);
		else
			log_write(LOG_LEVEL_ERROR, "Updating the list of known hosts: %s", f.text);
	}
	forget(u);
}

static void on_answer(void *ctx, const char *answer)
{
	struct hostupdate *u = ctx;

	u->is_asked = false;
	if (answer != NULL && strcasecmp(answer, "yes") == 0)
		learn(u);
	else
		forget(u);
}

static void on_proof(struct hostupdate *u, const struct mux_event *ev)
{
	if (u->keys.len == 0)
		return;
	if (!ev->is_ok || !are_proven(u, ev->data)) {
		log_write(
			LOG_LEVEL_ERROR, "Server failed to confirm ownership of private host keys");
		forget(u);
	} else if (u->settings->update_hosts == UPDATE_HOSTS_YES) {
		learn(u);
	} else {
		log_write(LOG_LEVEL_INFO, "The server has updated its host keys.");
		u->is_asked = ask_person(
			u->ask, "Accept updated hostkeys? (yes/no): ", true, on_answer, u);
		if (!u->is_asked)
			forget(u);
	}
}

bool hostupdate_on_event(struct hostupdate *u, struct conn *c, const struct mux_event *ev)
{
	u->conn = c;
	if (ev->kind == MUX_GLOBAL_REQUEST && !ev->want_reply &&
		bytes_is(ev->name, "hostkeys-00@openssh.com")) {
		on_keys(u, ev->data);
		return true;
	}
	if (ev->kind != MUX_GLOBAL_REPLY || ev->token != TOKEN)
		return false;
	on_proof(u, ev);
	return true;
}
