/* SPDX-License-Identifier: ISC */
/*
 * Option lists that are well-formed and still cannot mean what was written: permits behind a
 * restrict that nothing takes back, lists that admit nobody. Such a line stays in force as it
 * stands; who writes it is told.
 */
#ifndef KEYS_KEYLINT_H
#define KEYS_KEYLINT_H

#include "keys/authkeys.h"

/* Tells one sentence for each oddity of the line. */
void keylint(const struct authkey *k, authkeys_complaint tell, void *ctx);

#endif
