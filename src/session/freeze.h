/* SPDX-License-Identifier: ISC */
/*
 * A live session as bytes: keys, sequence numbers, channels, windows, pending bytes in and out.
 * What freeze wrote, thaw turns into an equal session, in another process as well; the socket
 * travels beside it. Form: magic, version, then one length-checked section a layer. Secrets: wipe
 * the buffer.
 */
#ifndef SESSION_FREEZE_H
#define SESSION_FREEZE_H

#include "session/session.h"

enum { FREEZE_MAX = 64 * 1024 * 1024, FREEZE_VERSION = 2 };

/* Between turns only. E_AGAIN: not now (before login, or a key exchange is open): ask again after
 * the next turn. The session stays as it was; the caller frees it when the other side has taken
 * over. */
enum err session_freeze(const struct session *s, uint64_t now_ms, struct buf *out) MUST_USE;
/* cfg as for session_new (identities and host keys may be left out until the next exchange, host
 * keys are needed for it). The input is not trusted: anything odd is E_FORMAT. Channels' user
 * pointers are NULL until mux_set_user. */
enum err session_thaw(const struct session_config *cfg, struct session_env *env,
	struct bytes frozen, uint64_t now_ms, struct session **s) MUST_USE;

#endif
