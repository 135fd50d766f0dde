/* SPDX-License-Identifier: ISC */
/*
 * CHANNEL_OPEN and its two answers (RFC 4254 5.1), read and written side by side. Readers stand
 * behind the message number; they fail the reader on values no channel can have.
 */
#ifndef MUX_OPENING_H
#define MUX_OPENING_H

#include "base/bytes.h"
#include "base/err.h"
#include "wire/port.h"
#include "wire/reader.h"

struct opening {
	struct bytes type; /* at most LIMIT_NAME */
	uint32_t sender;   /* the opener's number of the channel */
	uint32_t window;
	uint32_t packet_max; /* never 0 */
	struct bytes extra;  /* by type */
};

struct opening_yes {
	uint32_t recipient; /* the opener's number */
	uint32_t sender;    /* the other side's */
	uint32_t window;
	uint32_t packet_max; /* never 0 */
	struct bytes extra;
};

struct opening_no {
	uint32_t recipient;
	uint32_t reason;
	struct bytes text; /* at most LIMIT_STRING */
};

enum err opening_read(struct reader *r, struct opening *o) MUST_USE;
enum err opening_send(const struct port *port, const struct opening *o) MUST_USE;
enum err opening_read_yes(struct reader *r, struct opening_yes *o) MUST_USE;
enum err opening_send_yes(const struct port *port, const struct opening_yes *o) MUST_USE;
enum err opening_read_no(struct reader *r, struct opening_no *o) MUST_USE;
enum err opening_send_no(const struct port *port, const struct opening_no *o) MUST_USE;

#endif
