/* SPDX-License-Identifier: ISC */
/*
 * The way out of one connection: frames payloads in the outbox, seals them, lends room for bulk
 * data, and holds back what must not leave while a key exchange of ours is open (RFC 4253 7.1).
 */
#ifndef TRANSPORT_SENDER_H
#define TRANSPORT_SENDER_H

#include "base/buf.h"
#include "transport/outbox.h"
#include "transport/packet.h"
#include "wire/port.h"

enum {
	/* Hot room that is never lent, so that the control messages of a turn find place there. */
	SENDER_SPARE = 4 * 1024
};

struct sender {
	struct outbox outbox;
	struct packet_out packet;
	struct rng *rng;
	bool is_holding; /* from our KEXINIT until our NEWKEYS */
	/* private from here on */
	struct buf hold; /* uint32 length and payload, one after another */
	uint8_t *frame;	 /* room given by begin; NULL when none is */
	struct {
		uint8_t *frame; /* of the first packet not yet committed; NULL when nothing is lent
				 */
		size_t stride, payload_max, count;
	} lent;
};

void sender_init(struct sender *s, struct pool *pool, struct rng *rng);
void sender_fini(struct sender *s);

/* Raw bytes: the version line. */
enum err sender_raw(struct sender *s, struct bytes data) MUST_USE;
/* One message; while holding only DISCONNECT, EXT_INFO and 20..49 leave, all else is kept in order.
 */
enum err sender_begin(struct sender *s, size_t max, struct writer *w) MUST_USE;
enum err sender_end(struct sender *s, struct writer *w) MUST_USE;
/* Ends the holding and seals what was held. */
enum err sender_release(struct sender *s) MUST_USE;
/* Keys in force, not holding, nothing cold; and the pool takes bulk: what is lent now may have to be
 * parked there. */
bool sender_is_open(const struct sender *s);
void sender_port(struct sender *s, struct port *port);

#endif
