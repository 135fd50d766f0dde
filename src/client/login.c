/* SPDX-License-Identifier: ISC */
#include "client/login.h"

#include "base/log.h"
#include "base/text.h"

enum { LINE_TEXT = 1024, KEY_TEXT = 512 };

void login_on_sign(struct conn *c, const struct identities *ids, const struct event *ev)
{
	uint8_t signature[PK_SIGNATURE_MAX];
	char what[KEY_TEXT];
	size_t len = 0;
	enum err e;

	identities_describe(ids, ev->index, what, sizeof(what));
	log_write(LOG_LEVEL_DEBUG1, "Offering public key: %s", what);
	e = pk_sign(ids->items[ev->index]->key, ev->alg, ev->data,
		(struct span){signature, sizeof(signature)}, &len);
	if (e != E_OK)
		log_write(LOG_LEVEL_ERROR, "sign_and_send_pubkey: signing failed for %s: %s", what,
			err_text(e));
	session_answer_sign(
		conn_session(c), bytes_of(signature, e == E_OK ? len : 0), hub_now(conn_hub(c)));
}

void login_on_banner(const struct event *ev)
{
	struct bytes rest = ev->data;

	while (rest.len > 0) {
		const uint8_t *end = memchr(rest.ptr, '\n', rest.len);
		size_t len = end != NULL ? (size_t)(end - rest.ptr) : rest.len;
		size_t shown = len > 0 && rest.ptr[len - 1] == '\r' ? len - 1 : len;
		char line[LINE_TEXT];

		log_write(LOG_LEVEL_INFO, "%s",
			text_escape(line, sizeof(line), bytes_of(rest.ptr, shown)));
		rest = bytes_of(rest.ptr + len, rest.len - len);
		if (rest.len > 0)
			rest = bytes_of(rest.ptr + 1, rest.len - 1);
	}
}

void login_on_success(const struct conn *c, const struct client_settings *s)
{
	char host[SOCK_TEXT_MAX];

	sock_host(conn_peer(c), host);
	log_write(LOG_LEVEL_VERBOSE, "Authenticated to %s ([%s]:%u) using \"publickey\".",
		s->hostname, host, sock_port(conn_peer(c)));
}
