/* SPDX-License-Identifier: ISC */
/*
 * From a wish whose addresses are known to a door: binds them, or takes them from where the same
 * identity has them already.
 */
#ifndef RELAY_CLAIM_H
#define RELAY_CLAIM_H

#include "relay/wish.h"

/* Answers the wish. It was found to be within what the key may have. */
void claim_go(struct link *l, const struct wish *w, const struct binder_wish *want);

#endif
