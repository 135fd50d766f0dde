/* SPDX-License-Identifier: ISC */
/* A record for the audit log, on its way from the relay process to the supervisor. */
#ifndef RELAY_IPCRECORD_H
#define RELAY_IPCRECORD_H

#include "relay/record.h"

enum { IPCRECORD_ROOM = 16 * 1024 };

/* A record together with what its names and texts point to. */
struct ipc_record {
	struct record record;
	char event[RECORD_NAME_MAX];
	char name[RECORD_FIELDS_MAX][RECORD_NAME_MAX];
	char text[RECORD_FIELDS_MAX][RECORD_TEXT_MAX];
};

/* Empty when it does not fit. Texts are cut as a line would cut them. */
struct bytes ipcrecord_wr(struct span room, const struct record *r);
/* Names are of the letters that names of ours have: who is in the other process writes no line of
 * another form. Holds no reference to the payload. */
bool ipcrecord_rd(struct bytes payload, struct ipc_record *out);

#endif
