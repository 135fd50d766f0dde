/* SPDX-License-Identifier: ISC */
#include "relay/ipcrecord.h"

#include "harness.h"

static uint8_t room[IPCRECORD_ROOM];
static const struct span into = {room, sizeof(room)};
static struct ipc_record in;
static const struct timespec at = {.tv_sec = 1700000000, .tv_nsec = 125000000};

static void check_line(const struct record *r)
{
	char was[RECORD_LINE_MAX], is[RECORD_LINE_MAX];

	record_logfmt(r, was);
	record_logfmt(&in.record, is);
	CHECK_STR(is, was);
}

TEST(ipcrecord_makes_the_same_line)
{
	struct record r;
	char longest[2 * RECORD_TEXT_MAX];

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	record_init(&r, &at, "login-refused");
	record_text(&r, "address", "192.0.2.1");
	record_text(&r, "user", "a \"b\" \\c\n\x1b[31m\xff");
	record_text(&r, "reason", longest);
	record_number(&r, "port", UINT64_MAX);
	record_ms(&r, "seconds", 1250);
	REQUIRE(ipcrecord_rd(ipcrecord_wr(into, &r), &in));
	check_line(&r);
}

TEST(ipcrecord_has_room_for_the_largest)
{
	struct record r;
	char longest[RECORD_TEXT_MAX];

	memset(longest, '"', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	record_init(&r, &at, "visitor");
	for (int i = 0; i < RECORD_FIELDS_MAX; i++)
		record_text(&r, "a_name_of_ours", longest);
	REQUIRE(ipcrecord_rd(ipcrecord_wr(into, &r), &in));
	check_line(&r);
}

TEST(ipcrecord_is_whole_or_nothing)
{
	struct record r;
	struct bytes all;
	size_t ends = 0;

	record_init(&r, &at, "login");
	record_text(&r, "user", "bob");
	record_number(&r, "port", 1);
	all = ipcrecord_wr(into, &r);
	for (size_t n = 0; n < all.len; n++)
		ends += ipcrecord_rd(bytes_of(all.ptr, n), &in);
	CHECK_EQ(ends, 2); /* before the first and before the second field it is one, too */
}

static bool takes(const char *event, const char *name, size_t fields)
{
	struct record r;

	record_init(&r, &at, event);
	for (size_t i = 0; i < fields; i++)
		record_number(&r, name, 1);
	return ipcrecord_rd(ipcrecord_wr(into, &r), &in);
}

TEST(ipcrecord_forges_no_line)
{
	CHECK(takes("a-name", "another_one", 1));
	CHECK(!takes("x\ntime=1 event=login", "port", 1));
	CHECK(!takes("login user=root", "port", 1));
	CHECK(!takes("login", "user=root x", 1));
	CHECK(!takes("login", "", 1));
	CHECK(!takes("", "port", 1));
	CHECK(!takes("this_name_is_longer_than_any", "port", 1));
}
