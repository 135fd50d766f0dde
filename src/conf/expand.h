/* SPDX-License-Identifier: ISC */
/* What stands for something else in values: %-tokens, ${NAME}, and ~ at the front of a path. */
#ifndef CONF_EXPAND_H
#define CONF_EXPAND_H

#include "base/err.h"
#include "conf/client.h"

enum { EXPAND_MAX = 4096 };

struct expand_token {
	char letter; /* '\0' ends a list; "%%" needs no entry */
	const char *value;
};

/* tokens NULL: '%' is like any other character; reader NULL: so is '$'. E_UNKNOWN: a token or a
 * variable that there is not; E_FORMAT; E_LIMIT. out and text must not overlap. */
enum err expand_text(const char *text, const struct expand_token *tokens,
	const struct conf_reader *reader, char out[static EXPAND_MAX], struct fault *f) MUST_USE;
/* "~" and "~/..."; other users' homes are E_UNKNOWN. */
enum err expand_home(
	const char *text, const char *home, char out[static EXPAND_MAX], struct fault *f) MUST_USE;
/* ProxyCommand, which there is, with %% %h %k %n %p %r in place. */
enum err client_proxy_line(const struct client_settings *s, char out[static EXPAND_MAX],
	struct fault *f) MUST_USE;

#endif
