/* SPDX-License-Identifier: ISC */
#include "client/reach.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { PLACE_TEXT = FORWARD_HOST_MAX + 16, TARGETS_TEXT = FORWARD_SPEC_MAX };

void reach_place(const char *host, unsigned port, char *out, size_t cap)
{
	bool is_v6 = strchr(host, ':') != NULL;

	snprintf(out, cap, "%s%s%s:%u", is_v6 ? "[" : "", host, is_v6 ? "]" : "", port);
}

bool reach_is_loopback(const char *bind)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (strcmp(bind, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, bind, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, bind, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool reach_is_wildcard(const char *bind)
{
	return bind[0] == '\0' || strcmp(bind, "0.0.0.0") == 0 || strcmp(bind, "::") == 0;
}

void reach_target(const struct forward_spec *spec, char *out, size_t cap)
{
	if (spec->is_socks)
		snprintf(out, cap, "wherever visitors say by SOCKS");
	else
		forward_spec_print_target(spec, out, cap);
}

void reach_text(const struct forward *one, const struct client_settings *s, const char *words,
	char out[static REACH_TEXT])
{
	const char *bind = forward_spec_wire_bind(one->spec);
	char target[TARGETS_TEXT], place[PLACE_TEXT];

	reach_target(one->spec, target, sizeof(target));
	if (one->spec->listen_path[0] != '\0') {
		snprintf(out, REACH_TEXT, "%s on the relay leads to %s", one->spec->listen_path,
			target);
		return;
	}
	reach_place(reach_is_wildcard(bind) ? s->hostname : bind, one->port, place, sizeof(place));
	if (words != NULL && words[0] != '\0')
		snprintf(out, REACH_TEXT, "%s leads to %s; the relay says: %s", place, target,
			words);
	else if (reach_is_loopback(bind))
		snprintf(out, REACH_TEXT,
			"%s on the relay itself leads to %s (for visitors from elsewhere: -R "
			"*:%u%s%s)",
			place, target, one->port, one->spec->is_socks ? "" : ":",
			one->spec->is_socks ? "" : target);
	else
		snprintf(out, REACH_TEXT, "%s leads to %s%s", place, target,
			words != NULL ? ""
				      : " (only from the relay itself if it has GatewayPorts no)");
}
