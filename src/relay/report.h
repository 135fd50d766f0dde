/* SPDX-License-Identifier: ISC */
/*
 * The state of the relay as JSON, for sallyctl: what is true now, taken from the live structures.
 * docs/control.md names every field.
 */
#ifndef RELAY_REPORT_H
#define RELAY_REPORT_H

#include <jansson.h>

#include "relay/relay.h"

/* New references; NULL when memory is short. */
json_t *report_status(const struct relay *r);
/* What -R 0 gave to whom and will give again. */
json_t *report_reserved(const struct relay *r);
/* Thousands of visitors take their time, in which nothing else is done. */
enum report_depth { REPORT_FORWARDS, REPORT_VISITORS };
json_t *report_ls(const struct relay *r, enum report_depth depth);

#endif
