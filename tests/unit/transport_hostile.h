/* SPDX-License-Identifier: ISC */
/* A pair of transports of which one end says what an honest one never would. */
#ifndef UNIT_TRANSPORT_HOSTILE_H
#define UNIT_TRANSPORT_HOSTILE_H

#include "transport_pair.h"

static const char *const lists_client[KEXINIT_LISTS] = {
	"curve25519-sha256,ext-info-c,kex-strict-c-v00@openssh.com", "ssh-ed25519",
	"aes128-gcm@openssh.com", "aes128-gcm@openssh.com", "", "", "none", "none", "", ""};

/* The same with other names first. */
static inline void change(
	const char *to[static KEXINIT_LISTS], enum kexinit_list which, const char *list)
{
	memcpy(to, lists_client, sizeof(lists_client));
	to[which] = list;
}

/* Sends what goes out of turn, as one who has the keys in force. */
static inline void inject(struct side *x, const uint8_t *payload, size_t len)
{
	struct writer w;
	bool was_holding = x->t->out.is_holding;

	x->t->out.is_holding = false;
	REQUIRE_EQ(x->port.begin(x->port.ctx, len, &w), E_OK);
	wr_raw(&w, bytes_of(payload, len));
	REQUIRE_EQ(x->port.end(x->port.ctx, &w), E_OK);
	x->t->out.is_holding = was_holding;
}

static inline void inject_msg(struct side *x, uint8_t msg)
{
	uint8_t payload[] = {msg, 0, 0, 0, 0};

	inject(x, payload, msg == MSG_NEWKEYS ? 1 : sizeof(payload));
}

/* The client's init with this public value. */
static inline void inject_init(struct side *x, const uint8_t *value, size_t len)
{
	uint8_t payload[300] = {MSG_KEX_ECDH_INIT};

	store_be32(payload + 1, (uint32_t)len);
	memcpy(payload + 5, value, len);
	inject(x, payload, 5 + len);
}

/* Both have started and the server has the client's KEXINIT; what the client would answer is kept
 * from it. */
static inline struct pair *server_after_kexinit(const char *kex)
{
	struct pair *p = pair_init();

	pair_lists(p, kex, all_suites[0].cipher, "", "ssh-ed25519");
	REQUIRE_EQ(pair_start(p), E_OK);
	side_carry(&p->c, &p->s);
	side_turn(p, &p->s);
	REQUIRE_EQ(p->s.err, E_OK);
	REQUIRE_EQ(transport_expects(p->s.t), MSG_KEX_ECDH_INIT);
	return p;
}

static inline void deliver(struct pair *p, struct side *from, struct side *to)
{
	side_carry(from, to);
	side_turn(p, to);
}

static inline void check_end(struct side *x, enum err e, uint32_t code)
{
	CHECK_EQ(x->err, e);
	CHECK_EQ(x->fault.err, e);
	CHECK_EQ(x->fault.code, code);
	CHECK(x->fault.text[0] != '\0');
}

#endif
