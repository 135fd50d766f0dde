/* SPDX-License-Identifier: ISC */
#include "client/errand.h"

#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "bridge/ctltalk.h"

enum { EXIT_BAD = 255, REASON_TEXT = 1100 };

static uint64_t hello_ms(const struct client_settings *s)
{
	return s->connect_timeout_ms != 0 ? s->connect_timeout_ms : ERRAND_TIMEOUT_MS;
}

static int give_up(const char *what, const char *why)
{
	log_write(LOG_LEVEL_FATAL, "%s: %s", what, why);
	return EXIT_BAD;
}

static int say_unreached(const char *path, enum err e, const struct fault *f)
{
	if (e == E_LIMIT)
		log_write(LOG_LEVEL_FATAL, "ControlPath too long ('%s' >= %zu bytes)", path,
			sizeof(((struct sockaddr_un *)0)->sun_path));
	else if (e == E_UNKNOWN)
		log_write(LOG_LEVEL_FATAL, "Control socket connect(%.100s): %s", path, f->text);
	else
		log_write(LOG_LEVEL_FATAL, "%s: master hello exchange failed", f->text);
	return EXIT_BAD;
}

/* An answer that says no, or is another one than was hoped for: E_DENIED and the words. */
static enum err check(const struct ctlmsg *answer, uint32_t wanted, struct fault *f)
{
	char why[REASON_TEXT];

	if (answer->type == wanted)
		return E_OK;
	if (answer->type == CTLMSG_DENIED || answer->type == CTLMSG_FAILURE)
		return fault_set(
			f, E_DENIED, 0, "%s", text_printable(why, sizeof(why), answer->text));
	return fault_set(f, E_PROTO, 0, "unexpected response from master 0x%08x", answer->type);
}

static enum err ask(struct ctltalk *t, uint32_t type, const char *text, uint32_t wanted,
	struct ctlmsg *answer, struct fault *f)
{
	struct ctlmsg m = {.type = type, .text = bytes_str(text)};
	enum err e = ctltalk_ask(t, &m, ERRAND_TIMEOUT_MS, answer, f);

	return e == E_OK ? check(answer, wanted, f) : e;
}

/* --- one question -------------------------------------------------------------------------------
 */

static int do_check(struct ctltalk *t)
{
	struct ctlmsg answer;
	struct fault f = {0};

	if (ask(t, CTLMSG_ALIVE_CHECK, "", CTLMSG_ALIVE, &answer, &f) != E_OK)
		return give_up("master alive check failed", f.text);
	fprintf(stderr, "Master running (pid=%u)\r\n", answer.number);
	return 0;
}

/* What it says goes to the standard output in lines; nothing else of it reaches a terminal. */
static void print_text(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		putchar((c >= ' ' && c < 0x7f) || c == '\n' || c == '\r' || c == '\t' ? c : '?');
	}
}

static int do_info(struct ctltalk *t, const char *name)
{
	struct ctlmsg answer;
	struct fault f = {0};

	if (!t->has_info) {
		log_write(LOG_LEVEL_FATAL, "mux server does not support info request");
		return EXIT_BAD;
	}
	if (ask(t, CTLMSG_INFO, name, CTLMSG_INFO_REPLY, &answer, &f) != E_OK)
		return give_up("info request failed", f.text);
	print_text(answer.text);
	return fflush(stdout) == 0 ? 0 : EXIT_BAD;
}

/* ssh's master may be gone before its answer is. */
static int do_end(struct ctltalk *t, const struct client_settings *s)
{
	struct ctlmsg answer;
	struct fault f = {0};
	enum err e = ask(t, CTLMSG_TERMINATE, "", CTLMSG_OK, &answer, &f);

	if (e != E_OK && e != E_CLOSED)
		return give_up(e == E_DENIED ? "Master refused termination request"
					     : "termination request failed",
			f.text);
	if (s->log_level > LOG_LEVEL_QUIET)
		fputs("Exit request sent.\r\n", stderr);
	return 0;
}

static int do_stop(struct ctltalk *t, const struct client_settings *s)
{
	struct ctlmsg answer;
	struct fault f = {0};
	enum err e = ask(t, CTLMSG_STOP, "", CTLMSG_OK, &answer, &f);

	if (e != E_OK)
		return give_up(e == E_DENIED ? "Master refused stop listening request"
					     : "stop listening request failed",
			f.text);
	if (s->log_level > LOG_LEVEL_QUIET)
		fputs("Stop listening request sent.\r\n", stderr);
	return 0;
}

/* --- forwards -----------------------------------------------------------------------------------
 */

static void say_port(const struct forward_spec *spec, uint32_t port, bool is_cancel)
{
	log_write(LOG_LEVEL_VERBOSE, "Allocated port %u for remote forward to %s:%u", port,
		spec->host, spec->port);
	if (!is_cancel)
		printf("%u\n", port);
}

static enum err forward_one(struct ctltalk *t, const struct forward_spec *spec, bool is_remote,
	bool is_cancel, struct fault *f)
{
	struct ctlmsg m = {.type = is_cancel ? CTLMSG_CLOSE_FORWARD : CTLMSG_OPEN_FORWARD}, answer;
	char targets[FORWARD_SPEC_MAX];
	enum err e;

	if (spec->more_count > 0 && !t->has_ours)
		return fault_set(f, E_UNKNOWN, 0,
			"several targets are understood by a master of sally only");
	ctlmsg_from_spec(spec, is_remote, targets, &m);
	e = ctltalk_ask(t, &m, ERRAND_FORWARD_MS, &answer, f);
	if (e == E_OK && answer.type == CTLMSG_PORT && !is_cancel) {
		say_port(spec, answer.number, is_cancel);
		return E_OK;
	}
	return e == E_OK ? check(&answer, CTLMSG_OK, f) : e;
}

static bool forward_list(struct ctltalk *t, const struct forward_spec *specs, size_t count,
	bool is_remote, bool is_cancel)
{
	bool is_good = true;

	for (size_t i = 0; i < count; i++) {
		struct fault f = {0};
		enum err e = forward_one(t, &specs[i], is_remote, is_cancel, &f);

		if (e == E_OK)
			continue;
		is_good = false;
		log_write(LOG_LEVEL_ERROR, "forwarding request failed: %s", f.text);
		if (e != E_DENIED && e != E_UNKNOWN) /* what comes next could not be told apart */
			break;
	}
	return is_good;
}

/* A cancel that failed is told and no more, as in ssh. */
static int do_forwards(struct ctltalk *t, const struct client_settings *s, bool is_cancel)
{
	bool locals, remotes;

	if (s->local_count + s->forward_count == 0) {
		log_write(LOG_LEVEL_FATAL, "-O %s: which forwards is said by -R, -L or -D",
			is_cancel ? "cancel" : "forward");
		return EXIT_BAD;
	}
	locals = forward_list(t, s->locals, s->local_count, false, is_cancel);
	remotes = forward_list(t, s->forwards, s->forward_count, true, is_cancel);
	if (fflush(stdout) != 0)
		return EXIT_BAD;
	if (locals && remotes)
		return 0;
	log_write(LOG_LEVEL_ERROR, is_cancel ? "master cancel forward request failed"
					     : "master forward request failed");
	return is_cancel ? 0 : EXIT_BAD;
}

/* --- all of it ----------------------------------------------------------------------------------
 */

static int dispatch(struct ctltalk *t, enum cmdline_errand errand, const struct client_settings *s)
{
	switch (errand) {
	case CMDLINE_CHECK:
		return do_check(t);
	case CMDLINE_CONNINFO:
		return do_info(t, "connection");
	case CMDLINE_CHANNELS:
		return do_info(t, "channels");
	case CMDLINE_FORWARD_MORE:
	case CMDLINE_CANCEL:
		return do_forwards(t, s, errand == CMDLINE_CANCEL);
	case CMDLINE_EXIT:
		return do_end(t, s);
	case CMDLINE_STOP:
		return do_stop(t, s);
	case CMDLINE_NONE:
		break;
	}
	return EXIT_BAD;
}

int errand_run(enum cmdline_errand errand, const struct client_settings *s)
{
	struct ctltalk t;
	struct fault f = {0};
	enum err e;
	int code;

	if (s->control_path == NULL) {
		log_write(LOG_LEVEL_FATAL, "No ControlPath specified for \"-O\" command");
		return EXIT_BAD;
	}
	e = ctltalk_open(&t, s->control_path, hello_ms(s), &f);
	if (e != E_OK)
		return say_unreached(s->control_path, e, &f);
	code = dispatch(&t, errand, s);
	ctltalk_close(&t);
	return code;
}

/* --- a stream -----------------------------------------------------------------------------------
 */

static enum err pass_stream(
	struct ctltalk *t, const struct forward_spec *spec, struct ctlmsg *answer, struct fault *f)
{
	bool is_path = spec->path[0] != '\0';
	struct ctlmsg m = {.type = CTLMSG_STDIO_FORWARD,
		.connect = bytes_str(is_path ? spec->path : spec->host),
		.connect_port = is_path ? CTLMSG_PATH : spec->port};
	enum err e = ctltalk_say(t, &m, f);

	if (e == E_OK)
		e = ctltalk_pass(t, STDIN_FILENO, f);
	if (e == E_OK)
		e = ctltalk_pass(t, STDOUT_FILENO, f);
	if (e == E_OK)
		e = ctltalk_hear(t, ERRAND_FORWARD_MS, answer, f);
	return e == E_OK ? check(answer, CTLMSG_OPENED, f) : e;
}

/* The master hangs up when the stream has ended. */
static int sit_out(struct ctltalk *t)
{
	struct ctlmsg m;
	struct fault f = {0};
	enum err e = ctltalk_hear(t, 0, &m, &f);

	return e == E_CLOSED ? 0
			     : give_up("stdio forwarding failed",
				       e == E_OK ? "master returned unexpected message" : f.text);
}

int errand_stdio(const struct client_settings *s)
{
	struct ctltalk t;
	struct ctlmsg answer;
	struct fault f = {0};
	int code;

	/* Who wants to be the master does not look for one. */
	if (s->control_path == NULL || s->control_master == CONTROL_YES ||
		s->control_master == CONTROL_ASK)
		return ERRAND_ELSEWHERE;
	if (ctltalk_open(&t, s->control_path, hello_ms(s), &f) != E_OK) {
		log_write(LOG_LEVEL_DEBUG1, "Control socket connect(%.100s): %s", s->control_path,
			f.text);
		return ERRAND_ELSEWHERE;
	}
	if (pass_stream(&t, s->stdio, &answer, &f) == E_OK)
		code = sit_out(&t);
	else
		code = give_up("Stdio forwarding request failed", f.text);
	ctltalk_close(&t);
	return code;
}
