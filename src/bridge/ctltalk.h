/* SPDX-License-Identifier: ISC */
/*
 * A conversation with the process behind a control socket (forward/ctlmsg.h), for programs that do one
 * thing and end: it blocks, with a deadline. One request at a time.
 */
#ifndef BRIDGE_CTLTALK_H
#define BRIDGE_CTLTALK_H

#include "base/buf.h"
#include "forward/ctlmsg.h"

struct ctltalk {
	bool has_info, has_ours; /* what the other side knows */
	int fd;			 /* private from here on; -1: none */
	uint32_t id;
	struct buf in;
};

/* Connects and says hello. E_UNKNOWN: nobody is there, code is errno, which the sentence has alone.
 * E_LIMIT: the path is none for a socket. E_PROTO: it speaks something else. */
enum err ctltalk_open(
	struct ctltalk *t, const char *path, uint64_t timeout_ms, struct fault *f) MUST_USE;
void ctltalk_close(struct ctltalk *t);
/* Sends it under the next id. */
enum err ctltalk_say(struct ctltalk *t, const struct ctlmsg *m, struct fault *f) MUST_USE;
/* A descriptor, which stays the caller's as well. */
enum err ctltalk_pass(struct ctltalk *t, int fd, struct fault *f) MUST_USE;
/* The next message, which holds until the next call. E_CLOSED: the other side hung up; E_TIMEOUT
 * (timeout_ms 0: never); E_PROTO: it is none, or belongs to another request. */
enum err ctltalk_hear(
	struct ctltalk *t, uint64_t timeout_ms, struct ctlmsg *m, struct fault *f) MUST_USE;
/* Both. */
enum err ctltalk_ask(struct ctltalk *t, const struct ctlmsg *m, uint64_t timeout_ms,
	struct ctlmsg *answer, struct fault *f) MUST_USE;

#endif
