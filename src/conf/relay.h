/* SPDX-License-Identifier: ISC */
/*
 * The settings of the relay: sshd_config keywords for a relay that only forwards. Text in, settings
 * out. An unknown keyword or a bad value is an error with file and line.
 */
#ifndef CONF_RELAY_H
#define CONF_RELAY_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/log.h"
#include "forward/bindplan.h"
#include "forward/permit.h"
#include "forward/tun.h"
#include "forward/tunaddr.h"
#include "keys/authkeys.h"

enum audit_format { AUDIT_LOGFMT, AUDIT_JSON };

enum { RELAY_LISTEN_MAX = 64, RELAY_HOSTKEYS_MAX = 16, RELAY_KEYFILES_MAX = 16 };
enum { RELAY_PACKED_MAX = 4 * 1024 * 1024 };

struct relay_listen {
	char *host;    /* NULL: all addresses of the family */
	uint16_t port; /* 0 in -p 0 or Port 0: the kernel chooses; told at start */
};

struct relay_settings {
	struct relay_listen listen[RELAY_LISTEN_MAX];
	size_t listen_count;
	int family; /* 0 any, 4, 6 */
	char *host_keys[RELAY_HOSTKEYS_MAX];
	size_t host_key_count; /* 0: the program's own default place */
	char *authorized_keys[RELAY_KEYFILES_MAX];
	size_t authorized_keys_count; /* 0: the program's default; one "none": no file at all */
	char *revoked_keys;	      /* NULL: none */
	char *trusted_user_ca_keys, *authorized_principals; /* files; NULL: none */
	enum gateway_ports gateway_ports;
	bool allow_remote, allow_local; /* AllowTcpForwarding */
	struct permit_rule *permit_listen;
	size_t permit_listen_count;
	bool permit_listen_is_set;  /* false: any; true with count 0: none */
	unsigned permit_tunnel; /* a bit 1 << enum tun_mode for each kind */
	bool has_tunnel_pool;
	struct tunaddr tunnel_pool; /* of IPv4, /8 to /30 */
	unsigned max_sessions;	    /* session channels a connection */
	uint64_t alive_interval_ms; /* default 15 s: a relay that never asks never learns */
	unsigned alive_count_max;
	uint64_t forward_lease_ms; /* how long a lost agent's ports are kept for it; default 10 s */
	enum authkey_takeover takeover; /* of a port whose holder is alive; default refuse */
	uint64_t takeover_grace_ms;	/* to show that; default 2 s */
	uint64_t drain_time_ms;	   /* how long SIGTERM waits for visitors; 0: not at all */
	bool touch_required, verify_required; /* PubkeyAuthOptions: of every key in hardware */
	uint64_t login_grace_ms; /* default 30 s */
	unsigned max_auth_tries;
	unsigned startups_begin, startups_rate, startups_full;
	uint64_t rekey_bytes, rekey_ms;
	char *ciphers, *macs, *kex, *host_key_algorithms, *pubkey_algorithms, *ca_algorithms;
	enum log_level log_level;
	char *pid_file; /* NULL: none */
	bool tcp_keepalive;
	char *audit_log; /* a path, "stderr" or "syslog"; NULL: none */
	enum audit_format audit_format;
	char *ports_file;     /* NULL: the program's default place; "none": no file */
	char *control_socket; /* NULL: the program's default place; "none": no socket */
};

/* Whose connection it is, as far as it is known: "" and 0 for what is not. */
struct relay_facts {
	const char *user, *address, *local_address;
	uint16_t local_port;
	const char *key_name, *fingerprint;
};

/* Lines of Match blocks are checked as they are read, and take effect in what relay_conf_for makes.
 */
struct relay_conf;

struct relay_conf *relay_conf_new(void);
/* The settings and all they point to live as long as somebody has not freed. */
void relay_conf_free(struct relay_conf *c);
struct relay_conf *relay_conf_ref(struct relay_conf *c);
enum err relay_conf_option(
	struct relay_conf *c, const char *option, struct fault *f) MUST_USE; /* -o */
enum err relay_conf_file(
	struct relay_conf *c, const char *path, struct bytes text, struct fault *f) MUST_USE;
/* -p, given before the file: replaces every Port of the file. Adds up. */
enum err relay_conf_port(struct relay_conf *c, const char *port, struct fault *f) MUST_USE;
enum err relay_conf_finish(
	struct relay_conf *c, const struct relay_settings **out, struct fault *f) MUST_USE;
/* The settings for one connection: what stands in a Match block that holds comes before what stands
 * outside of all, and of those that hold the first value counts, as in sshd. Without a Match block
 * it is the same conf again. out is the caller's to free; c must be finished. */
enum err relay_conf_for(struct relay_conf *c, const struct relay_facts *facts,
	struct relay_conf **out, struct fault *f) MUST_USE;
/* The same command line with another file; text NULL: with none. Not finished yet. */
enum err relay_conf_again(const struct relay_conf *c, const char *path, const struct bytes *text,
	struct relay_conf **out, struct fault *f) MUST_USE;
/* All that c was read from, so that another process comes to the same settings; for free(). */
enum err relay_conf_pack(const struct relay_conf *c, struct span *out) MUST_USE;
enum err relay_conf_unpack(struct bytes packed, struct relay_conf **out, struct fault *f) MUST_USE;
const struct relay_settings *relay_conf_settings(const struct relay_conf *c);
bool relay_conf_has_match(const struct relay_conf *c);
/* Whether PermitTunnel lets anybody, in whatever block. */
bool relay_conf_may_tunnel(const struct relay_conf *c);
/* -T: every setting as one "keyword value" line in lower case, sorted as the table is. */
void relay_conf_dump(
	const struct relay_settings *s, void (*line)(void *ctx, const char *text), void *ctx);

#endif
