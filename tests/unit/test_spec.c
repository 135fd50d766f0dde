/* SPDX-License-Identifier: ISC */
#include "forward/spec.h"

#include <stdio.h>

#include "harness.h"

TEST(spec_good)
{
	static const struct {
		const char *text, *print, *wire;
		unsigned listen, port;
	} rows[] = {
		{"8080:localhost:80", "8080:localhost:80", "localhost", 8080, 80},
		{":8080:h:80", ":8080:h:80", "", 8080, 80},
		{"*:8080:h:80", ":8080:h:80", "", 8080, 80},
		{"[::1]:8080:[fe80::1]:80", "[::1]:8080:[fe80::1]:80", "::1", 8080, 80},
		{"[]:8080:h:80", ":8080:h:80", "", 8080, 80},
		{"[*]:8080:h:80", ":8080:h:80", "", 8080, 80},
		{"0:h:80", "0:h:80", "localhost", 0, 80},
		{"localhost:1:h:2", "localhost:1:h:2", "localhost", 1, 2},
		{"0.0.0.0:1:h:2", "0.0.0.0:1:h:2", "0.0.0.0", 1, 2},
		{"[::]:1:h:2", "[::]:1:h:2", "::", 1, 2},
		{"127.0.0.1:1:h:2", "127.0.0.1:1:h:2", "127.0.0.1", 1, 2},
		{"relay.example:1:h:2", "relay.example:1:h:2", "relay.example", 1, 2},
		{"http:h:ssh", "80:h:22", "localhost", 80, 22},
		{"65535:h:65535", "65535:h:65535", "localhost", 65535, 65535},
		{"080:h:22", "80:h:22", "localhost", 80, 22},
		{"  80:h:22", "80:h:22", "localhost", 80, 22},
		{"80:h:22:", "80:h:22", "localhost", 80, 22},
		{"a\\:b:80:h:22", "[a:b]:80:h:22", "a:b", 80, 22},
		{"80:\\[x:22", "80:[x:22", "localhost", 80, 22},
		{"80:[h]:22", "80:h:22", "localhost", 80, 22},
		{"[80]:h:[22]", "80:h:22", "localhost", 80, 22},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct forward_spec spec;
		struct fault f = {0};
		char text[FORWARD_SPEC_MAX];

		harness_note("%s", rows[i].text);
		REQUIRE_EQ(forward_spec_remote(&spec, rows[i].text, &f), E_OK);
		forward_spec_print(&spec, text, sizeof(text));
		CHECK_STR(text, rows[i].print);
		CHECK_STR(forward_spec_wire_bind(&spec), rows[i].wire);
		CHECK_EQ(spec.listen_port, rows[i].listen);
		CHECK_EQ(spec.port, rows[i].port);
	}
}

TEST(spec_print_reads_back)
{
	static const char *const texts[] = {"1:h:2", ":1:h:2", "[::1]:1:[::2]:2", "b:1:h:2"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct forward_spec a, b;
		char text[FORWARD_SPEC_MAX];

		REQUIRE_EQ(forward_spec_remote(&a, texts[i], NULL), E_OK);
		forward_spec_print(&a, text, sizeof(text));
		REQUIRE_EQ(forward_spec_remote(&b, text, NULL), E_OK);
		CHECK(forward_spec_is_same(&a, &b));
	}
}

typedef enum err (*parse_fn)(struct forward_spec *spec, const char *text, struct fault *f);

/* With Unix sockets, or without a target: what the parts are, and that they print as they read. */
TEST(spec_other_forms)
{
	static const struct {
		parse_fn parse;
		const char *text, *print, *bind, *listen_path, *target;
		unsigned listen;
		bool has_bind, is_socks;
	} rows[] = {
		{forward_spec_remote, "8080", "8080", "", "", "", 8080, false, true},
		{forward_spec_remote, "8080:", "8080", "", "", "", 8080, false, true},
		{forward_spec_remote, "0", "0", "", "", "", 0, false, true},
		{forward_spec_remote, "[::]:1080", "[::]:1080", "::", "", "", 1080, true, true},
		{forward_spec_remote, "*:1080", ":1080", "", "", "", 1080, true, true},
		{forward_spec_remote, "/a", "/a", "", "/a", "", 0, false, true},
		{forward_spec_remote, "/a:/b", "/a:/b", "", "/a", "/b", 0, false, false},
		{forward_spec_remote, "0:/b", "0:/b", "", "", "/b", 0, false, false},
		{forward_spec_remote, "x:80:/b", "x:80:/b", "x", "", "/b", 80, true, false},
		{forward_spec_remote, "/a:h:80", "/a:h:80", "", "/a", "h:80", 0, false, false},
		{forward_spec_remote, "[/a:b]:[::1]:80", "[/a:b]:[::1]:80", "", "/a:b", "[::1]:80",
			0, false, false},
		{forward_spec_remote, "0.0.0.0/8080/h/80", "0.0.0.0/8080/h/80", "",
			"0.0.0.0/8080/h/80", "", 0, false, true},
		{forward_spec_local, "80:h:81", "80:h:81", "", "", "h:81", 80, false, false},
		{forward_spec_local, ":80:h:81", ":80:h:81", "", "", "h:81", 80, true, false},
		{forward_spec_local, "*:80:/b", ":80:/b", "", "", "/b", 80, true, false},
		{forward_spec_local, "/a:/b", "/a:/b", "", "/a", "/b", 0, false, false},
		{forward_spec_local, "/a:h:1", "/a:h:1", "", "/a", "h:1", 0, false, false},
		{forward_spec_dynamic, "1080", "1080", "", "", "", 1080, false, true},
		{forward_spec_dynamic, "[::1]:1080", "[::1]:1080", "::1", "", "", 1080, true, true},
		{forward_spec_dynamic, "/a", "/a", "", "/a", "", 0, false, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct forward_spec spec, again;
		char text[FORWARD_SPEC_MAX], target[FORWARD_SPEC_MAX];

		harness_note("%s", rows[i].text);
		REQUIRE_EQ(rows[i].parse(&spec, rows[i].text, NULL), E_OK);
		forward_spec_print(&spec, text, sizeof(text));
		CHECK_STR(text, rows[i].print);
		CHECK_EQ(spec.has_bind, rows[i].has_bind);
		CHECK_STR(spec.bind, rows[i].bind);
		CHECK_EQ(spec.listen_port, rows[i].listen);
		CHECK_STR(spec.listen_path, rows[i].listen_path);
		CHECK_EQ(spec.is_socks, rows[i].is_socks);
		forward_spec_print_target(&spec, target, sizeof(target));
		CHECK_STR(target, rows[i].target);
		REQUIRE_EQ(rows[i].parse(&again, text, NULL), E_OK);
		CHECK(forward_spec_is_same(&spec, &again));
	}
}

TEST(spec_stdio)
{
	static const struct {
		const char *text, *target;
	} rows[] = {{"h:80", "h:80"}, {"[::1]:22", "[::1]:22"}, {"h:ssh", "h:22"}, {"/a:", "/a"}};
	static const char *const bad[] = {"", "h", "80", "h:0", ":80", "h:80:1", "/a:80", "80:/a"};
	struct forward_spec spec;
	char text[FORWARD_SPEC_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		harness_note("%s", rows[i].text);
		REQUIRE_EQ(forward_spec_stdio(&spec, rows[i].text, NULL), E_OK);
		forward_spec_print_target(&spec, text, sizeof(text));
		CHECK_STR(text, rows[i].target);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct fault f = {0};

		harness_note("%s", bad[i]);
		CHECK(forward_spec_stdio(&spec, bad[i], &f) != E_OK);
		CHECK(strstr(f.text, "Bad stdio forwarding specification '") == f.text);
	}
}

TEST(spec_malformed)
{
	static const struct {
		parse_fn parse;
		const char *kind, *text, *word;
	} rows[] = {
		{forward_spec_remote, "remote", "", "empty"},
		{forward_spec_remote, "remote", " ", "empty"},
		{forward_spec_remote, "remote", ":", "''"},
		{forward_spec_remote, "remote", "x", "'x'"},
		{forward_spec_remote, "remote", "8080:h", "'h'"},
		{forward_spec_remote, "remote", "8080:h:", "'h'"},
		{forward_spec_remote, "remote", "a:1:h:2:e", "more than four"},
		{forward_spec_remote, "remote", "1:2:3:4:5", "more than four"},
		{forward_spec_remote, "remote", "70000:h:1", "'70000'"},
		{forward_spec_remote, "remote", "-1:h:1", "'-1'"},
		{forward_spec_remote, "remote", "1:h:65536", "'65536'"},
		{forward_spec_remote, "remote", "1:h:0", "'0'"},
		{forward_spec_remote, "remote", "1:h:no-such-service", "'no-such-service'"},
		{forward_spec_remote, "remote", ":::", "''"},
		{forward_spec_remote, "remote", "1::2", "target host is empty"},
		{forward_spec_remote, "remote", "[::1:80:h:1", "bracket"},
		{forward_spec_remote, "remote", "[::1]x:80:h:1", "bracket"},
		{forward_spec_remote, "remote", "80:[h:2", "bracket"},
		{forward_spec_remote, "remote", "80:h:2\\", "backslash"},
		{forward_spec_remote, "remote", "80:h:2 ", "'2 '"},
		{forward_spec_remote, "remote", "80:h:0x16", "'0x16'"},
		/* A slash makes a path of it, and a path is no host and no port. */
		{forward_spec_remote, "remote", "1:/a:2", "path of '/a'"},
		{forward_spec_remote, "remote", "/a:80", "path of '/a'"},
		{forward_spec_remote, "remote", "/a:1:/b", "path of '/a'"},
		{forward_spec_remote, "remote", "a:/b:/c", "path of '/b'"},
		{forward_spec_remote, "remote", "a:1:b:/c", "wanted"},
		{forward_spec_local, "local", "8080", "wanted"},
		{forward_spec_local, "local", "8080:h", "wanted"},
		{forward_spec_local, "local", "/a", "wanted"},
		{forward_spec_local, "local", "0:h:1", "'0'"},
		{forward_spec_local, "local", "a:0:/b", "'0'"},
		{forward_spec_dynamic, "dynamic", "0", "'0'"},
		{forward_spec_dynamic, "dynamic", "80:h:1", "wanted"},
		{forward_spec_dynamic, "dynamic", "80:/a", "path of '/a'"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct forward_spec spec = {.port = 7};
		struct fault f = {0};
		char start[80];
		enum err e;

		harness_note("%s %s", rows[i].kind, rows[i].text);
		e = rows[i].parse(&spec, rows[i].text, &f);
		CHECK(e != E_OK);
		CHECK_EQ(f.err, e);
		snprintf(start, sizeof(start), "Bad %s forwarding specification '", rows[i].kind);
		CHECK(strstr(f.text, start) == f.text);
		CHECK(strstr(f.text, rows[i].word) != NULL);
		CHECK_EQ(spec.port, 7);
	}
}

TEST(spec_limits)
{
	char host[300], text[FORWARD_SPEC_MAX + 8];
	struct forward_spec spec;

	memset(host, 'a', sizeof(host));
	host[255] = '\0';
	snprintf(text, sizeof(text), "%s:1:%s:2", host, host);
	CHECK_EQ(forward_spec_remote(&spec, text, NULL), E_OK);
	CHECK_EQ(strlen(spec.bind), 255);
	host[255] = 'a';
	host[256] = '\0';
	snprintf(text, sizeof(text), "1:%s:2", host);
	CHECK_EQ(forward_spec_remote(&spec, text, NULL), E_LIMIT);
	snprintf(text, sizeof(text), "%s:1:h:2", host);
	CHECK_EQ(forward_spec_remote(&spec, text, NULL), E_LIMIT);
	memset(host, '/', sizeof(host));
	host[107] = '\0';
	snprintf(text, sizeof(text), "%s:%s", host, host);
	CHECK_EQ(forward_spec_remote(&spec, text, NULL), E_OK);
	CHECK_EQ(strlen(spec.listen_path), 107);
	CHECK_EQ(strlen(spec.path), 107);
	host[107] = '/';
	host[108] = '\0';
	snprintf(text, sizeof(text), "%s:/b", host);
	CHECK_EQ(forward_spec_remote(&spec, text, NULL), E_LIMIT);
	snprintf(text, sizeof(text), "/b:%s", host);
	CHECK_EQ(forward_spec_local(&spec, text, NULL), E_LIMIT);
	memset(text, '1', sizeof(text));
	text[FORWARD_SPEC_MAX - 1] = '\0';
	CHECK_EQ(forward_spec_remote(&spec, text, NULL), E_VALUE);
	text[FORWARD_SPEC_MAX - 1] = '1';
	text[FORWARD_SPEC_MAX] = '\0';
	CHECK_EQ(forward_spec_remote(&spec, text, NULL), E_LIMIT);
}

TEST(spec_same)
{
	static const char *const texts[] = {"1:h:2", "2:h:2", "1:i:2", "1:h:3", ":1:h:2",
		"localhost:1:h:2", "1:/h", "/h:/h", "/h:h:2", "1"};
	enum { COUNT = sizeof(texts) / sizeof(*texts) };
	struct forward_spec spec[COUNT];

	for (size_t i = 0; i < COUNT; i++)
		REQUIRE_EQ(forward_spec_remote(&spec[i], texts[i], NULL), E_OK);
	for (size_t i = 0; i < COUNT; i++)
		for (size_t k = 0; k < COUNT; k++)
			CHECK_EQ(forward_spec_is_same(&spec[i], &spec[k]), i == k);
}

TEST(spec_ports)
{
	uint16_t port = 7;

	CHECK(forward_port_parse("0", &port) && port == 0);
	CHECK(forward_port_parse("65535", &port) && port == 65535);
	CHECK(forward_port_parse("ssh", &port) && port == 22);
	CHECK(!forward_port_parse("", &port));
	CHECK(!forward_port_parse("65536", &port));
	CHECK(!forward_port_parse("99999999999999999999", &port));
	CHECK(!forward_port_parse("22 ", &port));
	CHECK_EQ(port, 22);
}
