/* SPDX-License-Identifier: ISC */
/*
 * known_hosts (sshd(8) SSH_KNOWN_HOSTS FILE FORMAT): text in, verdict out, and lines to append.
 * Reads plain and hashed names, patterns with negation, [host]:port names, @revoked and
 * @cert-authority lines. No file access.
 */
#ifndef KEYS_KNOWNHOSTS_H
#define KEYS_KNOWNHOSTS_H

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/rand.h"

enum { KNOWNHOSTS_LINE_MAX = 16 * 1024, KNOWNHOSTS_NAME_MAX = 300 };

enum host_verdict {
	HOST_UNKNOWN = 0x3100,	  /* no line names this host */
	HOST_KNOWN = 0x3a5c,	  /* this very key is listed and not revoked */
	HOST_CHANGED = 0x3200,	  /* the host is listed with another key of the same type, not with
				     this one */
	HOST_OTHER_TYPE = 0x3300, /* listed, but only with keys of other types */
	HOST_REVOKED = 0x3400,	  /* this key is on an @revoked line for the host */
	HOST_UNDECIDED = 0x3500	  /* libcrypto failed at a hashed name: as good as no */
};

struct host_finding {
	enum host_verdict verdict;
	unsigned line;	    /* of the line that decided; 0 when none */
	unsigned bad_lines; /* lines that could not be read */
	unsigned first_bad; /* the first of them */
};

/* "host" for port 22, else "[host]:port"; lower case. E_LIMIT when it does not fit; E_VALUE for a
 * host that would be more than a name there (blanks, control characters, list, pattern and marker
 * signs). */
enum err knownhosts_name(
	const char *host, uint16_t port, char out[static KNOWNHOSTS_NAME_MAX]) MUST_USE;

/* Which of two verdicts counts, of two lines or of two files: a key that is revoked anywhere is, what
 * nobody could decide is not known, and known beats changed. True: that of a. */
bool knownhosts_beats(enum host_verdict a, enum host_verdict b);

/* Judges a key for a name (as knownhosts_name made it). @revoked beats everything, known beats
 * changed. A line that is too long is a bad line. The host key must be proven by the exchange
 * before this is asked. */
void knownhosts_check(
	struct bytes text, const char *name, struct bytes key_blob, struct host_finding *out);

/* The same for the key of an authority that signed a certificate: HOST_KNOWN when it may for this name,
 * HOST_CHANGED when only others may, HOST_UNKNOWN when none may, HOST_REVOKED. */
void knownhosts_check_authority(
	struct bytes text, const char *name, struct bytes key_blob, struct host_finding *out);
/* Is there any authority for the name? */
bool knownhosts_has_authority(struct bytes text, const char *name);

/* The key types (name-list of key type names, our order) listed for the name, so that the offer of
 * host key algorithms can prefer them. Empty string when none. */
void knownhosts_types(struct bytes text, const char *name, char *list, size_t cap);

/* One line with newline to append; hashed with a fresh salt when hash is set. E_VALUE for a name
 * that knownhosts_name would not have made, E_FORMAT for what is no key blob, E_LIMIT. */
enum err knownhosts_line(const char *name, struct bytes key_blob, bool hash, struct rng *rng,
	char *out, size_t cap) MUST_USE;

#endif
