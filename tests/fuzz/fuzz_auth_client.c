/* SPDX-License-Identifier: ISC */
/*
 * Login, agent's side. Input: a byte that says how many keys there are, which of them can sign (the
 * third, in hardware, is known only once it is loaded),
 * whether a person is asked and answers, then the server's messages, each behind its length in two
 * bytes. A login is only ever the answer to a signature, a password or an answer sent, no key is
 * tried twice, and the number 60 is expected only while somebody can say it.
 */
#include "fuzz.h"

#include "auth/client.h"
#include "auth/publickey.h"
#include "crypto/pk.h"
#include "fakeport.h"
#include "wire/msgs.h"
#include "wire/reader.h"

enum { KEYS = 3, HARDWARE = 2 };

static const uint8_t session_id[32];

struct run {
	struct auth_client *a;
	struct auth_identity ids[KEYS];
	struct fakeport *port;
	unsigned signs;	    /* bit n: identity n can */
	unsigned tried;	    /* bit n: identity n was signed with */
	bool has_signature; /* the last message that left was a signed request */
	bool has_proof;	    /* something only we can give left, and was not refused since */
	bool answers;	    /* the person does */
};

/* A signature of the right form; the server alone could tell that it is none. */
static struct bytes form_signature(const struct run *run, uint8_t *mem, size_t cap)
{
	struct writer w;

	wr_init(&w, (struct span){mem, cap});
	wr_cstring(&w, auth_client_alg(run->a)->sig_name);
	wr_cstring(&w, "signature");
	if (auth_client_alg(run->a)->is_sk)
		wr_raw(&w, bytes_of("\1\0\0\0\7", 5));
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

static enum err load(struct run *run, enum auth_client_event *ev, struct fault *f)
{
	struct auth_identity *id = &run->ids[auth_client_index(run->a)];

	PROMISE(auth_client_index(run->a) == HARDWARE && id->blob.len == 0);
	if (run->signs & 1U << HARDWARE)
		id->blob = bytes_of("\0\0\0\32sk-ssh-ed25519@openssh.com", 30);
	return auth_client_loaded(run->a, ev, f);
}

static enum err reply(struct run *run, enum auth_client_event *ev, struct fault *f)
{
	const struct auth_prompt *p = auth_client_prompt(run->a);

	PROMISE(!p->is_password || (p->text.len == 0 && p->name.len == 0));
	return auth_client_reply(run->a, bytes_str("secret"), run->answers, ev, f);
}

static bool asks_something(struct reader *r)
{
	return rd_u32(r) > 0 && rd_ok(r);
}

/* Looks at what left; at most one message leaves at a time. */
static void take_output(struct run *run)
{
	struct bytes m;

	PROMISE(run->port->count <= 1);
	while ((m = fakeport_take(run->port)).len > 0) {
		struct publickey p = {0};
		struct bytes method;
		struct reader r;

		rd_init(&r, m);
		run->has_signature = false;
		if (m.ptr[0] == MSG_USERAUTH_INFO_RESPONSE) {
			rd_u8(&r);
			run->has_proof |= asks_something(&r);
			continue;
		}
		PROMISE(rd_u8(&r) == MSG_USERAUTH_REQUEST);
		PROMISE(bytes_is(rd_string(&r, 64), "bob"));
		PROMISE(bytes_is(rd_string(&r, 64), "ssh-connection"));
		method = rd_string(&r, 64);
		run->has_proof |= bytes_is(method, "password");
		if (bytes_is(method, "publickey")) {
			PROMISE(publickey_read(&r, &p) == E_OK);
			run->has_signature = p.is_signed;
			run->has_proof |= p.is_signed;
		}
	}
}

static bool step(struct run *run, struct bytes payload)
{
	enum auth_client_event ev;
	struct fault f = {0};
	bool has_proof = run->has_proof;
	enum err e = auth_client_on(run->a, payload, &ev, &f);

	if (e == E_OK && ev == AUTH_CLIENT_LOGIN)
		PROMISE(has_proof && payload.len == 1);
	if (e == E_OK && ev == AUTH_CLIENT_BANNER)
		PROMISE(auth_client_banner(run->a).len <= LIMIT_BANNER);
	if (e == E_OK && payload.ptr[0] == MSG_USERAUTH_FAILURE &&
		payload.ptr[payload.len - 1] == 0)
		run->has_proof = false;
	for (;;) {
		if (e == E_OK && ev == AUTH_CLIENT_SIGNS)
			e = sign(run, &ev, &f);
		else if (e == E_OK && ev == AUTH_CLIENT_ASKS)
			e = reply(run, &ev, &f);
		else if (e == E_OK && ev == AUTH_CLIENT_LOADS)
			e = load(run, &ev, &f);
		else
			break;
	}
	PROMISE((e == E_OK) == (f.err == E_OK));
	take_output(run);
	if (run->has_signature)
		PROMISE(auth_client_expects(run->a) == 0);
	return e == E_OK && ev != AUTH_CLIENT_LOGIN && ev != AUTH_CLIENT_REFUSED;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run run = {.port = fakeport_again(),
		.ids = {{.blob = bytes_of("\0\0\0\13ssh-ed25519a", 16)},
			{.blob = bytes_of("\0\0\0\7ssh-rsab", 12)}}};
	struct auth_client_config cfg = {.user = "bob",
		.sig_algs = keyalg_login_list(),
		.identities = run.ids,
		.session_id = bytes_of(session_id, sizeof(session_id)),
		.port = fakeport_port(run.port)};
	struct reader r;
	uint8_t control;

	rd_init(&r, bytes_of(data, size));
	control = rd_u8(&r);
	cfg.identity_count = control & 3;
	run.signs = control >> 2 & 7;
	run.answers = control & 0x20;
	if (control & 0x40) {
		cfg.methods = "publickey,keyboard-interactive,password";
		cfg.prompts_max = 2;
	}
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
