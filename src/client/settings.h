/* SPDX-License-Identifier: ISC */
/* From the command line and the config files to the settings of this run. */
#ifndef CLIENT_SETTINGS_H
#define CLIENT_SETTINGS_H

#include "client/cmdline.h"
#include "conf/client.h"

enum { SETTINGS_HOST_MAX = 256 };

/* Who runs this; filled by settings_who. */
struct settings_who {
	struct conf_local local;
	char *user, *home; /* private: the memory behind local */
	char host[SETTINGS_HOST_MAX];
};

/* From the user database, as ssh does; HOME and USER only where it has no entry. E_UNKNOWN. */
enum err settings_who(struct settings_who *who, struct fault *f) MUST_USE;
void settings_who_fini(struct settings_who *who);

/* Command line first, then -F or the user's and the system's file. s lives as long as *conf, which
 * the caller frees (also on failure, when it may be NULL). Bad lines were told to the log. */
enum err settings_load(const struct cmdline *o, const struct settings_who *who,
	struct client_conf **conf, const struct client_settings **s, struct fault *f) MUST_USE;

#endif
