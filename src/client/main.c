/* SPDX-License-Identifier: ISC */
/* sally: the agent's program. Words of the command line in, exit code of ssh out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"
#include "client/cmdline.h"
#include "client/doctor.h"
#include "client/errand.h"
#include "client/explain.h"
#include "client/run.h"
#include "client/settings.h"
#include "crypto/cipher.h"
#include "io/process.h"
#include "wire/msgs.h"

static void print_line(void *ctx, const char *text)
{
	puts(text);
}

/* Where lines go from now on; false when -E names no file that can be written. */
static bool set_log(const struct client_settings *s, enum log_level level)
{
	FILE *log;

	if (s->log_file == NULL) {
		log_setup(level, log_to_stderr, NULL);
		return true;
	}
	log = fopen(s->log_file, "ae");
	if (log == NULL) {
		log_write(LOG_LEVEL_FATAL, "Couldn't open logfile %s: %m", s->log_file);
		return false;
	}
	log_setup(level, log_to_file, log);
	return true;
}

/* Refuses what was meant for a shell. */
static bool check_words(const struct cmdline *o)
{
	if (o->command != NULL) {
		log_write(LOG_LEVEL_FATAL,
			"sally only forwards ports: it does not run '%s' on the relay", o->command);
		return false;
	}
	return true;
}

/* Without -N something has to be forwarded. */
static bool check_wish(const struct client_settings *s)
{
	if (!s->wants_session)
		return true;
	if (s->forward_count + s->local_count + s->tunnel_count == 0 &&
		s->control_master != CONTROL_YES) {
		log_write(LOG_LEVEL_FATAL, "sally only forwards ports: nothing to do without -R, "
					   "-L, -D, -W or -w");
		return false;
	}
	log_write(LOG_LEVEL_INFO, "sally only forwards ports; going on as with -N");
	return true;
}

static int run(struct route *route, const struct settings_who *who)
{
	const struct client_settings *s = route_relay(route);
	struct background bg = {-1};
	struct fault f = {0};
	int code;

	if ((s->stdin_null || s->fork_after_auth) && !background_null_input()) {
		log_write(LOG_LEVEL_FATAL, "/dev/null: %m");
		return RUN_EXIT_ERROR;
	}
	if (s->fork_after_auth && background_fork(&bg, &f) != E_OK) {
		log_write(LOG_LEVEL_FATAL, "%s", f.text);
		return RUN_EXIT_ERROR;
	}
	route_load_keys(route, who);
	code = run_agent(route, &bg);
	route_fini_keys(route);
	return code;
}

static const char *environment(const char *name)
{
	return getenv(name);
}

static int explain_to_stdout(const struct client_settings *s)
{
	struct explain_style style = {words_language(environment), words_is_utf8(environment)};

	explain(s, &style, print_line, NULL);
	return fflush(stdout) == 0 ? 0 : RUN_EXIT_ERROR;
}

/* Findings say what is otherwise said by the way, unless more was asked for. */
static int examine(const struct cmdline *o, struct route *route, const struct settings_who *who)
{
	const struct client_settings *s = route_relay(route);
	enum log_level level = s->log_level > LOG_LEVEL_INFO ? s->log_level : LOG_LEVEL_FATAL;
	int code;

	if (!set_log(s, level) || !check_words(o))
		return DOCTOR_ERROR;
	route_load_keys(route, who);
	code = doctor_run(route, o->is_json);
	route_fini_keys(route);
	return code;
}

static void prepare_ciphers(void)
{
	const char *why = cipher_prepare();

	log_write(LOG_LEVEL_DEBUG1, why ? "AES-GCM by libcrypto: %s" : "AES-GCM by the multi-buffer library",
		why);
}

/* What another process may do, or this one. */
static int do_work(const struct cmdline *o, struct route *route, const struct settings_who *who)
{
	const struct client_settings *s = route_relay(route);
	int code = ERRAND_ELSEWHERE;

	if (o->errand != CMDLINE_NONE)
		return set_log(s, s->log_level) ? errand_run(o->errand, s) : RUN_EXIT_ERROR;
	if (!set_log(s, s->log_level) || !check_words(o) || !check_wish(s))
		return RUN_EXIT_ERROR;
	if (s->stdio != NULL)
		code = errand_stdio(s);
	if (code != ERRAND_ELSEWHERE)
		return code;
	prepare_ciphers();
	return run(route, who);
}

static int load_and_run(const struct cmdline *o)
{
	const struct client_settings *s;
	struct settings_who who;
	struct route route = {0};
	struct fault f = {0};
	int code = RUN_EXIT_ERROR;
	enum err e = settings_who(&who, &f);

	if (e == E_OK)
		e = route_load(&route, o, &who, &f);
	s = e == E_OK ? route_relay(&route) : NULL;
	if (e != E_OK) {
		log_write(LOG_LEVEL_FATAL, "%s", f.text);
	} else if (o->ask == CMDLINE_DUMP) {
		client_conf_dump(s, print_line, NULL);
		code = fflush(stdout) == 0 ? 0 : RUN_EXIT_ERROR;
	} else if (o->ask == CMDLINE_EXPLAIN) {
		code = explain_to_stdout(s);
	} else if (o->ask == CMDLINE_DOCTOR) {
		code = examine(o, &route, &who);
	} else {
		code = do_work(o, &route, &who);
	}
	route_fini(&route);
	settings_who_fini(&who);
	return code;
}

static int complain(enum err e, const struct fault *f)
{
	if (f->text[0] != '\0')
		fprintf(stderr, "%s\n", f->text);
	if (e == E_FORMAT)
		fprintf(stderr, "%s\n", cmdline_usage);
	return RUN_EXIT_ERROR;
}

/* Keys, passphrases and passwords are in our memory: no core holds them, and no other program of
 * the same user looks in. */
static void keep_secrets(void)
{
	if (prctl(PR_SET_DUMPABLE, 0) != 0)
		log_write(LOG_LEVEL_DEBUG1, "prctl(PR_SET_DUMPABLE): %m");
}

int main(int argc, char **argv)
{
	struct cmdline o;
	struct fault f = {0};
	int code;
	enum err e;

	if (!background_sanitize())
		return RUN_EXIT_ERROR;
	keep_secrets();
	process_prepare();
	e = cmdline_parse(&o, argc, argv, &f);
	if (e != E_OK) {
		code = complain(e, &f);
	} else if (o.ask == CMDLINE_VERSION) {
		fprintf(stderr, "%s\n", IDENT_SOFTWARE);
		code = 0;
	} else {
		log_setup(o.level, log_to_stderr, NULL);
		code = load_and_run(&o);
	}
	cmdline_fini(&o);
	return code;
}
