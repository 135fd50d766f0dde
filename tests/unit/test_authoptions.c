/* SPDX-License-Identifier: ISC */
/* What each option does and which lists are refused, as sshd(8) has it. */
#include "keys/authoptions.h"

#include "failalloc.h"
#include "harness.h"

#include <malloc.h>
#include <stdio.h>

static struct arena arena;

static enum err parse(const char *list, struct authkey *k, struct fault *f)
{
	harness_note("%s", list);
	*f = (struct fault){0};
	authoptions_init(k);
	return authoptions_parse(bytes_str(list), &arena, k, f);
}

TEST(without_options)
{
	struct authkey k;

	authoptions_init(&k);
	CHECK(k.port_forwarding && k.tunnel_allowed);
	CHECK(!k.cert_authority && !k.tunnel_forced);
	CHECK(k.from == NULL && k.expiry == NULL && k.principals == NULL);
	CHECK_EQ(k.permitlisten_count + k.permitopen_count, 0);
}

TEST(forwarding_flags_in_order)
{
	static const struct {
		const char *list;
		bool forwarding, tunnel;
	} rows[] = {
		{"restrict", false, false},
		{"no-port-forwarding", false, true},
		{"port-forwarding", true, true},
		{"restrict,port-forwarding", true, false},
		{"port-forwarding,restrict", false, false},
		{"no-port-forwarding,port-forwarding", true, true},
		{"port-forwarding,no-port-forwarding", false, true},
		{"RESTRICT,Port-Forwarding", true, false},
		{"NO-PORT-FORWARDING", false, true},
		/* A permit is a limit and no permission. */
		{"restrict,permitlisten=\"2222\"", false, false},
		{"restrict,permitopen=\"a:1\",tunnel=\"0\"", false, false},
		{"no-pty,no-agent-forwarding,no-x11-forwarding,no-user-rc", true, true},
	};

	arena_init(&arena);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct authkey k;
		struct fault f;

		CHECK_EQ(parse(rows[i].list, &k, &f), E_OK);
		CHECK_EQ(k.port_forwarding, rows[i].forwarding);
		CHECK_EQ(k.tunnel_allowed, rows[i].tunnel);
	}
	arena_fini(&arena);
}

TEST(every_option_is_known)
{
	static const char *const rows[] = {"restrict", "cert-authority", "port-forwarding",
		"agent-forwarding", "x11-forwarding", "X11-forwarding", "pty", "user-rc",
		"touch-required", "verify-required", "no-port-forwarding", "no-agent-forwarding",
		"no-X11-forwarding", "no-pty", "no-user-rc", "no-touch-required",
		"no-verify-required", "command=\"x\"", "command=\"\"", "principals=\"a,b\"",
		"from=\"*\"", "expiry-time=\"20300101\"", "environment=\"A_1=b c\"",
		"environment=\"A=\"", "permitopen=\"host:80\"", "permitlisten=\"80\"",
		"tunnel=\"any\"", "EXPIRY-TIME=\"20300101Z\""};

	arena_init(&arena);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct authkey k;
		struct fault f;

		CHECK_EQ(parse(rows[i], &k, &f), E_OK);
	}
	arena_fini(&arena);
}

TEST(one_bad_option_spoils_the_list)
{
	static const struct {
		const char *list;
		enum err err;
	} rows[] = {
		{"", E_FORMAT},
		{"unknown", E_UNKNOWN},
		{"pty,unknown", E_UNKNOWN},
		{"unknown=\"x\"", E_UNKNOWN},
		{"no-restrict", E_UNKNOWN},
		{"no-cert-authority", E_UNKNOWN},
		{"no-command=\"x\"", E_UNKNOWN},
		{"no-no-pty", E_UNKNOWN},
		{"no-", E_UNKNOWN},
		{"restricted", E_UNKNOWN},
		{"pt", E_UNKNOWN},
		{",pty", E_FORMAT},
		{"pty,", E_FORMAT},
		{"pty,,pty", E_FORMAT},
		{"pty;pty", E_FORMAT},
		{"pty=\"yes\"", E_FORMAT},
		{"restrict=\"\"", E_FORMAT},
		{"command", E_FORMAT},
		{"command=", E_FORMAT},
		{"command=x", E_FORMAT},
		{"command=\"x", E_FORMAT},
		{"command=\"x\\\"", E_FORMAT},
		{"command=\"x\"y", E_FORMAT},
		{"command=\"x\",command=\"y\"", E_FORMAT},
		{"from=\"*\",from=\"*\"", E_FORMAT},
		{"principals=\"a\",principals=\"b\"", E_FORMAT},
		{"from=\"\"", E_VALUE},
		{"from=\"a,,b\"", E_VALUE},
		{"from=\"192.0.2.1/24\"", E_VALUE},
		{"expiry-time=\"\"", E_VALUE},
		{"expiry-time=\"tomorrow\"", E_VALUE},
		{"expiry-time=\"20300101\",expiry-time=\"20310101Z\"", E_VALUE},
		{"environment=\"A\"", E_VALUE},
		{"environment=\"=a\"", E_VALUE},
		{"environment=\"A-B=c\"", E_VALUE},
		{"environment=\"A B=c\"", E_VALUE},
		{"tunnel=\"\"", E_VALUE},
		{"tunnel=\"-1\"", E_VALUE},
		{"tunnel=\"1x\"", E_VALUE},
		{"tunnel=\"2147483646\"", E_VALUE},
		{"tunnel=\"4294967296\"", E_VALUE},
		{"max-visitors", E_FORMAT},
		{"max-visitors=5", E_FORMAT},
		{"no-max-visitors=\"5\"", E_UNKNOWN},
		{"max-visitors=\"0\"", E_VALUE},
		{"max-visitors=\"1000001\"", E_VALUE},
		{"max-visitors=\"many\"", E_VALUE},
		{"max-visitors=\"5\",max-visitors=\"6\"", E_FORMAT},
		{"max-forwards=\"-1\"", E_VALUE},
		{"max-forwards=\"1\",max-forwards=\"1\"", E_FORMAT},
		{"rate=\"\"", E_VALUE},
		{"rate=\"1023\"", E_VALUE},
		{"rate=\"1P\"", E_VALUE},
		{"rate=\"1.5M\"", E_VALUE},
		{"rate=\"99999999999999999999\"", E_VALUE},
		{"rate=\"1K\",rate=\"1K\"", E_FORMAT},
		{"visitors-from=\"\"", E_VALUE},
		{"visitors-from=\"192.0.2.1/24\"", E_VALUE},
		{"visitors-from=\"*\",visitors-from=\"*\"", E_FORMAT},
		{"name=\"\"", E_VALUE},
		{"name=\"two words\"", E_VALUE},
		{"name=\"SHA256:abc\"", E_VALUE},
		{"name=\"a,b\"", E_VALUE},
		{"name=\"../a\"", E_VALUE},
		{"name=\"12345678901234567890123456789012345678901234567890123456789012345\"",
			E_VALUE},
		{"name=\"a\",name=\"b\"", E_FORMAT},
		{"takeover=\"\"", E_VALUE},
		{"takeover=\"Replace\"", E_VALUE},
		{"takeover=\"refuse\",takeover=\"refuse\"", E_FORMAT},
	};

	arena_init(&arena);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct authkey k;
		struct fault f;

		CHECK_EQ(parse(rows[i].list, &k, &f), rows[i].err);
		CHECK(f.text[0] != '\0');
	}
	arena_fini(&arena);
}

TEST(a_list_of_nothing)
{
	struct authkey k;
	struct fault f = {0};

	arena_init(&arena);
	authoptions_init(&k);
	CHECK_EQ(authoptions_parse(bytes_of(NULL, 0), &arena, &k, &f), E_FORMAT);
	arena_fini(&arena);
}

TEST(values_and_their_quotes)
{
	struct authkey k;
	struct fault f;

	arena_init(&arena);
	REQUIRE_EQ(parse("principals=\"a \\\"b\\\", \\n\\\\c\",no-pty", &k, &f), E_OK);
	CHECK_STR(k.principals, "a \"b\", \\n\\\\c");
	REQUIRE_EQ(parse("from=\"192.0.2.0/24,!192.0.2.7\",cert-authority", &k, &f), E_OK);
	CHECK_STR(k.from, "192.0.2.0/24,!192.0.2.7");
	CHECK(k.cert_authority);
	REQUIRE_EQ(parse("command=\"echo \\\"no, pty\\\"\",restrict", &k, &f), E_OK);
	CHECK(!k.port_forwarding);
	arena_fini(&arena);
}

TEST(permits)
{
	static const char *const good[] = {"*:80", "host:80", "host:*", "[2001:db8::1]:80",
		"[host]:1", "127.0.0.1:65535", ":80", "*.example.com:80"};
	static const char *const bad[] = {"", "host", "host:", "host:0", "host:65536", "host:-1",
		"host:http", "host:8 0", "2001:db8::1:80", "[2001:db8::1]", "[2001:db8::1", "[a]80",
		"host/80", "a/b:80", "none", "any", "host:80:"};
	static const char *const ports[] = {
		"80", "*", "8000-8099", "1-65535", "7-7", "h:80-81", "[::1]:80-81"};
	static const char *const no_ranges[] = {"0-80", "81-80", "80-65536", "80-", "-80",
		"80-81-82", "h:81-80", "80-*", "http-80"};
	char list[2000];
	struct authkey k;
	struct fault f;

	arena_init(&arena);
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		snprintf(list, sizeof list, "permitopen=\"%s\",permitlisten=\"%s\"", good[i],
			good[i]);
		REQUIRE_EQ(parse(list, &k, &f), E_OK);
		CHECK_STR(k.permitopen[0], good[i]);
		CHECK_STR(k.permitlisten[0], good[i]);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(list, sizeof list, "permitopen=\"%s\"", bad[i]);
		CHECK_EQ(parse(list, &k, &f), E_VALUE);
		snprintf(list, sizeof list, "permitlisten=\"%s\"", bad[i]);
		CHECK_EQ(parse(list, &k, &f), E_VALUE);
	}
	for (size_t i = 0; i < sizeof no_ranges / sizeof no_ranges[0]; i++) {
		snprintf(list, sizeof list, "permitlisten=\"%s\"", no_ranges[i]);
		CHECK_EQ(parse(list, &k, &f), E_VALUE);
	}
	for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
		snprintf(list, sizeof list, "permitopen=\"%s\"", ports[i]);
		CHECK_EQ(parse(list, &k, &f), E_VALUE);
		snprintf(list, sizeof list, "permitlisten=\"%s\"", ports[i]);
		CHECK_EQ(parse(list, &k, &f), E_OK);
	}
	for (size_t len = 1024; len <= 1025; len++) {
		char host[1100];

		memset(host, 'h', len);
		host[len] = '\0';
		snprintf(list, sizeof list, "permitopen=\"%s:1\"", host);
		CHECK_EQ(parse(list, &k, &f), len == 1024 ? E_OK : E_VALUE);
	}
	arena_fini(&arena);
}

TEST(options_of_the_relay)
{
	static const struct {
		const char *list;
		enum authkey_takeover takeover;
	} rows[] = {
		{"takeover=\"replace\"", AUTHKEY_TAKEOVER_REPLACE},
		{"takeover=\"refuse\"", AUTHKEY_TAKEOVER_REFUSE},
		{"takeover=\"standby\"", AUTHKEY_TAKEOVER_STANDBY},
	};
	struct authkey k;
	struct fault f;

	arena_init(&arena);
	REQUIRE_EQ(parse("pty", &k, &f), E_OK);
	CHECK_EQ(k.max_visitors + k.max_forwards + k.rate_bytes, 0);
	CHECK(k.visitors_from == NULL && k.name == NULL);
	CHECK_EQ(k.takeover, AUTHKEY_TAKEOVER_DEFAULT);
	REQUIRE_EQ(parse("Max-Visitors=\"1000000\",max-forwards=\"1\",rate=\"2M\","
			 "visitors-from=\"192.0.2.0/24,!192.0.2.7\",name=\"Lab-7.a_b@c+d\"",
			   &k, &f),
		E_OK);
	CHECK_EQ(k.max_visitors, 1000000);
	CHECK_EQ(k.max_forwards, 1);
	CHECK_EQ(k.rate_bytes, 2 * 1024 * 1024);
	CHECK_STR(k.visitors_from, "192.0.2.0/24,!192.0.2.7");
	CHECK_STR(k.name, "Lab-7.a_b@c+d");
	REQUIRE_EQ(parse("rate=\"1024\"", &k, &f), E_OK);
	CHECK_EQ(k.rate_bytes, AUTHKEY_RATE_MIN);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		REQUIRE_EQ(parse(rows[i].list, &k, &f), E_OK);
		CHECK_EQ(k.takeover, rows[i].takeover);
	}
	arena_fini(&arena);
}

TEST(touch_and_verification)
{
	struct authkey k;
	struct fault f;

	arena_init(&arena);
	REQUIRE_EQ(parse("pty", &k, &f), E_OK);
	CHECK(!k.no_touch && !k.verify_required);
	REQUIRE_EQ(parse("no-touch-required,verify-required", &k, &f), E_OK);
	CHECK(k.no_touch && k.verify_required);
	REQUIRE_EQ(parse("no-touch-required,touch-required", &k, &f), E_OK);
	CHECK(!k.no_touch);
	arena_fini(&arena);
}

TEST(permits_keep_their_order)
{
	char list[2000] = "", one[64];
	struct authkey k;
	struct fault f;

	arena_init(&arena);
	for (unsigned i = 1; i <= 50; i++) {
		snprintf(one, sizeof one, "%spermitlisten=\"%u\"", i > 1 ? "," : "", i);
		strcat(list, one);
	}
	REQUIRE_EQ(parse(list, &k, &f), E_OK);
	REQUIRE_EQ(k.permitlisten_count, 50);
	CHECK_EQ(k.permitopen_count, 0);
	for (unsigned i = 1; i <= 50; i++) {
		snprintf(one, sizeof one, "%u", i);
		CHECK_STR(k.permitlisten[i - 1], one);
	}
	arena_fini(&arena);
}

TEST(tunnel_units)
{
	struct authkey k;
	struct fault f;

	arena_init(&arena);
	REQUIRE_EQ(parse("tunnel=\"0\"", &k, &f), E_OK);
	CHECK(k.tunnel_forced);
	CHECK_EQ(k.tunnel_unit, 0);
	REQUIRE_EQ(parse("tunnel=\"2147483645\"", &k, &f), E_OK);
	CHECK_EQ(k.tunnel_unit, AUTHKEY_TUNNEL_MAX);
	REQUIRE_EQ(parse("tunnel=\"Any\"", &k, &f), E_OK);
	CHECK_EQ(k.tunnel_unit, AUTHKEY_TUNNEL_ANY);
	arena_fini(&arena);
}

TEST(the_earliest_expiry_counts)
{
	struct authkey k;
	struct fault f;

	arena_init(&arena);
	REQUIRE_EQ(parse("expiry-time=\"20310101\",expiry-time=\"20300101\","
			 "expiry-time=\"20320101\"",
			   &k, &f),
		E_OK);
	CHECK_STR(k.expiry, "20300101000000");
	CHECK(!k.expiry_is_utc);
	REQUIRE_EQ(parse("expiry-time=\"203001011200Z\"", &k, &f), E_OK);
	CHECK_STR(k.expiry, "20300101120000");
	CHECK(k.expiry_is_utc);
	arena_fini(&arena);
}

TEST(span_ends_at_the_first_blank_outside_quotes)
{
	static const struct {
		const char *line;
		size_t span;
	} rows[] = {
		{"pty ssh-rsa", 3},
		{"pty\tssh-rsa", 3},
		{"pty", 3},
		{"command=\"a b\" x", 13},
		{"command=\"a \\\" b\" x", 16},
		{"command=\"a b x", 14},
		{"a\\\" b", 3},
		{"", 0},
		{"\\", 1},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		harness_note("%s", rows[i].line);
		CHECK_EQ(authoptions_span(bytes_str(rows[i].line)), rows[i].span);
	}
}

TEST(sentences_name_the_option)
{
	struct authkey k;
	struct fault f;

	arena_init(&arena);
	CHECK_EQ(parse("pty,no-such-thing", &k, &f), E_UNKNOWN);
	CHECK_STR(f.text, "the option \"no-such-thing\" is not known");
	CHECK_EQ(parse("command=\"x\\\"", &k, &f), E_FORMAT);
	CHECK_STR(f.text, "a quote is not closed");
	CHECK_EQ(parse("tunnel", &k, &f), E_FORMAT);
	CHECK_STR(f.text, "the option \"tunnel\" needs a value");
	arena_fini(&arena);
}

/* Memory goes with the length of the line and not with its square. */
TEST(a_full_line_of_permits_takes_memory_by_its_length)
{
	static const char permit[] = "permitopen=\"a:1\",";
	static char list[AUTHKEYS_LINE_MAX];
	struct authkey k;
	struct fault f;
	size_t before, n = 0;

	while (n + sizeof permit < sizeof list) {
		memcpy(list + n, permit, sizeof permit);
		n += sizeof permit - 1;
	}
	list[n - 1] = '\0';
	before = mallinfo2().uordblks;
	arena_init(&arena);
	authoptions_init(&k);
	f = (struct fault){0};
	REQUIRE_EQ(authoptions_parse(bytes_str(list), &arena, &k, &f), E_OK);
	CHECK_EQ(k.permitopen_count, n / (sizeof permit - 1));
	CHECK(mallinfo2().uordblks - before < 8 * sizeof list);
	arena_fini(&arena);
}

TEST(each_failing_allocation_is_told)
{
	for (unsigned n = 1;; n++) {
		struct authkey k;
		struct fault f;
		enum err e;

		arena_init(&arena);
		failalloc_arm(n);
		e = parse("permitopen=\"a:1\",expiry-time=\"20300101\",from=\"*\"", &k, &f);
		arena_fini(&arena);
		if (!failalloc_disarm()) {
			CHECK_EQ(e, E_OK);
			break;
		}
		CHECK_EQ(e, E_NOMEM);
	}
}
