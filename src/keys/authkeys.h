/* SPDX-License-Identifier: ISC */
/*
 * authorized_keys (sshd(8) AUTHORIZED_KEYS FILE FORMAT): text in, a set of keys with their options
 * out. Every option of OpenSSH is parsed; an unknown option or a malformed line never admits a key:
 * the line is left out and reported, and so is a key of a type we do not speak. No file access.
 */
#ifndef KEYS_AUTHKEYS_H
#define KEYS_AUTHKEYS_H

#include "base/bytes.h"
#include "base/err.h"

enum {
	AUTHKEYS_LINE_MAX = 16 * 1024,
	AUTHKEYS_FILE_MAX = 4 * 1024 * 1024,
	AUTHKEYS_PERMITS_MAX = 4096
};

enum { AUTHKEY_TUNNEL_ANY = 0x7fffffff, AUTHKEY_TUNNEL_MAX = 0x7ffffffd };
enum { AUTHKEY_NAME_MAX = 64, AUTHKEY_COUNT_MAX = 1000 * 1000, AUTHKEY_RATE_MIN = 1024 };

/* What happens when a key asks for a port that a connection of its own holds and answers for. */
enum authkey_takeover {
	AUTHKEY_TAKEOVER_DEFAULT, /* not said on the line */
	AUTHKEY_TAKEOVER_REPLACE,
	AUTHKEY_TAKEOVER_REFUSE,
	AUTHKEY_TAKEOVER_STANDBY
};

struct authkey {
	struct bytes blob;   /* the key; memory of the set, as all text below */
	const char *comment; /* escaped, long ones cut; "" when none */
	unsigned line;
	bool port_forwarding; /* after restrict, no-port-forwarding, port-forwarding in order */
	bool tunnel_allowed;  /* false after restrict; nothing turns it on again */
	bool cert_authority;  /* such a line admits no plain key */
	bool has_options;     /* there are some in front of the key */
	bool tunnel_forced;   /* tunnel="n" present */
	uint32_t tunnel_unit; /* its n, or AUTHKEY_TUNNEL_ANY */
	const char *from;     /* valid pattern list or NULL */
	const char *expiry;   /* "YYYYMMDDHHMMSS", UTC or local; NULL: never */
	bool expiry_is_utc;
	const char **permitlisten; /* "[host:]port", port perhaps "first-last", each as written,
				      checked for form */
	size_t permitlisten_count;
	const char **permitopen;
	size_t permitopen_count;
	const char *principals; /* or NULL */
	const char *command;	/* or NULL; none is run */
	bool no_touch;		/* no-touch-required: a key in hardware need not be touched */
	bool verify_required;	/* a key in hardware must have verified its owner */
	/* Options of the relay, unknown to sshd; 0 and NULL: no limit, nothing said. */
	unsigned max_visitors, max_forwards; /* of the key, over all its connections */
	uint64_t rate_bytes;		     /* a second, each way, over all its channels */
	const char *visitors_from;	     /* valid list of addresses, networks and patterns */
	const char *name;		     /* letters, digits and . _ - @ + */
	enum authkey_takeover takeover;
};

/* Told once a bad line: one sentence. */
typedef void (*authkeys_complaint)(void *ctx, unsigned line, const char *sentence);

struct authkeys; /* opaque set; immutable once read */

/* E_LIMIT: the text is too big or a line too long (then the whole file is refused, so that no rest
 * of a line can pass for a line; comments may be longer). E_NOMEM. Otherwise E_OK even when lines
 * were left out. */
enum err authkeys_parse(struct bytes text, authkeys_complaint complain, void *ctx,
	struct authkeys **set, struct fault *f) MUST_USE;
void authkeys_free(struct authkeys *set);
size_t authkeys_count(const struct authkeys *set);
const struct authkey *authkeys_at(const struct authkeys *set, size_t i);
/* The entry whose blob is exactly this key and which is no cert-authority line; the first in file
 * order; NULL when none. Constant-time comparison is not needed: blobs are public. */
const struct authkey *authkeys_find(const struct authkeys *set, struct bytes blob);
/* The same among the lines with cert-authority. */
const struct authkey *authkeys_find_authority(const struct authkeys *set, struct bytes blob);
/* The next entry after k for the same key and of the same kind, which sshd(8) tries when k's from= or
 * expiry refuses; NULL when there is none. */
const struct authkey *authkeys_next(const struct authkeys *set, const struct authkey *k);

/* May a key with this from= list be used from this numeric address? NULL list: yes. Patterns, CIDR
 * and negation as in OpenSSH; a malformed list: no. */
bool authkeys_from_allows(const char *from, const char *address);
/* Expired at this time? The same instant as "YYYYMMDDHHMMSS" in UTC and in local time, made by the
 * caller, who has the clock; text of another form counts as expired. */
bool authkeys_is_expired(const struct authkey *k, const char *now_utc, const char *now_local);

#endif
