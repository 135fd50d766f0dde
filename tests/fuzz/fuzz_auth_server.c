/* SPDX-License-Identifier: ISC */
/*
 * Login, relay's side. Input: a byte whose bits are the program's answers in turn, then messages,
 * each behind its length in two bytes. Whoever is let in holds the key that the last message
 * carried a signature of, and was allowed; nothing is sent without a message; counts stay in their
 * bounds.
 */
#include "fuzz.h"

#include "auth/publickey.h"
#include "auth/server.h"
#include "fakeport.h"
#include "wire/msgs.h"
#include "wire/reader.h"

static const uint8_t session_id[32];

/* The key of a signed publickey request; empty for anything else. */
static struct bytes signed_key(struct bytes payload)
{
	struct publickey p = {0};
	struct reader r;
	struct bytes method;

	rd_init(&r, payload);
	if (rd_u8(&r) != MSG_USERAUTH_REQUEST)
		return (struct bytes){0};
	rd_string(&r, payload.len);
	rd_string(&r, payload.len);
	method = rd_string(&r, payload.len);
	if (!bytes_is(method, "publickey") || publickey_read(&r, &p) != E_OK || !p.is_signed)
		return (struct bytes){0};
	return p.blob;
}

static void check_login(const struct auth_server *a, struct bytes payload, bool is_allowed)
{
	PROMISE(is_allowed);
	PROMISE(auth_server_key(a).len > 0);
	PROMISE(bytes_eq(auth_server_key(a), signed_key(payload)));
	PROMISE(!auth_server_is_query(a));
	PROMISE(auth_server_user(a)[0] != '\0');
	PROMISE(strlen(auth_server_user(a)) <= AUTH_USER_MAX);
	PROMISE(auth_server_has_service(a));
}

/* One message and its answer; false when the connection is over. */
static bool step(
	struct auth_server *a, struct fakeport *port, struct bytes payload, bool is_allowed)
{
	enum auth_server_event ev;
	struct fault f = {0};
	enum err e = auth_server_on(a, payload, &ev, &f);

	PROMISE(ev != AUTH_SERVER_LOGIN);
	if (e == E_OK && ev == AUTH_SERVER_ASKS) {
		PROMISE(port->count == 0);
		PROMISE(auth_server_key(a).len > 0 && auth_server_user(a)[0] != '\0');
		e = auth_server_answer(a, is_allowed, &ev, &f);
		if (ev == AUTH_SERVER_LOGIN)
			check_login(a, payload, is_allowed);
	}
	PROMISE((e == E_OK) == (f.err == E_OK));
	PROMISE(e != E_OK || port->count == 1);
	PROMISE(auth_server_failures(a) <= LIMIT_AUTH_FAILURES);
	fakeport_clear(port);
	return e == E_OK && ev != AUTH_SERVER_LOGIN;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fakeport *port = fakeport_again();
	struct auth_server_config cfg = {.sig_algs = sig_default_list(),
		.failures_max = LIMIT_AUTH_FAILURES,
		.session_id = bytes_of(session_id, sizeof(session_id)),
		.port = fakeport_port(port)};
	struct auth_server *a;
	struct reader r;
	uint8_t answers;

	PROMISE(auth_server_new(&cfg, &a) == E_OK);
	rd_init(&r, bytes_of(data, size));
	answers = rd_u8(&r);
	while (rd_left(&r) > 0) {
		size_t len = (size_t)rd_u8(&r) << 8 | rd_u8(&r);

		if (len > rd_left(&r))
			len = rd_left(&r);
		if (!step(a, port, rd_raw(&r, len), answers & 1))
			break;
		answers = (uint8_t)(answers >> 1 | answers << 7);
	}
	auth_server_free(a);
	return 0;
}
