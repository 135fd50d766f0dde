/* SPDX-License-Identifier: ISC */
/*
 * Frames between the processes of one program, over a pair of connected sockets that keep messages
 * apart (SOCK_SEQPACKET): a type, a number by which an answer finds its question, a payload, and as
 * many descriptors as the type says.
 *
 * The other side may be in the hands of an attacker. What does not fit the table of types, comes from
 * another process than the one expected, or was cut, is an error for good; descriptors that came
 * along are closed. Nothing is allocated.
 *
 *     16 bits type | 16 bits descriptors | 32 bits length of payload | 64 bits number | payload
 */
#ifndef IO_FRAME_H
#define IO_FRAME_H

#include <sys/types.h>

#include "base/bytes.h"
#include "base/err.h"

enum {
	FRAME_HEAD = 16,
	FRAME_PAYLOAD_MAX = 32 * 1024,
	FRAME_FDS_MAX = 8,
	FRAME_MAX = FRAME_HEAD + FRAME_PAYLOAD_MAX
};

/* What a type may carry; the type is its place in a table. */
struct frame_kind {
	bool is_known; /* to the one who receives: the table is of one direction */
	uint32_t min, max;		/* bytes of payload */
	uint16_t fds_min, fds_max;
};

struct frame_kinds {
	const struct frame_kind *kind;
	size_t count;
};

struct frame {
	uint16_t type;
	uint64_t number;
	struct bytes payload;
	int fd[FRAME_FDS_MAX];
	size_t fd_count;
};

/* The two ends, closed at exec; reading and writing them does not block. */
enum err frame_pair(int fd[static 2], struct fault *f) MUST_USE;

/* Sends the frame whole or not at all; its descriptors stay the caller's. E_AGAIN: the other side is
 * behind. E_CLOSED: it is gone. */
enum err frame_send(int fd, const struct frame *frame) MUST_USE;

/* The next frame, its payload in room (FRAME_MAX bytes). Descriptors are the caller's from now on,
 * closed at exec. E_AGAIN: there is none now. E_CLOSED: the other side is gone. peer: the process
 * that has to be the sender; 0: whoever. */
enum err frame_recv(int fd, const struct frame_kinds *kinds, pid_t peer, uint8_t *room,
	struct frame *frame, struct fault *f) MUST_USE;
void frame_close_fds(struct frame *frame);

/* For a process without a loop: waits for a frame, or until it can be sent. */
enum err frame_wait(int fd, const struct frame_kinds *kinds, pid_t peer, uint8_t *room,
	struct frame *frame, struct fault *f) MUST_USE;
enum err frame_send_all(int fd, const struct frame *frame) MUST_USE;

/* One message as it was received, with so many descriptors: its fields, all inside of message.
 * E_SHORT, E_UNKNOWN, E_FORMAT, E_LIMIT with a sentence. */
enum err frame_parse(const struct frame_kinds *kinds, struct bytes message, size_t fds,
	struct frame *frame, struct fault *f) MUST_USE;

#endif
