/* SPDX-License-Identifier: ISC */
/*
 * The settings of the agent: ssh_config keywords, command-line words and defaults, first value
 * wins, lists add up. Text in, settings out: files are read by the program (struct conf_reader).
 *
 * Every keyword of ssh_config(5) is known. What would change what the user gets and is not served
 * here is an error where it takes effect (E_UNKNOWN, a sentence); what does not matter to a
 * forwarding client is accepted.
 */
#ifndef CONF_CLIENT_H
#define CONF_CLIENT_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/log.h"
#include "forward/permit.h"
#include "forward/spec.h"
#include "forward/tun.h"
#include "forward/tunaddr.h"

enum strict_hosts { STRICT_ASK, STRICT_YES, STRICT_ACCEPT_NEW, STRICT_NO };
/* How far PubkeyAuthentication goes: UNBOUND never binds a signature to the host key. */
enum pubkey_auth { PUBKEY_YES, PUBKEY_NO, PUBKEY_UNBOUND, PUBKEY_HOST_BOUND };
/* DEFAULT: as long as it is not decided. */
enum update_hosts { UPDATE_HOSTS_DEFAULT, UPDATE_HOSTS_NO, UPDATE_HOSTS_YES, UPDATE_HOSTS_ASK };
/* DNS is not asked: without DNSSEC up to here its word is worth nothing. What is not known is asked
 * about as if it had none. */
enum verify_dns { VERIFY_DNS_NO, VERIFY_DNS_YES, VERIFY_DNS_ASK };
/* ASK: whoever wants something of the master has to be let by its user. */
enum control_master {
	CONTROL_NO,
	CONTROL_YES,
	CONTROL_ASK,
	CONTROL_AUTO,
	CONTROL_AUTO_ASK
};
enum address_family { FAMILY_ANY, FAMILY_INET, FAMILY_INET6 };
enum { CLIENT_TUNNELS_MAX = 16, CLIENT_TUNNEL_ADDRESSES = 8, CLIENT_TUNNEL_ROUTES = 32 };
enum { CLIENT_PORT_DEFAULT = 22 };
enum { CLIENT_FILES_MAX = 32, CLIENT_FORWARDS_MAX = 256, CLIENT_PERMITS_MAX = 4096 };
enum client_forward { CLIENT_REMOTE, CLIENT_LOCAL, CLIENT_DYNAMIC, CLIENT_STDIO };

struct expand_token; /* conf/expand.h */

/* One tunnel of -w. */
struct client_tunnel {
	struct tun_spec spec;
	struct tunaddr addresses[CLIENT_TUNNEL_ADDRESSES], routes[CLIENT_TUNNEL_ROUTES];
	size_t address_count, route_count;
};

struct client_settings {
	char *host_alias; /* the word of the command line; keys the Host blocks */
	char *hostname, *user;
	uint16_t port;
	char *jump_host, *jump_user; /* the jump host to go through, as written; NULL: none, not said */
	uint16_t jump_port;	     /* 0: not said */
	char *jump_through;	     /* jump hosts before that one, a list as of -J; NULL: not said */
	char *proxy_command;	     /* NULL: none; see client_proxy_line */
	bool proxy_fdpass;
	char *bind_address;
	enum address_family family;
	uint64_t connect_timeout_ms; /* 0: the kernel's */
	uint64_t target_timeout_ms;  /* 0: not said */
	unsigned connection_attempts;
	char *identity_files[CLIENT_FILES_MAX];
	size_t identity_count;
	char *identity_words[CLIENT_FILES_MAX]; /* the same as they were written, for -G */
	size_t identity_word_count;
	bool identities_only;
	char *certificate_files[CLIENT_FILES_MAX];
	size_t certificate_count;
	char *certificate_words[CLIENT_FILES_MAX];
	size_t certificate_word_count;
	char *identity_agent; /* as it was set; NULL: it was not */
	char *agent_socket;   /* path of the key agent's socket; NULL: there is none */
	enum pubkey_auth pubkey_auth;
	bool password_auth, kbdint_auth;
	char *preferred_methods; /* as it was set; NULL: it was not */
	char *login_methods;	 /* name-list of those that are tried, in order; may be empty */
	unsigned password_prompts;
	char *known_hosts[CLIENT_FILES_MAX]; /* UserKnownHostsFile; written: the first */
	size_t known_hosts_count;
	char *global_known_hosts[CLIENT_FILES_MAX];
	size_t global_known_hosts_count;
	enum strict_hosts strict_hosts;
	enum update_hosts update_hosts;
	enum verify_dns verify_dns;
	char *host_key_alias;
	char *revoked_host_keys[CLIENT_FILES_MAX]; /* files of keys that no relay may show */
	size_t revoked_host_keys_count;
	char *known_hosts_command; /* as written, "none" as well; NULL: not said */
	bool check_host_ip;	   /* the address has to have the same key as the name */
	bool trusts_localhost;	   /* any key does for 127.0.0.1 and ::1 */
	/* What the tokens stand for, for commands that have more than these. */
	const struct expand_token *tokens;
	bool hash_known_hosts;
	char *ciphers, *macs, *kex, *host_key_algorithms, *pubkey_algorithms; /* final name-lists */
	char *ca_algorithms; /* by which authorities sign certificates of hosts */
	uint64_t rekey_bytes; /* 0: the cipher's own limit */
	uint64_t rekey_ms;    /* 0: never by time */
	uint64_t alive_interval_ms;
	unsigned alive_count_max;
	bool tcp_keepalive;
	struct forward_spec *forwards; /* -R */
	size_t forward_count;
	struct forward_spec *locals; /* -L and -D */
	size_t local_count;
	struct forward_spec *stdio; /* -W; NULL: none */
	enum tun_mode tunnel;	    /* of all tunnels; NONE: there are none */
	struct tun_spec tunnel_device; /* TunnelDevice */
	struct client_tunnel tunnels[CLIENT_TUNNELS_MAX]; /* -w */
	size_t tunnel_count;
	char *tunnel_addresses[CLIENT_FILES_MAX], *tunnel_routes[CLIENT_FILES_MAX]; /* as written */
	size_t tunnel_address_count, tunnel_route_count;
	bool tunnel_takes_addresses; /* those a relay offers */
	unsigned tunnel_mtu; /* 0: as the device has it */
	bool tunnel_up;	     /* also what has an address or a route is brought up */
	bool gateway_ports;	    /* of locals without a bind address */
	unsigned bind_mask;	    /* umask for Unix sockets that are made here */
	bool bind_unlink;	    /* what stands in their place is taken away */
	/* What visitors of a remote SOCKS proxy may name. */
	struct permit_rule *remote_opens;
	size_t remote_open_count;
	bool remote_opens_are_limited; /* false: anything */
	bool exit_on_forward_failure;
	char *forward_hook[CLIENT_FILES_MAX]; /* a program and its arguments */
	size_t forward_hook_count;
	char *proxy_protocol[CLIENT_FILES_MAX]; /* as written; the forwards have it after finish */
	size_t proxy_protocol_count;
	char *forward_rate[CLIENT_FILES_MAX]; /* the same */
	size_t forward_rate_count;
	char *forward_info; /* "fd:N" or "file:PATH"; NULL: none */
	bool reconnect; /* the tunnel is built again when it is lost, and refused forwards asked again */
	bool clear_all_forwardings;
	enum control_master control_master;
	char *control_path; /* of the control socket; NULL: none */
	bool fork_after_auth, stdin_null, batch_mode;
	bool wants_session; /* SessionType default: no -N; this program only forwards */
	enum log_level log_level;
	char *log_file; /* -E */
};

/* How conf gets at what lies outside of it. Paths come with ~ and relative parts resolved. */
struct conf_reader {
	/* The text of an included file; conf frees it with free(). E_UNKNOWN: no such file. */
	enum err (*read)(void *ctx, const char *path, char **text, size_t *len, struct fault *f);
	/* Paths a glob stands for, in order; told one by one. */
	void (*glob)(void *ctx, const char *pattern, void (*found)(void *arg, const char *path),
		void *arg);
	/* ${NAME} in paths and forwards; NULL: not set. May be NULL itself: nothing is set. */
	const char *(*env)(void *ctx, const char *name);
	/* Runs a command of Match exec by the user's shell: did it end with 0? May be NULL: it is an
	 * error then. */
	enum err (*run)(void *ctx, const char *command, bool *ended_well, struct fault *f);
	/* The addresses of this machine's interfaces, one by one. May be NULL: there are none. */
	void (*addresses)(void *ctx, void (*each)(void *arg, const char *address), void *arg);
	/* Told what is no mistake and yet not what somebody may think. May be NULL. */
	void (*remark)(void *ctx, const char *sentence);
	/* Told once a bad line, in ssh's words. With it the fault says how many there were; without
	 * it the fault holds the first. May be NULL. */
	void (*complain)(void *ctx, const char *sentence);
	void *ctx;
};

/* Who runs this and where: what Match localuser asks and what ~ and the tokens stand for. */
struct conf_local {
	const char *user, *home; /* home without a slash at its end */
	const char *host;	 /* name of this machine; "" when it is not known */
	unsigned long uid;
};

struct client_conf; /* a collection under way */

/* Copies the two structs, borrows what they point to. NULL when memory is short. */
struct client_conf *client_conf_new(
	const char *host_alias, const struct conf_reader *reader, const struct conf_local *local);
void client_conf_free(struct client_conf *c);
/* Option as with -o: "Key=value" or "Key value". Errors say "command-line line 0", as ssh does. */
enum err client_conf_option(struct client_conf *c, const char *option, struct fault *f) MUST_USE;
/* One keyword with one argument taken as it stands, for flags like -i, -l, -p: no quoting. */
enum err client_conf_value(
	struct client_conf *c, const char *keyword, const char *value, struct fault *f) MUST_USE;
/* The same for flags that beat what was said before them. */
enum err client_conf_override(
	struct client_conf *c, const char *keyword, const char *value, struct fault *f) MUST_USE;
/* A whole file. Order of calls is order of precedence. */
enum err client_conf_file(struct client_conf *c, const char *path, struct bytes text, bool is_user,
	struct fault *f) MUST_USE;
/* Adds one -R, -L or -D; -W may be there once. */
enum err client_conf_forward(struct client_conf *c, enum client_forward kind, const char *spec,
	struct fault *f) MUST_USE;
/* Adds one -w. */
enum err client_conf_tunnel(struct client_conf *c, const char *spec, struct fault *f) MUST_USE;
/* -J, which may be there once. */
enum err client_conf_jump(struct client_conf *c, const char *list, struct fault *f) MUST_USE;
/* -E. Later calls change nothing. */
enum err client_conf_log_file(struct client_conf *c, const char *path) MUST_USE;
/* Did a Match line ask for a second pass? If so the same files are to be taken once more behind this. */
bool client_conf_wants_final(const struct client_conf *c);
enum err client_conf_begin_final(struct client_conf *c, struct fault *f) MUST_USE;
/* Fills in defaults, expands ~, ${ENV} and the tokens %% %C %d %h %i %j %k %L %l %n %p %r %u where
 * ssh does. The result lives as long as c. Once. */
enum err client_conf_finish(
	struct client_conf *c, const struct client_settings **out, struct fault *f) MUST_USE;
/* What ForwardRate, and for those of the relay ProxyProtocol, say of a forward that comes later. */
void client_settings_dress(
	const struct client_settings *s, bool is_remote, struct forward_spec *spec);
/* -G: what works here, a "keyword value" line each, spelled as ssh -G spells it. */
void client_conf_dump(
	const struct client_settings *s, void (*line)(void *ctx, const char *text), void *ctx);

#endif
