/* SPDX-License-Identifier: ISC */
/*
 * What is asked of a running agent through its control socket, and done: forwards that come and go,
 * streams of -W, facts, the end (docs/control.md; ssh's words are in ssh(1), -O). Sessions and the
 * proxy mode of OpenSSH are refused in a sentence.
 */
#ifndef CLIENT_DESK_H
#define CLIENT_DESK_H

#include "client/ask.h"
#include "client/ctlserver.h"
#include "client/herald.h"
#include "client/tunnel.h"
#include "wire/msgs.h"

struct desk {
	const struct client_settings *settings; /* private from here on */
	struct hub *hub;
	struct tunnel *tunnel;
	const struct herald *herald;
	void (*end)(void *ctx);
	void *ctx;
	struct ctlserver server;
	struct ask ask;		  /* ControlMaster ask */
	struct ctlclient *asker;  /* NULL: no question is open */
	struct ctlmsg wish;	  /* of the asker */
	char listen[LIMIT_STRING + 1], connect[LIMIT_STRING + 1]; /* the memory behind it */
	uv_timer_t look; /* while somebody watches */
	uint64_t seen;	 /* what the watchers know, as a sum */
};

/* Opens the socket that the settings want, if they want one. end: somebody asked the agent to end.
 * E_DENIED: another process has it, or something is there; f says so in ssh's words, and there is none.
 * E_LIMIT, E_SYS: it cannot be. desk_close is due in any case. */
enum err desk_init(struct desk *d, const struct client_settings *s, struct hub *hub,
	struct tunnel *tunnel, const struct herald *herald, void (*end)(void *ctx), void *ctx,
	struct fault *f) MUST_USE;
/* The relay answered for a forward. */
void desk_on_answered(struct desk *d, const struct forward *one);
/* The connection is gone, as the tunnel knows. */
void desk_on_down(struct desk *d);
/* The herald was told something new. */
void desk_on_news(struct desk *d);
/* Hangs up on everybody; the socket is gone. Twice is fine. The loop must run once more. */
void desk_close(struct desk *d);

/* For desk.c: what OpenSSH's info requests are answered with. False: no memory. */
bool desk_info_connection(const struct desk *d, struct buf *out);
bool desk_info_channels(const struct desk *d, struct buf *out);

#endif
