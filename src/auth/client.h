/* SPDX-License-Identifier: ISC */
/*
 * The agent's side of login: publickey with a list of identities in order, then what a person can
 * answer (keyboard-interactive, password), as far as the program and the server want it. One
 * identity is signed at once without asking (a round trip less); several are asked about first, so
 * that nobody signs, types a passphrase or touches hardware for a key the server does not take. Success without a signature or an
 * answer of ours is refused (CVE-2021-36367).
 */
#ifndef AUTH_CLIENT_H
#define AUTH_CLIENT_H

#include "base/bytes.h"
#include "base/err.h"
#include "keys/keyalg.h"
#include "wire/port.h"

struct auth_identity {
	/* Of a plain key or a certificate. Empty: it is known only once the key is loaded, which the
	 * program is asked to do when its turn comes (AUTH_CLIENT_LOADS); then it is signed with at
	 * once. */
	struct bytes blob;
	bool asks_first; /* a signature costs somebody something: ask the server first in any case */
};

struct auth_client_config {
	const char *user;
	const char *sig_algs; /* of keys/keyalg.h, in order of preference */
	const struct auth_identity *identities; /* outlive the machine */
	size_t identity_count;
	const char *methods; /* name-list in order of preference; NULL: publickey */
	unsigned prompts_max; /* tries with each method that asks a person */
	struct bytes session_id;
	struct port port;
};

enum auth_client_event {
	AUTH_CLIENT_GOES_ON,
	AUTH_CLIENT_SIGNS, /* auth_client_to_sign wants a signature by identity auth_client_index */
	AUTH_CLIENT_LOADS, /* the blob of identity auth_client_index is wanted: auth_client_loaded */
	AUTH_CLIENT_ASKS,  /* auth_client_prompt is for a person: auth_client_reply */
	AUTH_CLIENT_BANNER, /* auth_client_banner holds text of the server until the next call */
	AUTH_CLIENT_LOGIN,
	AUTH_CLIENT_REFUSED /* nothing left to try; auth_client_methods says what the server wants
			     */
};

/* One question to the person. Slices hold until it is answered. */
struct auth_prompt {
	bool is_password; /* of the method password, which has no words of the server */
	bool is_again;	  /* an earlier try of the method was refused */
	struct bytes name, instruction; /* of the server; with the first question of several */
	struct bytes text;		/* of the server */
	bool is_echoed;
};

struct auth_client; /* opaque */

enum err auth_client_new(const struct auth_client_config *cfg, struct auth_client **a) MUST_USE;
void auth_client_free(struct auth_client *a);
enum err auth_client_start(struct auth_client *a) MUST_USE; /* sends SERVICE_REQUEST */
/* The server's server-sig-algs, whenever known (before SERVICE_ACCEPT usually). Copied. It decides
 * which algorithm an RSA key or certificate signs with, and leaves it out when there is none; others
 * have one only and are tried. Empty: not known, any algorithm of ours will do. E_FORMAT when it is no
 * name-list. */
enum err auth_client_learn(struct auth_client *a, struct bytes server_sig_algs) MUST_USE;
enum err auth_client_on(struct auth_client *a, struct bytes payload, enum auth_client_event *ev,
	struct fault *f) MUST_USE;
/* From now on signatures are bound to this key of the server, which says that it takes such requests
 * (publickey-hostbound@openssh.com). Copied. */
enum err auth_client_bind(struct auth_client *a, struct bytes host_key) MUST_USE;
/* After AUTH_CLIENT_LOADS: the identity has its blob now, or is still without one and passed over. */
enum err auth_client_loaded(
	struct auth_client *a, enum auth_client_event *ev, struct fault *f) MUST_USE;
/* Empty signature: the identity cannot sign; the next one is tried. */
enum err auth_client_answer(struct auth_client *a, struct bytes signature,
	enum auth_client_event *ev, struct fault *f) MUST_USE;
const struct auth_prompt *auth_client_prompt(const struct auth_client *a);
/* is_given false: nobody can or will answer; the method is given up. The answer is wiped by the
 * caller. E_LIMIT: longer than PASSWORD_MAX or KBDINT_ANSWER_MAX. */
enum err auth_client_reply(struct auth_client *a, struct bytes answer, bool is_given,
	enum auth_client_event *ev, struct fault *f) MUST_USE;
const char *auth_client_method(const struct auth_client *a); /* under way, or logged in with */
struct bytes auth_client_to_sign(const struct auth_client *a);
const struct keyalg *auth_client_alg(const struct auth_client *a); /* of the key under way */
size_t auth_client_index(const struct auth_client *a);
struct bytes auth_client_banner(const struct auth_client *a);
struct bytes auth_client_methods(const struct auth_client *a);
bool auth_client_has_service(const struct auth_client *a); /* SERVICE_ACCEPT came: phase A */
/* The one method number (60..79) that is legal now: 60 while a query is open, after a password, and
 * while keyboard-interactive runs; else 0. */
uint8_t auth_client_expects(const struct auth_client *a);

#endif
