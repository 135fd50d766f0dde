/* SPDX-License-Identifier: ISC */
/*
 * Global requests and their replies (RFC 4254 4): a reply names no request, so both sides must keep
 * the order. Those of the peer that wait for the program are numbered by a token; the program
 * answers in any order, and the answers leave in the peer's.
 *
 * At most LIMIT_REPLIES of the peer's wait; what comes on top is refused in its place. Ours that
 * wait are at most GLOBAL_ASKED_MAX. Holds no memory while nothing waits.
 */
#ifndef MUX_GLOBAL_H
#define MUX_GLOBAL_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/list.h"
#include "wire/port.h"
#include "wire/reader.h"

enum {
	GLOBAL_DATA_MAX = 4096, /* of a reply of ours: a signature by each kind of key */
	GLOBAL_ASKED_MAX = 1024,
};

struct global_request {
	struct bytes name; /* at most LIMIT_NAME */
	bool want_reply;
	struct bytes data;
};

struct global {
	struct list owed, asked; /* private from here on */
	unsigned owed_count, asked_count;
	uint32_t next_token;
	unsigned strays; /* replies to nothing */
	bool is_keepalive_open;
};

void global_init(struct global *g);
void global_fini(struct global *g);

enum err global_read_request(struct reader *r, struct global_request *q) MUST_USE;

/* --- ours ------------------------------------------------------------------------------------- */

/* Sends a request. token comes back from global_on_reply when it wants a reply. E_LIMIT, E_NOMEM.
 */
enum err global_ask(struct global *g, const struct port *port, const struct global_request *q,
	uint32_t token) MUST_USE;
/* keepalive@openssh.com, unless one is under way. */
enum err global_keepalive(struct global *g, const struct port *port) MUST_USE;
/* The peer replied to the oldest of ours. *is_event: the program waits for it, as *token. One that
 * belongs to nothing is dropped and counted; E_LIMIT after LIMIT_STRAY of them. */
enum err global_on_reply(struct global *g, bool *is_event, uint32_t *token) MUST_USE;
/* Another reply to nothing, of a channel: shares the count. */
enum err global_stray(struct global *g) MUST_USE;

/* --- the peer's ------------------------------------------------------------------------------- */

/* A request that wants a reply is the program's to answer: *is_event and its *token. When too many
 * wait it is refused and there is no event. E_LIMIT: even the refused ones are too many; E_NOMEM.
 */
enum err global_owe(
	struct global *g, const struct port *port, bool *is_event, uint32_t *token) MUST_USE;
/* The same for one that is refused in any case, when its turn comes. */
enum err global_owe_refusal(struct global *g, const struct port *port) MUST_USE;
/* The program's answer. E_STATE: no such token waits; E_LIMIT: too much data. */
enum err global_reply(struct global *g, const struct port *port, uint32_t token, bool is_ok,
	struct bytes data, const char *reason) MUST_USE;

/* --- freeze ----------------------------------------------------------------------------------- */

void global_freeze(const struct global *g, struct writer *w);
/* g is initialized and empty. On failure it may hold something for global_fini. E_FORMAT, E_NOMEM.
 */
enum err global_thaw(struct global *g, struct reader *r) MUST_USE;

#endif
