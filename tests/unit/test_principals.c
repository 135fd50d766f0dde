/* SPDX-License-Identifier: ISC */
/* For a certificate of ssh-keygen with the principals alice and bob (tests/data/usercerts). */
#include "keys/principals.h"

#include "datafile.h"
#include "failalloc.h"
#include "harness.h"
#include "keys/pubkey.h"

#include <stdio.h>
#include <stdlib.h>

static uint8_t mem[4096];
static struct usercert cert;
static unsigned told;

static void load(void)
{
	size_t len;
	char *text = datafile_read("tests/data/usercerts/plain.pub", &len);
	struct bytes comment;

	REQUIRE_EQ(pubkey_from_text(
			   bytes_of(text, len), (struct span){mem, sizeof(mem)}, &len, &comment),
		E_OK);
	REQUIRE_EQ(usercert_read(bytes_of(mem, len), &cert, NULL), E_OK);
	free(text);
}

static void complain(void *ctx, unsigned line, const char *sentence)
{
	told = line;
	CHECK(sentence[0] != '\0');
}

TEST(principals_lines)
{
	static const struct {
		const char *text;
		unsigned line, told; /* 0: none */
		bool port_forwarding;
	} rows[] = {
		{"", 0, 0, false},
		{"alice", 1, 0, true},
		{"carol\nbob\nalice\n", 2, 0, true},
		{"# alice\n\n  bob # for a while\n", 3, 0, true},
		{"#alice", 0, 0, false},
		{"\talice\t\r\n", 1, 0, true},
		{"restrict alice\nalice\n", 1, 0, false},
		{"restrict,port-forwarding \t alice\n", 1, 0, true},
		{"from=\"10.0.0.0/8\" bob\n", 1, 0, true},
		{"alice,bob\n", 0, 0, false},
		{"alice extra\n", 0, 0, false},
		{"nonsense alice\n", 0, 1, false},
		{"nonsense alice\nbob\n", 2, 1, true},
		{"nonsense carol\n", 0, 0, false}, /* whose it is comes first */
		{"*\n", 0, 0, false},
	};

	load();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct authkey k = {.line = 0};
		struct arena arena;

		harness_note("row %zu", i);
		told = 0;
		arena_init(&arena);
		CHECK_EQ(
			principals_find(bytes_str(rows[i].text), &cert, &arena, complain, NULL, &k),
			rows[i].line > 0 ? E_OK : E_UNKNOWN);
		CHECK_EQ(k.line, rows[i].line);
		CHECK_EQ(told, rows[i].told);
		if (rows[i].line > 0)
			CHECK_EQ(k.port_forwarding, rows[i].port_forwarding);
		arena_fini(&arena);
	}
}

TEST(principals_limits)
{
	static char text[AUTHKEYS_LINE_MAX + 100];
	struct authkey k;
	struct arena arena;
	unsigned n = 1;

	load();
	memset(text, 'x', AUTHKEYS_LINE_MAX + 1);
	strcat(text, "\nalice\n");
	arena_init(&arena);
	CHECK_EQ(principals_find(bytes_str(text), &cert, &arena, complain, NULL, &k), E_LIMIT);
	/* A NUL ends no name early. */
	CHECK_EQ(principals_find(bytes_of("alice\0x\n", 8), &cert, &arena, complain, NULL, &k),
		E_UNKNOWN);
	arena_fini(&arena);
	for (bool has_failed = true; has_failed; n++) {
		enum err e;

		arena_init(&arena);
		failalloc_arm(n);
		e = principals_find(
			bytes_str("from=\"1.2.3.4\" alice"), &cert, &arena, complain, NULL, &k);
		has_failed = failalloc_disarm();
		CHECK_EQ(e, has_failed ? E_NOMEM : E_OK);
		arena_fini(&arena);
	}
}
