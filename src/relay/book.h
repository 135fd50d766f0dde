/* SPDX-License-Identifier: ISC */
/*
 * Which ports the relay chose for which key (-R 0), so that the same key gets the same ones the next
 * time, also after a restart. A text file: "port owner" a line, the ports of an owner in the order
 * in which it got them. It is replaced by rename whenever an entry comes, in a thread, since a disk
 * may take its time.
 *
 * Nothing depends on it: a file that cannot be read or written is one sentence in the log, and
 * ports are remembered until the relay ends.
 *
 * A port has one owner at most and an owner BOOK_PORTS_MAX ports, so the file has an end.
 */
#ifndef RELAY_BOOK_H
#define RELAY_BOOK_H

#include <uv.h>

#include "base/bytes.h"
#include "base/err.h"

enum { BOOK_PORTS_MAX = 16, BOOK_OWNER_MAX = 64 };

struct book; /* opaque */

/* path NULL: no file. NULL when memory is short. */
struct book *book_new(uv_loop_t *loop, const char *path);
/* Writes what is not written yet; the loop has run dry or is left as it is. */
void book_free(struct book *b);
/* Reads the file, if there is one. Lines that are none are left out, and the log names the first. */
void book_load(struct book *b);

/* The port that this owner was given as its nth, from 0; 0: it has no more. */
uint16_t book_port(const struct book *b, const char *owner, size_t nth);
/* Whose it is; NULL: nobody's. */
const char *book_owner(const struct book *b, uint16_t port);
/* This owner has it now for good, if it is nobody's and the owner has not too many. */
void book_note(struct book *b, const char *owner, uint16_t port);

/* For tests: the entries as text, for free(). NULL when memory is short. */
char *book_text(const struct book *b);
/* False: *line is the first that is none. */
bool book_take(struct book *b, struct bytes text, unsigned *line);

#endif
