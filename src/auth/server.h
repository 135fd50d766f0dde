/* SPDX-License-Identifier: ISC */
/*
 * The relay's side of login (RFC 4252): service request, publickey (query and signature), failures
 * counted in one place, nothing but publickey offered. Identity is set once, after the signature
 * was verified, from the bytes that were signed (CVE-2024-45337).
 */
#ifndef AUTH_SERVER_H
#define AUTH_SERVER_H

#include "auth/proof.h"
#include "base/bytes.h"
#include "base/err.h"
#include "crypto/pk.h"
#include "wire/port.h"

enum { AUTH_USER_MAX = 64, AUTH_BANNER_MAX = 256 };

struct auth_server_config {
	const char *sig_algs;	 /* accepted algorithms of keys and certificates */
	unsigned failures_max;	 /* MaxAuthTries; queries have a limit of their own */
	struct bytes session_id; /* outlives the machine */
	struct port port;
};

enum auth_server_event {
	AUTH_SERVER_GOES_ON,
	AUTH_SERVER_ASKS, /* is auth_server_key allowed to log in as auth_server_user? */
	AUTH_SERVER_LOGIN /* SUCCESS was sent; user and key are final */
};

struct auth_server; /* opaque */

enum err auth_server_new(const struct auth_server_config *cfg, struct auth_server **a) MUST_USE;
void auth_server_free(struct auth_server *a);
/* SERVICE_REQUEST or USERAUTH_REQUEST. Errors end the connection, f carries the disconnect code. */
enum err auth_server_on(struct auth_server *a, struct bytes payload, enum auth_server_event *ev,
	struct fault *f) MUST_USE;
/* Words for the one who logs in, sent once its signature was found good and before SUCCESS (RFC 4252
 * 5.4): to nobody else. Printable, CR LF behind each line. The last ones count; cut at
 * AUTH_BANNER_MAX. */
void auth_server_banner(struct auth_server *a, const char *text);
/* Before an answer; without it the key must have been touched. Other kinds of keys cannot say, and
 * are not asked. */
void auth_server_terms(struct auth_server *a, struct auth_terms terms);
/* The answer to AUTH_SERVER_ASKS. An allowed signed request is verified here and nowhere else. */
enum err auth_server_answer(struct auth_server *a, bool is_allowed, enum auth_server_event *ev,
	struct fault *f) MUST_USE;
/* [A-Za-z0-9._-]{1,64}, checked; "": none came yet, or one of another form. */
const char *auth_server_user(const struct auth_server *a);
struct bytes auth_server_key(
	const struct auth_server *a); /* blob, perhaps a certificate: asked about, then logged in with */
/* Why the last answer that allowed did not lead to a login: a sentence for the log. NULL: it did, or
 * nothing was signed. */
const char *auth_server_flaw(const struct auth_server *a);
/* While a signed request is asked about: what is signed, and its signature, which was not verified
 * yet (auth/proof.h). Both empty when it is a query. */
void auth_server_proof(const struct auth_server *a, struct bytes *text, struct bytes *signature);
bool auth_server_is_query(const struct auth_server *a); /* asked without a signature */
bool auth_server_has_service(const struct auth_server *a); /* phase A of the legality table */
unsigned auth_server_failures(const struct auth_server *a);
/* Failures, and keys that were asked about. */
unsigned auth_server_tries(const struct auth_server *a);

#endif
