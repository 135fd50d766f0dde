/* SPDX-License-Identifier: ISC */
/*
 * What conn and pump know of each other, and nobody else does:
 *
 *     conn.c       the turn: in, events, out, and what the socket is watched for
 *     conn_end.c   the end: sinks told, last words flushed, memory given back
 *     pump.c       life of a pump, events of its channel
 *     pump_move.c  bytes between a channel and the local side (ends.h)
 *
 * Ends may be asked for from within any callback. An ended pump or conn stays in memory until libuv
 * has let go of its handles, which is after the turn, so whoever calls out asks is_over or phase
 * afterwards and touches nothing else.
 */
#ifndef BRIDGE_CONN_IMPL_H
#define BRIDGE_CONN_IMPL_H

#include "bridge/conn.h"
#include "bridge/ends.h"
#include "bridge/outlet.h"
#include "bridge/pump.h"
#include "bridge/stall.h"
#include "bridge/watch.h"
#include "mux/sched.h"

enum {
	CONN_READ_TURN = 512 * 1024, /* bytes a turn takes from the SSH socket */
	CONN_OUT_MIN = 64 * 1024,
	CONN_OUT_MAX = 512 * 1024,
	CONN_OUT_CALM = 8,   /* turns that were written whole until they may grow */
	CONN_FLUSH_MS = 2000, /* for the last words to a peer that does not read */
	PUMP_FEW = 32 /* channels whose sockets may keep the kernel's own bound */
};

enum source_served {
	SOURCE_WAITS, /* for its socket or its window */
	SOURCE_HAS_MORE,
	SOURCE_NO_ROOM /* the turn's output is full */
};

/* Something that has bytes to send, and is given its turn in fair order. */
struct source {
	struct sched_node node;
	unsigned turn; /* the conn's turn that served it last */
	/* Sends want bytes at most; *moved is what it sent. */
	enum source_served (*serve)(struct source *s, size_t want, size_t *moved);
};

enum conn_phase {
	CONN_LIVE,
	CONN_ENDING, /* the session is dead, sinks were told; its last words are still to be written
		      */
	CONN_OVER    /* closed() was called; only libuv still knows it */
};

struct conn {
	struct list woken;   /* of the hub */
	struct list waiting; /* of the hub: sources are not read, for packet memory is short */
	struct hub *hub;
	struct session *session; /* NULL when over */
	struct mux *mux;	 /* of the session, once logged in; also after its end */
	const struct conn_ops *ops;
	void *ctx;

	struct watch watch;
	uv_timer_t timer;
	uint64_t timer_ms; /* when it fires; UINT64_MAX: it does not run */
	unsigned handles;  /* not closed yet */
	int fd;
	enum conn_phase phase;
	bool is_due;	   /* the timer fired */
	bool is_backed_up; /* the session takes no bytes now */
	bool is_broken;	   /* nothing can be written any more */
	unsigned turn;	   /* a number of the turn, for fairness */
	size_t out_turn;   /* bytes pumps may add to the output in a turn: what the socket takes */
	size_t out_written, out_added; /* in this turn */
	unsigned out_calm;	       /* turns of that size that were written whole */
	bool is_choked; /* at the end of its last turn pumps were ready, and it took nothing */
	uint64_t choked_since_ms, choked_ms; /* choked_ms: before that */

	struct sched sched;
	struct list pumps;  /* all of them, also those whose channel is gone */
	struct list work;   /* pumps with something to do besides reading */
	struct sink nobody; /* owns channels whose pump has ended and whose CLOSE is under way */
	const struct fault *fault; /* of the session, once it is dead */
	struct sock_addr peer, local;
};

struct pump {
	struct sink sink;
	struct conn *conn;
	struct list link; /* of conn->pumps */
	struct list work; /* of conn->work */
	struct source source;

	struct ends ends; /* the local side */
	uv_timer_t timer; /* for an open that is not answered */
	unsigned handles;
	uint32_t channel;
	bool has_channel; /* the number is ours to use */
	bool is_open;	  /* confirmed: data may flow */
	bool was_open;	  /* also after the connection was lost */
	bool got_eof;	  /* of the peer, or its CLOSE: nothing more comes for the socket */
	bool is_in_over;  /* the socket has ended its direction and the channel was told */
	bool is_out_over; /* our direction of the socket is shut, or broken */
	bool is_broken;	  /* the socket took no more: what comes for it is thrown away */
	bool is_over;

	struct outlet outlet;
	struct throttle *read_throttle, *credit_throttle; /* NULL: none */
	struct throttle_turn read_turn, credit_turn;
	size_t owed;	/* credit for what is done, not given to the peer yet */
	size_t prepaid; /* credit given, and paid for, that the peer has not used */
	uint64_t to_channel, to_socket, since_ms;
	struct stall_clock in_stall, out_stall; /* from the socket, and to it */
	void (*opened)(void *ctx, struct pump *p); /* NULL: nobody asks */
	pump_done_fn done;
	void *ctx;
};

void hub_stir(struct hub *h);
/* Packet memory was given back outside of a turn: somebody may wait for it. */
void hub_gave_back(struct hub *h);

void conn_turn(struct conn *c);
/* The channels to command; NULL before login and after the end. */
struct mux *conn_mux(const struct conn *c);
/* Ends the session for a command that failed. */
void conn_fail(struct conn *c, enum err e, const char *what);
/* Writes until the session has nothing left or the socket is full. */
void conn_flush(struct conn *c);
/* For how long it has kept ready pumps waiting, in all. */
uint64_t conn_line_ms(const struct conn *c);
void conn_on_poll(uv_poll_t *poll, int status, int events);

/* The session is dead. */
void conn_begin_end(struct conn *c);
/* A turn of a conn that is ending. */
void conn_end_turn(struct conn *c);

/* Reads up to want bytes of the socket into packets. */
enum source_served pump_serve(struct source *s, size_t want, size_t *moved);
/* The socket became writable, or failed. */
void pump_work(struct pump *p);
/* n bytes for the socket that it will not get. */
void pump_throw_away(struct pump *p, size_t n);
/* Payload for the socket; holds until pump_flush. */
void pump_take(struct pump *p, struct bytes data);
/* A turn of its throttle: pump_serve and pump_pay have room again. */
void pump_on_read_turn(struct throttle_turn *turn);
void pump_on_credit_turn(struct throttle_turn *turn);
/* Writes what was gathered in this turn for one socket. */
void pump_flush(struct hub *h);
/* Moves the state on after a direction has ended or the queue ran empty. */
void pump_settle(struct pump *p);
void pump_on_poll(uv_poll_t *poll, int status, int events);
/* Makes libuv watch for what the pump wants now. */
void pump_watch(struct pump *p);
/* Its socket has something, and the channel may take it: it stands in line for its turn. */
void pump_is_ready(struct pump *p);
/* Told of the direction from the socket. */
void pump_waits_for(struct pump *p, enum stall what);
/* The socket is of no use any more: code is errno. */
void pump_fail(struct pump *p, int code);
void pump_reset(struct pump *p, const char *text);
void pump_finish(struct pump *p, enum pump_end how, uint32_t code, const char *text);
/* The conn of a pump without channel is going. */
void pump_conn_lost(struct pump *p);

#endif
