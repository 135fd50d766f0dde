/* SPDX-License-Identifier: ISC */
/* The relay's side of login on a bench: requests made by hand go in, what it sends is looked at. */
#ifndef UNIT_AUTH_BENCH_H
#define UNIT_AUTH_BENCH_H

#include "auth/server.h"
#include "authkey.h"
#include "fakeport.h"
#include "harness.h"

static const uint8_t session_id[32] = {7, 1, 9};

struct bench {
	struct fakeport *port;
	struct auth_server *a;
	struct fault f;
	enum auth_server_event ev;
};

static const char *sig_algs;
static unsigned failures_max = 6;

static inline struct auth_server_config config(struct fakeport *port)
{
	return (struct auth_server_config){
		.sig_algs = sig_algs != NULL ? sig_algs : sig_default_list(),
		.failures_max = failures_max,
		.session_id = bytes_of(session_id, sizeof(session_id)),
		.port = fakeport_port(port)};
}

static inline enum err feed(struct bench *b, struct bytes payload)
{
	b->f = (struct fault){0};
	return auth_server_on(b->a, payload, &b->ev, &b->f);
}

static inline enum err answer(struct bench *b, bool is_allowed)
{
	b->f = (struct fault){0};
	return auth_server_answer(b->a, is_allowed, &b->ev, &b->f);
}

static inline enum err feed_service(struct bench *b, const char *name)
{
	uint8_t mem[64];
	struct writer w;

	wr_init(&w, (struct span){mem, sizeof(mem)});
	wr_u8(&w, MSG_SERVICE_REQUEST);
	wr_cstring(&w, name);
	return feed(b, wr_bytes(&w));
}

/* A request of another method, with rest behind the method name. */
static inline enum err feed_method(struct bench *b, const char *user, const char *service,
	const char *method, const char *rest)
{
	uint8_t mem[2048];
	struct writer w;

	wr_init(&w, (struct span){mem, sizeof(mem)});
	wr_u8(&w, MSG_USERAUTH_REQUEST);
	wr_cstring(&w, user);
	wr_cstring(&w, service);
	wr_cstring(&w, method);
	wr_raw(&w, bytes_str(rest));
	REQUIRE(wr_ok(&w));
	return feed(b, wr_bytes(&w));
}

static inline enum err feed_key(struct bench *b, const char *user, size_t key, const struct pk *signer)
{
	struct authkey_pair *k = authkey_pair_at(key);
	struct authkey_request q = {.user = user,
		.session_id = bytes_of(session_id, sizeof(session_id)),
		.blob = k->blob,
		.alg = k->alg,
		.signer = signer};

	authkey_build(&q);
	return feed(b, q.bytes);
}

static inline uint8_t took(struct bench *b)
{
	struct bytes m = fakeport_take(b->port);

	return m.len > 0 ? m.ptr[0] : 0;
}

static inline void start(struct bench *b)
{
	struct auth_server_config cfg;

	*b = (struct bench){.port = fakeport_new()};
	cfg = config(b->port);
	REQUIRE_EQ(auth_server_new(&cfg, &b->a), E_OK);
	REQUIRE_EQ(feed_service(b, "ssh-userauth"), E_OK);
	REQUIRE_EQ(took(b), MSG_SERVICE_ACCEPT);
}

static inline void stop(struct bench *b)
{
	auth_server_free(b->a);
	fakeport_free(b->port);
	failures_max = 6;
}

static inline void check_failure(struct bench *b)
{
	struct bytes m = fakeport_take(b->port);

	CHECK_HEX(m.ptr, m.len, "33 00000009 7075626c69636b6579 00");
}

#endif
