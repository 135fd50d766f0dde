/* SPDX-License-Identifier: ISC */
/* Settings that are made in one process and used in another. */
#include "conf/relay.h"

#include <stdlib.h>

#include "harness.h"

static char dumped[2][16 * 1024];

static void add_line(void *ctx, const char *line)
{
	strcat(ctx, line);
	strcat(ctx, "\n");
}

static const char *dump(int which, const struct relay_conf *c)
{
	dumped[which][0] = '\0';
	relay_conf_dump(relay_conf_settings(c), add_line, dumped[which]);
	return dumped[which];
}

static struct relay_conf *make(const char *file)
{
	const struct relay_settings *unused;
	struct relay_conf *c = relay_conf_new();

	REQUIRE(c != NULL);
	REQUIRE_EQ(relay_conf_option(c, "ForwardLease=3s", NULL), E_OK);
	REQUIRE_EQ(relay_conf_port(c, "2022", NULL), E_OK);
	REQUIRE_EQ(relay_conf_port(c, "2023", NULL), E_OK);
	if (file)
		REQUIRE_EQ(relay_conf_file(c, "/etc/sallyd_config", bytes_str(file), NULL), E_OK);
	REQUIRE_EQ(relay_conf_finish(c, &unused, NULL), E_OK);
	return c;
}

TEST(relay_pack_comes_to_the_same_settings)
{
	struct relay_conf *c = make("Port 1\nForwardLease 9s\nGatewayPorts yes\n"
				    "PermitListen 80 8000-8099\nMatch User bob\n  PermitListen none\n"),
			  *made, *bobs;
	struct relay_facts bob = {.user = "bob", .address = "", .local_address = "",
		.key_name = "", .fingerprint = ""};
	struct span packed;

	REQUIRE_EQ(relay_conf_pack(c, &packed), E_OK);
	REQUIRE_EQ(relay_conf_unpack(bytes_of(packed.ptr, packed.len), &made, NULL), E_OK);
	CHECK_STR(dump(0, made), dump(1, c));
	CHECK_EQ(relay_conf_settings(made)->forward_lease_ms, 3000);
	CHECK_EQ(relay_conf_settings(made)->listen_count, 2);
	REQUIRE_EQ(relay_conf_for(made, &bob, &bobs, NULL), E_OK);
	CHECK(relay_conf_settings(bobs)->permit_listen_is_set);
	CHECK_EQ(relay_conf_settings(bobs)->permit_listen_count, 0);
	relay_conf_free(bobs);
	relay_conf_free(made);
	relay_conf_free(c);
	free(packed.ptr);
}

TEST(relay_pack_of_nothing_is_the_defaults)
{
	struct relay_conf *made;

	REQUIRE_EQ(relay_conf_unpack(bytes_of(NULL, 0), &made, NULL), E_OK);
	CHECK_EQ(relay_conf_settings(made)->forward_lease_ms, 10000);
	relay_conf_free(made);
}

TEST(relay_pack_is_whole_or_nothing)
{
	struct relay_conf *c = make("GatewayPorts yes\n"), *made;
	struct span packed;
	unsigned good = 0;

	REQUIRE_EQ(relay_conf_pack(c, &packed), E_OK);
	for (size_t n = 0; n <= packed.len; n++) {
		struct fault f = {0};

		if (relay_conf_unpack(bytes_of(packed.ptr, n), &made, &f) == E_OK) {
			relay_conf_free(made);
			good++;
		} else {
			CHECK(f.text[0] != '\0');
		}
	}
	CHECK_EQ(good, 5); /* between its four sources, and at the ends */
	relay_conf_free(c);
	free(packed.ptr);
}
