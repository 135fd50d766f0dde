/* SPDX-License-Identifier: ISC */
/*
 * From the address a client asked for and GatewayPorts to what gets bound: the table of OpenSSH,
 * without its trap that one family out of two counts as success.
 */
#ifndef FORWARD_BINDPLAN_H
#define FORWARD_BINDPLAN_H

#include "base/bytes.h"
#include "base/err.h"

enum gateway_ports { GATEWAY_NO, GATEWAY_YES, GATEWAY_CLIENT };

enum bind_kind {
	BIND_LOOPBACK, /* 127.0.0.1 and ::1 */
	BIND_WILDCARD, /* 0.0.0.0 and :: */
	BIND_ADDRESS   /* the one in address; numeric, or a name the caller resolves */
};

struct bindplan {
	enum bind_kind kind;
	char address[256]; /* BIND_ADDRESS only */
	bool is_narrowed;  /* something wider or other was asked for, loopback is what one gets */
	bool is_widened;   /* GatewayPorts yes overrode a narrower wish */
};

/* requested: the string of tcpip-forward. E_FORMAT when it is no text a host may have. */
enum err bindplan_make(
	struct bytes requested, enum gateway_ports setting, struct bindplan *plan) MUST_USE;
/* A sentence on narrowing or widening for the client's debug output and our log; "" when none. */
void bindplan_remark(const struct bindplan *plan, struct bytes requested, char *out, size_t cap);

#endif
