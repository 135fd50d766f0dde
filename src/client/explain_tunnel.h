/* SPDX-License-Identifier: ISC */
/* sally --explain -w: two networks instead of visitor and target, and no port anywhere. */
#ifndef CLIENT_EXPLAIN_TUNNEL_H
#define CLIENT_EXPLAIN_TUNNEL_H

#include "client/explain.h"

/* is_behind: something was told before. Returns how many there were. */
size_t explain_tunnels(const struct client_settings *s, const struct explain_style *style,
	size_t head_width, bool is_behind, picture_line line, void *ctx);

#endif
