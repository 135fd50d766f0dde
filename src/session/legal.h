/* SPDX-License-Identifier: ISC */
/*
 * Which message may be taken when: one const table over role, phase and message number, asked
 * before anything is dispatched. Whatever is not named is a disconnect.
 */
#ifndef SESSION_LEGAL_H
#define SESSION_LEGAL_H

#include <stdbool.h>
#include <stdint.h>

enum phase {
	PHASE_IDENT, /* I: no packet yet */
	PHASE_KEX, /* K: first exchange, peer keeps strict key exchange (or it is not known yet) */
	PHASE_KEX_LAX, /* K without strict key exchange */
	PHASE_SERVICE, /* N: keys in force, no service yet */
	PHASE_AUTH,    /* A: login runs */
	PHASE_OPEN,    /* O */
	PHASE_REKEY,   /* R: the peer's KEXINIT was seen */
	PHASE_COUNT
};

enum role { ROLE_CLIENT, ROLE_SERVER, ROLE_COUNT };

enum legal {
	LEGAL_NO = 0,	/* disconnect; the default of every entry */
	LEGAL_YES,	/* handle */
	LEGAL_EXPECTED, /* handle if it is the one number the exchange (or login method) waits for
			 */
	LEGAL_BOUNDED,	/* harmless noise: take, but only so many of them */
	LEGAL_IGNORE,	/* drop without a word */
	LEGAL_UNKNOWN	/* answer UNIMPLEMENTED, only so many times */
};

enum legal legal_verdict(enum role role, enum phase phase, uint8_t msg);
const char *legal_phase_name(enum phase phase);

#endif
