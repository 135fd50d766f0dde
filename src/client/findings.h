/* SPDX-License-Identifier: ISC */
/*
 * What an examination (sally --doctor) found: an id that scripts can rely on, whether that is well,
 * one sentence, and what to do about it. Told one by one as they come, kept for the JSON document.
 * Ids and what they stand for are in sally(1); an id is never given another meaning.
 */
#ifndef CLIENT_FINDINGS_H
#define CLIENT_FINDINGS_H

#include "base/err.h"

enum finding_status { FINDING_OK, FINDING_NOTE, FINDING_WARNING, FINDING_FAULT };
enum { FINDING_TEXT = 768, FINDING_SUBJECT = 640 };

enum finding_id {
	NAME_FOUND,
	NAME_UNKNOWN,
	NAME_SILENT,
	ROUTE_OPEN,
	ROUTE_REFUSED,
	ROUTE_SILENT,
	ROUTE_NONE,
	BANNER_SEEN,
	BANNER_NONE,
	BANNER_SILENT,
	BANNER_SHUNNED,
	ALGORITHMS_HYBRID,
	ALGORITHMS_CLASSIC,
	ALGORITHMS_UNSTRICT,
	ALGORITHMS_NONE,
	ALGORITHMS_BROKEN,
	HOSTKEY_KNOWN,
	HOSTKEY_NEW,
	HOSTKEY_UNKNOWN,
	HOSTKEY_CHANGED,
	HOSTKEY_REVOKED,
	HOSTKEY_UNREADABLE,
	HOSTKEY_CERTIFICATE,
	LOGIN_DONE,
	LOGIN_REFUSED,
	LOGIN_NO_KEY,
	LOGIN_TOO_MANY,
	LOGIN_BROKEN,
	LINK_LOST,
	RELAY_SALLYD,
	RELAY_PLAIN,
	KEEPALIVE_ON,
	KEEPALIVE_OFF,
	KEEPALIVE_RELAY,
	FORWARD_GRANTED,
	FORWARD_TAKEN,
	FORWARD_LOW,
	FORWARD_DISABLED,
	FORWARD_DENIED,
	FORWARD_UNEXPLAINED,
	FORWARD_SILENT,
	FORWARD_UNPROVEN,
	FORWARD_NONE,
	LOCAL_FREE,
	LOCAL_TAKEN,
	TARGET_SPEAKS,
	TARGET_OPEN,
	TARGET_CLOSES,
	TARGET_REFUSED,
	TARGET_SILENT,
	TARGET_UNREACHABLE,
	TARGET_UNKNOWN,
	TARGET_DENIED,
	TARGET_UNTRIED,
	REACH_OPEN,
	REACH_LOCAL,
	REACH_WIDE,
	REACH_LOOPBACK,
	REACH_FILTERED,
	REACH_STRANGER,
	REACH_UNSEEN,
	INSIDE_OPEN,
	INSIDE_CLOSED,
	INSIDE_STRANGER,
	INSIDE_UNSEEN,
	TRIP_WHOLE,
	TRIP_OPEN,
	TRIP_DIFFERS,
	TRIP_BROKEN,
	DEVICE_READY,
	DEVICE_ABSENT,
	TUNNEL_GRANTED,
	TUNNEL_DENIED,
	TUNNEL_SILENT,
	TUNNEL_CARRIES,
	TUNNEL_MUTE,
	TUNNEL_UNTRIED,
	FINDING_IDS
};

struct finding {
	enum finding_id id;
	char subject[FINDING_SUBJECT]; /* the forward it is about; "": the connection */
	char text[FINDING_TEXT], cure[FINDING_TEXT]; /* cure: "" when there is none */
};

struct findings {
	void (*told)(void *ctx, const struct finding *one); /* private from here on */
	void *ctx;
	struct finding *items;
	size_t count, room;
	unsigned faults;
	bool is_short;
};

/* told: called for each one as it is added; may be NULL. */
void findings_init(
	struct findings *f, void (*told)(void *ctx, const struct finding *one), void *ctx);
void findings_fini(struct findings *f);
/* What comes from elsewhere was escaped before; all of it is made printable here. subject and cure may
 * be NULL. Without memory it is told all the same, and findings_json has nothing. */
void findings_add(struct findings *f, enum finding_id id, const char *subject, const char *cure,
	const char *fmt, ...) PRINTF(5, 6);
unsigned findings_faults(const struct findings *f);

/* "forward.taken" and what it amounts to. */
const char *finding_name(enum finding_id id);
enum finding_status finding_status(enum finding_id id);
const char *finding_status_word(enum finding_status s);

/* The whole examination as one JSON document in one line, to be freed. NULL: no memory. */
char *findings_json(const struct findings *f, const char *relay, unsigned port);

#endif
