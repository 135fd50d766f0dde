/* SPDX-License-Identifier: ISC */
/*
 * Which port the relay chooses for who asks for port 0, as a row of candidates: those the key was
 * given before (relay/book.h), then one that the kernel finds, or, for a key that may not have any
 * port, those of its range. The row depends on the key and not on time, so it can be gone on with
 * later.
 */
#ifndef RELAY_CHOICE_H
#define RELAY_CHOICE_H

#include "relay/wish.h"

enum { CHOICE_RANGE_MAX = 256 }; /* ports of a range that are tried */

/* Is there any it might get? Else f says why not, as for a port that was named. */
enum err choice_judge(const struct link *l, const struct wish *w, struct fault *f) MUST_USE;
/* The first candidate from *index on, which becomes its number; *port 0: the kernel's. False: there
 * is none. */
bool choice_next(const struct link *l, const struct wish *w, unsigned *index, uint16_t *port);
/* Was this number one that the key was given before? */
bool choice_is_old(unsigned index);

#endif
