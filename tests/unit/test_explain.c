/* SPDX-License-Identifier: ISC */
#include "client/explain.h"

#include <stdio.h>
#include <string.h>

#include "client/wrap.h"
#include "harness.h"

enum { TEXT = 16 * 1024 };

struct told {
	char text[TEXT];
	size_t widest;
};

static void collect(void *ctx, const char *line)
{
	struct told *t = ctx;
	size_t len = strlen(t->text);

	if (picture_width(line) > t->widest)
		t->widest = picture_width(line);
	CHECK_EQ(line[strlen(line) - (line[0] != '\0')] == ' ', false);
	snprintf(t->text + len, sizeof(t->text) - len, "%s\n", line);
}

static void ask(struct told *t, const char *flag, const char *words, enum words_language language,
	bool is_utf8)
{
	struct client_settings s = {.hostname = "relay.example", .port = 22};
	struct explain_style style = {language, is_utf8};
	struct forward_spec spec;
	struct fault f = {0};

	*t = (struct told){.widest = 0};
	switch (flag[1]) {
	case 'R':
		REQUIRE_EQ(forward_spec_remote(&spec, words, &f), E_OK);
		s.forwards = &spec;
		s.forward_count = 1;
		break;
	case 'L':
	case 'g':
		REQUIRE_EQ(forward_spec_local(&spec, words, &f), E_OK);
		s.locals = &spec;
		s.local_count = 1;
		s.gateway_ports = flag[1] == 'g';
		break;
	case 'D':
		REQUIRE_EQ(forward_spec_dynamic(&spec, words, &f), E_OK);
		s.locals = &spec;
		s.local_count = 1;
		break;
	case 'W':
		REQUIRE_EQ(forward_spec_stdio(&spec, words, &f), E_OK);
		s.stdio = &spec;
		break;
	default:
		break;
	}
	explain(&s, &style, collect, t);
}

TEST(explain_the_main_job)
{
	struct told t;

	ask(&t, "-R", "2222:localhost:22", WORDS_ENGLISH, true);
	CHECK_STR(t.text,
		"-R 2222:localhost:22  through relay.example, port 22\n"
		"\n"
		"      visitor                       relay                       agent                 target\n"
		"    any program    ──TCP──▶     relay.example      ◀══SSH══  this machine  ──TCP──▶  localhost\n"
		"  dials port 2222            listens on port 2222                                     port 22\n"
		"\n"
		"  Listens        The relay, on port 2222 of its loopback addresses only, unless its GatewayPorts\n"
		"                 is 'yes': 'localhost' is asked for when no address stands before the port. For\n"
		"                 visitors from elsewhere write '*:' in front.\n"
		"  Connects       This machine dials relay.example port 22, from inside: nobody has to be able to\n"
		"                 reach it, and no port is opened on it.\n"
		"                 For each visitor this machine dials localhost:22: that is this machine itself,\n"
		"                 not the relay.\n"
		"  Encrypted      Between agent and relay, by SSH. Before and after that the bytes are as visitor\n"
		"                 and target make them.\n"
		"  Visitor types  on the relay: ssh -p 2222 user@localhost\n"
		"  Decided by     on the relay: AllowTcpForwarding (does it forward at all), PermitListen and\n"
		"                 permitlisten= of the key (which ports), GatewayPorts (which addresses), and a\n"
		"                 firewall in front of it.\n");
}

/* What each form of the words must say, and what it must not. */
TEST(explain_each_form)
{
	static const struct {
		const char *flag, *words, *has, *has_not;
	} forms[] = {
		{"-R", "*:2222:localhost:22", "anywhere: ssh -p 2222 user@relay.example",
			"loopback addresses only"},
		{"-R", "0.0.0.0:2222:localhost:22", "of all its addresses, if its GatewayPorts", "address 0.0.0.0"},
		{"-R", "127.0.0.1:2222:h:1", "loopback addresses only", "anywhere"},
		{"-R", "192.0.2.1:2222:h:1", "of its address 192.0.2.1", "loopback addresses only"},
		{"-R", "0:h:80", "The relay chooses the port", "privileged"},
		{"-R", "0:h:80", "curl http://localhost:PORT/", "port 0"},
		{"-R", "80:h:80", "privileged", "chooses"},
		{"-R", "1080", "PermitRemoteOpen limits it", "relay dials"},
		{"-R", "/run/a:/run/b", "AllowStreamLocalForwarding", "GatewayPorts"},
		{"-R", "2222:[::1]:443", "curl https://localhost:2222/", "looked up"},
		{"-L", "8080:db:5432", "the relay dials db:5432, looked up from there", "no port is opened"},
		{"-L", "8080:localhost:80", "that is the relay", "looked up"},
		{"-L", "8080:h:9", "on this machine: nc localhost 8080", "HOST"},
		{"-g", "8080:h:9", "nc HOST 8080", "loopback addresses only"},
		{"-L", "*:8080:h:9", "whoever reaches this machine", "loopback addresses only"},
		{"-D", "1080", "socks5h://localhost:1080", "PermitRemoteOpen"},
		{"-W", "h:22", "this command", "Visitor types"},
		{"-", "", "No forward is asked for", "visitor"},
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct told t;

		harness_note("%s %s", forms[i].flag, forms[i].words);
		ask(&t, forms[i].flag, forms[i].words, WORDS_ENGLISH, true);
		CHECK(strstr(t.text, forms[i].has) != NULL);
		CHECK(strstr(t.text, forms[i].has_not) == NULL);
		CHECK(t.widest <= 112);
	}
}

TEST(explain_in_chinese)
{
	struct told t;

	ask(&t, "-R", "*:2222:localhost:22", WORDS_CHINESE, true);
	CHECK(strstr(t.text, "监听端口 2222") != NULL);
	CHECK(strstr(t.text, "访客输入  在中继上：ssh -p 2222 user@localhost") != NULL);
	CHECK(t.widest <= WRAP_COLUMNS + 2); /* a mark that ends a clause may hang over */
}

TEST(explain_without_utf8_is_ascii)
{
	struct told t;

	ask(&t, "-R", "2222:localhost:22", WORDS_ENGLISH, false);
	CHECK(strstr(t.text, "<==SSH==") != NULL);
	for (const char *s = t.text; *s != '\0'; s++)
		REQUIRE((*s & 0x80) == 0);
}

/* What was typed is shown, and moves no cursor. */
TEST(explain_escapes_what_was_typed)
{
	struct told t;

	ask(&t, "-R", "2222:a\033[2Jb:22", WORDS_ENGLISH, true);
	CHECK(strchr(t.text, '\033') == NULL);
	CHECK(strstr(t.text, "a\\x1b[2Jb") != NULL);
}
