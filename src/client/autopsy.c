/* SPDX-License-Identifier: ISC */
#include "client/autopsy.h"

#include <errno.h>
#include <stdio.h>

#include "client/vitals.h"

enum { KEY_TEXT = 256, KEYS_TEXT = 560, CURE_TEXT = 640 };

/* --- no connection ------------------------------------------------------------------------------
 */

static void judge_dial(struct findings *f, const struct client_settings *s, const struct fault *why)
{
	char cure[CURE_TEXT];

	if (why->err == E_UNKNOWN || why->err == E_LIMIT) {
		findings_add(f, NAME_UNKNOWN, NULL,
			"Check the spelling, HostName in ~/.ssh/config, and the resolver of this "
			"machine (getent ahosts NAME).",
			"%s.", why->text);
		return;
	}
	switch (why->code) {
	case ECONNREFUSED:
		snprintf(cure, sizeof(cure),
			"Is the SSH server running there, and does it listen on port %u? Another "
			"port: -p.",
			s->port);
		findings_add(f, ROUTE_REFUSED, NULL, cure,
			"%s: the host is there, and nobody listens on this port.", why->text);
		break;
	case ETIMEDOUT:
		findings_add(f, ROUTE_SILENT, NULL,
			"Is the host up? Does a firewall, here or there, drop the packets? Port "
			"443 "
			"is seldom blocked on the way out: let the relay listen there, too.",
			"%s: no answer at all.", why->text);
		break;
	default:
		findings_add(f, ROUTE_NONE, NULL,
			"Look at the network of this machine (ip route, ip addr), and at -b and -4 "
			"or -6 if they are set.",
			"%s.", why->text);
		break;
	}
}

/* --- no SSH -------------------------------------------------------------------------------------
 */

static void judge_banner(
	struct findings *f, const struct client_settings *s, const struct uplink_end *end)
{
	const struct fault *why = end->fault;

	if (end->is_shunned)
		findings_add(f, BANNER_SHUNNED, NULL,
			"Wait some minutes. sshd shuts out addresses after failed logins "
			"(PerSourcePenalties) and when too many log in at once (MaxStartups).",
			"The relay does not want to hear from this address now: %s.", why->text);
	else if (why->err == E_TIMEOUT)
		findings_add(f, BANNER_SILENT, NULL,
			"Is it an SSH server? If so it hangs or is overloaded: look at it from the "
			"machine itself.",
			"Port %u takes connections and then says nothing: %s.", s->port, why->text);
	else
		findings_add(f, BANNER_NONE, NULL,
			"Is it the right port? A server that closes at once may refuse this "
			"address "
			"(firewall, MaxStartups, hosts.deny): its log tells.",
			"Port %u does not answer as an SSH server: %s.", s->port, why->text);
}

static void judge_kex(struct findings *f, const struct fault *why)
{
	if (why->err == E_NOALG)
		findings_add(f, ALGORITHMS_NONE, NULL,
			"Update the relay, or name what both have with -o KexAlgorithms, -c, -m or "
			"-o "
			"HostKeyAlgorithms; old and broken algorithms are not to be had here.",
			"Nothing in common to agree on: %s.", why->text);
	else
		findings_add(f, ALGORITHMS_BROKEN, NULL,
			"If it hangs here and small packets get through, suspect the MTU on the "
			"way: "
			"ping -M do -s 1400 to the relay.",
			"The key exchange did not come to its end: %s.", why->text);
}

/* --- no login -----------------------------------------------------------------------------------
 */

static void list_keys(const struct identities *ids, char out[static KEYS_TEXT])
{
	size_t used = 0;

	for (size_t i = 0; i < ids->count && used + KEY_TEXT < KEYS_TEXT; i++) {
		char key[KEY_TEXT];

		identities_describe(ids, i, key, sizeof(key));
		used += (size_t)snprintf(
			out + used, KEYS_TEXT - used, "%s%s", i > 0 ? "; " : "", key);
	}
}

static void judge_refusal(struct findings *f, const struct client_settings *s,
	const struct identities *ids, const struct fault *why)
{
	char keys[KEYS_TEXT] = "", cure[CURE_TEXT];

	if (ids->count == 0) {
		snprintf(cure, sizeof(cure),
			"ssh-keygen -t ed25519, then ssh-copy-id -p %u %s@%s; or name a key with "
			"-i, or start a key agent.",
			s->port, s->user, s->hostname);
		findings_add(f, LOGIN_NO_KEY, NULL, cure,
			"The relay did not let %s in, and there was no key to offer: %s.", s->user,
			why->text);
		return;
	}
	list_keys(ids, keys);
	snprintf(cure, sizeof(cure),
		"The public line of one of these keys belongs into ~%s/.ssh/authorized_keys on the "
		"relay (ssh-copy-id -p %u %s@%s), or name another key with -i, another user with "
		"-l. "
		"The relay's log knows more.",
		s->user, s->port, s->user, s->hostname);
	findings_add(f, LOGIN_REFUSED, NULL, cure,
		"The relay did not let %s in: %s. Offered were %s.", s->user, why->text, keys);
}

static void judge_login(struct findings *f, const struct client_settings *s,
	const struct identities *ids, const struct fault *why)
{
	if (strstr(why->text, "Too many authentication failures") != NULL)
		findings_add(f, LOGIN_TOO_MANY, NULL,
			"Offer fewer keys: -o IdentitiesOnly=yes -i KEY.",
			"The relay lost patience before the right key came: %s.", why->text);
	else if (why->err == E_AUTH)
		judge_refusal(f, s, ids, why);
	else
		findings_add(f, LOGIN_BROKEN, NULL,
			"The relay's log tells more; a server that is out of memory or processes, "
			"or whose LoginGraceTime is short, ends like this.",
			"The connection ended before the login was through: %s.", why->text);
}

/* --- all of it ----------------------------------------------------------------------------------
 */

static void judge_handshake(struct findings *f, const struct uplink_end *end)
{
	const struct client_settings *s = end->hop->settings;
	const struct hostkey *h = &end->hop->hostkey;

	if (!end->is_proxied)
		vitals_route(f, end->peer, -1);
	if (end->session == NULL || end->is_shunned ||
		transport_peer_ident(session_transport(end->session)).len == 0) {
		judge_banner(f, s, end);
		return;
	}
	vitals_banner(f, end->session);
	if (!h->is_judged) {
		judge_kex(f, end->fault);
		return;
	}
	vitals_algorithms(f, end->session);
	vitals_hostkey(f, s, h, !end->is_judged && end->fault->err != E_HOSTKEY);
	if (!end->is_judged && end->fault->err != E_HOSTKEY)
		judge_login(f, s, end->hop->identities, end->fault);
}

void autopsy(struct findings *f, const struct uplink_end *end)
{
	if (end->stage == UPLINK_DIAL)
		judge_dial(f, end->hop->settings, end->fault);
	else if (end->stage == UPLINK_LOGIN)
		judge_handshake(f, end);
	else
		findings_add(f, LINK_LOST, NULL,
			"Run it again: what is found here holds only as long as the connection "
			"does.",
			"The connection was lost during the examination: %s.", end->fault->text);
}
