/* SPDX-License-Identifier: ISC */
/*
 * Packets between a tun device and a channel of tun@openssh.com, whole or not at all. What the channel
 * cannot take now waits in a fair queue (forward/fairq.h), which drops rather than grow old; what the
 * device does not take is dropped. A packet that is none costs itself.
 *
 * The device may stay while channels come and go. Without one it is left alone, and what the kernel kept
 * for it meanwhile is thrown away when the next one comes.
 */
#ifndef BRIDGE_FERRY_H
#define BRIDGE_FERRY_H

#include "bridge/conn.h"
#include "forward/tun.h"

struct ferry; /* opaque */

struct ferry_ops {
	/* The channel has ended; is_lost: the connection with it. */
	void (*closed)(void *ctx, bool is_lost);
	/* The device is gone: code is errno. The ferry is of no use but to be closed. */
	void (*gone)(void *ctx, int code);
};

struct ferry_counts {
	uint64_t packets_in, packets_out, bytes_in, bytes_out; /* in: to the device */
	uint64_t malformed; /* of the peer */
	uint64_t refused;   /* by the device: it is not up, or takes no such packet */
	uint64_t dropped;   /* for want of room on the line */
	uint64_t oversized; /* of the device: they go through no channel */
};

/* Takes fd, a tun device that does not block (also on failure). */
enum err ferry_new(struct hub *h, int fd, enum tun_mode mode, const struct ferry_ops *ops, void *ctx,
	struct ferry **f) MUST_USE;
/* Over this channel, which is open. None before. */
void ferry_attach(struct ferry *f, struct conn *c, uint32_t channel);
bool ferry_is_attached(const struct ferry *f);
void ferry_counts(const struct ferry *f, struct ferry_counts *out);
/* Closes device and channel; nothing is called back any more. Allowed in any callback. NULL is fine. */
void ferry_close(struct ferry *f);
/* The same, but leaves the channel open for another device: its number, or false when there is none. */
bool ferry_leave(struct ferry *f, uint32_t *channel);

#endif
