/* SPDX-License-Identifier: ISC */
/*
 * One tcpip-forward under way: what was asked for, and the words in which it is answered. mux keeps
 * the order of replies, so a wish may be answered late.
 */
#ifndef RELAY_WISH_H
#define RELAY_WISH_H

#include "relay/door.h"

enum { WISH_TEXT_MAX = 192 };

struct wish {
	uint32_t token;
	bool want_reply;
	char host[256]; /* requested, verbatim */
	uint16_t port;	/* 0: the relay's choice */
	struct bindplan plan;
};

/* Whether it is within what the key and the connection may have, as things stand now; not how many
 * ports the key may have, since one may come in the place of another. */
enum err wish_judge(const struct link *l, const struct wish *w, struct fault *f) MUST_USE;
/* May the connection have one more port? */
enum err wish_fits(const struct link *l, struct fault *f) MUST_USE;
/* "localhost" port 2222, escaped */
void wish_text(const struct wish *w, char out[static WISH_TEXT_MAX]);
/* Nothing is said when no reply is wanted or nothing can be said any more. */
void wish_reply(struct link *l, const struct wish *w, bool is_ok, struct bytes data, const char *reason);
/* Refuses, with a line in the log. */
void wish_refuse(struct link *l, const struct wish *w, const char *reason);
/* d serves it now, or stands by: tells the agent, its terminal and the log. */
void wish_opened(struct link *l, const struct wish *w, const struct door *d);

#endif
