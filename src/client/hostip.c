/* SPDX-License-Identifier: ISC */
#include "client/hostip.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "client/knowncommand.h"

enum err hostip_look(struct hostip *ip, const struct client_settings *s, const char *host,
	const struct hostip_peer *peer, struct bytes key, struct fault *f)
{
	struct known_from from = {.settings = s};
	struct span said = {0};
	enum err e = E_OK;

	*ip = (struct hostip){.found = {.verdict = HOST_UNKNOWN}};
	if (!s->check_host_ip || peer->is_local || peer->is_proxied || peer->name[0] == '\0' ||
		strcmp(peer->name, host) == 0)
		return E_OK;
	snprintf(ip->name, sizeof(ip->name), "%s", peer->name);
	if (knowncommand_is_set(s))
		e = knowncommand_run(s, "ADDRESS", ip->name, key, &said, f);
	if (e == E_OK) {
		from.said = bytes_of(said.ptr, said.len);
		known_check(&from, ip->name, key, &ip->found);
	}
	free(said.ptr);
	return e;
}

bool hostip_differs(const struct hostip *ip)
{
	return ip->name[0] != '\0' &&
	       (ip->found.verdict == HOST_CHANGED || ip->found.verdict == HOST_REVOKED ||
		       ip->found.verdict == HOST_UNDECIDED);
}

bool hostip_is_new(const struct hostip *ip)
{
	return ip->name[0] != '\0' &&
	       (ip->found.verdict == HOST_UNKNOWN || ip->found.verdict == HOST_OTHER_TYPE);
}

const char *hostip_words(const struct hostip *ip, const char *type, const char *host,
	const struct known_answer *a, char out[static HOSTIP_WORDS_MAX])
{
	int n = snprintf(out, HOSTIP_WORDS_MAX,
		"Warning: the %s host key for '%.120s' differs from the key for the IP address "
		"'%.60s'\nOffending key for IP in %.100s:%u",
		type, host, ip->name, ip->found.path, ip->found.line);

	if (a->verdict == HOST_KNOWN && n > 0 && n < HOSTIP_WORDS_MAX)
		snprintf(out + n, (size_t)(HOSTIP_WORDS_MAX - n),
			"\nMatching host key in %.100s:%u", a->path, a->line);
	return out;
}

void hostip_warn_spoofing(const struct hostip *ip, const char *type, const char *host)
{
	static const char frame[] = "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@";

	if (ip->name[0] == '\0' || ip->found.verdict == HOST_CHANGED)
		return;
	log_write(LOG_LEVEL_ERROR, "%s", frame);
	log_write(LOG_LEVEL_ERROR, "@       WARNING: POSSIBLE DNS SPOOFING DETECTED!          @");
	log_write(LOG_LEVEL_ERROR, "%s", frame);
	log_write(LOG_LEVEL_ERROR, "The %s host key for %s has changed,", type, host);
	log_write(LOG_LEVEL_ERROR, "and the key for the corresponding IP address %s %s.", ip->name,
		ip->found.verdict == HOST_KNOWN ? "is unchanged" : "is unknown");
}
