/* SPDX-License-Identifier: ISC */
#include "client/greeting.h"

#include "harness.h"

static struct greeting of(const char *text)
{
	struct greeting g = {.len = 0};

	greeting_add(&g, bytes_str(text));
	return g;
}

TEST(a_line_is_the_same_however_it_is_cut)
{
	static const char text[] = "220 mail\r\nmore\r\n";

	for (size_t cut = 0; cut < sizeof(text); cut++) {
		struct greeting g = {.len = 0};

		greeting_add(&g, bytes_of(text, cut));
		CHECK_EQ(greeting_is_whole(&g), cut >= 10);
		CHECK_EQ(greeting_is_empty(&g), cut == 0);
		greeting_add(&g, bytes_of(text + cut, sizeof(text) - 1 - cut));
		CHECK(greeting_is_whole(&g));
		CHECK_BYTES(greeting_line(&g), bytes_str("220 mail"));
	}
}

TEST(only_the_end_of_a_line_is_taken_off)
{
	struct greeting bare = of("no end"), cr = of("a\rb\r"), empty = of("\n");

	CHECK_BYTES(greeting_line(&bare), bytes_str("no end"));
	CHECK(!greeting_is_whole(&bare));
	CHECK_BYTES(greeting_line(&cr), bytes_str("a\rb\r"));
	CHECK_EQ(greeting_line(&empty).len, 0);
	CHECK(greeting_is_whole(&empty));
	CHECK(!greeting_is_empty(&empty));
}

TEST(a_line_without_end_is_bounded)
{
	struct greeting g = {.len = 0};
	char text[GREETING_TEXT];

	for (int i = 0; i < 1000; i++)
		greeting_add(&g, bytes_str("\x1b[2J"));
	CHECK(greeting_is_whole(&g));
	CHECK_EQ(greeting_line(&g).len, GREETING_MAX);
	greeting_text(&g, text);
	CHECK(strchr(text, 0x1b) == NULL);
	CHECK_EQ(strlen(text), GREETING_TEXT - 1);
}

TEST(greetings_are_compared_by_their_first_line)
{
	struct greeting a = of("SSH-2.0-x\r\nabc"), b = of("SSH-2.0-x\r\nxyz"), c = of("SSH-2.0-y");

	CHECK(greeting_is_same(&a, &b));
	CHECK(!greeting_is_same(&a, &c));
}
