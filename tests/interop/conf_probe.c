/* SPDX-License-Identifier: ISC */
/*
 * What our grammar makes of given words, for comparison with ssh, one verdict a line:
 *
 *     conf_probe spec R|L|D|W SPEC...
 */
#include "forward/spec.h"

#include <stdio.h>
#include <string.h>

static enum err parse(char kind, struct forward_spec *spec, const char *text, struct fault *f)
{
	switch (kind) {
	case 'L':
		return forward_spec_local(spec, text, f);
	case 'D':
		return forward_spec_dynamic(spec, text, f);
	case 'W':
		return forward_spec_stdio(spec, text, f);
	default:
		return forward_spec_remote(spec, text, f);
	}
}

static int run_specs(char kind, char **specs)
{
	for (; *specs != NULL; specs++) {
		struct forward_spec spec;
		struct fault f = {0};
		char text[FORWARD_SPEC_MAX] = "bad";

		if (parse(kind, &spec, *specs, &f) == E_OK)
			(kind == 'W' ? forward_spec_print_target : forward_spec_print)(
				&spec, text, sizeof(text));
		puts(text);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 4 && strcmp(argv[1], "spec") == 0)
		return run_specs(argv[2][0], argv + 3);
	fprintf(stderr, "usage: conf_probe spec R|L|D|W SPEC...\n");
	return 2;
}
