/* SPDX-License-Identifier: ISC */
/* Channels that are opened from here: to a host and port, or to a Unix socket, at the relay. */
#ifndef CLIENT_OUTBOUND_H
#define CLIENT_OUTBOUND_H

#include "bridge/conn.h"
#include "forward/spec.h"

struct outbound_target {
	const char *path; /* NULL: host and port */
	const char *host;
	uint16_t port;
};

/* Of a forward that has one. */
struct outbound_target outbound_target_of(const struct forward_spec *spec);
/* from: who asked for it; NULL: nobody with an address. sink gets what becomes of the channel.
 * E_STATE: there is no connection (c may be NULL); E_LIMIT, E_NOMEM. */
enum err outbound_open(struct conn *c, const struct outbound_target *to,
	const struct sock_addr *from, struct sink *sink, uint32_t *channel) MUST_USE;
/* A channel that nobody wants any more; its sink hears nothing of it. */
void outbound_close(struct conn *c, uint32_t channel);
/* MUX_REFUSED, in ssh's words. Returns out. */
const char *outbound_refusal(const struct mux_event *ev, char out[static FAULT_TEXT]);
void outbound_say_refusal(const struct mux_event *ev);

#endif
