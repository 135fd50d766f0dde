/* SPDX-License-Identifier: ISC */
/*
 * Flow control of one channel direction (RFC 4254 5.2), both sides: what we may still send, and
 * what we granted, have got, and give back. Every sum is checked. How much may be granted at all is
 * for mux/credit.h to say.
 */
#ifndef MUX_WINDOW_H
#define MUX_WINDOW_H

#include "base/err.h"

#include <stdint.h>

struct send_window {
	uint32_t left; /* bytes we may send */
	uint32_t most; /* that left ever was */
};

/* Anew, with what the peer gave. */
void send_window_start(struct send_window *w, uint32_t n);
/* WINDOW_ADJUST of the peer; E_LIMIT past 2^32-1 (CVE-2025-54804). */
enum err send_window_grow(struct send_window *w, uint32_t n) MUST_USE;
void send_window_spend(struct send_window *w, uint32_t n); /* n <= left: our own duty */

/* left + held is the peer's credit that is out: what may come to stand in our queues. It never
 * exceeds 2^32-1, and exceeds size only when that was lowered: what is granted cannot be taken
 * back. */
struct recv_window {
	uint32_t size; /* the credit we aim to have out */
	uint32_t most; /* which never grows beyond this; 0: no bound of its own */
	uint32_t left; /* granted and not used by the peer yet */
	uint32_t held; /* came, and the program has not consumed it */
};

/* Data arrived: E_LIMIT when it is more than was granted. */
enum err recv_window_take(struct recv_window *w, uint32_t n) MUST_USE;
/* The program is done with n bytes it got; n <= held: our own duty. */
void recv_window_consume(struct recv_window *w, uint32_t n);
/* What to grant now, room at most: 0 until it is worth a message (a quarter of what can be out, or
 * less than half of it is left). The grant counts as made. */
uint32_t recv_window_grant(struct recv_window *w, uint64_t room);

#endif
