/* SPDX-License-Identifier: ISC */
#include "client/findings.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

enum { ROOM_FIRST = 32 };

static const struct {
	const char *name;
	enum finding_status status;
} ids[FINDING_IDS] = {
	[NAME_FOUND] = {"name.found", FINDING_OK},
	[NAME_UNKNOWN] = {"name.unknown", FINDING_FAULT},
	[NAME_SILENT] = {"name.silent", FINDING_FAULT},
	[ROUTE_OPEN] = {"route.open", FINDING_OK},
	[ROUTE_REFUSED] = {"route.refused", FINDING_FAULT},
	[ROUTE_SILENT] = {"route.silent", FINDING_FAULT},
	[ROUTE_NONE] = {"route.none", FINDING_FAULT},
	[BANNER_SEEN] = {"banner.seen", FINDING_OK},
	[BANNER_NONE] = {"banner.none", FINDING_FAULT},
	[BANNER_SILENT] = {"banner.silent", FINDING_FAULT},
	[BANNER_SHUNNED] = {"banner.shunned", FINDING_FAULT},
	[ALGORITHMS_HYBRID] = {"algorithms.hybrid", FINDING_OK},
	[ALGORITHMS_CLASSIC] = {"algorithms.classic", FINDING_NOTE},
	[ALGORITHMS_UNSTRICT] = {"algorithms.unstrict", FINDING_WARNING},
	[ALGORITHMS_NONE] = {"algorithms.none", FINDING_FAULT},
	[ALGORITHMS_BROKEN] = {"algorithms.broken", FINDING_FAULT},
	[HOSTKEY_KNOWN] = {"hostkey.known", FINDING_OK},
	[HOSTKEY_NEW] = {"hostkey.new", FINDING_NOTE},
	[HOSTKEY_UNKNOWN] = {"hostkey.unknown", FINDING_FAULT},
	[HOSTKEY_CHANGED] = {"hostkey.changed", FINDING_FAULT},
	[HOSTKEY_REVOKED] = {"hostkey.revoked", FINDING_FAULT},
	[HOSTKEY_UNREADABLE] = {"hostkey.unreadable", FINDING_FAULT},
	[HOSTKEY_CERTIFICATE] = {"hostkey.certificate", FINDING_FAULT},
	[LOGIN_DONE] = {"login.done", FINDING_OK},
	[LOGIN_REFUSED] = {"login.refused", FINDING_FAULT},
	[LOGIN_NO_KEY] = {"login.no-key", FINDING_FAULT},
	[LOGIN_TOO_MANY] = {"login.too-many", FINDING_FAULT},
	[LOGIN_BROKEN] = {"login.broken", FINDING_FAULT},
	[LINK_LOST] = {"link.lost", FINDING_FAULT},
	[RELAY_SALLYD] = {"relay.sallyd", FINDING_OK},
	[RELAY_PLAIN] = {"relay.plain", FINDING_NOTE},
	[KEEPALIVE_ON] = {"keepalive.on", FINDING_OK},
	[KEEPALIVE_OFF] = {"keepalive.off", FINDING_WARNING},
	[KEEPALIVE_RELAY] = {"keepalive.relay", FINDING_NOTE},
	[FORWARD_GRANTED] = {"forward.granted", FINDING_OK},
	[FORWARD_TAKEN] = {"forward.taken", FINDING_FAULT},
	[FORWARD_LOW] = {"forward.low", FINDING_FAULT},
	[FORWARD_DISABLED] = {"forward.disabled", FINDING_FAULT},
	[FORWARD_DENIED] = {"forward.denied", FINDING_FAULT},
	[FORWARD_UNEXPLAINED] = {"forward.unexplained", FINDING_FAULT},
	[FORWARD_SILENT] = {"forward.silent", FINDING_FAULT},
	[FORWARD_UNPROVEN] = {"forward.unproven", FINDING_FAULT},
	[FORWARD_NONE] = {"forward.none", FINDING_NOTE},
	[LOCAL_FREE] = {"local.free", FINDING_OK},
	[LOCAL_TAKEN] = {"local.taken", FINDING_FAULT},
	[TARGET_SPEAKS] = {"target.speaks", FINDING_OK},
	[TARGET_OPEN] = {"target.open", FINDING_OK},
	[TARGET_CLOSES] = {"target.closes", FINDING_WARNING},
	[TARGET_REFUSED] = {"target.refused", FINDING_FAULT},
	[TARGET_SILENT] = {"target.silent", FINDING_FAULT},
	[TARGET_UNREACHABLE] = {"target.unreachable", FINDING_FAULT},
	[TARGET_UNKNOWN] = {"target.unknown", FINDING_FAULT},
	[TARGET_DENIED] = {"target.denied", FINDING_FAULT},
	[TARGET_UNTRIED] = {"target.untried", FINDING_NOTE},
	[REACH_OPEN] = {"reach.open", FINDING_OK},
	[REACH_LOCAL] = {"reach.local", FINDING_NOTE},
	[REACH_WIDE] = {"reach.wide", FINDING_WARNING},
	[REACH_LOOPBACK] = {"reach.loopback", FINDING_FAULT},
	[REACH_FILTERED] = {"reach.filtered", FINDING_FAULT},
	[REACH_STRANGER] = {"reach.stranger", FINDING_FAULT},
	[REACH_UNSEEN] = {"reach.unseen", FINDING_NOTE},
	[INSIDE_OPEN] = {"inside.open", FINDING_OK},
	[INSIDE_CLOSED] = {"inside.closed", FINDING_FAULT},
	[INSIDE_STRANGER] = {"inside.stranger", FINDING_FAULT},
	[INSIDE_UNSEEN] = {"inside.unseen", FINDING_NOTE},
	[TRIP_WHOLE] = {"trip.whole", FINDING_OK},
	[TRIP_OPEN] = {"trip.open", FINDING_OK},
	[TRIP_DIFFERS] = {"trip.differs", FINDING_NOTE},
	[TRIP_BROKEN] = {"trip.broken", FINDING_FAULT},
	[DEVICE_READY] = {"device.ready", FINDING_OK},
	[DEVICE_ABSENT] = {"device.absent", FINDING_FAULT},
	[TUNNEL_GRANTED] = {"tunnel.granted", FINDING_OK},
	[TUNNEL_DENIED] = {"tunnel.denied", FINDING_FAULT},
	[TUNNEL_SILENT] = {"tunnel.silent", FINDING_FAULT},
	[TUNNEL_CARRIES] = {"tunnel.carries", FINDING_OK},
	[TUNNEL_MUTE] = {"tunnel.mute", FINDING_FAULT},
	[TUNNEL_UNTRIED] = {"tunnel.untried", FINDING_NOTE},
};

const char *finding_name(enum finding_id id)
{
	return ids[id].name;
}

enum finding_status finding_status(enum finding_id id)
{
	return ids[id].status;
}

const char *finding_status_word(enum finding_status s)
{
	static const char *const words[] = {"ok", "note", "warning", "fault"};

	return words[s];
}

/* --- collecting ---------------------------------------------------------------------------------
 */

void findings_init(
	struct findings *f, void (*told)(void *ctx, const struct finding *one), void *ctx)
{
	*f = (struct findings){.told = told, .ctx = ctx};
}

void findings_fini(struct findings *f)
{
	free(f->items);
	*f = (struct findings){0};
}

unsigned findings_faults(const struct findings *f)
{
	return f->faults;
}

static void keep(struct findings *f, const struct finding *one)
{
	if (f->count == f->room) {
		size_t room = f->room > 0 ? 2 * f->room : ROOM_FIRST;
		struct finding *items = reallocarray(f->items, room, sizeof(*items));

		if (items == NULL) {
			f->is_short = true;
			return;
		}
		f->items = items;
		f->room = room;
	}
	f->items[f->count++] = *one;
}

void findings_add(struct findings *f, enum finding_id id, const char *subject, const char *cure,
	const char *fmt, ...)
{
	struct finding one = {.id = id};
	char text[FINDING_TEXT];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	text_printable(one.text, sizeof(one.text), bytes_str(text));
	text_printable(one.subject, sizeof(one.subject), bytes_str(subject != NULL ? subject : ""));
	text_printable(one.cure, sizeof(one.cure), bytes_str(cure != NULL ? cure : ""));
	f->faults += finding_status(id) == FINDING_FAULT;
	if (f->told != NULL)
		f->told(f->ctx, &one);
	keep(f, &one);
}

/* --- the document -------------------------------------------------------------------------------
 */

static bool set_text(json_t *object, const char *key, const char *text)
{
	return text[0] == '\0' || json_object_set_new(object, key, json_string(text)) == 0;
}

static json_t *finding_object(const struct finding *one)
{
	json_t *object = json_pack("{s:s, s:s, s:s}", "id", finding_name(one->id), "status",
		finding_status_word(finding_status(one->id)), "text", one->text);

	if (object != NULL && (!set_text(object, "forward", one->subject) ||
				      !set_text(object, "cure", one->cure))) {
		json_decref(object);
		return NULL;
	}
	return object;
}

char *findings_json(const struct findings *f, const char *relay, unsigned port)
{
	json_t *list = f->is_short ? NULL : json_array(), *whole;
	char *text = NULL;

	for (size_t i = 0; list != NULL && i < f->count; i++)
		if (json_array_append_new(list, finding_object(&f->items[i])) != 0) {
			json_decref(list);
			list = NULL;
		}
	if (list == NULL)
		return NULL;
	whole = json_pack("{s:s, s:i, s:b, s:i, s:o}", "relay", relay, "port", (int)port, "well",
		f->faults == 0, "faults", (int)f->faults, "findings", list);
	if (whole != NULL)
		text = json_dumps(whole, JSON_COMPACT);
	json_decref(whole);
	return text;
}
