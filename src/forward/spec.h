/* SPDX-License-Identifier: ISC */
/*
 * The grammar of forward specifications as ssh takes them. Up to four fields with colons between: a
 * field in [...] is literal, a backslash escapes one character outside brackets, a slash makes a
 * field the path of a Unix socket.
 *
 *     -L, -R   [bind_address:]port:host:hostport    port:/path    /path:host:hostport    /path:/path
 *              bind_address:port:/path
 *     -D       [bind_address:]port    /path         and -R, which then is a SOCKS proxy over there
 *     -W       host:port    /path
 */
#ifndef FORWARD_SPEC_H
#define FORWARD_SPEC_H

#include "base/bytes.h"
#include "base/err.h"
#include "forward/proxyproto.h"

enum {
	FORWARD_HOST_MAX = 256,
	FORWARD_PATH_MAX = 108, /* sun_path of unix(7), with its NUL */
	FORWARD_SPEC_MAX = 1100,
	FORWARD_MORE_MAX = 7
};

struct forward_target {
	char host[FORWARD_HOST_MAX];
	uint16_t port;
};

struct forward_spec {
	/* where visitors come in; nothing of it with -W */
	bool has_bind;		     /* a bind address was written, be it empty or "*" */
	char bind[FORWARD_HOST_MAX]; /* as written, brackets gone; "" for empty and for "*" */
	uint16_t listen_port;	     /* 0 with -R: the relay chooses */
	char listen_path[FORWARD_PATH_MAX]; /* a Unix socket instead of a port; "": a port */
	/* the target: host and port, or path, or nothing when visitors say it by SOCKS */
	bool is_socks;
	char host[FORWARD_HOST_MAX];
	uint16_t port;
	char path[FORWARD_PATH_MAX];
	/* not of ssh's grammar: see failover.h, ProxyProtocol and ForwardRate */
	struct forward_target more[FORWARD_MORE_MAX]; /* when that one is not there */
	size_t more_count;
	enum proxy_version proxy;
	uint64_t rate_bytes; /* a second, each way; 0: as fast as it goes */
};

/* One argument of -R, -L, -D or -W, or the joined words of the keyword. The sentence in f begins
 * with ssh's "Bad remote forwarding specification 'X'", then says what is wrong with which field.
 * Unlike ssh, hosts that cannot be any (empty, or with a slash) are refused here. */
enum err forward_spec_remote(struct forward_spec *spec, const char *text, struct fault *f) MUST_USE;
enum err forward_spec_local(struct forward_spec *spec, const char *text, struct fault *f) MUST_USE;
enum err forward_spec_dynamic(
	struct forward_spec *spec, const char *text, struct fault *f) MUST_USE;
enum err forward_spec_stdio(struct forward_spec *spec, const char *text, struct fault *f) MUST_USE;
/* A port as ssh takes it: a number up to 65535 or a service name of this machine. */
bool forward_port_parse(const char *text, uint16_t *port);
/* The same forward (ssh drops exact duplicates silently). */
bool forward_spec_is_same(const struct forward_spec *a, const struct forward_spec *b);
/* What goes on the wire as address to bind: "localhost" without a bind address, "" for empty and
 * "*", else as written (facts of OpenSSH's channel_rfwd_bind_host). */
const char *forward_spec_wire_bind(const struct forward_spec *spec);
/* In the words of the grammar, fields with a colon in brackets. */
void forward_spec_print(const struct forward_spec *spec, char *out, size_t cap);
/* The target alone: "host:port" and further ones behind commas, a path, or "" when visitors name it. */
void forward_spec_print_target(const struct forward_spec *spec, char *out, size_t cap);

#endif
