/* SPDX-License-Identifier: ISC */
/*
 * The inside of the agent's login machine, shared by its files and by nobody else:
 *
 *     client.c         states, the walk over methods, messages that come
 *     client_keys.c    the walk over identities: queries and signatures
 *     client_person.c  turns of the methods that ask a person
 */
#ifndef AUTH_CLIENT_IMPL_H
#define AUTH_CLIENT_IMPL_H

#include "auth/client.h"
#include "auth/kbdint.h"

enum client_state {
	CLIENT_NEW,
	CLIENT_AWAITS_SERVICE,
	CLIENT_AWAITS_PK_OK,	/* a query is open */
	CLIENT_SIGNS,		/* the program is */
	CLIENT_LOADS,		/* the program loads a key */
	CLIENT_ASKS,		/* the program asks a person */
	CLIENT_AWAITS_RESULT,	/* a signature was sent */
	CLIENT_AWAITS_PASSWORD, /* a password was sent */
	CLIENT_AWAITS_INFO,	/* keyboard-interactive: the server asks, or says how it ends */
	CLIENT_AWAITS_LIST,	/* "none" was sent */
	CLIENT_DONE,
	CLIENT_STATES
};

enum method { METHOD_PUBLICKEY, METHOD_KBDINT, METHOD_PASSWORD, METHODS };

struct auth_client {
	struct auth_client_config cfg;
	enum client_state state;
	enum method method; /* under way */
	bool is_spent[METHODS];
	unsigned tries[METHODS]; /* of those that ask a person */
	bool has_proof;		 /* SUCCESS would be the answer to something only we can give */
	size_t next;		 /* identity to try next */
	size_t index;		 /* identity under way */
	bool is_loaded;		 /* the identity under way had no blob before its turn */
	const struct keyalg *alg;
	struct span host_key;	 /* owned; empty: requests are not bound to it */
	struct span to_sign;	 /* owned; while CLIENT_SIGNS */
	struct span server_algs; /* owned; empty while not known */
	struct span methods;	 /* owned; of the last FAILURE */
	bool has_methods;
	struct bytes banner; /* borrows the payload */
	unsigned banners;

	struct auth_prompt prompt; /* while CLIENT_ASKS */
	struct span asked;	   /* owned: the INFO_REQUEST that request walks over */
	struct kbdint_request request;
	uint32_t prompts;    /* in it */
	struct span answers; /* owned, secret: room for all of them */
	struct writer answered;
	unsigned rounds; /* INFO_REQUESTs in all */
	bool was_asked;	 /* in this try of keyboard-interactive */
};

/* Ends the login with a fault about what the server sent. */
enum err client_malformed(struct fault *f, const char *what);
enum err client_unexpected(struct fault *f, const char *what);

void client_move(struct auth_client *a, enum client_state to);
void client_drop(struct span *owned); /* wipes */
enum err client_keep(struct span *owned, struct bytes data) MUST_USE;
/* Sends the next thing to try, whichever method it is of, or gives up. */
enum err client_try_next(struct auth_client *a, enum auth_client_event *ev) MUST_USE;

/* A try of a method begins. E_AGAIN: it has none left. */
enum err client_try_key(struct auth_client *a, enum auth_client_event *ev) MUST_USE;
enum err client_try_password(struct auth_client *a, enum auth_client_event *ev) MUST_USE;
enum err client_try_kbdint(struct auth_client *a) MUST_USE;
/* Message 60 of the methods. */
enum err client_on_pk_ok(struct auth_client *a, struct bytes payload, enum auth_client_event *ev,
	struct fault *f) MUST_USE;
enum err client_on_info(struct auth_client *a, struct bytes payload, enum auth_client_event *ev,
	struct fault *f) MUST_USE;
enum err client_on_change(struct auth_client *a, struct bytes payload, struct fault *f) MUST_USE;

#endif
