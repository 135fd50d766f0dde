/* SPDX-License-Identifier: ISC */
/*
 * The settings of the agent: ssh_config keywords, command-line words and defaults, first value wins,
 * lists add up. Text in, settings out: files are read by the program (conf_text).
 */
#ifndef CONF_CLIENT_H
#define CONF_CLIENT_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/log.h"
#include "forward/spec.h"

enum strict_hosts { STRICT_ASK, STRICT_YES, STRICT_ACCEPT_NEW, STRICT_NO };
enum address_family { FAMILY_ANY, FAMILY_INET, FAMILY_INET6 };
enum { CLIENT_FILES_MAX = 32, CLIENT_FORWARDS_MAX = 256 };

struct client_settings {
	char *host_alias;          /* the word of the command line; keys the Host blocks */
	char *hostname, *user;
	uint16_t port;
	char *bind_address;
	enum address_family family;
	uint64_t connect_timeout_ms; /* 0: the kernel's */
	unsigned connection_attempts;
	char *identity_files[CLIENT_FILES_MAX];
	size_t identity_count;
	bool identities_only;
	char *known_hosts[CLIENT_FILES_MAX];        /* UserKnownHostsFile; written: the first */
	size_t known_hosts_count;
	char *global_known_hosts[CLIENT_FILES_MAX];
	size_t global_known_hosts_count;
	enum strict_hosts strict_hosts;
	char *host_key_alias;
	bool hash_known_hosts;
	char *ciphers, *macs, *kex, *host_key_algorithms, *pubkey_algorithms; /* final name-lists */
	uint64_t rekey_bytes;      /* 0: the cipher's own limit */
	uint64_t rekey_ms;         /* 0: never by time */
	uint64_t alive_interval_ms;
	unsigned alive_count_max;
	bool tcp_keepalive;
	struct forward_spec *forwards;
	size_t forward_count;
	bool exit_on_forward_failure;
	bool clear_all_forwardings;
	bool fork_after_auth, stdin_null, batch_mode;
	bool wants_session;        /* SessionType default: no -N; this program only forwards */
	bool request_tty;
	enum log_level log_level;
	char *log_file;            /* -E */
};

/* How conf gets at the text of an included file; path has ~ and relative parts resolved by the caller
 * of the reader. The text is freed by conf with free(). E_UNKNOWN: no such file. */
struct conf_reader {
	enum err (*read)(void *ctx, const char *path, char **text, size_t *len, struct fault *f);
	/* Paths a glob stands for, in order; told one by one. */
	void (*glob)(void *ctx, const char *pattern, void (*found)(void *arg, const char *path), void *arg);
	void *ctx;
};

struct client_conf; /* a collection under way */

struct client_conf *client_conf_new(const char *host_alias, const struct conf_reader *reader);
void client_conf_free(struct client_conf *c);
/* Option as with -o: "Key=value" or "Key value". where is named in the sentence ("command-line line 0"
 * as OpenSSH says it). */
enum err client_conf_option(struct client_conf *c, const char *option, struct fault *f) MUST_USE;
/* A whole file. Order of calls is order of precedence. */
enum err client_conf_file(struct client_conf *c, const char *path, struct bytes text, bool is_user,
	struct fault *f) MUST_USE;
/* Adds one -R. */
enum err client_conf_forward(struct client_conf *c, const char *spec, struct fault *f) MUST_USE;
/* Fills in defaults (home and local user are given, not asked for), expands ~ and the tokens %h %p %r
 * %u %d %n %% %i %k %l %L %j %C where ssh does, validates lists against what we speak. The result
 * lives as long as c. */
enum err client_conf_finish(struct client_conf *c, const char *home, const char *local_user,
	const struct client_settings **out, struct fault *f) MUST_USE;

#endif
