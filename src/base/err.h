/* SPDX-License-Identifier: ISC */
/*
 * The one error enum of Sallyport, and the note that explains an error in words.
 *
 * Functions that can fail return enum err and are must-use. Peer input never asserts, exits or logs
 * from the core: it yields an error, and the fault note says what and where in one plain sentence.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

enum err {
	E_OK = 0,
	E_AGAIN,    /* not now: more input, or an answer from the program, is needed */
	E_NOMEM,    /* an allocation failed, or a pool budget is spent */
	E_LIMIT,    /* a named limit would be passed */
	E_SHORT,    /* the input ended inside a field */
	E_TRAILING, /* bytes follow where the message had to end */
	E_FORMAT,   /* the input is not of the shape it must have */
	E_VALUE,    /* well-formed, but a value is out of its range */
	E_UNKNOWN,  /* a name or number that is not known here */
	E_PROTO,    /* a message that is illegal in this phase */
	E_MAC,      /* packet integrity failed */
	E_CRYPTO,   /* libcrypto refused or failed */
	E_SIG,      /* a signature is wrong */
	E_NOALG,    /* no algorithm in common */
	E_HOSTKEY,  /* the host key was not accepted */
	E_AUTH,     /* login failed */
	E_DENIED,   /* policy says no */
	E_CLOSED,   /* the other side ended it */
	E_TIMEOUT,  /* a deadline passed */
	E_STATE,    /* called in a state that cannot do this (our own caller) */
	E_SYS,      /* a system call failed; errno was put into words */
	E_COUNT
};

/* A short phrase for the error alone, for instance "out of memory". Never NULL. */
const char *err_text(enum err e);

/*
 * The result of checking something that must not be mistaken: a signature, a MAC, a host key. Zero
 * and one are never "good", so no error code or bool can be read as success (rule of CVE-2023-2283).
 */
enum verdict {
	VERDICT_BAD = 0x2c00,
	VERDICT_GOOD = 0x5a17
};

enum { FAULT_TEXT = 224 };

/* Why something ended or was refused: filled once by who found it, printed by the program. */
struct fault {
	enum err err;
	uint32_t code;         /* SSH disconnect or open-failure reason where one applies, else 0 */
	char text[FAULT_TEXT]; /* one sentence without full stop, printable ASCII only */
};

/* Records the first fault and keeps it: later calls on the same record change nothing. Returns e.
 * The text is made printable (text_escape) and cut to fit. f may be NULL. */
enum err fault_set(struct fault *f, enum err e, uint32_t code, const char *fmt, ...) PRINTF(4, 5);

#endif
