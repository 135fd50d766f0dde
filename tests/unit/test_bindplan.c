/* SPDX-License-Identifier: ISC */
#include "forward/bindplan.h"

#include "harness.h"

enum mark { PLAIN, NARROWED, WIDENED };

struct want {
	enum bind_kind kind;
	enum mark mark;
};

/* What sshd 9.2 was seen to bind: 9 spellings under no, yes, clientspecified. BIND_ADDRESS: the
 * requested address itself. */
static const struct row {
	const char *requested;
	struct want want[3];
} rows[] = {
	{"localhost", {{BIND_LOOPBACK, PLAIN}, {BIND_WILDCARD, WIDENED}, {BIND_LOOPBACK, PLAIN}}},
	{"", {{BIND_LOOPBACK, NARROWED}, {BIND_WILDCARD, PLAIN}, {BIND_WILDCARD, PLAIN}}},
	{"*", {{BIND_LOOPBACK, NARROWED}, {BIND_WILDCARD, PLAIN}, {BIND_WILDCARD, PLAIN}}},
	{"127.0.0.1", {{BIND_ADDRESS, PLAIN}, {BIND_WILDCARD, WIDENED}, {BIND_ADDRESS, PLAIN}}},
	{"::1", {{BIND_ADDRESS, PLAIN}, {BIND_WILDCARD, WIDENED}, {BIND_ADDRESS, PLAIN}}},
	{"0.0.0.0", {{BIND_LOOPBACK, NARROWED}, {BIND_WILDCARD, PLAIN}, {BIND_ADDRESS, PLAIN}}},
	{"::", {{BIND_LOOPBACK, NARROWED}, {BIND_WILDCARD, PLAIN}, {BIND_ADDRESS, PLAIN}}},
	{"192.0.2.7", {{BIND_LOOPBACK, NARROWED}, {BIND_WILDCARD, WIDENED}, {BIND_ADDRESS, PLAIN}}},
	{"relay.example",
		{{BIND_LOOPBACK, NARROWED}, {BIND_WILDCARD, WIDENED}, {BIND_ADDRESS, PLAIN}}},
};
static const enum gateway_ports settings[] = {GATEWAY_NO, GATEWAY_YES, GATEWAY_CLIENT};

TEST(bindplan_table)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for (size_t k = 0; k < 3; k++) {
			const struct row *row = &rows[i];
			struct bindplan plan;

			harness_note("'%s' under setting %zu", row->requested, k);
			REQUIRE_EQ(
				bindplan_make(bytes_str(row->requested), settings[k], &plan), E_OK);
			CHECK_EQ(plan.kind, row->want[k].kind);
			CHECK_STR(plan.address,
				row->want[k].kind == BIND_ADDRESS ? row->requested : "");
			CHECK_EQ(plan.is_narrowed, row->want[k].mark == NARROWED);
			CHECK_EQ(plan.is_widened, row->want[k].mark == WIDENED);
		}
	}
}

TEST(bindplan_compares_exactly)
{
	struct bindplan plan;

	REQUIRE_EQ(bindplan_make(bytes_str("LOCALHOST"), GATEWAY_CLIENT, &plan), E_OK);
	CHECK_EQ(plan.kind, BIND_ADDRESS);
	REQUIRE_EQ(bindplan_make(bytes_str("127.0.0.2"), GATEWAY_NO, &plan), E_OK);
	CHECK_EQ(plan.kind, BIND_LOOPBACK);
	CHECK(plan.is_narrowed);
}

TEST(bindplan_refuses_what_is_no_host)
{
	static const struct bytes bad[] = {
		{(const uint8_t *)"a b", 3},
		{(const uint8_t *)"a\nb", 3},
		{(const uint8_t *)"a\0b", 3},
		{(const uint8_t *)"a\x7f", 2},
		{(const uint8_t *)"\xc3\xa4", 2},
	};
	char too_long[257];
	struct bindplan plan = {.kind = BIND_ADDRESS};

	memset(too_long, 'a', sizeof(too_long));
	for (size_t k = 0; k < 3; k++) {
		for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
			CHECK_EQ(bindplan_make(bad[i], settings[k], &plan), E_FORMAT);
		CHECK_EQ(bindplan_make(bytes_of(too_long, 256), settings[k], &plan), E_FORMAT);
	}
	CHECK_EQ(plan.kind, BIND_ADDRESS);
	CHECK_EQ(bindplan_make(bytes_of(too_long, 255), GATEWAY_CLIENT, &plan), E_OK);
}

TEST(bindplan_remarks)
{
	struct bindplan plan;
	char text[256];

	REQUIRE_EQ(bindplan_make(bytes_str("0.0.0.0"), GATEWAY_NO, &plan), E_OK);
	bindplan_remark(&plan, bytes_str("0.0.0.0"), text, sizeof(text));
	CHECK(strstr(text, "\"0.0.0.0\" narrowed to loopback") != NULL);
	/* The part sshd says, word for word. */
	REQUIRE_EQ(bindplan_make(bytes_str("localhost"), GATEWAY_YES, &plan), E_OK);
	bindplan_remark(&plan, bytes_str("localhost"), text, sizeof(text));
	CHECK(strstr(text, "Forwarding listen address \"localhost\" overridden by server "
			   "GatewayPorts") != NULL);
	REQUIRE_EQ(bindplan_make(bytes_str("localhost"), GATEWAY_NO, &plan), E_OK);
	bindplan_remark(&plan, bytes_str("localhost"), text, sizeof(text));
	CHECK_STR(text, "");
}
