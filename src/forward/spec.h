/* SPDX-License-Identifier: ISC */
/*
 * The grammar of forward specifications as ssh takes them: -R here, with the field rules that -L,
 * -D and -W share. A field in [...] is literal, a backslash escapes one character outside brackets,
 * a slash makes a field a path.
 *
 *     [bind_address:]port:host:hostport      the forms of -R that this program serves
 */
#ifndef FORWARD_SPEC_H
#define FORWARD_SPEC_H

#include "base/bytes.h"
#include "base/err.h"

enum { FORWARD_HOST_MAX = 256, FORWARD_SPEC_MAX = 1100 };

struct forward_spec {
	bool has_bind;		     /* a bind address was written, be it empty or "*" */
	char bind[FORWARD_HOST_MAX]; /* as written, brackets gone; "" for empty and for "*" */
	uint16_t listen_port;	     /* 0: the relay chooses */
	char host[FORWARD_HOST_MAX]; /* target */
	uint16_t port;
};

/* One -R argument or the joined words of RemoteForward. The sentence in f names the spec, the field
 * and what it should be; ssh's "Bad remote forwarding specification 'X'" stands in front. Forms
 * that name Unix sockets or ask for a remote SOCKS (one field) are E_UNKNOWN with a sentence of
 * their own. */
enum err forward_spec_remote(struct forward_spec *spec, const char *text, struct fault *f) MUST_USE;
/* A port as ssh takes it: a number up to 65535 or a service name of this machine. */
bool forward_port_parse(const char *text, uint16_t *port);
/* The same forward (ssh drops exact duplicates silently). */
bool forward_spec_is_same(const struct forward_spec *a, const struct forward_spec *b);
/* What goes on the wire as address to bind: "localhost" without a bind address, "" for empty and
 * "*", else as written (facts of OpenSSH's channel_rfwd_bind_host). */
const char *forward_spec_wire_bind(const struct forward_spec *spec);
/* "bind:port:host:port" for messages, IPv6 in brackets. */
void forward_spec_print(const struct forward_spec *spec, char *out, size_t cap);

#endif
