/* SPDX-License-Identifier: ISC */
/*
 * Flow control of one channel direction (RFC 4254 5.2), both sides: what we may still send, and
 * what we granted, have got, and give back. Every sum is checked.
 */
#ifndef MUX_WINDOW_H
#define MUX_WINDOW_H

#include "base/err.h"

#include <stdint.h>

struct send_window {
	uint32_t left; /* bytes we may send */
};

/* WINDOW_ADJUST of the peer; E_LIMIT past 2^32-1 (CVE-2025-54804). */
enum err send_window_grow(struct send_window *w, uint32_t n) MUST_USE;
void send_window_spend(struct send_window *w, uint32_t n); /* n <= left: our own duty */

struct recv_window {
	uint32_t size;	   /* what we aim to keep granted */
	uint32_t left;	   /* granted and not used by the peer yet */
	uint32_t consumed; /* handed on by the program, not given back yet */
};

void recv_window_init(struct recv_window *w, uint32_t size);
/* Data arrived: E_LIMIT when it is more than was granted. */
enum err recv_window_take(struct recv_window *w, uint32_t n) MUST_USE;
/* Bytes that came and that the program has not consumed. */
uint32_t recv_window_held(const struct recv_window *w);
/* The program is done with n bytes it got; n <= recv_window_held: our own duty. */
void recv_window_consume(struct recv_window *w, uint32_t n);
/* What to grant now: 0 until it is worth a message (a quarter of size, or less than half is left).
 * The grant counts as made. */
uint32_t recv_window_grant(struct recv_window *w);

#endif
