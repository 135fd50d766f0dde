/* SPDX-License-Identifier: ISC */
/*
 * The words of the control socket: one request, a line of JSON, to the one who answers it.
 * docs/control.md names them all.
 */
#ifndef RELAY_COMMAND_H
#define RELAY_COMMAND_H

#include <jansson.h>

#include "base/bytes.h"

struct relay;

/* A new reference, whatever the line is; NULL when memory is short. *watches: the client is to be
 * fed with records from now on. */
json_t *command_answer(struct relay *r, struct bytes line, bool *watches);

#endif
