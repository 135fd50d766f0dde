/* SPDX-License-Identifier: ISC */
/* The agent's settings as ssh -G would show them, as far as they have an effect here. */
#include "conf/client.h"

#include <stdio.h>

#include "conf/dump.h"

static const char *const family_names[] = {
	[FAMILY_ANY] = "any", [FAMILY_INET] = "inet", [FAMILY_INET6] = "inet6"};
/* ssh -G says true and false here. */
static const char *const strict_names[] = {[STRICT_ASK] = "ask",
	[STRICT_YES] = "true",
	[STRICT_ACCEPT_NEW] = "accept-new",
	[STRICT_NO] = "false"};

static const char *const update_names[] = {
	[UPDATE_HOSTS_NO] = "false", [UPDATE_HOSTS_YES] = "true", [UPDATE_HOSTS_ASK] = "ask"};
static const char *const dns_names[] = {
	[VERIFY_DNS_NO] = "false", [VERIFY_DNS_YES] = "true", [VERIFY_DNS_ASK] = "ask"};
static const char *const pubkey_names[] = {[PUBKEY_YES] = "true",
	[PUBKEY_NO] = "false",
	[PUBKEY_UNBOUND] = "unbound",
	[PUBKEY_HOST_BOUND] = "host-bound"};

static const char *const control_names[] = {[CONTROL_NO] = "false",
	[CONTROL_YES] = "true",
	[CONTROL_ASK] = "ask",
	[CONTROL_AUTO] = "auto",
	[CONTROL_AUTO_ASK] = "autoask"};

enum { TARGETS_TEXT = (1 + FORWARD_MORE_MAX) * (FORWARD_HOST_MAX + 16) };

/* "[bind]:port [host]:port", with the brackets of ssh -G. */
static void dump_forward(const struct dump *d, const char *keyword, const struct forward_spec *s)
{
	char listen[FORWARD_HOST_MAX + 16], target[TARGETS_TEXT] = "";
	size_t len;

	if (s->listen_path[0] != '\0')
		snprintf(listen, sizeof(listen), "%s", s->listen_path);
	else if (s->has_bind)
		snprintf(listen, sizeof(listen), "[%s]:%u", s->bind, s->listen_port);
	else
		snprintf(listen, sizeof(listen), "%u", s->listen_port);
	if (s->path[0] != '\0')
		snprintf(target, sizeof(target), "%s", s->path);
	else if (!s->is_socks)
		snprintf(target, sizeof(target), "[%s]:%u", s->host, s->port);
	else if (strcmp(keyword, "remoteforward") == 0)
		snprintf(target, sizeof(target), "[socks]:0");
	len = strlen(target);
	for (size_t i = 0; i < s->more_count; i++)
		len += (size_t)snprintf(target + len, sizeof(target) - len, ",[%s]:%u",
			s->more[i].host, s->more[i].port);
	dump_line(d, "%s %s%s%s", keyword, listen, target[0] != '\0' ? " " : "", target);
}

/* ssh has one tunnel; further ones are lines of the same keyword. */
static void dump_tunnels(const struct dump *d, const struct client_settings *s)
{
	static const char *const names[] = {[TUN_NONE] = "false",
		[TUN_POINT_TO_POINT] = "point-to-point",
		[TUN_ETHERNET] = "ethernet"};
	char text[TUN_SPEC_TEXT];

	dump_line(d, "tunnel %s", names[s->tunnel]);
	if (s->tunnel_count == 0) {
		tun_spec_print(&s->tunnel_device, text);
		dump_line(d, "tunneldevice %s", text);
	}
	for (size_t i = 0; i < s->tunnel_count; i++) {
		tun_spec_print(&s->tunnels[i].spec, text);
		dump_line(d, "tunneldevice %s", text);
	}
	if (s->tunnel_address_count > 0)
		dump_list(d, "tunneladdress", s->tunnel_addresses, s->tunnel_address_count);
	if (s->tunnel_route_count > 0)
		dump_list(d, "tunnelroutes", s->tunnel_routes, s->tunnel_route_count);
	if (s->tunnel_mtu > 0)
		dump_line(d, "tunnelmtu %u", s->tunnel_mtu);
	if (s->tunnel_count > 0)
		dump_flag(d, "tunnelup", s->tunnel_up);
}

static void dump_forwards(const struct dump *d, const struct client_settings *s)
{
	for (size_t i = 0; i < s->local_count; i++)
		if (s->locals[i].is_socks)
			dump_forward(d, "dynamicforward", &s->locals[i]);
	for (size_t i = 0; i < s->local_count; i++)
		if (!s->locals[i].is_socks)
			dump_forward(d, "localforward", &s->locals[i]);
	for (size_t i = 0; i < s->forward_count; i++)
		dump_forward(d, "remoteforward", &s->forwards[i]);
	dump_flag(d, "gatewayports", s->gateway_ports);
	dump_line(d, "streamlocalbindmask 0%o", s->bind_mask);
	dump_flag(d, "streamlocalbindunlink", s->bind_unlink);
	dump_flag(d, "exitonforwardfailure", s->exit_on_forward_failure);
	dump_flag(d, "reconnect", s->reconnect);
	if (s->forward_hook_count > 0)
		dump_list(d, "forwardhook", s->forward_hook, s->forward_hook_count);
	dump_string(d, "forwardinfo", s->forward_info);
	if (s->proxy_protocol_count > 0)
		dump_list(d, "proxyprotocol", s->proxy_protocol, s->proxy_protocol_count);
	if (s->forward_rate_count > 0)
		dump_list(d, "forwardrate", s->forward_rate, s->forward_rate_count);
	if (s->target_timeout_ms > 0)
		dump_seconds(d, "targetconnecttimeout", s->target_timeout_ms);
	dump_tunnels(d, s);
	dump_flag(d, "clearallforwardings", s->clear_all_forwardings);
}

/* Numeric addresses stand in brackets. */
static void dump_proxy(const struct dump *d, const struct client_settings *s)
{
	char port[8] = "";
	bool is_number = s->jump_host != NULL &&
			 (strchr(s->jump_host, ':') != NULL ||
				 s->jump_host[strspn(s->jump_host, "1234567890.")] == '\0');

	dump_flag(d, "proxyusefdpass", s->proxy_fdpass);
	if (s->jump_host == NULL) {
		dump_string(d, "proxycommand", s->proxy_command);
		return;
	}
	if (s->jump_port != 0)
		snprintf(port, sizeof(port), ":%u", s->jump_port);
	dump_line(d, "proxyjump %s%s%s%s%s%s%s%s", s->jump_through != NULL ? s->jump_through : "",
		s->jump_through != NULL ? "," : "", s->jump_user != NULL ? s->jump_user : "",
		s->jump_user != NULL ? "@" : "", is_number ? "[" : "", s->jump_host,
		is_number ? "]" : "", port);
}

static void dump_connection(const struct dump *d, const struct client_settings *s)
{
	dump_line(d, "host %s", s->host_alias);
	dump_line(d, "user %s", s->user);
	dump_line(d, "hostname %s", s->hostname);
	dump_line(d, "port %u", s->port);
	dump_line(d, "addressfamily %s", family_names[s->family]);
	dump_flag(d, "batchmode", s->batch_mode);
	dump_string(d, "bindaddress", s->bind_address);
	dump_line(d, "connectionattempts %u", s->connection_attempts);
	if (s->connect_timeout_ms == 0)
		dump_line(d, "connecttimeout none");
	else
		dump_seconds(d, "connecttimeout", s->connect_timeout_ms);
	dump_proxy(d, s);
	dump_flag(d, "tcpkeepalive", s->tcp_keepalive);
	dump_seconds(d, "serveraliveinterval", s->alive_interval_ms);
	dump_line(d, "serveralivecountmax %u", s->alive_count_max);
	dump_line(d, "rekeylimit %llu %llu", (unsigned long long)s->rekey_bytes,
		(unsigned long long)(s->rekey_ms / 1000));
}

static void dump_keys(const struct dump *d, const struct client_settings *s)
{
	for (size_t i = 0; i < s->identity_word_count; i++)
		dump_line(d, "identityfile %s", s->identity_words[i]);
	dump_flag(d, "identitiesonly", s->identities_only);
	for (size_t i = 0; i < s->certificate_word_count; i++)
		dump_line(d, "certificatefile %s", s->certificate_words[i]);
	dump_string(d, "identityagent", s->identity_agent);
	dump_line(d, "pubkeyauthentication %s", pubkey_names[s->pubkey_auth]);
	dump_flag(d, "passwordauthentication", s->password_auth);
	dump_flag(d, "kbdinteractiveauthentication", s->kbdint_auth);
	dump_string(d, "preferredauthentications", s->preferred_methods);
	dump_line(d, "numberofpasswordprompts %u", s->password_prompts);
	dump_line(d, "stricthostkeychecking %s", strict_names[s->strict_hosts]);
	dump_list(d, "userknownhostsfile", s->known_hosts, s->known_hosts_count);
	dump_list(d, "globalknownhostsfile", s->global_known_hosts, s->global_known_hosts_count);
	dump_line(d, "verifyhostkeydns %s", dns_names[s->verify_dns]);
	dump_line(d, "updatehostkeys %s", update_names[s->update_hosts]);
	dump_string(d, "hostkeyalias", s->host_key_alias);
	dump_flag(d, "checkhostip", s->check_host_ip);
	dump_flag(d, "nohostauthenticationforlocalhost", s->trusts_localhost);
	dump_string(d, "knownhostscommand", s->known_hosts_command);
	if (s->revoked_host_keys_count > 0)
		dump_list(d, "revokedhostkeys", s->revoked_host_keys, s->revoked_host_keys_count);
	dump_flag(d, "hashknownhosts", s->hash_known_hosts);
	dump_line(d, "ciphers %s", s->ciphers);
	dump_line(d, "macs %s", s->macs);
	dump_line(d, "kexalgorithms %s", s->kex);
	dump_line(d, "hostkeyalgorithms %s", s->host_key_algorithms);
	dump_line(d, "casignaturealgorithms %s", s->ca_algorithms);
	dump_line(d, "pubkeyacceptedalgorithms %s", s->pubkey_algorithms);
}

/* Where two names mean the same, ssh -G says the older one. */
static const char *level_name(enum log_level level)
{
	if (level == LOG_LEVEL_QUIET)
		return "SILENT";
	return level == LOG_LEVEL_DEBUG1 ? "DEBUG" : log_level_name(level);
}

void client_conf_dump(
	const struct client_settings *s, void (*line)(void *ctx, const char *text), void *ctx)
{
	struct dump d = {line, ctx, false}; /* ssh -G has none either */

	dump_connection(&d, s);
	dump_keys(&d, s);
	dump_forwards(&d, s);
	dump_permits(&d, "permitremoteopen", s->remote_opens, s->remote_open_count,
		s->remote_opens_are_limited);
	dump_line(&d, "controlmaster %s", control_names[s->control_master]);
	dump_string(&d, "controlpath", s->control_path);
	dump_flag(&d, "forkafterauthentication", s->fork_after_auth);
	dump_line(&d, "sessiontype %s", s->wants_session ? "default" : "none");
	dump_flag(&d, "stdinnull", s->stdin_null);
	dump_line(&d, "loglevel %s", level_name(s->log_level));
}
