/* SPDX-License-Identifier: ISC */
/*
 * The connection protocol (RFC 4254): channels, windows, global requests. Messages in, typed events
 * out; commands write messages through the port. A channel is named by our number of it; the number
 * is dead after MUX_CLOSED or MUX_REFUSED.
 *
 * Half-close: MUX_EOF says that no more data comes; our side may go on. mux_eof is our half.
 * mux_close ends both. A CLOSE of the peer is answered at once, and MUX_CLOSED tells it.
 */
#ifndef MUX_MUX_H
#define MUX_MUX_H

#include "base/bytes.h"
#include "base/err.h"
#include "wire/port.h"

enum mux_kind {
	MUX_NOTHING,
	MUX_GLOBAL_REQUEST, /* name, data, want_reply, token: mux_global_reply if wanted */
	MUX_GLOBAL_REPLY,   /* token of ours, is_ok, data */
	MUX_OPEN,	    /* channel, name (type), data: answer with mux_accept or mux_refuse */
	MUX_OPENED,	    /* channel of ours is confirmed; data: type-specific rest */
	MUX_REFUSED, /* channel of ours was refused: code, data (text); the channel is gone */
	MUX_DATA,    /* channel, data, code: 0 or the extended type; give back with mux_consumed */
	MUX_WINDOW,  /* channel: the send window opened after it was empty or too short */
	MUX_EOF,     /* channel: the peer sends no more */
	MUX_REQUEST, /* channel, name, data, want_reply: answer with mux_request_reply if wanted */
	MUX_REQUEST_REPLY, /* channel, is_ok */
	MUX_CLOSED	   /* channel: both CLOSEs are through; the channel is gone */
};

enum { MUX_OPENSSH_SURCHARGE = 4 }; /* of tun@openssh.com */

/* Slices borrow the packet and hold until the next message is taken. */
struct mux_event {
	enum mux_kind kind;
	uint32_t channel;
	void *user; /* of the channel */
	struct bytes name, data;
	bool want_reply, is_ok;
	uint32_t code;
	uint32_t token;
};

struct mux_config {
	bool is_server;
	uint32_t window;     /* the most a channel may have granted; WINDOW_START */
	size_t budget;	     /* what all have together (mux/credit.h); WINDOW_BUDGET, 0: no bound */
	uint32_t packet_max; /* data bytes a packet that we accept; DATA_MAX */
	uint32_t channels_max;
	struct port port;
};

struct mux; /* opaque */

enum err mux_new(const struct mux_config *cfg, struct mux **m) MUST_USE;
void mux_free(struct mux *m);

/*
 * One message of 80..100. ev->kind may be MUX_NOTHING. Requests nobody here knows are for the
 * program to refuse; what OpenSSH sends on its own account is dealt with here: keepalive@, eow@,
 * no-more-sessions@openssh.com. The data of hostkeys-00@openssh.com is strings to its end. Global
 * requests past LIMIT_REPLIES and opens past
 * LIMIT_OPENING (a client: LIMIT_OPENING_CLIENT) are refused without an event. Errors end the
 * connection.
 */
enum err mux_on(
	struct mux *m, struct bytes payload, struct mux_event *ev, struct fault *f) MUST_USE;

/* Commands on a dead number, or that the channel's state does not allow, are E_STATE and send
 * nothing. E_LIMIT and E_NOMEM of a command leave the connection whole unless they came from the
 * port. */

/* --- channels --------------------------------------------------------------------------------- */

/* Opens a channel of ours. type: name, extra: the type-specific part. */
enum err mux_open(struct mux *m, const char *type, struct bytes extra, void *user,
	uint32_t *channel) MUST_USE;
enum err mux_accept(struct mux *m, uint32_t channel, void *user) MUST_USE;
/* The same with the type-specific rest of the confirmation. */
enum err mux_accept_with(
	struct mux *m, uint32_t channel, void *user, struct bytes extra) MUST_USE;
enum err mux_refuse(struct mux *m, uint32_t channel, uint32_t reason, const char *text) MUST_USE;
void mux_set_user(struct mux *m, uint32_t channel, void *user);
void *mux_user(const struct mux *m, uint32_t channel); /* NULL for a dead number */

/* Room for bytes to send on the channel: pieces to read into, want bytes at most in all, bounded by
 * the window, the peer's packet size and what the port lends. Returns the count of pieces, 0 when
 * nothing can go now (mux_can_send says if the window is the reason). */
size_t mux_lend(struct mux *m, uint32_t channel, size_t want, struct span *pieces, size_t max);
/* The first n bytes of the pieces were filled, in order: they leave as CHANNEL_DATA. */
enum err mux_commit(struct mux *m, uint32_t channel, size_t n) MUST_USE;
/* A small piece by copy (notices), in one packet when the peer takes it so; E_AGAIN when the window
 * is short: MUX_WINDOW comes when it has grown. */
enum err mux_write(struct mux *m, uint32_t channel, uint32_t extended, struct bytes data) MUST_USE;
/* What the peer counts of its window for each packet beyond its data: OpenSSH does so where packets
 * keep their bounds (MUX_OPENSSH_SURCHARGE). One piece is lent at a time then. */
void mux_surcharge(struct mux *m, uint32_t channel, uint8_t bytes);
/* May n bytes leave in one packet now? If the window is short MUX_WINDOW comes when it has grown. */
bool mux_has_room(struct mux *m, uint32_t channel, size_t n);
/* Bytes the window allows now; 0 after our EOF or CLOSE. */
uint32_t mux_can_send(const struct mux *m, uint32_t channel);
/* The program is done with n bytes of MUX_DATA; may send an adjust. E_STATE: more than it got. */
enum err mux_consumed(struct mux *m, uint32_t channel, uint32_t n) MUST_USE;
/* Memory is short, or no longer, for others than this connection alone: until further notice no
 * channel is granted more than its floor (mux/credit.h). */
void mux_press(struct mux *m, bool is_pressed);
/* Channels are granted this much at most; before the first one. */
void mux_narrow(struct mux *m, uint32_t window);
/* The one that is opened or accepted next is granted this much at most; 0: as all others. */
void mux_narrow_next(struct mux *m, uint32_t window);
/* Both have no effect when done already. Closing a channel of ours that is not confirmed yet keeps
 * the number until the peer has answered: then MUX_REFUSED or, after its CLOSE, MUX_CLOSED. */
enum err mux_eof(struct mux *m, uint32_t channel) MUST_USE;
enum err mux_close(struct mux *m, uint32_t channel) MUST_USE;
enum err mux_request(struct mux *m, uint32_t channel, const char *name, bool want_reply,
	struct bytes data) MUST_USE;
enum err mux_request_reply(struct mux *m, uint32_t channel, bool is_ok) MUST_USE;

/* --- global requests ---------------------------------------------------------------------------
 */

/* Ours. token comes back in MUX_GLOBAL_REPLY when want_reply. */
enum err mux_global(struct mux *m, const char *name, bool want_reply, struct bytes data,
	uint32_t token) MUST_USE;
/* The peer's: replies may be given in any order, they leave in the order of the requests. data: at
 * most GLOBAL_DATA_MAX bytes. reason: a sentence sent as DEBUG right before the reply; NULL for
 * none. */
enum err mux_global_reply(
	struct mux *m, uint32_t token, bool is_ok, struct bytes data, const char *reason) MUST_USE;
/* keepalive@openssh.com of ours; no effect while one is under way. Its answer makes no event. */
enum err mux_keepalive(struct mux *m) MUST_USE;
bool mux_keepalive_is_open(const struct mux *m);

/* --- looking ---------------------------------------------------------------------------------- */

struct mux_channel_info {
	uint32_t id, peer_id;
	void *user;
	bool is_open; /* confirmed by both */
	bool got_eof, sent_eof, sent_close;
	uint32_t send_left, recv_left;
	uint32_t send_most; /* the largest window that the peer was seen to give */
	uint32_t recv_size; /* what it is given */
	uint32_t recv_max; /* the most that may ever be in the program's hands at one time */
	uint64_t bytes_in, bytes_out;
};
bool mux_channel_info(const struct mux *m, uint32_t channel, struct mux_channel_info *out);
/* Walk: start at *channel = 0; false at the end. */
bool mux_channel_next(const struct mux *m, uint32_t *channel);
uint32_t mux_channel_count(const struct mux *m);
/* Channels of ours that the peer has not answered, also those that were closed meanwhile. */
unsigned mux_opening_count(const struct mux *m);

/* --- freeze ----------------------------------------------------------------------------------- */

enum err mux_freeze(const struct mux *m, struct writer *w) MUST_USE;
struct reader;
enum err mux_thaw(const struct mux_config *cfg, struct reader *r, struct mux **m) MUST_USE;

#endif
