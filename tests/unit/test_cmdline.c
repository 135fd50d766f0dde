/* SPDX-License-Identifier: ISC */
#include "client/cmdline.h"

#include <stdio.h>
#include <string.h>

#include "harness.h"

enum { WORDS_MAX = 32, TEXT_MAX = 1024 };

struct parsed {
	struct cmdline c;
	struct fault f;
	enum err e;
	char steps[TEXT_MAX]; /* "Keyword=value" or "-R value" each, a bar between */
	char text[TEXT_MAX];
};

static void describe(struct parsed *p)
{
	for (size_t i = 0; i < p->c.step_count; i++) {
		static const char *const names[] = {
			[CMDLINE_TEXT] = "-o ", [CMDLINE_IDENTITY] = "-i "};
		static const char *const forwards[] = {[CLIENT_REMOTE] = "-R ",
			[CLIENT_LOCAL] = "-L ",
			[CLIENT_DYNAMIC] = "-D ",
			[CLIENT_STDIO] = "-W "};
		const struct cmdline_step *s = &p->c.steps[i];
		size_t len = strlen(p->steps);

		snprintf(p->steps + len, sizeof(p->steps) - len, "%s%s%s%s", i > 0 ? "|" : "",
			s->keyword != NULL	     ? s->keyword
			: s->kind == CMDLINE_FORWARD ? forwards[s->forward]
						     : names[s->kind],
			s->kind == CMDLINE_VALUE      ? "="
			: s->kind == CMDLINE_OVERRIDE ? ":="
						      : "",
			s->value);
	}
}

/* line: words with single blanks between. */
static void parse(struct parsed *p, const char *line)
{
	char *argv[WORDS_MAX + 1] = {"sally"};
	int argc = 1;

	memset(p, 0, sizeof(*p));
	snprintf(p->text, sizeof(p->text), "%s", line);
	for (char *word = strtok(p->text, " "); word != NULL && argc < WORDS_MAX;
		word = strtok(NULL, " "))
		argv[argc++] = word;
	p->e = cmdline_parse(&p->c, argc, argv, &p->f);
	if (p->e == E_OK)
		describe(p);
}

static void check_steps(const char *line, const char *steps)
{
	struct parsed p;

	harness_note("%s", line);
	parse(&p, line);
	if (CHECK_EQ(p.e, E_OK)) {
		CHECK_STR(p.steps, steps);
		CHECK_STR(p.c.host, "relay");
	}
	cmdline_fini(&p.c);
}

static void check_bad(const char *line, enum err e, const char *sentence)
{
	struct parsed p;

	harness_note("%s", line);
	parse(&p, line);
	CHECK_EQ(p.e, e);
	CHECK_STR(p.f.text, sentence);
	cmdline_fini(&p.c);
}

TEST(the_line_everybody_types)
{
	check_steps("-fnNT -R 2222:localhost:22 user@relay",
		"ForkAfterAuthentication:=yes|StdinNull:=yes|StdinNull:=yes|SessionType:=none|"
		"RequestTTY:=no"
		"|-R 2222:localhost:22|User=user");
}

TEST(flags_stand_before_and_after_the_destination)
{
	check_steps("-N relay -R 1:h:2", "SessionType:=none|-R 1:h:2");
	check_steps("relay -N -R 1:h:2 -p 2200", "SessionType:=none|-R 1:h:2|Port=2200");
	check_steps("-N -- relay", "SessionType:=none");
	check_steps("-R1:h:2 -p22 -lme relay", "-R 1:h:2|Port=22|User=me");
	check_steps("-NR 1:h:2 relay", "SessionType:=none|-R 1:h:2");
	check_steps("-NR1:h:2 relay", "SessionType:=none|-R 1:h:2");
	check_steps("-R 1:h:2 -R 3:h:4 -4 -6 relay",
		"-R 1:h:2|-R 3:h:4|AddressFamily:=inet|AddressFamily:=inet6");
	check_steps("-o Port=3 -oUser=x -i key -b 127.0.0.1 -c aes128-ctr -m hmac-sha2-256 relay",
		"-o Port=3|-o User=x|-i "
		"key|BindAddress:=127.0.0.1|Ciphers:=aes128-ctr|MACs:=hmac-sha2-256");
	check_steps("-CaxkXYAK2 -e none relay", "");
	check_steps("-g -L 1:h:2 -D 3 relay", "GatewayPorts:=yes|-L 1:h:2|-D 3");
	check_steps("-W h:22 relay", "SessionType:=none|-W h:22");
}

TEST(destinations)
{
	check_steps("relay", "");
	check_steps("me@relay", "User=me");
	check_steps("me@office@relay", "User=me@office");
	check_steps("ssh://relay", "");
	check_steps("ssh://relay/", "");
	check_steps("ssh://relay:", "");
	check_steps("ssh://a%40b;x=y@relay", "User=a@b");
	check_steps("ssh://relay:2200", "Port=2200");
	check_steps("ssh://me@relay:2200/", "User=me|Port=2200");
	/* The first value of a setting wins, so the order of steps is what counts. */
	check_steps("-l other ssh://me@relay:2200", "User=other|User=me|Port=2200");
	check_steps("ssh://me@relay:2200 -p 1", "User=me|Port=2200|Port=1");
}

TEST(ipv6_destinations)
{
	static const char *const lines[] = {"ssh://me@[2001:db8::1]:22", "ssh://[2001:db8::1]",
		"2001:db8::1", "me@2001:db8::1"};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct parsed p;

		harness_note("%s", lines[i]);
		parse(&p, lines[i]);
		if (CHECK_EQ(p.e, E_OK))
			CHECK_STR(p.c.host, "2001:db8::1");
		cmdline_fini(&p.c);
	}
}

TEST(what_is_no_setting)
{
	struct parsed p;

	parse(&p, "-F file -E log -E log2 relay uptime -v");
	REQUIRE_EQ(p.e, E_OK);
	CHECK_STR(p.c.config_file, "file");
	CHECK_STR(p.c.log_file, "log2");
	CHECK_STR(p.c.command, "uptime");
	CHECK(!p.c.level_is_set); /* -v belongs to the command */
	cmdline_fini(&p.c);

	parse(&p, "-G relay");
	CHECK_EQ(p.c.ask, CMDLINE_DUMP);
	cmdline_fini(&p.c);

	/* -V ends it: nothing behind it is looked at. */
	parse(&p, "-NVz -? --");
	CHECK_EQ(p.e, E_OK);
	CHECK_EQ(p.c.ask, CMDLINE_VERSION);
	cmdline_fini(&p.c);

	/* A dash behind -- is a destination, and no host. */
	check_bad("-- -N", E_VALUE, "hostname contains invalid characters");
	parse(&p, "-- relay -N");
	REQUIRE_EQ(p.e, E_OK);
	CHECK_STR(p.c.command, "-N");
	cmdline_fini(&p.c);
}

static void check_level(const char *line, enum log_level level)
{
	struct parsed p;

	harness_note("%s", line);
	parse(&p, line);
	CHECK_EQ(p.c.level, level);
	CHECK(p.c.level_is_set);
	cmdline_fini(&p.c);
}

TEST(levels)
{
	check_level("-v relay", LOG_LEVEL_DEBUG1);
	check_level("-vv relay", LOG_LEVEL_DEBUG2);
	check_level("-v relay -v -v", LOG_LEVEL_DEBUG3);
	check_level("-vvvvvv relay", LOG_LEVEL_DEBUG3);
	check_level("-q relay", LOG_LEVEL_QUIET);
	check_level("-q -v relay", LOG_LEVEL_DEBUG1);
	check_level("-v -q relay", LOG_LEVEL_QUIET);
}

TEST(mistakes)
{
	check_bad("", E_FORMAT, "");
	check_bad("-N", E_FORMAT, "");
	check_bad("@relay", E_FORMAT, "");
	check_bad("me@", E_FORMAT, "");
	check_bad("ssh://", E_FORMAT, "'ssh://' is not ssh://[user@]host[:port]");
	check_bad("ssh://relay/path", E_FORMAT,
		"'ssh://relay/path' is not ssh://[user@]host[:port]");
	check_bad("ssh://[::1", E_FORMAT, "'ssh://[::1' is not ssh://[user@]host[:port]");
	check_bad("ssh://[::1]x", E_FORMAT, "'ssh://[::1]x' is not ssh://[user@]host[:port]");
	check_bad("ssh://relay:70000", E_FORMAT,
		"'ssh://relay:70000' is not ssh://[user@]host[:port]");
	check_bad("-z relay", E_FORMAT, "unknown option -- z");
	check_bad("-Nz relay", E_FORMAT, "unknown option -- z");
	check_bad("relay -R", E_FORMAT, "option requires an argument -- R");
	check_bad("-No", E_FORMAT, "option requires an argument -- o");
	check_bad("-p 0 relay", E_VALUE, "Bad port '0'");
	check_bad("-p 65536 relay", E_VALUE, "Bad port '65536'");
	check_bad("-p 2x relay", E_VALUE, "Bad port '2x'");
	check_bad("re`id`lay", E_VALUE, "hostname contains invalid characters");
	check_bad("relay\n", E_VALUE, "hostname contains invalid characters");
	check_bad("m\x01@relay", E_VALUE, "remote username contains invalid characters");
	check_bad("-l -oX relay", E_VALUE, "remote username contains invalid characters");
	check_bad("me;x@relay", E_VALUE, "remote username contains invalid characters");
	check_bad("-Ny relay", E_UNKNOWN,
		"-y is not supported: sally only forwards (-R, -L, -D, -W, -w)");
}

TEST(control_sockets)
{
	static const struct {
		const char *word;
		enum cmdline_errand errand;
	} words[] = {{"check", CMDLINE_CHECK}, {"conninfo", CMDLINE_CONNINFO},
		{"channels", CMDLINE_CHANNELS}, {"forward", CMDLINE_FORWARD_MORE},
		{"cancel", CMDLINE_CANCEL}, {"exit", CMDLINE_EXIT}, {"stop", CMDLINE_STOP}};
	struct parsed p;
	char line[64];

	check_steps("-M -S /run/c relay", "ControlMaster:=yes|ControlPath:=/run/c");
	check_steps("-MNM relay", "ControlMaster:=ask|SessionType:=none");
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		snprintf(line, sizeof(line), "-O %s -S c relay", words[i].word);
		parse(&p, line);
		CHECK(p.e == E_OK && p.c.errand == words[i].errand);
		cmdline_fini(&p.c);
	}
	check_bad("-O bake relay", E_VALUE, "Invalid multiplex command.");
	check_bad("-O check -O exit relay", E_VALUE, "Multiplexing command already specified");
	check_bad("-O check -W h:1 relay", E_VALUE, "Cannot specify multiplexing command with -W");
	check_bad("-O proxy relay", E_UNKNOWN,
		"-O proxy is not supported: sally only forwards ports (-R, -L, -D, -W)");
}

TEST(cmdline_words_of_our_own)
{
	struct parsed p;

	parse(&p, "-R 1:h:2 --explain relay");
	CHECK_EQ(p.e, E_OK);
	CHECK_EQ(p.c.ask, CMDLINE_EXPLAIN);
	cmdline_fini(&p.c);
	parse(&p, "--explain=yes relay");
	CHECK_EQ(p.e, E_FORMAT);
	CHECK_STR(p.f.text, "unknown option --explain=yes");
	cmdline_fini(&p.c);
	parse(&p, "--doctor relay --json -v");
	CHECK_EQ(p.e, E_OK);
	CHECK_EQ(p.c.ask, CMDLINE_DOCTOR);
	CHECK(p.c.is_json);
	CHECK_STR(p.c.host, "relay");
	cmdline_fini(&p.c);
	parse(&p, "--json relay");
	CHECK_EQ(p.e, E_FORMAT);
	CHECK_STR(p.f.text, "--json goes with --doctor only");
	cmdline_fini(&p.c);
	parse(&p, "-- --explain");
	CHECK_EQ(p.e, E_VALUE); /* a host that begins with a dash */
	cmdline_fini(&p.c);
}
