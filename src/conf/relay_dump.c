/* SPDX-License-Identifier: ISC */
/*
 * The relay's settings as sshd -T would show its own, in the order of the keyword table. What is
 * shown can be read again and gives the same settings.
 */
#include "conf/relay.h"

#include "conf/dump.h"
#include "conf/lex.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const gateway_names[] = {
	[GATEWAY_NO] = "no", [GATEWAY_YES] = "yes", [GATEWAY_CLIENT] = "clientspecified"};

static const char *const takeover_names[] = {[AUTHKEY_TAKEOVER_REFUSE] = "refuse",
	[AUTHKEY_TAKEOVER_REPLACE] = "replace",
	[AUTHKEY_TAKEOVER_STANDBY] = "standby"};

enum { PLACE_MAX = 2 * LEX_LINE_MAX };

/* "host:port" in out, with brackets where the grammar needs them. */
static const char *place(char out[static PLACE_MAX], const char *host, const char *port)
{
	bool needs_brackets = host[0] == '[' || strchr(host, ':') != NULL;

	snprintf(out, PLACE_MAX, needs_brackets ? "[%s]:%s" : "%s:%s", host, port);
	return out;
}

static void dump_listen(const struct dump *d, const struct relay_listen *l)
{
	char out[PLACE_MAX], port[8];

	snprintf(port, sizeof(port), "%u", l->port);
	dump_string(d, "listenaddress", place(out, l->host != NULL ? l->host : "*", port));
}

static const char *forwarding_name(const struct relay_settings *s)
{
	if (s->allow_local)
		return s->allow_remote ? "yes" : "local";
	return s->allow_remote ? "remote" : "no";
}

static void dump_access(const struct dump *d, const struct relay_settings *s)
{
	/* By their bits. */
	static const char *const tunnel_names[] = {"no", "point-to-point", "ethernet", "yes"};
	char pool[TUNADDR_TEXT];

	dump_line(d, "maxstartups %u:%u:%u", s->startups_begin, s->startups_rate, s->startups_full);
	for (size_t i = 0; i < s->host_key_count; i++)
		dump_string(d, "hostkey", s->host_keys[i]);
	if (s->authorized_keys_count > 0)
		dump_list(d, "authorizedkeysfile", s->authorized_keys, s->authorized_keys_count);
	dump_string(d, "revokedkeys", s->revoked_keys != NULL ? s->revoked_keys : "none");
	dump_string(d, "trustedusercakeys",
		s->trusted_user_ca_keys != NULL ? s->trusted_user_ca_keys : "none");
	dump_string(d, "authorizedprincipalsfile",
		s->authorized_principals != NULL ? s->authorized_principals : "none");
	dump_line(d, "pubkeyauthoptions%s%s%s", s->touch_required ? " touch-required" : "",
		s->verify_required ? " verify-required" : "",
		s->touch_required || s->verify_required ? "" : " none");
	dump_seconds(d, "logingracetime", s->login_grace_ms);
	dump_line(d, "maxauthtries %u", s->max_auth_tries);
	dump_line(d, "gatewayports %s", gateway_names[s->gateway_ports]);
	dump_line(d, "allowtcpforwarding %s", forwarding_name(s));
	dump_permits(d, "permitlisten", s->permit_listen, s->permit_listen_count,
		s->permit_listen_is_set);
	dump_line(d, "maxsessions %u", s->max_sessions);
	dump_line(d, "permittunnel %s", tunnel_names[s->permit_tunnel >> 1]);
	tunaddr_print(&s->tunnel_pool, pool);
	dump_line(d, "tunnelpool %s", s->has_tunnel_pool ? pool : "none");
}

static void dump_algs(const struct dump *d, const struct relay_settings *s)
{
	dump_line(d, "rekeylimit %llu %llu", (unsigned long long)s->rekey_bytes,
		(unsigned long long)(s->rekey_ms / 1000));
	dump_line(d, "ciphers %s", s->ciphers);
	dump_line(d, "macs %s", s->macs);
	dump_line(d, "kexalgorithms %s", s->kex);
	dump_line(d, "hostkeyalgorithms %s", s->host_key_algorithms);
	dump_line(d, "pubkeyacceptedalgorithms %s", s->pubkey_algorithms);
	dump_line(d, "casignaturealgorithms %s", s->ca_algorithms);
}

void relay_conf_dump(
	const struct relay_settings *s, void (*line)(void *ctx, const char *text), void *ctx)
{
	struct dump d = {line, ctx, true};

	for (size_t i = 0; i < s->listen_count; i++)
		dump_listen(&d, &s->listen[i]);
	dump_line(&d, "addressfamily %s",
		s->family == 4	 ? "inet"
		: s->family == 6 ? "inet6"
				 : "any");
	dump_flag(&d, "tcpkeepalive", s->tcp_keepalive);
	dump_access(&d, s);
	dump_seconds(&d, "clientaliveinterval", s->alive_interval_ms);
	dump_line(&d, "clientalivecountmax %u", s->alive_count_max);
	dump_seconds(&d, "draintime", s->drain_time_ms);
	dump_seconds(&d, "forwardlease", s->forward_lease_ms);
	dump_line(&d, "takeover %s", takeover_names[s->takeover]);
	dump_seconds(&d, "takeovergrace", s->takeover_grace_ms);
	dump_algs(&d, s);
	dump_line(&d, "loglevel %s", log_level_name(s->log_level));
	dump_string(&d, "auditlog", s->audit_log != NULL ? s->audit_log : "none");
	dump_line(&d, "auditformat %s", s->audit_format == AUDIT_JSON ? "json" : "logfmt");
	dump_string(&d, "pidfile", s->pid_file != NULL ? s->pid_file : "none");
	dump_string(&d, "portsfile", s->ports_file);
	dump_string(&d, "controlsocket", s->control_socket);
}
