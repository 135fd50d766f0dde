/* SPDX-License-Identifier: ISC */
/* A client of the login in front of a port that keeps what it says, and what a server would answer. */
#ifndef UNIT_AUTH_CLIENT_BENCH_H
#define UNIT_AUTH_CLIENT_BENCH_H

#include "auth/client.h"
#include "authkey.h"
#include "fakeport.h"
#include "harness.h"
#include "wire/namelist.h"
#include "wire/reader.h"

static const uint8_t session_id[32] = {7, 1, 9};

struct bench {
	struct fakeport *port;
	struct auth_identity ids[AUTHKEYS];
	size_t keys[AUTHKEYS]; /* which pair each identity is */
	struct auth_client *a;
	struct fault f;
	enum auth_client_event ev;
};

/* A client that holds these keys, with its service accepted unless it is left out. */
static inline void start(struct bench *b, const size_t *keys, size_t count, const char *server_algs)
{
	struct auth_client_config cfg;

	*b = (struct bench){.port = fakeport_new()};
	for (size_t i = 0; i < count; i++) {
		struct authkey_pair *k = authkey_pair_at(keys[i]);

		b->ids[i] = (struct auth_identity){.blob = k->blob};
		b->keys[i] = keys[i];
	}
	cfg = (struct auth_client_config){.user = "bob",
		.sig_algs = keyalg_login_list(),
		.identities = b->ids,
		.identity_count = count,
		.session_id = bytes_of(session_id, sizeof(session_id)),
		.port = fakeport_port(b->port)};
	REQUIRE_EQ(auth_client_new(&cfg, &b->a), E_OK);
	if (server_algs != NULL)
		REQUIRE_EQ(auth_client_learn(b->a, bytes_str(server_algs)), E_OK);
	REQUIRE_EQ(auth_client_start(b->a), E_OK);
	CHECK_EQ(auth_client_start(b->a), E_STATE);
}

static inline void stop(struct bench *b)
{
	auth_client_free(b->a);
	fakeport_free(b->port);
}

static inline enum err feed(struct bench *b, struct bytes payload)
{
	b->f = (struct fault){0};
	return auth_client_on(b->a, payload, &b->ev, &b->f);
}

static inline enum err feed_text(struct bench *b, uint8_t msg, const char *text)
{
	uint8_t mem[256];
	struct writer w;

	wr_init(&w, (struct span){mem, sizeof(mem)});
	wr_u8(&w, msg);
	if (text != NULL)
		wr_cstring(&w, text);
	return feed(b, wr_bytes(&w));
}

static inline enum err feed_failure(struct bench *b, const char *methods, bool is_partial)
{
	uint8_t mem[256];
	struct writer w;

	wr_init(&w, (struct span){mem, sizeof(mem)});
	wr_u8(&w, MSG_USERAUTH_FAILURE);
	wr_cstring(&w, methods);
	wr_bool(&w, is_partial);
	return feed(b, wr_bytes(&w));
}

static inline enum err feed_pk_ok(struct bench *b, const char *alg, struct bytes blob)
{
	uint8_t mem[2048];
	struct writer w;

	wr_init(&w, (struct span){mem, sizeof(mem)});
	publickey_write_ok(&w, bytes_str(alg), blob);
	return feed(b, wr_bytes(&w));
}

static inline enum err feed_banner(struct bench *b, size_t len)
{
	static uint8_t mem[LIMIT_PACKET_LOGIN];
	static uint8_t text[LIMIT_PACKET_LOGIN - 64];
	struct writer w;

	memset(text, 'x', sizeof(text));
	wr_init(&w, (struct span){mem, sizeof(mem)});
	wr_u8(&w, MSG_USERAUTH_BANNER);
	wr_string(&w, bytes_of(text, len));
	wr_cstring(&w, "en");
	REQUIRE(wr_ok(&w));
	return feed(b, wr_bytes(&w));
}

static inline void accept_service(struct bench *b)
{
	struct bytes m = fakeport_take(b->port);

	CHECK_HEX(m.ptr, m.len, "05 0000000c 7373682d7573657261757468");
	REQUIRE_EQ(feed_text(b, MSG_SERVICE_ACCEPT, "ssh-userauth"), E_OK);
}

/* Signs what is asked for, as the program does. */
static inline enum err sign(struct bench *b)
{
	struct authkey_pair *k = authkey_pair_at(b->keys[auth_client_index(b->a)]);
	uint8_t sig[PK_SIGNATURE_MAX];
	size_t len;

	REQUIRE_EQ(pk_sign(k->key, sig_alg_find(bytes_str(auth_client_alg(b->a)->sig_name)),
			   auth_client_to_sign(b->a), (struct span){sig, sizeof(sig)}, &len),
		E_OK);
	b->f = (struct fault){0};
	return auth_client_answer(b->a, bytes_of(sig, len), &b->ev, &b->f);
}

#endif
