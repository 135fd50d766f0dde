/* SPDX-License-Identifier: ISC */
/*
 * Identification lines (RFC 4253 4.2): finds the peer's, skips what a server may say before it.
 * Ours is VERSION_OURS; both enter the exchange hash without CR LF.
 */
#ifndef TRANSPORT_VERSION_H
#define TRANSPORT_VERSION_H

#include "base/bytes.h"
#include "base/err.h"
#include "wire/msgs.h"

#define VERSION_OURS "SSH-2.0-" IDENT_SOFTWARE

struct version {
	bool is_server;	  /* our role; a client skips lines, a server none */
	unsigned skipped; /* lines so far */
};

/* The line at the front of data. E_OK: *line is it, without CR LF, *used its length with them;
 * *is_ident tells the peer's identification from a line to skip. E_AGAIN: not whole, *used is how
 * many bytes are needed. E_FORMAT, E_LIMIT end the connection. */
enum err version_next(struct version *v, struct bytes data, size_t *used, struct bytes *line,
	bool *is_ident, struct fault *f) MUST_USE;

/* Takes "SSH-protoversion-softwareversion [comments]" apart: software is all behind the second
 * minus, not empty. False for any other line. */
bool version_split(struct bytes line, struct bytes *protocol, struct bytes *software);

#endif
