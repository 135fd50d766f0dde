/* SPDX-License-Identifier: ISC */
/*
 * Login, agent's side. Input: a byte that says how many keys there are and which of them can sign,
 * then the server's messages, each behind its length in two bytes. A login is only ever the answer
 * to a signature just sent, no key is tried twice, and the number 60 is expected only while a query
 * is open.
 */
#include "fuzz.h"

#include "auth/client.h"
#include "auth/publickey.h"
#include "fakeport.h"
#include "wire/msgs.h"
#include "wire/reader.h"

enum { KEYS = 3 };

static const uint8_t session_id[32];

struct run {
	struct auth_client *a;
	struct fakeport *port;
	unsigned signs;	    /* bit n: identity n can */
	unsigned tried;	    /* bit n: identity n was signed with */
	bool has_signature; /* the last message that left was a signed request */
};

/* A signature of the right form; the server alone could tell that it is none. */
static struct bytes form_signature(const struct run *run, uint8_t *mem, size_t cap)
{
	struct writer w;

	wr_init(&w, (struct span){mem, cap});
	wr_cstring(&w, auth_client_sig_alg(run->a)->name);
	wr_cstring(&w, "signature");
	return wr_bytes(&w);
}

static enum err sign(struct run *run, enum auth_client_event *ev, struct fault *f)
{
	size_t i = auth_client_index(run->a);
	uint8_t mem[64];

	PROMISE(i < KEYS);
	PROMISE(auth_client_to_sign(run->a).len > 4 + sizeof(session_id));
	PROMISE(!(run->tried & 1U << i));
	if (!(run->signs & 1U << i))
		return auth_client_answer(run->a, (struct bytes){0}, ev, f);
	run->tried |= 1U << i;
	return auth_client_answer(run->a, form_signature(run, mem, sizeof(mem)), ev, f);
}

/* Looks at what left; at most one message leaves at a time. */
static void take_output(struct run *run)
{
	struct bytes m;

	PROMISE(run->port->count <= 1);
	while ((m = fakeport_take(run->port)).len > 0) {
		struct publickey p = {0};
		struct reader r;

		rd_init(&r, m);
		PROMISE(rd_u8(&r) == MSG_USERAUTH_REQUEST);
		PROMISE(bytes_is(rd_string(&r, 64), "bob"));
		PROMISE(bytes_is(rd_string(&r, 64), "ssh-connection"));
		run->has_signature = false;
		if (bytes_is(rd_string(&r, 64), "publickey")) {
			PROMISE(publickey_read(&r, &p) == E_OK);
			run->has_signature = p.is_signed;
		}
	}
}

static bool step(struct run *run, struct bytes payload)
{
	enum auth_client_event ev;
	struct fault f = {0};
	bool is_answer = run->has_signature;
	enum err e = auth_client_on(run->a, payload, &ev, &f);

	if (e == E_OK && ev == AUTH_CLIENT_LOGIN)
		PROMISE(is_answer && payload.len == 1);
	if (e == E_OK && ev == AUTH_CLIENT_BANNER)
		PROMISE(auth_client_banner(run->a).len <= LIMIT_BANNER);
	while (e == E_OK && ev == AUTH_CLIENT_SIGNS)
		e = sign(run, &ev, &f);
	PROMISE((e == E_OK) == (f.err == E_OK));
	take_output(run);
	if (run->has_signature)
		PROMISE(auth_client_expects(run->a) == 0);
	return e == E_OK && ev != AUTH_CLIENT_LOGIN && ev != AUTH_CLIENT_REFUSED;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct auth_identity ids[KEYS] = {
		{PK_ED25519, {(const uint8_t *)"a", 1}},
		{PK_RSA, {(const uint8_t *)"b", 1}},
		{PK_ECDSA_256, {(const uint8_t *)"c", 1}},
	};
	struct run run = {.port = fakeport_again()};
	struct auth_client_config cfg = {.user = "bob",
		.sig_algs = sig_default_list(),
		.identities = ids,
		.session_id = bytes_of(session_id, sizeof(session_id)),
		.port = fakeport_port(run.port)};
	struct reader r;
	uint8_t control;

	rd_init(&r, bytes_of(data, size));
	control = rd_u8(&r);
	cfg.identity_count = control & 3;
	run.signs = control >> 2;
	PROMISE(auth_client_new(&cfg, &run.a) == E_OK);
	PROMISE(auth_client_start(run.a) == E_OK);
	fakeport_take(run.port);
	if (control & 0x80)
		PROMISE(auth_client_learn(run.a, bytes_str("rsa-sha2-256,ssh-ed25519")) == E_OK);
	while (rd_left(&r) > 0) {
		size_t len = (size_t)rd_u8(&r) << 8 | rd_u8(&r);

		if (len > rd_left(&r))
			len = rd_left(&r);
		if (!step(&run, rd_raw(&r, len)))
			break;
	}
	auth_client_free(run.a);
	return 0;
}
