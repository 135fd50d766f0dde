/* SPDX-License-Identifier: ISC */
/*
 * A running agent, a sally, instead of a relay: its facts over its control socket (docs/control.md).
 * Exit codes: 0 fine, 1 it is not up with every forward (status), 2 used wrongly, 3 none is there.
 */
#ifndef CTL_AGENT_H
#define CTL_AGENT_H

#include <stdbool.h>

struct agent_options {
	const char *which; /* a path, the name of an instance of sally@.service, or NULL: the only one */
	bool is_json;
	int count; /* words of the command */
	char **words;
};

/* The first word that is no command is which, unless that is said already. */
int agent_main(struct agent_options *o);

#endif
