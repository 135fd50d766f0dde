/* SPDX-License-Identifier: ISC */
/* Private to the coordinator, its exchange steps and its freeze: what a transport is inside. */
#ifndef TRANSPORT_TRANSPORT_IMPL_H
#define TRANSPORT_TRANSPORT_IMPL_H

#include "transport/kex.h"
#include "transport/rekey.h"
#include "transport/sender.h"
#include "transport/transport.h"
#include "transport/version.h"

struct transport {
	struct transport_config cfg;
	struct version version;
	uint8_t peer_ident[LIMIT_IDENT];
	size_t peer_ident_len; /* 0: awaited */
	struct packet_in in;
	uint32_t last_seq;
	struct sender out;
	struct rekey rekey;
	struct kex *kex; /* the open exchange; NULL when there is none */
	enum transport_need need;
	bool is_strict; /* fixed by the first KEXINIT of the peer */
	bool is_keyed;	/* the first exchange is through */
	size_t sign_index;
	uint8_t session_id[TRANSPORT_SESSION_ID_MAX];
	size_t session_id_len; /* 0 before the first exchange hash */
	struct buf host_key;   /* of the first exchange */
	struct buf peer_sig_algs;
	unsigned peer_ext;
	const char *kex_name, *host_key_name; /* agreed on last; NULL before */
};

/* The transport without a first step done: config, limits, empty machines. NULL: no memory. */
struct transport *transport_alloc(const struct transport_config *cfg);
/* One line for -v; anything in it that is not printable is escaped. */
void transport_trace(const struct transport *t, int level, const char *fmt, ...) PRINTF(3, 4);
/* Begins an exchange from our side: KEXINIT goes out and the holding starts. */
enum err transport_open_exchange(struct transport *t, uint64_t now_ms) MUST_USE;

#endif
