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

/* Good for ssh, not served here: each says so in a sentence of its own. */
TEST(spec_not_served)
{
	static const struct {
		const char *text, *word;
	} rows[] = {
		{"8080", "SOCKS"},
		{"8080:", "SOCKS"},
		{"[::]:1080", "SOCKS"},
		{"*:1080", "SOCKS"},
		{"/run/a.sock:/run/b.sock", "Unix socket"},
		{"8080:/run/b.sock", "Unix socket"},
		{"/run/a.sock:h:80", "Unix socket"},
		{"bind:8080:/run/b.sock", "Unix socket"},
		{"/run/a.sock", "Unix socket"},
		{"[/run/a:b]:h:80", "Unix socket"},
		/* A slash no longer parts fields. */
		{"0.0.0.0/8080/h/80", "slash"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct forward_spec spec = {.port = 7};
		struct fault f = {0};

		harness_note("%s", rows[i].text);
		CHECK_EQ(forward_spec_remote(&spec, rows[i].text, &f), E_UNKNOWN);
		CHECK(strstr(f.text, rows[i].word) != NULL);
		CHECK(strstr(f.text, "Bad remote forwarding specification '") == f.text);
		CHECK_EQ(spec.port, 7);
	}
}

TEST(spec_malformed)
{
	static const struct {
		const char *text, *word;
	} rows[] = {
		{"", "empty"},
		{" ", "empty"},
		{":", "wanted"},
		{"x", "wanted"},
		{"8080:h:", "wanted"},
		{"a:1:h:2:e", "more than four"},
		{"1:2:3:4:5", "more than four"},
		{"70000:h:1", "'70000'"},
		{"-1:h:1", "'-1'"},
		{"1:h:65536", "'65536'"},
		{"1:h:0", "'0'"},
		{"1:h:no-such-service", "'no-such-service'"},
		{":::", "''"},
		{"1::2", "target host is empty"},
		{"[::1:80:h:1", "bracket"},
		{"[::1]x:80:h:1", "bracket"},
		{"80:[h:2", "bracket"},
		{"80:h:2\\", "backslash"},
		{"80:h:2 ", "'2 '"},
		{"80:h:0x16", "'0x16'"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct forward_spec spec = {.port = 7};
		struct fault f = {0};
		enum err e;

		harness_note("%s", rows[i].text);
		e = forward_spec_remote(&spec, rows[i].text, &f);
		CHECK(e != E_OK && e != E_UNKNOWN);
		CHECK_EQ(f.err, e);
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
	memset(text, '1', sizeof(text));
	text[FORWARD_SPEC_MAX - 1] = '\0';
	CHECK_EQ(forward_spec_remote(&spec, text, NULL), E_FORMAT);
	text[FORWARD_SPEC_MAX - 1] = '1';
	text[FORWARD_SPEC_MAX] = '\0';
	CHECK_EQ(forward_spec_remote(&spec, text, NULL), E_LIMIT);
}

TEST(spec_same)
{
	static const char *const texts[] = {
		"1:h:2", "2:h:2", "1:i:2", "1:h:3", ":1:h:2", "localhost:1:h:2"};
	struct forward_spec spec[6];

	for (size_t i = 0; i < 6; i++)
		REQUIRE_EQ(forward_spec_remote(&spec[i], texts[i], NULL), E_OK);
	for (size_t i = 0; i < 6; i++)
		for (size_t k = 0; k < 6; k++)
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
