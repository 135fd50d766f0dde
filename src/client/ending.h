/* SPDX-License-Identifier: ISC */
/* A connection that ended by itself: how, what ssh says about it, and whether to try again. */
#ifndef CLIENT_ENDING_H
#define CLIENT_ENDING_H

#include "base/log.h"
#include "conf/client.h"
#include "io/sock.h"
#include "session/session.h"

enum uplink_stage {
	UPLINK_DIAL, /* no connection was made */
	UPLINK_LOGIN, /* connected, not logged in */
	UPLINK_UP
};

struct hop;

/* How an uplink, or one hop of it, went down. */
struct uplink_end {
	enum uplink_stage stage;
	bool is_asked;		      /* uplink_close wanted it */
	bool is_judged;		      /* the host key was refused by us, which was said */
	bool is_shunned;	      /* the relay wants to be left alone by this address */
	const struct sock_addr *peer; /* NULL before there was a connection */
	const struct session *session; /* the same; to be looked at only; NULL: gone already */
	const struct fault *fault;
	const struct hop *hop; /* that it is about: the relay, or a jump host on the way to it */
	const char *through;   /* the jump host that this hop is reached through; NULL: none */
	bool is_proxied;       /* through that, or through a ProxyCommand */
	bool is_on_the_way;    /* a jump host, and the relay was not logged in to */
};

enum ending_kind {
	ENDING_FINAL, /* trying again cannot help, or could harm */
	ENDING_RETRY,
	ENDING_LATER /* but not soon: the relay asked for that */
};

enum { ENDING_TEXT = FAULT_TEXT + 300 };

/* What an end that nobody wanted means for a tunnel that shall stay up. */
enum ending_kind ending_judge(const struct uplink_end *end, bool has_been_up);
/* s: of the hop. level: LOG_LEVEL_FATAL when the program ends with it. */
void ending_say(
	const struct client_settings *s, const struct uplink_end *end, enum log_level level);
/* The reason in one sentence, with the jump host it was met behind. Returns out. */
const char *ending_reason(const struct uplink_end *end, char out[static ENDING_TEXT]);

#endif
