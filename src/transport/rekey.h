/* SPDX-License-Identifier: ISC */
/*
 * When keys are to be replaced: after bytes, cipher blocks, packets (RFC 4253 9, RFC 4344 3), after
 * time; and when an open exchange has taken too long.
 */
#ifndef TRANSPORT_REKEY_H
#define TRANSPORT_REKEY_H

#include "base/err.h"
#include "transport/packet.h"

enum { REKEY_OPEN_MS = 60 * 1000 };	  /* a re-exchange open for longer is overdue */
#define REKEY_PACKETS (UINT64_C(1) << 31) /* RFC 4344 3.1, always */

struct rekey {
	uint64_t bytes_max;   /* of one direction; 0: what the cipher bears */
	uint64_t interval_ms; /* 0: never by time */
	uint64_t due_ms;      /* by time; UINT64_MAX never */
	uint64_t overdue_ms;  /* of the open re-exchange; UINT64_MAX when there is none */
};

void rekey_init(struct rekey *r, uint64_t bytes_max, uint64_t interval_ms);
/* A re-exchange was opened, by whichever side. */
void rekey_opened(struct rekey *r, uint64_t now_ms);
/* An exchange, the first as well, is through: the clock starts anew. */
void rekey_done(struct rekey *r, uint64_t now_ms);
/* NULL when nothing is due, else the reason in words. Both directions have a cipher. */
const char *rekey_reason(const struct rekey *r, const struct packet_in *in,
	const struct packet_out *out, uint64_t now_ms);
bool rekey_is_overdue(const struct rekey *r, uint64_t now_ms);
/* When the answer of the two above can change by time alone; UINT64_MAX never. */
uint64_t rekey_deadline(const struct rekey *r);

#endif
