/* SPDX-License-Identifier: ISC */
/*
 * What a connection says of itself, as findings: the way there, who answers, what was agreed on, whose
 * key it is, how the login went, what is known of keepalives. Looks only; each is called once the
 * connection has come that far.
 */
#ifndef CLIENT_VITALS_H
#define CLIENT_VITALS_H

#include "client/findings.h"
#include "client/hop.h"

/* rtt_us: -1: not known. */
void vitals_route(struct findings *f, const struct sock_addr *peer, int64_t rtt_us);
void vitals_banner(struct findings *f, const struct session *s);
void vitals_algorithms(struct findings *f, const struct session *s);
/* is_accepted: what the files said did not stand in the way. */
void vitals_hostkey(struct findings *f, const struct client_settings *s, const struct hostkey *h,
	bool is_accepted);
void vitals_login(struct findings *f, const struct hop *h);
/* Whether it speaks our extensions, and keepalives of both sides. */
void vitals_relay(
	struct findings *f, const struct client_settings *s, const struct session *session);
bool vitals_is_sallyd(const struct session *session);

#endif
