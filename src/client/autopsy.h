/* SPDX-License-Identifier: ISC */
/* Why a connection did not come to be, or came to its end, as findings: what was well until then, what
 * was not, and what to do. */
#ifndef CLIENT_AUTOPSY_H
#define CLIENT_AUTOPSY_H

#include "client/findings.h"
#include "client/uplink.h"

/* The steps that went well before the one that did not are told, too. */
void autopsy(struct findings *f, const struct uplink_end *end);

#endif
