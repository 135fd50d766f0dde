/* SPDX-License-Identifier: ISC */
/*
 * The keywords of the relay, and every other one of sshd_config(5): those are accepted where they
 * say what is true of a relay that only forwards, and refused where they ask for more. Rules that
 * keep somebody out are never ignored.
 */
#include "conf/relay.h"

#include "conf/keywords.h"

#define AT(member) offsetof(struct relay_settings, member)
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
#define FILES(kw, k, member, number, most) \
	{ \
		.name = (kw), .kind = (k), .field = AT(member), .other = AT(number), .max = (most) \
	}
#define SPECIAL(kw, number) \
	{ \
		.name = (kw), .kind = KEYWORD_SPECIAL, .what = (number) \
	}
#define ACCEPT(kw) \
	{ \
		.name = (kw), .kind = KEYWORD_ACCEPT \
	}
#define REFUSE(kw, words_) \
	{ \
		.name = (kw), .kind = KEYWORD_REFUSE, .harmless = (words_) \
	}
#define ALIAS(kw, real) \
	{ \
		.name = (kw), .kind = KEYWORD_ALIAS, .same = (real) \
	}
#define OFF "no none false"

static const struct value_word family_words[] = {{"any", 0}, {"inet", 4}, {"inet6", 6}, {NULL, 0}};
static const struct value_word gateway_words[] = {{"no", GATEWAY_NO}, {"false", GATEWAY_NO},
	{"yes", GATEWAY_YES}, {"true", GATEWAY_YES}, {"clientspecified", GATEWAY_CLIENT},
	{NULL, 0}};

static const struct value_word tunnel_words[] = {{"no", 0},
	{"point-to-point", 1 << TUN_POINT_TO_POINT}, {"ethernet", 1 << TUN_ETHERNET},
	{"yes", 1 << TUN_POINT_TO_POINT | 1 << TUN_ETHERNET}, {NULL, 0}};

static const struct value_word takeover_words[] = {{"refuse", AUTHKEY_TAKEOVER_REFUSE},
	{"replace", AUTHKEY_TAKEOVER_REPLACE}, {"standby", AUTHKEY_TAKEOVER_STANDBY}, {NULL, 0}};

static const struct value_word audit_words[] = {
	{"logfmt", AUDIT_LOGFMT}, {"json", AUDIT_JSON}, {NULL, 0}};

const struct keyword relay_keywords[] = {
	/* where it listens */
	SPECIAL("Port", RELAY_PORT),
	SPECIAL("ListenAddress", RELAY_LISTEN),
	WORDS("AddressFamily", KEYWORD_WORD, family, family_words),
	FIELD("TCPKeepAlive", KEYWORD_FLAG, tcp_keepalive),
	ALIAS("KeepAlive", "TCPKeepAlive"),
	SPECIAL("MaxStartups", RELAY_STARTUPS),

	/* who gets in */
	FILES("HostKey", KEYWORD_FILE, host_keys, host_key_count, RELAY_HOSTKEYS_MAX),
	FILES("AuthorizedKeysFile", KEYWORD_FILES, authorized_keys, authorized_keys_count,
		RELAY_KEYFILES_MAX),
	FIELD("RevokedKeys", KEYWORD_STRING, revoked_keys),
	FIELD("TrustedUserCAKeys", KEYWORD_STRING, trusted_user_ca_keys),
	FIELD("AuthorizedPrincipalsFile", KEYWORD_STRING, authorized_principals),
	SPECIAL("PubkeyAuthOptions", RELAY_PUBKEY_OPTIONS),
	FIELD("LoginGraceTime", KEYWORD_TIME, login_grace_ms),
	FIELD("MaxAuthTries", KEYWORD_UINT, max_auth_tries),

	/* what they may open */
	WORDS("GatewayPorts", KEYWORD_WORD, gateway_ports, gateway_words),
	SPECIAL("AllowTcpForwarding", RELAY_FORWARDING),
	SPECIAL("PermitListen", RELAY_PERMIT_LISTEN),
	SPECIAL("PermitOpen", RELAY_PERMIT_OPEN),
	FIELD("MaxSessions", KEYWORD_UINT, max_sessions),
	WORDS("PermitTunnel", KEYWORD_WORD, permit_tunnel, tunnel_words),
	SPECIAL("TunnelPool", RELAY_TUNNEL_POOL), /* ours */
	SPECIAL("Match", RELAY_MATCH),

	/* how it is kept alive and safe */
	FIELD("ClientAliveInterval", KEYWORD_TIME, alive_interval_ms),
	FIELD("ClientAliveCountMax", KEYWORD_UINT, alive_count_max),
	FIELD("DrainTime", KEYWORD_TIME, drain_time_ms),
	FIELD("ForwardLease", KEYWORD_TIME, forward_lease_ms),
	WORDS("Takeover", KEYWORD_WORD, takeover, takeover_words),
	FIELD("TakeoverGrace", KEYWORD_TIME, takeover_grace_ms),
	{.name = "RekeyLimit",
		.kind = KEYWORD_REKEY,
		.field = AT(rekey_bytes),
		.other = AT(rekey_ms)},
	ALGS("Ciphers", ALGS_CIPHERS, ciphers),
	ALGS("MACs", ALGS_MACS, macs),
	ALGS("KexAlgorithms", ALGS_KEX, kex),
	ALGS("HostKeyAlgorithms", ALGS_HOST_KEYS, host_key_algorithms),
	ALGS("PubkeyAcceptedAlgorithms", ALGS_LOGIN, pubkey_algorithms),
	ALIAS("PubkeyAcceptedKeyTypes", "PubkeyAcceptedAlgorithms"),
	ALGS("CASignatureAlgorithms", ALGS_AUTHORITIES, ca_algorithms),

	/* how it runs */
	FIELD("LogLevel", KEYWORD_LOG_LEVEL, log_level),
	FIELD("AuditLog", KEYWORD_STRING, audit_log),
	WORDS("AuditFormat", KEYWORD_WORD, audit_format, audit_words),
	FIELD("PidFile", KEYWORD_STRING, pid_file),
	FIELD("PortsFile", KEYWORD_STRING, ports_file),
	FIELD("ControlSocket", KEYWORD_STRING, control_socket),

	/* true of this relay as it is */
	REFUSE("PubkeyAuthentication", "yes true"),
	ALIAS("DSAAuthentication", "PubkeyAuthentication"),
	REFUSE("AuthenticationMethods", "any publickey"),
	REFUSE("StrictModes", "yes true"),
	REFUSE("RequiredRSASize", "0 1024 2048"),
	REFUSE("DisableForwarding", OFF),
	REFUSE("AllowStreamLocalForwarding", OFF),
	REFUSE("AllowAgentForwarding", OFF),
	REFUSE("X11Forwarding", OFF),
	REFUSE("PermitTTY", OFF),
	REFUSE("PermitUserRC", OFF),
	REFUSE("PermitUserEnvironment", OFF),
	REFUSE("PermitEmptyPasswords", OFF),
	REFUSE("PasswordAuthentication", OFF),
	REFUSE("KbdInteractiveAuthentication", OFF),
	ALIAS("ChallengeResponseAuthentication", "KbdInteractiveAuthentication"),
	ALIAS("SkeyAuthentication", "KbdInteractiveAuthentication"),
	REFUSE("HostbasedAuthentication", OFF),
	REFUSE("HostbasedUsesNameFromPacketOnly", OFF),
	REFUSE("KerberosAuthentication", OFF),
	REFUSE("KerberosOrLocalPasswd", OFF),
	REFUSE("KerberosGetAFSToken", OFF),
	REFUSE("GSSAPIAuthentication", OFF),
	REFUSE("GSSAPIKeyExchange", OFF),
	REFUSE("GSSAPIDelegateCredentials", OFF),
	REFUSE("UsePAM", OFF),
	REFUSE("UseDNS", OFF),
	REFUSE("Compression", OFF),
	REFUSE("PrintMotd", OFF),
	REFUSE("PrintLastLog", OFF),
	REFUSE("ExposeAuthInfo", OFF),
	REFUSE("RefuseConnection", OFF),
	REFUSE("PerSourcePenalties", OFF),
	REFUSE("Banner", "none"),
	REFUSE("ChrootDirectory", "none"),
	REFUSE("ForceCommand", "none"),
	REFUSE("Subsystem", OFF),
	REFUSE("VersionAddendum", "none"),
	REFUSE("RDomain", "none"),
	REFUSE("ChannelTimeout", "none"),
	REFUSE("UnusedConnectionTimeout", "none 0"),
	REFUSE("PerSourceMaxStartups", "none"),
	REFUSE("LogVerbose", "none"),

	/* rules and sources of keys that are not served */
	REFUSE("AllowUsers", ""),
	REFUSE("DenyUsers", ""),
	REFUSE("AllowGroups", ""),
	REFUSE("DenyGroups", ""),
	REFUSE("PermitRootLogin", "no prohibit-password without-password"),
	REFUSE("AuthorizedKeysCommand", "none"),
	REFUSE("AuthorizedKeysCommandUser", "none"),
	REFUSE("AuthorizedPrincipalsCommand", "none"),
	REFUSE("AuthorizedPrincipalsCommandUser", "none"),
	REFUSE("HostCertificate", "none"),
	REFUSE("HostKeyAgent", "none"),
	REFUSE("Include", ""),

	/* details of what is refused above, or of no account */
	ACCEPT("X11DisplayOffset"),
	ACCEPT("X11UseLocalhost"),
	ACCEPT("XAuthLocation"),
	ACCEPT("AcceptEnv"),
	ACCEPT("SetEnv"),
	ACCEPT("StreamLocalBindMask"),
	ACCEPT("StreamLocalBindUnlink"),
	ACCEPT("IgnoreRhosts"),
	ACCEPT("IgnoreUserKnownHosts"),
	ACCEPT("HostbasedAcceptedAlgorithms"),
	ACCEPT("HostbasedAcceptedKeyTypes"),
	ACCEPT("KerberosTicketCleanup"),
	ACCEPT("GSSAPICleanupCredentials"),
	ACCEPT("GSSAPIStrictAcceptorCheck"),
	ACCEPT("GSSAPIStoreCredentialsOnRekey"),
	ACCEPT("GSSAPIKexAlgorithms"),
	ACCEPT("PAMServiceName"),
	ACCEPT("FingerprintHash"),
	ACCEPT("SecurityKeyProvider"),
	ACCEPT("SyslogFacility"),
	ACCEPT("IPQoS"),
	ACCEPT("ModuliFile"),
	ACCEPT("PerSourceNetBlockSize"),
	ACCEPT("PerSourcePenaltyExemptList"),
	ACCEPT("SshdSessionPath"),
	ACCEPT("SshdAuthPath"),
	ACCEPT("DebianBanner"),
	ACCEPT("Protocol"),
	ACCEPT("ServerKeyBits"),
	ACCEPT("KeyRegenerationInterval"),
	ACCEPT("RhostsAuthentication"),
	ACCEPT("RhostsRSAAuthentication"),
	ACCEPT("RSAAuthentication"),
	ACCEPT("CheckMail"),
	ACCEPT("UseLogin"),
	ACCEPT("VerifyReverseMapping"),
	ACCEPT("ReverseMappingCheck"),
	ACCEPT("AuthorizedKeysFile2"),
	ACCEPT("UsePrivilegeSeparation"),
	ACCEPT("KerberosTGTPassing"),
	ACCEPT("AFSTokenPassing"),
	ALIAS("HostDSAKey", "HostKey"),
	{.name = NULL},
};

_Static_assert(sizeof(relay_keywords) / sizeof(*relay_keywords) <= KEYWORDS_MAX, "table");
