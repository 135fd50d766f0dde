/* SPDX-License-Identifier: ISC */
/*
 * Configuration and keys read again while the relay serves: the new settings go to the relay process,
 * and every session is judged anew by them and by the line of its key as it stands now.
 */
#ifndef RELAY_RELOAD_H
#define RELAY_RELOAD_H

#include <jansson.h>

#include "relay/supervisor.h"

/* Opens the audit log again as well. who: "SIGHUP", for the log. An error: the configuration is bad, f
 * says where, and the old one stays in force. */
enum err reload_all(struct supervisor *s, const char *who, struct fault *f);
/* One session; the relay process hears of the verdict, and m may be gone. */
void reload_member(struct supervisor *s, struct member *m);
/* The files of keys as they were read last, for sallyctl; NULL when memory is short. */
json_t *reload_report(const struct supervisor *s);

#endif
