/* SPDX-License-Identifier: ISC */
/*
 * sally --explain: before anything is dialled, the picture of the four roles for exactly these words:
 * who listens where, who connects to whom, what is encrypted, what the visitor types, and which
 * setting decides. Pure: settings in, lines out; nothing is looked up.
 */
#ifndef CLIENT_EXPLAIN_H
#define CLIENT_EXPLAIN_H

#include "client/picture.h"
#include "client/words.h"
#include "conf/client.h"

struct explain_style {
	enum words_language language;
	bool is_utf8;
};

void explain(const struct client_settings *s, const struct explain_style *style, picture_line line,
	void *ctx);

#endif
