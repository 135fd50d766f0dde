/* SPDX-License-Identifier: ISC */
/*
 * Every keyword of ssh_config(5), with the older and the distributions' ones people have in their
 * files. What does not matter to a client that only forwards is accepted; what would change what
 * the user gets and is not served is refused where it takes effect.
 */
#include "conf/client.h"

#include "conf/harmless.h"
#include "conf/keywords.h"

#define AT(member) offsetof(struct client_settings, member)
#define FIELD(kw, k, member) \
	{ \
		.name = (kw), .kind = (k), .field = AT(member) \
	}
#define WORDS(kw, k, member, list) \
	{ \
		.name = (kw), .kind = (k), .field = AT(member), .words = (list) \
	}
#define ALGS(kw, list, member) \
	{ \
		.name = (kw), .kind = KEYWORD_ALGS, .what = (list), .field = AT(member) \
	}
#define FILES(kw, k, member, number) \
	{ \
		.name = (kw), .kind = (k), .field = AT(member), .other = AT(number), \
		.max = CLIENT_FILES_MAX \
	}
#define SPECIAL(kw, number) \
	{ \
		.name = (kw), .kind = KEYWORD_SPECIAL, .what = (number) \
	}
#define ACCEPT(kw, check) \
	{ \
		.name = (kw), .kind = KEYWORD_ACCEPT, .what = HARMLESS_##check \
	}
#define ACCEPT_WORD(kw, list) \
	{ \
		.name = (kw), .kind = KEYWORD_ACCEPT, .what = HARMLESS_WORD, .words = (list) \
	}
#define REFUSE(kw, check, words_) \
	{ \
		.name = (kw), .kind = KEYWORD_REFUSE, .what = HARMLESS_##check, \
		.harmless = (words_) \
	}
#define REFUSE_WORD(kw, list, words_) \
	{ \
		.name = (kw), .kind = KEYWORD_REFUSE, .what = HARMLESS_WORD, .words = (list), \
		.harmless = (words_) \
	}
#define ALIAS(kw, real) \
	{ \
		.name = (kw), .kind = KEYWORD_ALIAS, .same = (real) \
	}

static const struct value_word family_words[] = {
	{"any", FAMILY_ANY}, {"inet", FAMILY_INET}, {"inet6", FAMILY_INET6}, {NULL, 0}};
static const struct value_word strict_words[] = {{"yes", STRICT_YES}, {"true", STRICT_YES},
	{"no", STRICT_NO}, {"false", STRICT_NO}, {"off", STRICT_NO}, {"ask", STRICT_ASK},
	{"accept-new", STRICT_ACCEPT_NEW}, {NULL, 0}};
static const struct value_word pubkey_words[] = {{"yes", PUBKEY_YES}, {"true", PUBKEY_YES},
	{"no", PUBKEY_NO}, {"false", PUBKEY_NO}, {"unbound", PUBKEY_UNBOUND},
	{"host-bound", PUBKEY_HOST_BOUND}, {NULL, 0}};
static const struct value_word update_words[] = {{"yes", UPDATE_HOSTS_YES},
	{"true", UPDATE_HOSTS_YES}, {"no", UPDATE_HOSTS_NO}, {"false", UPDATE_HOSTS_NO},
	{"ask", UPDATE_HOSTS_ASK}, {NULL, 0}};
/* Of keywords without effect: that they are words is all that matters. */
static const struct value_word flag_words[] = {
	{"yes", 1}, {"true", 1}, {"no", 0}, {"false", 0}, {NULL, 0}};
static const struct value_word weak_words[] = {
	{"yes", 1}, {"true", 1}, {"no", 0}, {"false", 0}, {"no-pq-kex", 2}, {NULL, 0}};
static const struct value_word canonical_words[] = {
	{"yes", 1}, {"true", 1}, {"no", 0}, {"false", 0}, {"always", 2}, {NULL, 0}};
static const struct value_word dns_words[] = {{"yes", VERIFY_DNS_YES}, {"true", VERIFY_DNS_YES},
	{"no", VERIFY_DNS_NO}, {"false", VERIFY_DNS_NO}, {"ask", VERIFY_DNS_ASK}, {NULL, 0}};
static const struct value_word session_words[] = {{"none", false}, {"default", true}, {NULL, 0}};
static const struct value_word control_words[] = {{"yes", CONTROL_YES}, {"true", CONTROL_YES},
	{"no", CONTROL_NO}, {"false", CONTROL_NO}, {"ask", CONTROL_ASK}, {"auto", CONTROL_AUTO},
	{"autoask", CONTROL_AUTO_ASK}, {NULL, 0}};
static const struct value_word tty_words[] = {{"no", false}, {"false", false}, {"auto", false},
	{"yes", true}, {"true", true}, {"force", true}, {NULL, 0}};

static const struct value_word tunnel_words[] = {{"ethernet", TUN_ETHERNET},
	{"point-to-point", TUN_POINT_TO_POINT}, {"yes", TUN_POINT_TO_POINT},
	{"true", TUN_POINT_TO_POINT}, {"no", TUN_NONE}, {"false", TUN_NONE}, {NULL, 0}};

const struct keyword client_keywords[] = {
	SPECIAL("Host", CLIENT_HOST),
	SPECIAL("Match", CLIENT_MATCH),
	SPECIAL("Include", CLIENT_INCLUDE),
	SPECIAL("IgnoreUnknown", CLIENT_IGNORE_UNKNOWN),
	SPECIAL("Tag", CLIENT_TAG),

	/* where to and as whom */
	FIELD("Hostname", KEYWORD_STRING, hostname),
	FIELD("User", KEYWORD_STRING, user),
	SPECIAL("Port", CLIENT_PORT),
	FIELD("BindAddress", KEYWORD_STRING, bind_address),
	WORDS("AddressFamily", KEYWORD_WORD, family, family_words),
	FIELD("ConnectTimeout", KEYWORD_TIME, connect_timeout_ms),
	FIELD("TargetConnectTimeout", KEYWORD_TIME, target_timeout_ms), /* ours */
	FIELD("ConnectionAttempts", KEYWORD_UINT, connection_attempts),
	SPECIAL("ProxyJump", CLIENT_PROXY_JUMP),
	SPECIAL("ProxyCommand", CLIENT_PROXY_COMMAND),
	FIELD("ProxyUseFdpass", KEYWORD_FLAG, proxy_fdpass),
	REFUSE("BindInterface", STRING, ""),
	REFUSE_WORD("CanonicalizeHostname", canonical_words, "no false"),
	ACCEPT("CanonicalDomains", LIST),
	ACCEPT("CanonicalizeFallbackLocal", FLAG),
	ACCEPT("CanonicalizeMaxDots", UINT),
	ACCEPT("CanonicalizePermittedCNAMEs", CNAMES),
	SPECIAL("RefuseConnection", CLIENT_REFUSE),

	/* keys and login */
	FILES("IdentityFile", KEYWORD_FILE, identity_files, identity_count),
	ALIAS("IdentityFile2", "IdentityFile"),
	FIELD("IdentitiesOnly", KEYWORD_FLAG, identities_only),
	SPECIAL("IdentityAgent", CLIENT_IDENTITY_AGENT),
	FILES("CertificateFile", KEYWORD_FILE, certificate_files, certificate_count),
	ACCEPT("AddKeysToAgent", AGENT_KEYS),
	FIELD("BatchMode", KEYWORD_FLAG, batch_mode),
	FIELD("PreferredAuthentications", KEYWORD_STRING, preferred_methods),
	WORDS("PubkeyAuthentication", KEYWORD_WORD, pubkey_auth, pubkey_words),
	ALIAS("DSAAuthentication", "PubkeyAuthentication"),
	FIELD("PasswordAuthentication", KEYWORD_FLAG, password_auth),
	FIELD("KbdInteractiveAuthentication", KEYWORD_FLAG, kbdint_auth),
	ALIAS("ChallengeResponseAuthentication", "KbdInteractiveAuthentication"),
	ALIAS("SkeyAuthentication", "KbdInteractiveAuthentication"),
	ALIAS("TISAuthentication", "KbdInteractiveAuthentication"),
	ACCEPT("KbdInteractiveDevices", STRING),
	FIELD("NumberOfPasswordPrompts", KEYWORD_UINT, password_prompts),
	ACCEPT("HostbasedAuthentication", FLAG),
	ACCEPT("HostbasedAcceptedAlgorithms", ALGS),
	ACCEPT("HostbasedKeyTypes", ALGS),
	ACCEPT("EnableSSHKeysign", FLAG),
	ACCEPT("GSSAPIAuthentication", FLAG),
	ACCEPT("GSSAPIDelegateCredentials", FLAG),
	ACCEPT("GSSAPIKeyExchange", FLAG),
	ACCEPT("GSSAPITrustDNS", FLAG),
	ACCEPT("GSSAPIClientIdentity", STRING),
	ACCEPT("GSSAPIServerIdentity", STRING),
	ACCEPT("GSSAPIRenewalForcesRekey", FLAG),
	ACCEPT("GSSAPIKexAlgorithms", STRING),
	ACCEPT("PKCS11Provider", STRING),
	ACCEPT("SmartcardDevice", STRING),
	ACCEPT("SecurityKeyProvider", STRING),

	/* the other side's key */
	WORDS("StrictHostKeyChecking", KEYWORD_WORD, strict_hosts, strict_words),
	FILES("UserKnownHostsFile", KEYWORD_FILES, known_hosts, known_hosts_count),
	FILES("GlobalKnownHostsFile", KEYWORD_FILES, global_known_hosts, global_known_hosts_count),
	FIELD("HostKeyAlias", KEYWORD_STRING, host_key_alias),
	FIELD("HashKnownHosts", KEYWORD_FLAG, hash_known_hosts),
	FIELD("NoHostAuthenticationForLocalhost", KEYWORD_FLAG, trusts_localhost),
	SPECIAL("KnownHostsCommand", CLIENT_KNOWN_COMMAND),
	FILES("RevokedHostKeys", KEYWORD_FILES, revoked_host_keys, revoked_host_keys_count),
	FIELD("CheckHostIP", KEYWORD_FLAG, check_host_ip),
	WORDS("VerifyHostKeyDNS", KEYWORD_WORD, verify_dns, dns_words),
	WORDS("UpdateHostKeys", KEYWORD_WORD, update_hosts, update_words),
	ACCEPT("VisualHostKey", FLAG),
	ACCEPT("FingerprintHash", DIGEST),

	/* algorithms */
	ALGS("Ciphers", ALGS_CIPHERS, ciphers),
	ALGS("MACs", ALGS_MACS, macs),
	ALGS("KexAlgorithms", ALGS_KEX, kex),
	ALGS("HostKeyAlgorithms", ALGS_HOSTS, host_key_algorithms),
	ALGS("PubkeyAcceptedAlgorithms", ALGS_LOGIN, pubkey_algorithms),
	ALIAS("PubkeyAcceptedKeyTypes", "PubkeyAcceptedAlgorithms"),
	ALGS("CASignatureAlgorithms", ALGS_AUTHORITIES, ca_algorithms),
	/* RSA keys below 2048 bits are never taken. */
	REFUSE("RequiredRSASize", UINT, "0 1024 2048"),
	ACCEPT_WORD("WarnWeakCrypto", weak_words),
	ACCEPT_WORD("Compression", flag_words),
	ACCEPT("CompressionLevel", ANYTHING),
	{.name = "RekeyLimit",
		.kind = KEYWORD_REKEY,
		.field = AT(rekey_bytes),
		.other = AT(rekey_ms)},

	/* liveness */
	FIELD("ServerAliveInterval", KEYWORD_TIME, alive_interval_ms),
	FIELD("ServerAliveCountMax", KEYWORD_UINT, alive_count_max),
	FIELD("TCPKeepAlive", KEYWORD_FLAG, tcp_keepalive),
	ALIAS("KeepAlive", "TCPKeepAlive"),
	FIELD("Reconnect", KEYWORD_FLAG, reconnect), /* ours: ssh does not know it */
	REFUSE("ChannelTimeout", LIST, "none"),
	ACCEPT("IPQoS", QOS),

	/* forwards */
	SPECIAL("RemoteForward", CLIENT_REMOTE_FORWARD),
	SPECIAL("LocalForward", CLIENT_LOCAL_FORWARD),
	SPECIAL("DynamicForward", CLIENT_DYNAMIC_FORWARD),
	FIELD("ExitOnForwardFailure", KEYWORD_FLAG, exit_on_forward_failure),
	FILES("ForwardHook", KEYWORD_FILES, forward_hook, forward_hook_count),	     /* ours */
	FILES("ProxyProtocol", KEYWORD_FILES, proxy_protocol, proxy_protocol_count), /* ours */
	FIELD("ForwardInfo", KEYWORD_STRING, forward_info),			     /* ours */
	FILES("ForwardRate", KEYWORD_FILES, forward_rate, forward_rate_count), /* ours */
	FIELD("ClearAllForwardings", KEYWORD_FLAG, clear_all_forwardings),
	FIELD("GatewayPorts", KEYWORD_FLAG, gateway_ports),
	SPECIAL("PermitRemoteOpen", CLIENT_REMOTE_OPENS),
	SPECIAL("StreamLocalBindMask", CLIENT_BIND_MASK),
	FIELD("StreamLocalBindUnlink", KEYWORD_FLAG, bind_unlink),
	WORDS("Tunnel", KEYWORD_WORD, tunnel, tunnel_words),
	SPECIAL("TunnelDevice", CLIENT_TUNNEL_DEVICE),
	FILES("TunnelAddress", KEYWORD_FILES, tunnel_addresses, tunnel_address_count), /* ours */
	FILES("TunnelRoutes", KEYWORD_FILES, tunnel_routes, tunnel_route_count),       /* ours */
	FIELD("TunnelMTU", KEYWORD_UINT, tunnel_mtu),				       /* ours */
	FIELD("TunnelUp", KEYWORD_FLAG, tunnel_up),				       /* ours */
	ACCEPT("ForwardAgent", STRING),
	ACCEPT("ForwardX11", FLAG),
	ACCEPT("ForwardX11Trusted", FLAG),
	ACCEPT("ForwardX11Timeout", TIME),
	ACCEPT("XAuthLocation", STRING),

	/* how it runs */
	WORDS("SessionType", KEYWORD_WORD_FLAG, wants_session, session_words),
	ACCEPT_WORD("RequestTTY", tty_words),
	FIELD("ForkAfterAuthentication", KEYWORD_FLAG, fork_after_auth),
	FIELD("StdinNull", KEYWORD_FLAG, stdin_null),
	FIELD("LogLevel", KEYWORD_LOG_LEVEL, log_level),
	ACCEPT("LogVerbose", LIST),
	ACCEPT("SyslogFacility", FACILITY),
	REFUSE("RemoteCommand", ANYTHING, "none"),
	REFUSE("PermitLocalCommand", FLAG, "no false"),
	ACCEPT("LocalCommand", ANYTHING), /* which PermitLocalCommand has to allow */
	WORDS("ControlMaster", KEYWORD_WORD, control_master, control_words),
	FIELD("ControlPath", KEYWORD_STRING, control_path),
	/* A tunnel stays in any case, and -f takes it to the background. */
	ACCEPT("ControlPersist", ANYTHING),
	ACCEPT("EscapeChar", ESCAPE),
	ACCEPT("EnableEscapeCommandline", FLAG),
	ACCEPT("ObscureKeystrokeTiming", KEYSTROKES),
	ACCEPT("SendEnv", SENT),
	ACCEPT("SetEnv", SET),
	ACCEPT("VersionAddendum", ANYTHING),

	/* gone from ssh, which takes them without effect as well */
	ACCEPT("Protocol", ANYTHING),
	ACCEPT("Cipher", ANYTHING),
	ACCEPT("FallBackToRsh", ANYTHING),
	ACCEPT("GlobalKnownHostsFile2", ANYTHING),
	ACCEPT("UserKnownHostsFile2", ANYTHING),
	ACCEPT("RhostsAuthentication", ANYTHING),
	ACCEPT("RhostsRSAAuthentication", ANYTHING),
	ACCEPT("RSAAuthentication", ANYTHING),
	ACCEPT("UseRoaming", ANYTHING),
	ACCEPT("UseRsh", ANYTHING),
	ACCEPT("UsePrivilegedPort", ANYTHING),
	ACCEPT("AFSTokenPassing", ANYTHING),
	ACCEPT("KerberosAuthentication", ANYTHING),
	ACCEPT("KerberosTGTPassing", ANYTHING),
	{.name = NULL},
};

_Static_assert(sizeof(client_keywords) / sizeof(*client_keywords) <= KEYWORDS_MAX, "table");
