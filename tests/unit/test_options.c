/* SPDX-License-Identifier: ISC */
#include "relay/options.h"

#include <getopt.h>
#include <string.h>

#include "harness.h"

static struct options o;
static struct relay_conf *conf;
static const struct relay_settings *set;
static struct fault fault;

/* The words of a command line, NULL at the end. getopt may sort them, so they are copied; options
 * point into them. */
static enum err parse(const char *const *words)
{
	static char copy[1024];
	char *argv[32] = {copy}, *at = copy;
	int argc = 1;

	for (at = stpcpy(at, "sallyd") + 1; words[argc - 1]; argc++) {
		argv[argc] = at;
		at = stpcpy(at, words[argc - 1]) + 1;
	}
	relay_conf_free(conf);
	conf = relay_conf_new();
	fault = (struct fault){0};
	optind = 0; /* glibc: start anew */
	return options_parse(&o, argc, argv, conf, &fault);
}

#define PARSE(...) parse((const char *const[]){__VA_ARGS__, NULL})

static void finish(void)
{
	REQUIRE_EQ(relay_conf_finish(conf, &set, &fault), E_OK);
}

TEST(the_words_of_sshd)
{
	REQUIRE_EQ(PARSE("-D", "-p", "2222", "-p2223", "-h", "/k one", "-o", "GatewayPorts=yes",
			   "-4", "-E", "log", "-f", "conf"),
		E_OK);
	finish();
	CHECK(o.is_foreground);
	CHECK_STR(o.log_file, "log");
	CHECK_STR(o.config, "conf");
	CHECK_EQ(set->listen_count, 2);
	CHECK_EQ(set->listen[0].port, 2222);
	CHECK_EQ(set->listen[1].port, 2223);
	CHECK_EQ(set->family, 4);
	CHECK_EQ(set->host_key_count, 1);
	CHECK_STR(set->host_keys[0], "/k one");
	CHECK_EQ(set->gateway_ports, GATEWAY_YES);
}

TEST(without_words)
{
	REQUIRE_EQ(parse((const char *const[]){NULL}), E_OK);
	finish();
	CHECK(!o.is_foreground && !o.is_quiet && !o.is_test && !o.is_dump && !o.is_version);
	CHECK_EQ(set->listen[0].port, 2200);
	CHECK_EQ(set->log_level, LOG_LEVEL_INFO);
}

TEST(debug_and_quiet_are_log_levels)
{
	REQUIRE_EQ(PARSE("-ddd"), E_OK);
	finish();
	CHECK(o.is_foreground);
	CHECK_EQ(set->log_level, LOG_LEVEL_DEBUG3);
	REQUIRE_EQ(PARSE("-d"), E_OK);
	finish();
	CHECK_EQ(set->log_level, LOG_LEVEL_DEBUG1);
	REQUIRE_EQ(PARSE("-q", "-tT"), E_OK);
	finish();
	CHECK(o.is_quiet && o.is_test && o.is_dump);
	CHECK_EQ(set->log_level, LOG_LEVEL_QUIET);
	/* -o comes before what -d implies. */
	REQUIRE_EQ(PARSE("-d", "-o", "LogLevel=ERROR"), E_OK);
	finish();
	CHECK_EQ(set->log_level, LOG_LEVEL_ERROR);
}

TEST(wrong_words_are_sentences)
{
	CHECK_EQ(PARSE("-Z"), E_UNKNOWN);
	CHECK_STR(fault.text, "unknown option -- Z");
	CHECK_EQ(PARSE("-f"), E_UNKNOWN);
	CHECK_STR(fault.text, "option requires an argument -- f");
	CHECK_EQ(PARSE("here"), E_VALUE);
	CHECK_STR(fault.text, "Extra argument here.");
	CHECK_EQ(PARSE("-p", "70000"), E_VALUE);
	CHECK(strstr(fault.text, "70000") != NULL);
	CHECK_EQ(PARSE("-o", "Nonsense=1"), E_VALUE);
	CHECK(strstr(fault.text, "Nonsense") != NULL);
	CHECK_EQ(PARSE("-h", "a\"b"), E_FORMAT);
	relay_conf_free(conf);
	conf = NULL;
}

TEST(facts_of_a_connection)
{
	struct relay_facts f;
	char text[] = "user=alice,addr=192.0.2.1,laddr=::1,lport=22,host=x,rdomain=,key=SHA256:a=";
	char none[] = "", odd[] = "colour=red", port[] = "user=a,lport=0", bare[] = "user=a,,";

	REQUIRE_EQ(options_facts(text, &f, &fault), E_OK);
	CHECK_STR(f.user, "alice");
	CHECK_STR(f.address, "192.0.2.1");
	CHECK_STR(f.local_address, "::1");
	CHECK_EQ(f.local_port, 22);
	CHECK_STR(f.key_name, "SHA256:a=");
	CHECK_STR(f.fingerprint, "SHA256:a=");
	CHECK_EQ(options_facts(none, &f, NULL), E_FORMAT);
	CHECK_EQ(options_facts(odd, &f, NULL), E_UNKNOWN);
	CHECK_EQ(options_facts(port, &f, NULL), E_VALUE);
	CHECK_EQ(options_facts(bare, &f, NULL), E_FORMAT);
	REQUIRE_EQ(PARSE("-T", "-C", "user=a"), E_OK);
	CHECK_STR(o.connection, "user=a");
}
