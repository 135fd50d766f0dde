/* SPDX-License-Identifier: ISC */
/*
 * tun@openssh.com (OpenSSH, PROTOCOL 2.3): the channel open and the packets in it, read and written
 * side by side, and the words of -w. One packet is the data of one CHANNEL_DATA, so there is no length
 * of its own. Layer 3: a uint32 address family in front of the IP packet; layer 2: the bare frame.
 */
#ifndef FORWARD_TUN_H
#define FORWARD_TUN_H

#include "base/bytes.h"
#include "base/err.h"

enum tun_mode { TUN_NONE, TUN_POINT_TO_POINT, TUN_ETHERNET }; /* as on the wire, but for NONE */

#define TUN_UNIT_ANY 0x7fffffffu
#define TUN_UNIT_MAX (TUN_UNIT_ANY - 2) /* that ssh takes as a word */

enum {
	TUN_FAMILY = 4,	       /* bytes in front of an IP packet */
	TUN_INET = 2,	       /* families: OpenBSD's numbers, on every system */
	TUN_INET6 = 24,
	TUN_OPEN_LEN = 9, /* at most */
	/* Data bytes of a packet. OpenSSH takes 32 KiB less 4, and an OpenSSH that reads an IP packet of
	 * more than TUN_MTU_MAX bytes from its device gives up. */
	TUN_DATA_MAX = 32 * 1024 - 4,
	TUN_MTU_MAX = 16380,
	TUN_SPEC_TEXT = 32
};

struct tun_open {
	enum tun_mode mode; /* never NONE */
	uint32_t unit;	    /* of the other side; TUN_UNIT_ANY */
	/* Ours, only to relays that announce tunnel-pool@sallyport.dev: a byte more, 1. The confirmation
	 * may then bring an address. */
	bool wants_address;
};

/* E_VALUE: no such mode or unit; or a ninth byte that is not 1. */
enum err tun_read_open(struct bytes payload, struct tun_open *out) MUST_USE;
enum err tun_write_open(struct span into, const struct tun_open *in, size_t *len) MUST_USE;

/* The packet for the device in the data of a channel. E_FORMAT: it is none, and costs itself only. */
enum err tun_read_packet(enum tun_mode mode, struct bytes data, struct bytes *packet) MUST_USE;
/* How many bytes stand in front of a packet: what the device is read behind. */
size_t tun_head_len(enum tun_mode mode);
/* Fills them in, for a packet of the device behind them: data has both. E_FORMAT: the other side could
 * do nothing with it. */
enum err tun_write_head(enum tun_mode mode, struct span data) MUST_USE;

struct tun_spec { /* of -w: TUN_UNIT_ANY each if it does not matter */
	uint32_t local, remote;
};

/* "local[:remote]", each a number or "any"; without the second it is any, as in ssh. */
bool tun_spec_parse(const char *text, struct tun_spec *out);
/* "any" or a number, as in tunnel="n" of a key line. */
bool tun_unit_parse(const char *text, uint32_t *unit);
void tun_unit_print(uint32_t unit, char *out, size_t cap);
void tun_spec_print(const struct tun_spec *spec, char out[static TUN_SPEC_TEXT]); /* "0:any" */

#endif
