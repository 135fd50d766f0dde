/* SPDX-License-Identifier: ISC */
/*
 * What our settings make of given words, for comparison with ssh:
 *
 *     conf_probe spec R|L|D|W SPEC...                     one verdict a line
 *     conf_probe client [-F FILE] [-o OPTION]... HOST     the settings as sally -G has them
 *
 * HOME and USER say who asks.
 */
#include "conf/client.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static enum err read_file(void *ctx, const char *path, char **text, size_t *len, struct fault *f)
{
	FILE *in = fopen(path, "r");
	FILE *out;
	int c;

	if (in == NULL)
		return fault_set(f, errno == ENOENT ? E_UNKNOWN : E_SYS, 0, "Can't open %s", path);
	out = open_memstream(text, len);
	while (out != NULL && (c = getc(in)) != EOF)
		putc(c, out);
	fclose(in);
	return out != NULL && fclose(out) == 0 ? E_OK : E_NOMEM;
}

static void glob_paths(
	void *ctx, const char *pattern, void (*found)(void *arg, const char *path), void *arg)
{
	glob_t g;

	if (glob(pattern, 0, NULL, &g) != 0)
		return;
	for (size_t i = 0; i < g.gl_pathc; i++)
		found(arg, g.gl_pathv[i]);
	globfree(&g);
}

static const char *get_env(void *ctx, const char *name)
{
	return getenv(name);
}

static void complain(void *ctx, const char *sentence)
{
	fprintf(stderr, "%s\n", sentence);
}

static void print_line(void *ctx, const char *text)
{
	puts(text);
}

static int fail(const struct fault *f)
{
	fprintf(stderr, "%s\n", f->text);
	return 255;
}

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

static enum err read_config(struct client_conf *c, const char *path, struct fault *f)
{
	char *text = NULL;
	size_t len = 0;
	enum err e = read_file(NULL, path, &text, &len, f);

	if (e == E_OK)
		e = client_conf_file(c, path, bytes_of(text, len), true, f);
	free(text);
	return e;
}

static int run_client(int argc, char **argv)
{
	const struct conf_reader reader = {
		.read = read_file, .glob = glob_paths, .env = get_env, .complain = complain};
	const struct conf_local local = {.user = getenv("USER"),
		.home = getenv("HOME"),
		.host = "probe.example",
		.uid = getuid()};
	struct client_conf *c = client_conf_new(argv[argc - 1], &reader, &local);
	const struct client_settings *s;
	const char *file = NULL;
	struct fault f = {0};
	enum err e = c != NULL ? E_OK : E_NOMEM;
	int option;

	while (e == E_OK && (option = getopt(argc, argv, "F:o:R:L:D:W:")) != -1) {
		if (option == 'F')
			file = optarg;
		else if (option == 'o')
			e = client_conf_option(c, optarg, &f);
		else if (option == 'R')
			e = client_conf_forward(c, CLIENT_REMOTE, optarg, &f);
		else if (option == 'L')
			e = client_conf_forward(c, CLIENT_LOCAL, optarg, &f);
		else if (option == 'D')
			e = client_conf_forward(c, CLIENT_DYNAMIC, optarg, &f);
		else if (option == 'W')
			e = client_conf_forward(c, CLIENT_STDIO, optarg, &f);
	}
	if (e == E_OK && file != NULL)
		e = read_config(c, file, &f);
	if (e == E_OK)
		e = client_conf_finish(c, &s, &f);
	if (e == E_OK)
		client_conf_dump(s, print_line, NULL);
	client_conf_free(c);
	return e == E_OK ? 0 : fail(&f);
}

int main(int argc, char **argv)
{
	if (argc >= 4 && strcmp(argv[1], "spec") == 0)
		return run_specs(argv[2][0], argv + 3);
	if (argc >= 3 && strcmp(argv[1], "client") == 0)
		return run_client(argc - 1, argv + 1);
	fprintf(stderr,
		"usage: conf_probe spec R|L|D|W SPEC... | client [-F FILE] [-o OPTION]... HOST\n");
	return 2;
}
