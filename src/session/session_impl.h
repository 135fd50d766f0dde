/* SPDX-License-Identifier: ISC */
/*
 * The inside of a session, shared by the files of this layer and by nobody else:
 *
 *     session.c   life, turns, input and output areas, the end
 *     dispatch.c  one packet: legality, then the machine it belongs to, then the event
 *     answers.c   what the program answers to EV_HOSTKEY, EV_SIGN_*, EV_LOAD, EV_PROMPT, EV_KEY
 *     freeze.c    export and import
 */
#ifndef SESSION_SESSION_IMPL_H
#define SESSION_SESSION_IMPL_H

#include "auth/server.h"
#include "session/alive.h"
#include "session/legal.h"
#include "session/session.h"
#include "wire/msgs.h"

/* The one question the program is asked at a time. */
enum ask { ASK_NOTHING, ASK_HOSTKEY, ASK_SIGN_HOST, ASK_SIGN_USER, ASK_LOAD, ASK_PROMPT, ASK_KEY };

/* Something harmless that a peer may do, but not without end. */
struct noise {
	unsigned count; /* before login: in all; after it: in the second that began at since_ms, less
			 * the messages for channels */
	uint64_t since_ms;
	unsigned unknown; /* messages answered with UNIMPLEMENTED */
};

enum {
	NOISE_EARLY = 16, /* before a service was asked for */
	NOISE_LOGIN = 64, /* until login, those before included */
	NOISE_A_SECOND = 256,
	PING_MAX = 1024,	/* bytes we echo */
	OUT_STALL = 1024 * 1024, /* sealed bytes the peer does not take: stop reading from it */
	OUT_STALL_CROWDED = 64 * 1024 /* the same while packet memory is short */
};

struct session {
	const struct session_config *cfg;
	struct session_env *env;
	struct transport *transport;
	struct port port;
	struct auth_server *auth_server; /* until EV_LOGIN was told */
	struct auth_client *auth_client;
	struct mux *mux; /* from login on */

	size_t in_off, in_len; /* what of env->in is not parsed yet, during a turn */
	struct chunkq parked;  /* the same between turns */

	enum ask ask;
	bool ask_told;	/* the event was given out; the answer is awaited */
	bool login_due; /* EV_LOGIN comes next */
	bool is_logged_in;
	bool is_dead, dead_told;
	bool said_goodbye; /* the peer, by DISCONNECT */
	struct fault fault;

	struct alive alive;
	struct noise noise;
	uint64_t start_ms, now_ms; /* now_ms: the last time we were told */
	struct session_counts counts; /* packets_out: before a thaw; the rest has the transport */
};

/* The phase for the legality table, derived from the machines and kept nowhere. */
enum phase session_phase(const struct session *s);
/* Ends the session: records the fault (once), says DISCONNECT where that makes sense. */
void session_end(struct session *s, const struct fault *f);
/* One packet's payload. True: *ev concerns the program. */
bool dispatch_packet(struct session *s, struct bytes payload, struct event *ev);
/* The key exchange before login has ended: the login machine of our role starts. */
void dispatch_start_login(struct session *s);
/* The event of a question or of a login that is due. True: *ev is it. */
bool answers_due(struct session *s, struct event *ev);
/* What the login machines reported. True: *ev is for the program at once. */
bool answers_on_client(struct session *s, enum auth_client_event what, struct event *ev);
void answers_on_server(struct session *s, enum auth_server_event what);
struct transport_config session_transport_config(
	const struct session_config *cfg, const struct session_env *env);
struct mux_config session_mux_config(const struct session *s);

#endif
