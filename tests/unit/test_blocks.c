/* SPDX-License-Identifier: ISC */
#include "conf/blocks.h"

#include <stdio.h>

#include "harness.h"

static const char *ran; /* the command that was run last */
static struct fault fault;

static enum err run(void *ctx, const char *command, bool *ended_well, struct fault *f)
{
	static char kept[64];

	snprintf(kept, sizeof(kept), "%s", command);
	ran = kept;
	*ended_well = strcmp(command, "good") == 0;
	return strcmp(command, "killed") == 0 ? fault_set(f, E_SYS, 0, "exited abnormally") : E_OK;
}

static void tell_addresses(void *ctx, void (*each)(void *arg, const char *address), void *arg)
{
	each(arg, "192.0.2.7");
	each(arg, "2001:db8::7");
}

static const struct conf_reader reader = {.run = run, .addresses = tell_addresses};
static const struct conf_reader unable = {.run = NULL};
static const struct expand_token tokens[] = {{'h', "new.example"}, {'\0', NULL}};

#define FACTS(...) \
	{ \
		.host = "new.example", .original = "Host", .user = "user", .local_user = "me", \
		.session = "shell", .tokens = tokens, __VA_ARGS__ \
	}
static const struct blocks_facts facts = FACTS(.tag = "", .reader = &reader);
static const struct blocks_facts tagged = FACTS(.tag = "work", .reader = &reader);
static const struct blocks_facts lame = FACTS(.tag = "", .reader = &unable);
static const struct blocks_facts final = FACTS(.tag = "", .reader = &reader, .is_final = true);
static bool wants_final;

enum { NO, YES, ERROR };

static int judge(const char *text, const struct blocks_facts *about)
{
	const struct conf_at at = {"FILE", 3, "match", &fault};
	struct lex_line line;
	bool holds = false;
	enum err e;

	ran = "";
	wants_final = false;
	fault = (struct fault){0};
	REQUIRE(lex_option(bytes_str(text), &line));
	REQUIRE_EQ(line.trouble, LEX_FINE);
	if (line.keyword[0] == 'H')
		e = blocks_host(&line, about, &at, &holds);
	else
		e = blocks_match(&line, about, &at, &holds, &wants_final);
	return e == E_OK ? holds : ERROR;
}

static void check(const char *text, int want)
{
	harness_note("%s", text);
	CHECK_EQ(judge(text, &facts), want);
}

TEST(blocks_host)
{
	check("Host Host", YES);
	check("Host host", NO);
	check("Host H?s*", YES);
	check("Host a b Host", YES);
	check("Host new.example", NO);
	check("Host * !Host", NO);
	check("Host !Host *", NO);
	check("Host !other *", YES);
	check("Host !other", NO);
	check("Host a \"\"", ERROR);
}

TEST(blocks_match_names)
{
	check("Match host new.example", YES);
	check("Match host NEW.*", YES);
	check("Match host=new.example", YES);
	check("Match host Host", NO);
	check("Match originalhost host", YES);
	check("Match originalhost a,h*", YES);
	check("Match originalhost !host,*", NO);
	check("Match user user", YES);
	check("Match user USER", NO);
	check("Match localuser me", YES);
	check("Match localuser user", NO);
	check("Match HOST new.example", YES);
}

TEST(blocks_match_together)
{
	check("Match host new.example user user", YES);
	check("Match host new.example user other", NO);
	check("Match host other user user", NO);
	check("Match !host other", YES);
	check("Match !host new.example", NO);
	check("Match !host other !user other", YES);
}

TEST(blocks_match_all)
{
	check("Match all", YES);
	check("Match !all", NO);
	check("Match all host x", ERROR);
	check("Match host x all", NO);
	check("Match host x user y all", ERROR);
	check("Match canonical all", NO);
	check("Match !canonical all", YES);
}

TEST(blocks_match_tags)
{
	check("Match tagged work", NO);
	check("Match tagged \"\"", YES);
	check("Match !tagged work", YES);
	CHECK_EQ(judge("Match tagged w*", &tagged), YES);
	CHECK_EQ(judge("Match tagged \"\"", &tagged), NO);
	check("Match command \"\"", YES);
	check("Match command *", NO);
}

TEST(blocks_match_sessions_and_versions)
{
	check("Match sessiontype shell", YES);
	check("Match sessiontype none,exec", NO);
	check("Match version Sallyport_*", YES);
	check("Match version OpenSSH_*", NO);
}

TEST(blocks_match_networks)
{
	check("Match localnetwork 192.0.2.0/24", YES);
	check("Match localnetwork 2001:db8::/32", YES);
	check("Match localnetwork 198.51.100.0/24", NO);
	check("Match !localnetwork 198.51.100.0/24", YES);
	check("Match localnetwork 192.0.2.7/24", ERROR);
	check("Match localnetwork 192.0.*", ERROR);
	check("Match localnetwork !192.0.2.0/24", ERROR);
	CHECK_EQ(judge("Match localnetwork 192.0.2.0/24", &lame), NO);
}

TEST(blocks_match_exec)
{
	check("Match exec good", YES);
	check("Match exec bad", NO);
	check("Match !exec bad", YES);
	check("Match exec %h", NO);
	CHECK_STR(ran, "new.example");
	check("Match exec=%%good", NO);
	CHECK_STR(ran, "%good");
	check("Match exec killed", ERROR);
	CHECK_STR(fault.text, "FILE line 3: Match exec 'killed': exited abnormally");
	/* Not run when it would not decide, but looked at. */
	check("Match host other exec good", NO);
	CHECK_STR(ran, "");
	check("Match host other exec %Z", ERROR);
	CHECK_STR(fault.text, "FILE line 3: Match exec '%Z': '%Z': unknown key %Z");
	CHECK_EQ(judge("Match exec good", &lame), ERROR);
	CHECK_EQ(judge("Match host other exec good", &lame), NO);
}

TEST(blocks_second_pass)
{
	check("Match final", NO);
	CHECK(wants_final);
	check("Match host other final", NO);
	CHECK(wants_final);
	check("Match !final", YES);
	CHECK(!wants_final);
	CHECK_EQ(judge("Match final host new.example", &final), YES);
	CHECK_EQ(judge("Match !final", &final), NO);
	CHECK_EQ(judge("Match canonical", &final), YES);
	CHECK_EQ(judge("Host Host", &final), NO);
	CHECK_EQ(judge("Host new.example", &final), YES);
}

TEST(blocks_match_mistakes)
{
	check("Match foo x", ERROR);
	CHECK_STR(fault.text, "FILE line 3: Bad Match condition: Unsupported Match attribute foo");
	check("Match host", ERROR);
	check("Match host \"\"", ERROR);
	check("Match user x host", ERROR);
	check("Match ! x", ERROR);
	check("Match = x", ERROR);
}
