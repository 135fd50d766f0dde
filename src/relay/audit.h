/* SPDX-License-Identifier: ISC */
/*
 * Which record is made of what happens to agents, ports and visitors: the one place that knows the
 * relay's objects and the names of events and fields (docs/audit.md). Nothing is made while nobody
 * listens.
 */
#ifndef RELAY_AUDIT_H
#define RELAY_AUDIT_H

#include "relay/visitor.h"

void audit_login(const struct link *l);
/* Of a connection that was logged in. */
void audit_logout(const struct link *l, const struct session_counts *k, const char *why);
/* A connection that ended before login, if it had tried to log in: at its end, not at each key, so
 * that who comes in with the third one has no record of failure. */
void audit_login_refused(const struct link *l, const struct session_counts *k, const char *why);
void audit_forward(const struct link *l, const char *requested, const struct door *d);
void audit_forward_closed(const struct door *d, const char *why);
void audit_forward_refused(
	const struct link *l, const char *requested, uint16_t port, const char *why);
/* It has left. end: one word; why may be "". */
void audit_visitor(const struct visitor *v, const struct pump_report *p, const char *end,
	const char *why);
void audit_visitor_refused(const struct door *d, const char *from, const char *why);

#endif
