/* SPDX-License-Identifier: ISC */
/*
 * The bind table of OpenSSH's server: requested string by GatewayPorts. Strings are compared
 * exactly, as there: "Localhost" or "127.1" are addresses like any other.
 */
#include "forward/bindplan.h"

#include <stdio.h>

#include "base/text.h"

/* What a host name or a numeric address (zone included) may be made of; "" and "*" fit as well. */
static bool is_host_text(struct bytes host)
{
	for (size_t i = 0; i < host.len; i++)
		if (host.ptr[i] <= ' ' || host.ptr[i] > '~')
			return false;
	return true;
}

static bool is_any(struct bytes host)
{
	return host.len == 0 || bytes_is(host, "*");
}

static bool is_loopback_address(struct bytes host)
{
	return bytes_is(host, "127.0.0.1") || bytes_is(host, "::1");
}

enum err bindplan_make(struct bytes requested, enum gateway_ports setting, struct bindplan *plan)
{
	struct bindplan p = {.kind = BIND_LOOPBACK};

	if (!is_host_text(requested) || !bytes_to_cstr(requested, p.address, sizeof(p.address)))
		return E_FORMAT;
	if (setting == GATEWAY_YES) {
		p.kind = BIND_WILDCARD;
		p.is_widened = !is_any(requested) && !bytes_is(requested, "0.0.0.0") &&
			       !bytes_is(requested, "::");
	} else if (is_loopback_address(requested)) {
		p.kind = BIND_ADDRESS; /* of one family, whatever the setting */
	} else if (bytes_is(requested, "localhost")) {
		p.kind = BIND_LOOPBACK;
	} else if (setting == GATEWAY_NO) {
		p.is_narrowed = true;
	} else {
		p.kind = is_any(requested) ? BIND_WILDCARD : BIND_ADDRESS;
	}
	if (p.kind != BIND_ADDRESS)
		p.address[0] = '\0';
	*plan = p;
	return E_OK;
}

void bindplan_remark(const struct bindplan *plan, struct bytes requested, char *out, size_t cap)
{
	char host[128];

	text_escape(host, sizeof(host), requested);
	out[0] = '\0';
	/* The words of OpenSSH's debug message come first, since people search for them. */
	if (plan->is_widened)
		snprintf(out, cap,
			"Forwarding listen address \"%s\" overridden by server GatewayPorts: "
			"the port is open on all addresses",
			host);
	else if (plan->is_narrowed)
		snprintf(out, cap,
			"Forwarding listen address \"%s\" narrowed to loopback by server "
			"GatewayPorts no: only the relay itself can reach the port",
			host);
}
