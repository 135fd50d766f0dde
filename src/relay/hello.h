/* SPDX-License-Identifier: ISC */
/*
 * What sallyd says when it is up: where it listens, its fingerprint, whose keys it takes, and the
 * lines to type on the inner machine and for a visitor. Plain words, for somebody who sees it for
 * the first time.
 */
#ifndef RELAY_HELLO_H
#define RELAY_HELLO_H

#include "relay/supervisor.h"

/* The whole text, for free(); NULL when memory is short. */
char *hello_text(const struct supervisor *s);

#endif
