/* SPDX-License-Identifier: ISC */
/*
 * Who logged in: a record made once, from the key that signed, and never changed. What the
 * connection may do is asked here and nowhere else. The fingerprint is the owner of its ports: that of
 * the key, so that who has its certificate renewed keeps them, and nobody else can be given them.
 */
#ifndef RELAY_IDENTITY_H
#define RELAY_IDENTITY_H

#include "auth/server.h"
#include "conf/relay.h"
#include "keys/pubkey.h"
#include "relay/keyring.h"

struct identity {
	char user[AUTH_USER_MAX + 1]; /* as the agent calls itself: no account hangs on it */
	char fingerprint[FINGERPRINT_MAX];
	char key_name[128]; /* name= of the key's line, else its file's, else the certificate's key id or
			       the key's comment, else the fingerprint; printable */
	bool is_named; /* by name= or its file: then key_name is what the operator calls it */
	uint8_t *blob; /* the key or certificate that signed */
	size_t blob_len;
	bool no_touch, verify_required; /* as in keys/authkeys.h */
	bool is_cert;
	struct { /* when it is one */
		char id[128]; /* printable */
		uint64_t serial;
		char authority[FINGERPRINT_MAX];
	} cert;
	time_t since; /* when it logged in */
	bool may_forward;
	bool may_tunnel;
	uint32_t tunnel_unit; /* the only one it may have, or TUN_UNIT_ANY */
	bool is_limited; /* permitlisten was given: only what permit admits */
	struct permit_rule *permit;
	size_t permit_count;
	/* 0: no limit. They hold for the key, over all its connections. */
	unsigned max_visitors, max_forwards;
	uint64_t rate_bytes;
	char *visitors_from; /* NULL: from anywhere */
	enum authkey_takeover takeover;
	time_t expires; /* the last second in which the key is good; 0: no end */
	char *path;	/* the file that admits it */
	unsigned line;
};

/* at: the line that admits the key, as keyring_admit found it; nothing of it is kept by reference.
 */
enum err identity_new(const char *user, struct bytes blob, const struct keyring_place *at,
	struct identity **id, struct fault *f) MUST_USE;
void identity_free(struct identity *id);
/* What a key in hardware has to say of its owner, by its line and the relay's settings. */
struct auth_terms identity_terms(const struct identity *id, const struct relay_settings *s);

/* What keeps a key from a port, in f->code. */
enum identity_rule {
	IDENTITY_NO_FORWARDING = 1,
	IDENTITY_KEY_RESTRICTED, /* restrict or no-port-forwarding on its line */
	IDENTITY_KEY_PERMITS,	 /* permitlisten on its line */
	IDENTITY_PERMITS,	 /* PermitListen */
	IDENTITY_LOW_PORT	 /* neither names it by its number */
};
/* The setting, as the operator wrote it; "low port" for the last. */
const char *identity_rule_name(enum identity_rule rule);

/* May it have such a tunnel? unit: of the device here, TUN_UNIT_ANY for a free one. E_DENIED with a
 * sentence for the one who asked. */
enum err identity_may_tunnel(const struct identity *id, const struct relay_settings *s,
	const struct tun_open *open, uint32_t *unit, struct fault *f) MUST_USE;
/* May it listen on what it asks for? host: the requested string. E_DENIED with a sentence for the
 * one who asked. The order of the checks is sshd's. A port below low_end (see relay/lowports.h)
 * must be named by its number as well. */
enum err identity_may_listen(const struct identity *id, const struct relay_settings *s,
	uint32_t low_end, struct bytes host, uint32_t port, struct fault *f) MUST_USE;
/* The ports that rules name, one by one, for who asked for port 0 and may not have any: of the key's
 * line, or PermitListen's where it has none. For this requested address; how many, and the nth from
 * 0 (0: there is none). Not all of them need be admitted. */
uint32_t identity_port_count(
	const struct identity *id, const struct relay_settings *s, struct bytes host);
uint16_t identity_port(const struct identity *id, const struct relay_settings *s,
	struct bytes host, uint32_t nth);
/* May it open one more port, besides these? */
enum err identity_may_open(
	const struct identity *id, unsigned forwards_now, struct fault *f) MUST_USE;
/* May somebody with this numeric address visit its ports, besides these visitors? */
enum err identity_may_visit(const struct identity *id, unsigned visitors_now, const char *address,
	struct fault *f) MUST_USE;

#endif
