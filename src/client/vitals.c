/* SPDX-License-Identifier: ISC */
#include "client/vitals.h"

#include <stdio.h>

#include "base/text.h"

enum { IDENT_TEXT = 128, KEY_TEXT = 512, CURE_TEXT = 600 };

void vitals_route(struct findings *f, const struct sock_addr *peer, int64_t rtt_us)
{
	char host[SOCK_TEXT_MAX], pace[64] = "";

	sock_host(peer, host);
	if (rtt_us >= 0)
		snprintf(pace, sizeof(pace), "; the round trip takes %.1f ms",
			(double)rtt_us / 1000);
	findings_add(f, ROUTE_OPEN, NULL, NULL, "Port %u of %s takes connections%s.",
		sock_port(peer), host, pace);
}

void vitals_banner(struct findings *f, const struct session *s)
{
	char ident[IDENT_TEXT];

	text_escape(ident, sizeof(ident), transport_peer_ident(session_transport(s)));
	findings_add(f, BANNER_SEEN, NULL, NULL, "An SSH server answers: %s.", ident);
}

/* Of an exchange that a quantum computer of later days does not undo. */
static bool is_hybrid(const char *kex)
{
	return strncmp(kex, "mlkem", 5) == 0 || strncmp(kex, "sntrup", 6) == 0;
}

void vitals_algorithms(struct findings *f, const struct session *s)
{
	const struct transport *t = session_transport(s);
	struct transport_names n;
	char agreed[256];

	transport_names(t, &n);
	snprintf(agreed, sizeof(agreed), "%s, %s, %s%s%s", n.kex, n.host_key, n.cipher_out,
		n.mac_out[0] != '\0' ? ", " : "", n.mac_out);
	if (is_hybrid(n.kex))
		findings_add(f, ALGORITHMS_HYBRID, NULL, NULL,
			"Agreed on %s; the key exchange is post-quantum.", agreed);
	else
		findings_add(f, ALGORITHMS_CLASSIC, NULL, NULL,
			"Agreed on %s; the key exchange is not post-quantum: what is recorded "
			"today could be read by the quantum computers of a later day.",
			agreed);
	if (!transport_is_strict(t))
		findings_add(f, ALGORITHMS_UNSTRICT, NULL,
			"Update the relay: OpenSSH has had it since 9.6 (CVE-2023-48795).",
			"The relay has no strict key exchange: who stands in between can cut off "
			"the first messages.");
}

/* --- host key -----------------------------------------------------------------------------------
 */

static void add_unknown(
	struct findings *f, const struct client_settings *s, const struct hostkey *h)
{
	const char *file = s->known_hosts_count > 0 ? s->known_hosts[0] : "~/.ssh/known_hosts";
	char cure[CURE_TEXT];

	snprintf(cure, sizeof(cure),
		"Ask whoever runs the relay for the fingerprint (ssh-keygen -lf "
		"/etc/ssh/ssh_host_*_key.pub there). If it is this one: ssh-keyscan -p %u %s >> "
		"%s, or say yes to sally or ssh at a terminal.",
		s->port, s->hostname, file);
	findings_add(f, HOSTKEY_UNKNOWN, NULL, cure,
		"No %s host key is known for %s%s; it showed %s, and nobody accepted it.",
		h->face.type, h->name,
		h->found.verdict == HOST_OTHER_TYPE ? ", only keys of other types" : "",
		h->face.print);
}

static void add_changed(struct findings *f, const struct hostkey *h)
{
	char cure[CURE_TEXT];

	snprintf(cure, sizeof(cure),
		"Ask whoever runs the relay whether it got this key. If so: ssh-keygen -f '%s' -R "
		"'%s', and accept the new one.",
		h->found.path, h->name);
	findings_add(f, HOSTKEY_CHANGED, NULL, cure,
		"The host key of %s has changed: it showed the %s key %s, which is not the one in "
		"%s:%u. It is a new key, or somebody stands in between.",
		h->name, h->face.type, h->face.print, h->found.path, h->found.line);
}

static void add_undecided(struct findings *f, const struct hostkey *h)
{
	if (h->is_cert)
		findings_add(f, HOSTKEY_CERTIFICATE, NULL,
			"-v says what is wrong with it. Whoever runs the relay has to have a new "
			"one "
			"signed (ssh-keygen -h -n NAMES).",
			"The certificate that %s showed for its host key is not good for it.",
			h->name);
	else
		findings_add(f, HOSTKEY_UNREADABLE, NULL,
			"Make the file readable for this user, or name others with -o "
			"UserKnownHostsFile.",
			"%s could not be read, so nobody knows whether the host key of %s is "
			"right.",
			h->found.path, h->name);
}

void vitals_hostkey(struct findings *f, const struct client_settings *s, const struct hostkey *h,
	bool is_accepted)
{
	switch (h->found.verdict) {
	case HOST_KNOWN:
		findings_add(f, HOSTKEY_KNOWN, NULL, NULL, "The %s host key %s is %s in %s:%u.",
			h->face.type, h->face.print,
			h->is_cert ? "signed by the authority" : "the one", h->found.path,
			h->found.line);
		break;
	case HOST_UNKNOWN:
	case HOST_OTHER_TYPE:
		if (is_accepted)
			findings_add(f, HOSTKEY_NEW, NULL, NULL,
				"The %s host key %s of %s was not known; it is now, unless a "
				"warning above says otherwise.",
				h->face.type, h->face.print, h->name);
		else
			add_unknown(f, s, h);
		break;
	case HOST_CHANGED:
		add_changed(f, h);
		break;
	case HOST_REVOKED:
		findings_add(f, HOSTKEY_REVOKED, NULL,
			"The relay needs a new host key: whoever has this one can pretend to be "
			"it.",
			"The %s host key %s of %s is marked as revoked in %s:%u.", h->face.type,
			h->face.print, h->name, h->found.path, h->found.line);
		break;
	case HOST_UNDECIDED:
		add_undecided(f, h);
		break;
	}
}

/* --- login and what comes after -----------------------------------------------------------------
 */

void vitals_login(struct findings *f, const struct hop *h)
{
	char key[KEY_TEXT];

	hop_key(h, key, sizeof(key));
	findings_add(f, LOGIN_DONE, NULL, NULL, "Logged in as %s by %s%s%s.", h->settings->user,
		h->method, key[0] != '\0' ? " with " : "", key);
}

bool vitals_is_sallyd(const struct session *session)
{
	return (transport_peer_ext(session_transport(session)) & TRANSPORT_EXT_FORWARD_REASON) != 0;
}

static void add_keepalive(struct findings *f, const struct client_settings *s)
{
	if (s->alive_interval_ms != 0 && s->alive_count_max != 0)
		findings_add(f, KEEPALIVE_ON, NULL, NULL,
			"This side asks a silent relay after %.0f s and gives up after %u probes "
			"without an answer.",
			(double)s->alive_interval_ms / 1000, s->alive_count_max);
	else
		findings_add(f, KEEPALIVE_OFF, NULL,
			"-o ServerAliveInterval=15 keeps the way open and notices a relay that is "
			"gone.",
			"This side never asks whether the relay is still there: a router in "
			"between "
			"may forget an idle connection, and nobody would notice.");
}

void vitals_relay(
	struct findings *f, const struct client_settings *s, const struct session *session)
{
	bool is_ours = vitals_is_sallyd(session);

	if (is_ours)
		findings_add(f, RELAY_SALLYD, NULL, NULL,
			"The relay is sallyd, or speaks its extensions: it says why it refuses.");
	else
		findings_add(f, RELAY_PLAIN, NULL, NULL,
			"The relay is a plain SSH server: why it refuses is in its log, and here "
			"as "
			"far as it can be found out.");
	add_keepalive(f, s);
	if (is_ours)
		findings_add(f, KEEPALIVE_RELAY, NULL, NULL,
			"What the relay does about silent agents cannot be asked; sallyd probes "
			"them after 15 s unless ClientAliveInterval says otherwise.");
	else
		findings_add(f, KEEPALIVE_RELAY, NULL,
			"In sshd_config on the relay: ClientAliveInterval 15",
			"What the relay does about silent agents cannot be asked; sshd never "
			"probes "
			"them by default, and a port may stay taken for hours after its agent "
			"died.");
}
