/* SPDX-License-Identifier: ISC */
/*
 * A channel and a local socket, joined: bytes both ways with back-pressure, half-close both ways.
 *
 * From the socket: read straight into packets the session lends. To the socket: written from the
 * opened packets, several in one call; what it does not take waits in pool chunks, and the peer gets
 * credit only for what was written, so the queue never exceeds the channel's window. When packet memory
 * is all but spent (base/pool.h) sockets are not read, and one that has to be queued for is reset.
 *
 * A reset of the socket closes the channel; end of input becomes EOF; EOF of the peer becomes
 * shutdown(SHUT_WR) after the last byte was written; when both halves are done the channel is closed.
 * After a CLOSE of the peer what is queued is still written and then the socket closed with care. A
 * stream that was cut (connection lost, refused, stopped) ends with a reset of the socket, so that
 * nobody takes it for whole.
 *
 * NODELAY is set here; SO_KEEPALIVE is the program's choice (sock_tune). Nothing here raises SIGPIPE.
 */
#ifndef BRIDGE_PUMP_H
#define BRIDGE_PUMP_H

#include "bridge/conn.h"
#include "bridge/stall.h"
#include "bridge/throttle.h"

struct pump; /* opaque */

enum pump_end {
	PUMP_DONE,      /* both halves ended in order */
	PUMP_REFUSED,   /* the channel was refused; code and text say why */
	PUMP_RESET,     /* the local socket failed; text says how */
	PUMP_PEER_CLOSED, /* the peer closed the channel */
	PUMP_CONN_LOST  /* the SSH connection ended */
};

struct pump_report {
	enum pump_end end;
	uint32_t code;
	const char *text;      /* "" when there is nothing to say; printable */
	uint64_t to_channel, to_socket; /* bytes that were sent and written */
	uint64_t since_ms;     /* hub_now when it began */
};

/* Called once, at the end; the pump is gone when it returns. May be NULL. */
typedef void (*pump_done_fn)(void *ctx, struct pump *p, const struct pump_report *r);

/* Opens a channel of ours for a visitor's socket; bytes flow once it is confirmed, unanswered opens end
 * after open_timeout_ms (0: never). Takes fd (also on failure). */
enum err pump_open(struct conn *c, int fd, const char *type, struct bytes extra, uint64_t open_timeout_ms,
	pump_done_fn done, void *ctx, struct pump **p) MUST_USE;
/* Calls opened, with the same ctx as done, when the channel is confirmed; never after done. */
void pump_on_opened(struct pump *p, void (*opened)(void *ctx, struct pump *p));
/* Accepts a channel the peer opened, onto a connected socket. Takes fd (also on failure). */
enum err pump_accept(struct conn *c, uint32_t channel, int fd, pump_done_fn done, void *ctx,
	struct pump **p) MUST_USE;
/* Right after the start: its bytes are no faster than these let them, each NULL or alive as long as
 * the pump. From the socket they are not read, from the channel not asked for; the channel's window
 * is what may come unasked (throttle_window). */
void pump_throttle(struct pump *p, struct throttle *to_channel, struct throttle *to_socket);
/* Takes over a channel that is open: one of ours that was confirmed, or one of the peer's that was
 * accepted, so that somebody else could speak on it first. early: bytes of the peer that came
 * meanwhile and were given no credit for, in a queue of the hub's pool that is emptied; NULL: none.
 * Takes fd (also on failure: then the channel and early stay the caller's). */
enum err pump_join(struct conn *c, uint32_t channel, int fd, struct chunkq *early, pump_done_fn done,
	void *ctx, struct pump **p) MUST_USE;
/* The same with an input and an output of their own instead of a socket: the standard ones of a
 * program. EOF of the peer closes the output. */
enum err pump_join_stdio(struct conn *c, uint32_t channel, int in, int out, pump_done_fn done,
	void *ctx, struct pump **p) MUST_USE;
/* Ends it from outside: the channel is closed, the socket reset, and done is called before this
 * returns (PUMP_RESET, "stopped"). Allowed in any callback. */
void pump_stop(struct pump *p);
/* In done, at PUMP_CONN_LOST: the socket, when our open was not answered, so that nothing was read of
 * it or written to it and another connection can serve it. The caller's. Else -1, and it is closed. */
int pump_take_back(struct pump *p);
uint32_t pump_channel(const struct pump *p);
void pump_bytes(const struct pump *p, uint64_t *to_channel, uint64_t *to_socket);
/* What each direction waits for, and has waited for in all. */
struct pump_stalls {
	enum stall to_channel, to_socket; /* now */
	uint64_t to_channel_ms[STALL_KINDS], to_socket_ms[STALL_KINDS];
};
void pump_stalls(const struct pump *p, struct pump_stalls *out);
/* The most that may be under way to the peer, and from it: the channel's windows. 0: not open. */
void pump_windows(const struct pump *p, uint32_t *to_channel, uint32_t *to_socket);

#endif
