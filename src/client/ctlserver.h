/* SPDX-License-Identifier: ISC */
/*
 * The control socket of a running agent: who may come in, and whole requests one after another
 * (forward/ctlmsg.h). What they mean is the owner's affair. Mode 0600, and only root and the user of
 * this process are heard, whatever the file's mode has become.
 *
 * Clients, messages and what waits to be written are bounded. One that stops in the middle of a message,
 * or does not take its answers, is hung up on; when there are too many, the one that has been idle for
 * the longest time makes room.
 */
#ifndef CLIENT_CTLSERVER_H
#define CLIENT_CTLSERVER_H

#include "base/buf.h"
#include "base/list.h"
#include "forward/ctlmsg.h"
#include "bridge/hub.h"
#include "io/unixsock.h"

enum {
	CTLSERVER_CLIENTS_MAX = 64,
	CTLSERVER_SILENCE_MS = 10 * 1000,
	CTLSERVER_DESCRIPTORS_MAX = 3,
	CTLSERVER_OUT_MAX = 2 * CTLMSG_MAX
};

struct ctlserver;

struct ctlclient {
	/* For the owner; zero at the beginning. */
	const void *waits_for;
	void *user;
	uint32_t id; /* of the request that is open */
	int descriptors[CTLSERVER_DESCRIPTORS_MAX]; /* that came with it; -1: none, or taken away */
	bool watches;
	struct list link; /* private from here on */
	struct ctlserver *server;
	int fd;
	uv_poll_t poll;
	uv_timer_t silence;
	unsigned handles;
	struct buf in, out;
	size_t want; /* so many bytes of in are the unit that is read */
	unsigned passed, to_pass; /* descriptors that have come of those that have to */
	bool has_body, has_hello, is_busy, is_closing;
	uint64_t idle_since_ms;
};

struct ctlserver_ops {
	/* known: E_OK, or E_UNKNOWN as of ctlmsg_read. It is open until ctlserver_answer or
	 * ctlserver_hang_up, which may come later. m holds until this returns. */
	void (*request)(void *ctx, struct ctlclient *k, const struct ctlmsg *m, enum err known);
	/* Hung up, by whomever: the owner forgets it. */
	void (*gone)(void *ctx, struct ctlclient *k);
};

struct ctlserver {
	uv_loop_t *loop; /* private from here on */
	const char *path;
	struct unixsock_file file;
	struct acceptor *acceptor; /* NULL: nobody comes in */
	struct list clients;
	unsigned count;
	const struct ctlserver_ops *ops;
	void *ctx;
};

/* path is borrowed. E_DENIED: somebody listens there already, or something else is there. E_LIMIT: the
 * path is too long for a socket. E_SYS. f: the sentence. s can be closed in any case. */
enum err ctlserver_open(struct ctlserver *s, struct hub *hub, const char *path,
	const struct ctlserver_ops *ops, void *ctx, struct fault *f) MUST_USE;
/* Nobody comes in any more, and the file is gone; clients stay. */
void ctlserver_stop(struct ctlserver *s);
/* Hangs up on everybody as well. The loop must run once more. */
void ctlserver_close(struct ctlserver *s);
/* The request that is open is answered, and the next one may come. The id is put in. */
void ctlserver_answer(struct ctlclient *k, const struct ctlmsg *m);
/* The same, and it stays open: more will be said, or nothing until the end. */
void ctlserver_say(struct ctlclient *k, const struct ctlmsg *m);
/* OK, or with a sentence FAILURE or DENIED. */
void ctlserver_answer_plain(struct ctlclient *k, uint32_t type, const char *why);
void ctlserver_hang_up(struct ctlclient *k);

#endif
