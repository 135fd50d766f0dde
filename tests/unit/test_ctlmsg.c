/* SPDX-License-Identifier: ISC */
#include "forward/ctlmsg.h"

#include "harness.h"

static uint8_t memory[4096];
static const struct span room = {memory, sizeof(memory)};

#define LITERAL(s) bytes_of(s, sizeof(s) - 1)

static struct bytes written(const struct ctlmsg *m)
{
	size_t len = 0;

	REQUIRE_EQ(ctlmsg_write(room, m, &len), E_OK);
	REQUIRE(len >= CTLMSG_HEAD && load_be32(memory) == len - CTLMSG_HEAD);
	return bytes_of(memory + CTLMSG_HEAD, len - CTLMSG_HEAD);
}

static struct ctlmsg again(const struct ctlmsg *m)
{
	struct ctlmsg got;

	REQUIRE_EQ(ctlmsg_read(written(m), &got), E_OK);
	CHECK(got.type == m->type && got.id == m->id && got.number == m->number);
	return got;
}

TEST(ctlmsg_hello)
{
	struct ctlmsg m = {.type = CTLMSG_HELLO, .number = CTLMSG_VERSION}, got;

	/* As ssh sends it, as a master of 10.x does, and as we do. */
	CHECK(bytes_eq(written(&m), LITERAL("\0\0\0\1\0\0\0\4")));
	m.has_info = true;
	CHECK(bytes_eq(written(&m), LITERAL("\0\0\0\1\0\0\0\4\0\0\0\4info\0\0\0\1"
					    "0")));
	m.has_ours = true;
	got = again(&m);
	CHECK(got.has_info && got.has_ours);
	/* What is not known does not matter; half a pair does. */
	REQUIRE_EQ(ctlmsg_read(LITERAL("\0\0\0\1\0\0\0\5\0\0\0\1x\0\0\0\2\0\n"), &got), E_OK);
	CHECK(got.number == 5 && !got.has_info && !got.has_ours);
	CHECK_EQ(ctlmsg_read(LITERAL("\0\0\0\1\0\0\0\4\0\0\0\1x"), &got), E_FORMAT);
	CHECK_EQ(ctlmsg_read(LITERAL("\0\0\0\1\0\0\0"), &got), E_FORMAT);
}

TEST(ctlmsg_short_ones)
{
	static const uint32_t plain[] = {
		CTLMSG_ALIVE_CHECK, CTLMSG_TERMINATE, CTLMSG_STOP, CTLMSG_OK, CTLMSG_NO_TTY};
	static const uint32_t numbers[] = {CTLMSG_EXIT, CTLMSG_ALIVE, CTLMSG_OPENED, CTLMSG_PORT};
	struct ctlmsg m = {.id = 7}, got;

	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
		m.type = plain[i];
		again(&m);
		CHECK_EQ(ctlmsg_read(bytes_of(memory + CTLMSG_HEAD, 9), &got), E_TRAILING);
		CHECK_EQ(ctlmsg_read(bytes_of(memory + CTLMSG_HEAD, 7), &got), E_FORMAT);
	}
	m.number = 0xfffffffe;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		m.type = numbers[i];
		again(&m);
	}
}

TEST(ctlmsg_texts)
{
	static const uint32_t types[] = {
		CTLMSG_INFO, CTLMSG_DENIED, CTLMSG_FAILURE, CTLMSG_INFO_REPLY};
	struct ctlmsg m = {.id = 1, .text = bytes_str("port not forwarded")};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		m.type = types[i];
		m.number = m.type == CTLMSG_INFO_REPLY;
		CHECK(bytes_is(again(&m).text, "port not forwarded"));
	}
	CHECK_EQ(ctlmsg_read(LITERAL("\x80\0\0\3\0\0\0\0\0\0\0\2a\0"), &m), E_FORMAT);
}

TEST(ctlmsg_whose_body_does_not_matter)
{
	struct ctlmsg m;

	CHECK_EQ(ctlmsg_read(LITERAL("\x10\0\0\2\0\0\0\3 anything"), &m), E_UNKNOWN);
	CHECK(m.type == CTLMSG_NEW_SESSION && m.id == 3);
	CHECK_EQ(ctlmsg_read(LITERAL("\x10\0\0\x0f\0\0\0\4"), &m), E_UNKNOWN);
	CHECK(m.type == CTLMSG_PROXY && m.id == 4);
	CHECK_EQ(ctlmsg_read(LITERAL("\x10\0\0\x77\0\0\0"), &m), E_FORMAT);
	CHECK_EQ(ctlmsg_write(room, &m, &(size_t){0}), E_UNKNOWN);
	CHECK_EQ(ctlmsg_descriptors(CTLMSG_NEW_SESSION), 3);
	CHECK_EQ(ctlmsg_descriptors(CTLMSG_STDIO_FORWARD), 2);
	CHECK_EQ(ctlmsg_descriptors(CTLMSG_OK), 0);
}

TEST(ctlmsg_lengths)
{
	size_t len = 0;

	CHECK_EQ(ctlmsg_length(LITERAL("\0\0\0\3"), &len), E_FORMAT);
	CHECK_EQ(ctlmsg_length(LITERAL("\0\0\0\4"), &len), E_OK);
	CHECK_EQ(len, 8);
	CHECK_EQ(ctlmsg_length(LITERAL("\0\4\0\0"), &len), E_OK);
	CHECK_EQ(len, CTLMSG_HEAD + CTLMSG_MAX);
	CHECK_EQ(ctlmsg_length(LITERAL("\0\4\0\1"), &len), E_LIMIT);
	CHECK_EQ(ctlmsg_length(LITERAL("\xff\xff\xff\xff"), &len), E_LIMIT);
}

/* A forward, as text of the command line, over the wire and back. */
static struct ctlmsg carried(const char *text,
	enum err (*parse)(struct forward_spec *spec, const char *text, struct fault *f))
{
	struct forward_spec spec, back;
	char targets[FORWARD_SPEC_MAX], first[FORWARD_SPEC_MAX];
	struct ctlmsg m = {.type = CTLMSG_OPEN_FORWARD, .id = 2}, got;
	struct fault f = {0};

	REQUIRE(strlen(text) < sizeof(first));
	strcpy(first, text);
	if (strchr(text, ',') != NULL)
		first[strcspn(text, ",")] = '\0';
	REQUIRE_EQ(parse(&spec, first, &f), E_OK);
	if (strchr(text, ',') != NULL) {
		spec.more_count = 2;
		strcpy(spec.more[0].host, "::1");
		spec.more[0].port = 81;
		strcpy(spec.more[1].host, "c");
		spec.more[1].port = 82;
	}
	ctlmsg_from_spec(&spec, parse == forward_spec_remote, targets, &m);
	got = again(&m);
	REQUIRE_EQ(ctlmsg_to_spec(&got, &back, &f), E_OK);
	CHECK(forward_spec_is_same(&spec, &back));
	return got;
}

TEST(ctlmsg_forwards)
{
	struct ctlmsg m = carried("8080:web:80", forward_spec_local);

	CHECK(m.kind == CTLMSG_LOCAL && m.listen.len == 0 && m.listen_port == 8080);
	CHECK(bytes_is(m.connect, "web") && m.connect_port == 80);
	CHECK(bytes_is(carried("*:8080:web:80", forward_spec_local).listen, "*"));
	CHECK(bytes_is(carried(":8080:web:80", forward_spec_remote).listen, "*"));
	CHECK(bytes_is(carried("[::1]:0:web:80", forward_spec_remote).listen, "::1"));
	m = carried("/run/a:/run/b", forward_spec_remote);
	CHECK(bytes_is(m.listen, "/run/a") && m.listen_port == CTLMSG_PATH);
	CHECK(bytes_is(m.connect, "/run/b") && m.connect_port == CTLMSG_PATH);
	m = carried("1080", forward_spec_dynamic);
	CHECK(m.kind == CTLMSG_DYNAMIC && bytes_is(m.connect, "socks") && m.connect_port == 0);
	m = carried("1080", forward_spec_remote);
	CHECK(m.kind == CTLMSG_REMOTE && bytes_is(m.connect, "socks") && m.connect_port == 0);
	carried("/run/socks", forward_spec_dynamic);
	m = carried("80:a:80,[::1]:81,c:82", forward_spec_remote);
	CHECK(bytes_is(m.connect, "a:80,[::1]:81,c") && m.connect_port == 82);
}

TEST(ctlmsg_forwards_that_are_none)
{
	static const struct {
		uint32_t kind;
		const char *listen;
		uint32_t listen_port;
		const char *connect;
		uint32_t connect_port;
	} table[] = {
		{0, "", 80, "a", 80},
		{4, "", 80, "a", 80},
		{CTLMSG_LOCAL, "", 0, "a", 80},
		{CTLMSG_DYNAMIC, "", 0, "socks", 0},
		{CTLMSG_LOCAL, "", 65536, "a", 80},
		{CTLMSG_LOCAL, "", 80, "a", 65536},
		{CTLMSG_LOCAL, "", 80, "a", 0},
		{CTLMSG_LOCAL, "", 80, "", 80},
		{CTLMSG_LOCAL, "", CTLMSG_PATH, "a", 80},
		{CTLMSG_REMOTE, "", 80, "", CTLMSG_PATH},
		{CTLMSG_REMOTE, "", 80, "a:0,b", 80},
		{CTLMSG_REMOTE, "", 80, "a,b", 80},
		{CTLMSG_REMOTE, "", 80, ",", 80},
		{CTLMSG_REMOTE, "", 80, "a:1[,[,0", 80},
	};
	char path[FORWARD_PATH_MAX + 1], host[FORWARD_HOST_MAX + 1];
	struct forward_spec spec;

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct ctlmsg m = {.type = CTLMSG_OPEN_FORWARD,
			.kind = table[i].kind,
			.listen = bytes_str(table[i].listen),
			.listen_port = table[i].listen_port,
			.connect = bytes_str(table[i].connect),
			.connect_port = table[i].connect_port};
		struct fault f = {0};

		CHECK(ctlmsg_to_spec(&m, &spec, &f) != E_OK);
		CHECK(f.text[0] != '\0');
	}
	memset(path, 'p', sizeof(path));
	memset(host, 'h', sizeof(host));
	for (size_t cut = 0; cut < 2; cut++) { /* one that fits, and one more */
		struct ctlmsg m = {.kind = CTLMSG_LOCAL,
			.listen_port = CTLMSG_PATH,
			.listen = bytes_of(path, FORWARD_PATH_MAX - 1 + cut),
			.connect = bytes_of(host, FORWARD_HOST_MAX - 1),
			.connect_port = 1};

		CHECK_EQ(ctlmsg_to_spec(&m, &spec, NULL), cut == 0 ? E_OK : E_LIMIT);
		m.listen = bytes_of(path, 1);
		m.connect.len += cut;
		CHECK_EQ(ctlmsg_to_spec(&m, &spec, NULL), cut == 0 ? E_OK : E_LIMIT);
	}
}

TEST(ctlmsg_stdio)
{
	struct ctlmsg m = {.type = CTLMSG_STDIO_FORWARD,
		.id = 1,
		.connect = bytes_str("a,b"),
		.connect_port = 22};
	struct forward_spec spec;
	struct ctlmsg got = again(&m);

	REQUIRE_EQ(ctlmsg_to_target(&got, &spec, NULL), E_OK);
	CHECK_STR(spec.host, "a,b");
	CHECK_EQ(spec.port, 22);
	m.connect_port = CTLMSG_PATH;
	got = again(&m);
	REQUIRE_EQ(ctlmsg_to_target(&got, &spec, NULL), E_OK);
	CHECK_STR(spec.path, "a,b");
	m.connect_port = 0;
	got = again(&m);
	CHECK_EQ(ctlmsg_to_target(&got, &spec, NULL), E_VALUE);
}
