/* SPDX-License-Identifier: ISC */
#include "conf/blocks.h"

#include "harness.h"

static const struct blocks_facts facts = {"new.example", "Host", "user", "me", ""};
static const struct blocks_facts tagged = {"new.example", "Host", "user", "me", "work"};
static struct fault fault;

enum { NO, YES, ERROR, UNSUPPORTED };

static int judge(const char *text, const struct blocks_facts *about)
{
	const struct conf_at at = {"FILE", 3, "match", &fault};
	struct lex_line line;
	bool holds = false;
	enum err e;

	fault = (struct fault){0};
	REQUIRE(lex_option(bytes_str(text), &line));
	REQUIRE_EQ(line.trouble, LEX_FINE);
	if (line.keyword[0] == 'H')
		e = blocks_host(&line, about, &at, &holds);
	else
		e = blocks_match(&line, about, &at, &holds);
	if (e != E_OK)
		return strstr(fault.text, "is not supported") != NULL ? UNSUPPORTED : ERROR;
	return holds;
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
	check("Match host x all", ERROR);
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

/* What is not supported matters only when it would decide. */
TEST(blocks_match_unsupported)
{
	check("Match exec true", UNSUPPORTED);
	check("Match !exec true", UNSUPPORTED);
	check("Match host other exec true", NO);
	check("Match host new.example exec true", UNSUPPORTED);
	check("Match final", UNSUPPORTED);
	check("Match !final", YES);
	check("Match host other final", NO);
	check("Match localnetwork 10.0.0.0/8", UNSUPPORTED);
	check("Match version *", UNSUPPORTED);
	check("Match sessiontype none", UNSUPPORTED);
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
