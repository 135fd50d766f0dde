/* SPDX-License-Identifier: ISC */
/*
 * sallyd: the relay. The order of a start: command line, configuration, whose keys, the background
 * (while nothing runs yet), sockets and files, the other processes, then the word that it is up. Whatever goes wrong on the way is one sentence and an exit code: 255 for a bad configuration,
 * as sshd has it, 1 for the rest.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/log.h"
#include "io/process.h"
#include "relay/auditlog.h"
#include "relay/book.h"
#include "relay/control.h"
#include "relay/daemon.h"
#include "relay/file.h"
#include "relay/hello.h"
#include "relay/hostkeys.h"
#include "relay/keycheck.h"
#include "relay/lowports.h"
#include "relay/options.h"
#include "relay/paths.h"
#include "relay/serving.h"
#include "relay/signer.h"
#include "relay/supervisor.h"
#include "wire/msgs.h"

enum { EXIT_START = 1, EXIT_CONFIG = 255, CONFIG_MAX = 1024 * 1024 };

/* All of a start; lives as long as main. */
struct start {
	struct options options;
	struct relay_conf *conf;
	const struct relay_settings *settings;
	struct paths paths;
	char config[PLACES_PATH_MAX]; /* absolute, to be read again */
	/* "": none */
	char pid_file[PLACES_PATH_MAX], socket[PLACES_PATH_MAX], ports_file[PLACES_PATH_MAX];
	char audit_log[PLACES_PATH_MAX]; /* as in auditlog.h; "": none */
	struct keeper_path hostkeys[RELAY_HOSTKEYS_MAX + 1];
	size_t hostkey_count;
	struct keyring *keyring;
	FILE *log_file;
	struct handed handed;
	int report;   /* to the parent that waits; -1: in the foreground */
	bool is_busy; /* work was left in the loop when it ended */
};

static int fail(const char *sentence)
{
	fprintf(stderr, "%s\n", sentence);
	return EXIT_START;
}

/* Descriptors 0 to 2 are open, whoever started us: nothing else may get their numbers. */
static bool fill_standard_fds(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/* --- configuration ---------------------------------------------------------------------------- */

static int read_config(struct start *s)
{
	const char *path = s->options.config ? s->options.config : s->paths.places.config;
	struct file_text text;
	struct fault f = {0};
	enum err e;

	e = file_read(path, CONFIG_MAX, &text, &f);
	if (e == E_UNKNOWN && !s->options.config)
		e = E_OK; /* the default one may be missing */
	else if (e != E_OK)
		return fail(f.text);
	else {
		e = relay_conf_file(s->conf, path, file_bytes(&text), &f);
		file_text_fini(&text);
	}
	if (e == E_OK)
		e = relay_conf_finish(s->conf, &s->settings, &f);
	if (e == E_OK)
		return 0;
	fail(f.text[0] ? f.text : err_text(e));
	return EXIT_CONFIG;
}

static int find_audit_log(struct start *s)
{
	const char *to = s->settings->audit_log;
	struct fault f = {0};

	if (!to)
		return 0;
	if (strcmp(to, "stderr") == 0 && !s->options.is_foreground)
		return fail("AuditLog stderr: in the background nobody reads it. Name a file or "
			    "syslog, or stay in the foreground (-D)");
	if (strcmp(to, "stderr") == 0 || strcmp(to, "syslog") == 0)
		snprintf(s->audit_log, sizeof(s->audit_log), "%s", to);
	else if (paths_resolve(&s->paths, to, PATHS_FROM_CWD, s->audit_log, &f) != E_OK)
		return fail(f.text);
	return 0;
}

static int find_places(struct start *s)
{
	struct fault f = {0};
	const char *socket = s->settings->control_socket;
	const char *config = s->options.config ? s->options.config : s->paths.places.config;
	const char *ports = s->settings->ports_file;
	enum err e = E_OK;

	int len = snprintf(s->config, sizeof(s->config), "%s%s%s",
		config[0] == '/' ? "" : s->paths.cwd, config[0] == '/' ? "" : "/", config);

	if (len < 0 || (size_t)len >= sizeof(s->config))
		return fail("the path of the configuration is too long");
	if (s->settings->pid_file)
		e = paths_resolve(
			&s->paths, s->settings->pid_file, PATHS_FROM_CWD, s->pid_file, &f);
	if (e == E_OK && (!socket || strcmp(socket, "none") != 0))
		e = paths_resolve(&s->paths, socket ? socket : s->paths.places.socket,
			PATHS_FROM_CWD, s->socket, &f);
	if (e == E_OK && (!ports || strcmp(ports, "none") != 0))
		e = paths_resolve(&s->paths, ports ? ports : s->paths.places.ports, PATHS_FROM_CWD,
			s->ports_file, &f);
	return e == E_OK ? find_audit_log(s) : fail(f.text);
}

/* --- keys ------------------------------------------------------------------------------------- */

/* Where the host keys are: those named, or the one of the first start. */
static int find_hostkeys(struct start *s)
{
	struct fault f = {0};
	enum err e = E_OK;

	s->hostkey_count = 0;
	for (size_t i = 0; i < s->settings->host_key_count && e == E_OK; i++)
		e = paths_resolve(&s->paths, s->settings->host_keys[i], PATHS_FROM_CWD,
			s->hostkeys[s->hostkey_count++].path, &f);
	if (s->settings->host_key_count == 0) {
		strcpy(s->hostkeys[0].path, s->paths.places.hostkey);
		s->hostkeys[0].may_make = true;
		s->hostkey_count = 1;
	}
	return e == E_OK ? 0 : fail(f.text);
}

/* For -t: a relay that serves leaves this to its signer. */
static int judge_hostkeys(const struct start *s)
{
	struct hostkeys keys;
	struct fault f = {0};
	enum err e = E_OK;

	hostkeys_init(&keys);
	for (size_t i = 0; i < s->hostkey_count && e == E_OK; i++)
		if (!s->hostkeys[i].may_make || access(s->hostkeys[i].path, F_OK) == 0)
			e = hostkeys_load(&keys, s->hostkeys[i].path, &f);
	hostkeys_fini(&keys);
	return e == E_OK ? 0 : fail(f.text);
}

/* Whose certificates are taken. */
static enum err trust_authorities(struct start *s, struct fault *f)
{
	const struct relay_settings *set = s->settings;
	char authorities[PLACES_PATH_MAX], principals[PLACES_PATH_MAX];
	enum err e = E_OK;

	if (set->trusted_user_ca_keys)
		e = paths_resolve(
			&s->paths, set->trusted_user_ca_keys, PATHS_FROM_CWD, authorities, f);
	if (e == E_OK && set->authorized_principals)
		e = paths_resolve(
			&s->paths, set->authorized_principals, PATHS_FROM_HOME, principals, f);
	if (e != E_OK)
		return e;
	return keyring_trust(s->keyring, set->trusted_user_ca_keys ? authorities : NULL,
		set->authorized_principals ? principals : NULL, set->ca_algorithms);
}

static int open_keyring(struct start *s)
{
	const struct relay_settings *set = s->settings;
	char store[RELAY_KEYFILES_MAX][PLACES_PATH_MAX], *path[RELAY_KEYFILES_MAX];
	struct fault f = {0};
	size_t count = 0;
	enum err e = E_OK;

	for (size_t i = 0; i < set->authorized_keys_count && e == E_OK; i++) {
		if (strcmp(set->authorized_keys[i], "none") == 0)
			continue;
		path[count] = store[count];
		e = paths_resolve(
			&s->paths, set->authorized_keys[i], PATHS_FROM_HOME, store[count++], &f);
	}
	if (set->authorized_keys_count == 0)
		path[count++] = s->paths.places.keys;
	if (e == E_OK)
		e = keyring_new(path, count, &s->keyring);
	if (e != E_OK)
		return fail(f.text[0] ? f.text : err_text(e));
	if (set->revoked_keys) {
		e = paths_resolve(&s->paths, set->revoked_keys, PATHS_FROM_CWD, store[0], &f);
		if (e == E_OK)
			e = keyring_revoke(s->keyring, store[0]);
	}
	if (e == E_OK)
		e = trust_authorities(s, &f);
	if (e != E_OK)
		return fail(f.text[0] ? f.text : err_text(e));
	keyring_refresh(s->keyring, NULL);
	return 0;
}

static void warn(void *ctx, const char *sentence)
{
	fprintf(stderr, "%s\n", sentence);
}

/* -t: what a start would only complain about in the log is a failure here. */
static int judge_keyring(const struct start *s)
{
	int code = keyring_shut(s->keyring) ? EXIT_START : 0;

	for (size_t i = 0; i < keyring_files(s->keyring); i++) {
		struct keyring_file k;

		keyring_file_info(s->keyring, i, &k);
		if (k.is_authorities && k.why && !k.why[0]) {
			fprintf(stderr, "%s: No such file or directory\n", k.path);
			code = EXIT_START;
		}
		if (k.bad_lines > 0 || (k.why && k.why[0]))
			code = EXIT_START;
	}
	keycheck(s->keyring, s->conf, lowports_barred(), warn, NULL);
	return code;
}

static void print_line(void *ctx, const char *text)
{
	puts(text);
}

/* What is in force, for the connection of -C if there is one. */
static int dump(const struct start *s)
{
	char *text = s->options.connection ? strdup(s->options.connection) : NULL;
	struct relay_facts facts;
	struct relay_conf *conf = NULL;
	struct fault f = {0};
	enum err e = E_OK;

	if (s->options.connection) {
		e = text ? options_facts(text, &facts, &f) : E_NOMEM;
		if (e == E_OK)
			e = relay_conf_for(s->conf, &facts, &conf, &f);
	}
	if (e == E_OK)
		relay_conf_dump(conf ? relay_conf_settings(conf) : s->settings, print_line, NULL);
	relay_conf_free(conf);
	free(text);
	return e == E_OK ? 0 : fail(f.text[0] ? f.text : err_text(e));
}

/* -t and -T: everything a start looks at, without leaving a trace. */
static int check_only(struct start *s)
{
	int code = judge_hostkeys(s);

	if (code == 0)
		code = open_keyring(s);
	if (code == 0)
		code = judge_keyring(s);
	if (code == 0 && (s->options.is_dump || s->options.connection))
		code = dump(s);
	return code;
}

/* --- serving ---------------------------------------------------------------------------------- */

static int set_up_log(struct start *s)
{
	if (!s->options.log_file) {
		log_setup(s->settings->log_level, log_to_stderr, NULL);
		return 0;
	}
	s->log_file = fopen(s->options.log_file, "ae");
	if (!s->log_file) {
		fprintf(stderr, "Couldn't open logfile %s: %s\n", s->options.log_file,
			strerror(errno));
		return EXIT_START;
	}
	log_setup(s->settings->log_level, log_to_file, s->log_file);
	return 0;
}

/* The relay is up: tell whoever waits for it, and lose the terminal if that was the wish. */
static int say_hello(struct start *s, const struct supervisor *v)
{
	char *text = s->options.is_quiet ? strdup("") : hello_text(v);
	struct fault f = {0};
	int code = 0;

	if (!text)
		return fail("out of memory");
	if (s->report < 0) {
		fputs(text, stdout);
		fflush(stdout);
	} else if (daemon_ready(s->report, text, &f) != E_OK) {
		code = fail(f.text);
	} else if (!s->log_file) {
		openlog("sallyd", LOG_PID, LOG_DAEMON);
		log_setup(s->settings->log_level, daemon_log_to_syslog, NULL);
	}
	free(text);
	return code;
}

static enum err open_book(struct start *s, struct supervisor *v, struct fault *f)
{
	v->book = book_new(v->loop, s->ports_file[0] ? s->ports_file : NULL);
	if (!v->book)
		return fault_set(f, E_NOMEM, 0, "out of memory");
	book_load(v->book);
	return E_OK;
}

/* All that is opened by its name, while it is known what is in the way of what. */
static enum err open_all(struct start *s, struct supervisor *v, struct fault *f)
{
	enum err e = E_OK;

	if (s->audit_log[0])
		e = auditlog_new(v->loop, &v->feed, s->audit_log, s->settings->audit_format,
			&v->auditlog, f);
	if (e == E_OK)
		e = open_book(s, v, f);
	if (e == E_OK)
		e = s->handed.count > 0 ? listening_borrow(&v->listening, &s->handed, f)
					: listening_open(&v->listening, s->settings, f);
	if (e == E_OK && s->socket[0] && !s->settings->control_socket)
		e = file_make_folder(s->paths.places.state, f);
	if (e == E_OK && s->socket[0])
		e = control_new(v, s->socket, &v->control, f);
	return e;
}

static int start_relay(struct start *s, struct supervisor *v)
{
	struct fault f = {0};
	enum err e = open_all(s, v, &f);

	if (e == E_OK)
		e = supervisor_start(v, s->hostkeys, s->hostkey_count, &f);
	if (e != E_OK && f.text[0])
		fail(f.text);
	if (e != E_OK)
		return EXIT_START;
	supervisor_serve(v);
	if (s->pid_file[0] && daemon_write_pid(s->pid_file, &f) != E_OK)
		log_write(LOG_LEVEL_ERROR, "no pid file: %s", f.text);
	return say_hello(s, v);
}

/* --- the loop --------------------------------------------------------------------------------- */

static int serve_in(struct start *s, uv_loop_t *loop)
{
	struct supervisor v;
	int code;

	supervisor_init(&v, loop, s->conf, s->keyring);
	s->keyring = NULL;
	s->conf = NULL;
	v.config_path = s->config;
	v.may_lack_config = !s->options.config;
	code = start_relay(s, &v);
	if (code != 0)
		supervisor_end(&v, NULL);
	uv_run(loop, UV_RUN_DEFAULT);
	if (code == 0 && s->pid_file[0])
		daemon_remove_pid(s->pid_file);
	supervisor_fini(&v);
	return code;
}

static int serve(struct start *s)
{
	struct fault f = {0};
	uv_loop_t loop;
	int code;

	if (sandbox_enter(relay_conf_may_tunnel(s->conf) ? SANDBOX_TUNNELLER : SANDBOX_SUPERVISOR, NULL,
		    &f) != E_OK)
		return fail(f.text);
	if (uv_loop_init(&loop) != 0)
		return fail("cannot make an event loop");
	code = serve_in(s, &loop);
	/* Busy when agents did not end in time, or a name is still being looked up: the process
	 * ends anyway. */
	s->is_busy = uv_loop_close(&loop) != 0;
	if (s->is_busy)
		log_write(LOG_LEVEL_DEBUG1, "the loop was left with work in it");
	return code;
}

static int run(struct start *s)
{
	struct fault f = {0};
	int code = read_config(s);

	if (code == 0)
		code = find_places(s);
	if (code == 0)
		code = find_hostkeys(s);
	if (code == 0)
		code = set_up_log(s);
	if (code != 0)
		return code;
	if (s->options.is_test || s->options.is_dump || s->options.connection)
		return check_only(s);
	code = open_keyring(s);
	if (code != 0)
		return code;
	if (!s->options.is_foreground) {
		s->report = daemon_fork(&f);
		if (s->report < 0)
			return fail(f.text);
	}
	return serve(s);
}

/* Command line and environment; 0 when there is something to run. */
static int begin(struct start *s, int argc, char **argv)
{
	struct fault f = {0};
	enum err e;

	s->conf = relay_conf_new();
	if (!s->conf)
		return fail("out of memory");
	e = options_parse(&s->options, argc, argv, s->conf, &f);
	if (e == E_OK && !s->options.is_version)
		e = paths_init(&s->paths, &f);
	if (e == E_OK)
		return 0;
	fail(f.text[0] ? f.text : err_text(e));
	if (e == E_UNKNOWN)
		fputs(options_usage, stderr);
	return EXIT_START;
}

/* A child of ours: which it is stands on its command line, the rest comes in frames. */
static int run_role(const char *role)
{
	bool is_signer = strcmp(role, "signer") == 0;

	if (fcntl(CHILD_FRAMES, F_GETFD) < 0 || (!is_signer && strcmp(role, "relay") != 0))
		return fail("sallyd starts its own processes: leave --role out");
	process_leave_ends_to_parent();
	/* Not by exit: what runs there, a search for leaks for one, is nothing a fence lets pass.
	 */
	_exit(is_signer ? signer_run(CHILD_FRAMES) : serving_run(CHILD_FRAMES));
}

int main(int argc, char **argv)
{
	static struct start s = {.report = -1};
	struct fault f = {0};
	const char *role;
	int code;

	if (!fill_standard_fds())
		return EXIT_START;
	process_prepare();
	role = child_role(&argc, &argv);
	if (role)
		return run_role(role);
	if (handed_take(&s.handed, &f) != E_OK)
		return fail(f.text);
	code = begin(&s, argc, argv);
	if (code == 0 && s.options.is_version)
		fprintf(stderr, "%s\n", IDENT_SOFTWARE);
	else if (code == 0)
		code = run(&s);
	keyring_free(s.keyring);
	relay_conf_free(s.conf);
	if (s.log_file)
		fclose(s.log_file);
	/* Behind exit() libuv waits for the threads that look names up, however long that takes. */
	if (s.is_busy) {
		fflush(NULL);
		_exit(code);
	}
	return code;
}
