/* SPDX-License-Identifier: ISC */
/*
 * The command line of sallyd: the options of sshd as far as a relay has them.
 */
#ifndef RELAY_OPTIONS_H
#define RELAY_OPTIONS_H

#include "conf/relay.h"

struct options {
	bool is_foreground;    /* -D, -d or -e */
	unsigned debug;	       /* -d, up to three of them */
	bool is_quiet;	       /* -q */
	bool is_test, is_dump; /* -t, -T */
	bool is_version;       /* -V */
	const char *log_file;  /* -E */
	const char *config;    /* -f; NULL: the default place */
	const char *connection; /* -C: "user=...,addr=..."; NULL: none */
};

/* Fills o and hands what belongs to the configuration to conf. Anything wrong is a sentence in f.
 * E_UNKNOWN: an option that does not exist; the usage should be shown. */
enum err options_parse(struct options *o, int argc, char **argv, struct relay_conf *conf,
	struct fault *f) MUST_USE;
/* The facts of -C: user, addr, laddr, lport as in sshd, and key, a name or a fingerprint; host and
 * rdomain are passed over. Cuts the text up; the facts point into it. */
enum err options_facts(char *text, struct relay_facts *facts, struct fault *f) MUST_USE;
extern const char options_usage[];

#endif
