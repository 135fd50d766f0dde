/* SPDX-License-Identifier: ISC */
/*
 * The words of the command line, as ssh takes them: flags before or after the destination, several
 * in one word, values joined or apart. What they set is kept as a list of steps in order, because
 * the first value of a setting wins; what they mean is conf's affair. Pure: argv in, steps out.
 */
#ifndef CLIENT_CMDLINE_H
#define CLIENT_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/log.h"
#include "conf/client.h"

enum cmdline_kind {
	CMDLINE_TEXT,	  /* -o: value is "Key=value" */
	CMDLINE_VALUE,	  /* keyword and value */
	CMDLINE_OVERRIDE, /* the same, and what was said before does not count */
	CMDLINE_FORWARD,  /* -R, -L, -D, -W */
	CMDLINE_TUNNEL,	  /* -w */
	CMDLINE_IDENTITY, /* -i: an IdentityFile that is looked for at once */
	CMDLINE_JUMP,	  /* -J */
};

struct cmdline_step {
	enum cmdline_kind kind;
	const char *keyword; /* CMDLINE_VALUE and CMDLINE_OVERRIDE only */
	const char *value;
	enum client_forward forward; /* CMDLINE_FORWARD only */
};

enum cmdline_ask { CMDLINE_RUN, CMDLINE_DUMP, CMDLINE_EXPLAIN, CMDLINE_DOCTOR, CMDLINE_VERSION };

/* -O: what a master is asked for. */
enum cmdline_errand {
	CMDLINE_NONE,
	CMDLINE_CHECK,
	CMDLINE_CONNINFO,
	CMDLINE_CHANNELS,
	CMDLINE_FORWARD_MORE,
	CMDLINE_CANCEL,
	CMDLINE_EXIT,
	CMDLINE_STOP
};

struct cmdline {
	enum cmdline_ask ask;
	bool is_json; /* --json */
	enum cmdline_errand errand;
	const char *host;
	const char *command;	 /* first word of a remote command; NULL: none */
	const char *config_file; /* -F */
	const char *log_file;	 /* -E */
	enum log_level level;	 /* INFO unless -q or -v said otherwise */
	bool level_is_set;
	struct cmdline_step *steps;
	size_t step_count;
	char *destination; /* private: the memory of user and host */
	char port[8];
};

/* argv outlives o. E_FORMAT: the usage has to be shown, after f's text unless that is empty.
 * E_VALUE, E_UNKNOWN: f's sentence says it all. E_NOMEM. o is to be finished in any case. */
enum err cmdline_parse(struct cmdline *o, int argc, char *const *argv, struct fault *f) MUST_USE;
void cmdline_fini(struct cmdline *o);
/* Several lines, the last without newline. */
extern const char cmdline_usage[];

#endif
