/* SPDX-License-Identifier: ISC */
/*
 * One SSH connection, either role, without socket, clock or randomness of its own: bytes in, bytes
 * out, events out, commands in. The one header programs use. It coordinates transport, login and
 * channels and owns their order, the event union and the end; the machines own their states.
 *
 * A turn of the loop that has the session in hand:
 *
 *     session_turn_begin(s)
 *       while the socket has bytes:
 *         room = session_recv_room(s); n = read(room); session_recv_done(s, n, now)
 *         while (session_next(s, now, &ev)) ... act, command ...
 *       ... sources with bytes to send: session_lend, read into the pieces, session_commit ...
 *       write session_out_pieces(s), session_out_sent(s, n)
 *     session_turn_end(s)
 *
 * Between turns the session holds no packet memory beyond an unfinished packet and what the socket
 * did not take. Only one session of an env may be in a turn.
 */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include "auth/client.h"
#include "auth/server.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/pool.h"
#include "crypto/rand.h"
#include "mux/mux.h"
#include "transport/transport.h"

enum {
	SESSION_IN_AREA = 768 * 1024, /* room to read into, with an unfinished packet in front */
	SESSION_OUT_AREA = 640 * 1024 /* a full bulk turn with framing */
};

/* What a loop lends to its sessions; outlives them all. */
struct session_env {
	struct pool *pool;
	struct rng *rng;
	struct span in, out;	    /* SESSION_IN_AREA, SESSION_OUT_AREA */
	const struct session *busy; /* the one in a turn */
};

struct session_config {
	bool is_server;
	const char *kex, *ciphers, *macs, *host_key_algs, *sig_algs; /* final name-lists */
	uint64_t rekey_bytes, rekey_ms;
	uint64_t ident_ms, kex_ms, login_ms; /* deadlines of the steps before login; 0 never */
	uint64_t alive_interval_ms;	     /* probe after so much silence; 0 never */
	unsigned alive_count_max;	     /* unanswered probes that end it */
	uint32_t window;		     /* a channel; 0: WINDOW_START */
	size_t window_budget;		     /* all channels; 0: WINDOW_BUDGET */
	unsigned channels_max;		     /* 0: LIMIT_CHANNELS */
	/* server */
	struct transport_hostkey hostkeys[TRANSPORT_HOSTKEYS_MAX];
	size_t hostkey_count;
	unsigned auth_failures_max;
	/* client */
	const char *user;
	const struct auth_identity *identities;
	size_t identity_count;
	/* As in auth/client.h. They and the identities are read when login starts: an answer to
	 * EV_HOSTKEY may still change them. */
	const char *auth_methods;
	unsigned auth_prompts_max;
	bool auth_unbound; /* no publickey-hostbound, whatever the server takes */
	void (*trace)(void *ctx, int level, const char *text);
	void *trace_ctx;
};

enum event_kind {
	EV_NONE,
	EV_HOSTKEY,   /* client: .data is the peer's proven key: session_answer_hostkey */
	EV_SIGN_HOST, /* server: sign .data with host key .index by .alg: session_answer_sign */
	/* client: sign .data with identity .index, the signature to be of algorithm .text, which is
	 * .alg unless only hardware speaks it (NULL): session_answer_sign */
	EV_SIGN_USER,
	EV_LOAD, /* client: identity .index has no blob yet: session_answer_load */
	EV_PROMPT,    /* client: .prompt is for a person: session_answer_prompt */
	/* server: may .data (key blob) log in as .text? .proof and .signature: what it has signed for
	 * that, and how, not looked at yet; empty in a question beforehand: session_answer_key */
	EV_KEY,
	EV_BANNER,    /* client: .data is text of the relay */
	/* both: logged in; server: .text user, .data the key that signed; client: .text the method */
	EV_LOGIN,
	EV_MUX,	      /* .mux: one event of the connection protocol */
	EV_DEBUG,     /* .data: text the peer sent in a DEBUG message; .code: always_display */
	EV_DEAD	      /* last: .fault says why; send what is left, then close */
};

/* Slices hold until the next session_next, data of EV_MUX/MUX_DATA until the turn ends or
 * session_recv_room is called. */
struct event {
	enum event_kind kind;
	struct bytes data, proof, signature;
	const char *text;
	size_t index;
	uint32_t code;
	const struct sig_alg *alg;
	const struct auth_prompt *prompt;
	struct mux_event mux;
	const struct fault *fault;
};

struct session; /* opaque */

/* cfg and what it points to outlive the session. */
enum err session_new(const struct session_config *cfg, struct session_env *env, uint64_t now_ms,
	struct session **s) MUST_USE;
void session_free(struct session *s);

void session_turn_begin(struct session *s);
/* E_LIMIT, E_NOMEM: what was left could not be kept; the connection must be closed. */
enum err session_turn_end(struct session *s) MUST_USE;

/* Where bytes of the socket go; empty while the session waits for an answer (to EV_SIGN_USER, EV_LOAD
 * and EV_PROMPT it listens meanwhile) or has ended, and when its own output is not taken
 * (back-pressure). Payload slices given out so far end here. */
struct span session_recv_room(struct session *s);
/* n bytes were put there; 0 is fine, and needed once after a late answer. */
void session_recv_done(struct session *s, size_t n, uint64_t now_ms);
/* The peer closed its side of the TCP connection, or reading failed (text says how, NULL: closed).
 */
void session_recv_eof(struct session *s, const char *text);
/* Does one step after another until something concerns the program. False: nothing now. */
bool session_next(struct session *s, uint64_t now_ms, struct event *ev);

size_t session_out_pieces(const struct session *s, struct span *pieces, size_t max);
void session_out_sent(struct session *s, size_t n);
size_t session_out_len(const struct session *s);

/* Time: ask for the deadline after each turn; session_tick when it has passed, then session_next.
 */
uint64_t session_deadline(const struct session *s);
void session_tick(struct session *s, uint64_t now_ms);

/* Answers; may come within or between turns. */
void session_answer_hostkey(struct session *s, enum verdict v, uint64_t now_ms);
void session_answer_sign(
	struct session *s, struct bytes signature, uint64_t now_ms); /* empty: cannot */
/* The identity's blob is in its place now, or there is none. */
void session_answer_load(struct session *s, uint64_t now_ms);
/* is_given false: nobody can or will answer. */
void session_answer_prompt(
	struct session *s, struct bytes answer, bool is_given, uint64_t now_ms);
void session_answer_key(struct session *s, bool is_allowed);
/* Before an answer to EV_KEY: what a key in hardware has to say; see auth/server.h. */
void session_key_terms(struct session *s, struct auth_terms terms);
/* After it: why an allowed key did not get in, for the log; NULL when it did or was asked about. */
const char *session_key_flaw(const struct session *s);
/* Before an answer to EV_KEY: words for whoever proves to have that key, see auth/server.h. */
void session_banner(struct session *s, const char *text);

/* Channels and requests: see mux/mux.h. These work once EV_LOGIN was given and until EV_DEAD; a
 * fault inside ends the session (EV_DEAD comes next) and is returned. */
struct mux *session_mux(struct session *s); /* NULL before login and after the end */
/* May channel data leave now? False while a key exchange is open, output is backed up, or packet
 * memory is short. */
bool session_is_writable(const struct session *s);
void session_debug(struct session *s, const char *text); /* sends DEBUG */
void session_rekey(struct session *s, uint64_t now_ms);	 /* starts an exchange now */
/* Sends DISCONNECT; EV_DEAD follows with this text. */
void session_disconnect(struct session *s, uint32_t code, const char *text);
/* A command failed with e: ends the session with a fault that names what was tried. */
void session_fail(struct session *s, enum err e, const char *what);

bool session_is_logged_in(const struct session *s);
/* What the peer calls itself, before login, checked; NULL, "": nothing yet, or nothing fit. */
const char *session_user(const struct session *s);
/* Server, before EV_LOGIN: the key that is asked about. */
struct bytes session_key(const struct session *s);
bool session_is_dead(const struct session *s);
/* The peer ended it on purpose: its DISCONNECT said BY_APPLICATION. Any other end is a loss. */
bool session_said_goodbye(const struct session *s);
const struct transport *session_transport(const struct session *s); /* names, ident, extensions */
struct session_counts {
	uint64_t bytes_in, bytes_out, packets_in, packets_out; /* of the whole connection */
	unsigned rekeys;
	unsigned login_tries; /* of the peer, before it was logged in */
	uint64_t last_heard_ms;
};
void session_counts(const struct session *s, struct session_counts *out);

#endif
