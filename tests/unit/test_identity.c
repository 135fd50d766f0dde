/* SPDX-License-Identifier: ISC */
#include "relay/identity.h"

#include <string.h>

#include "harness.h"

static const uint8_t blob[] = "\0\0\0\x0bssh-ed25519\0\0\0\x20"
			      "0123456789abcdef0123456789abcdef";

static struct identity *make(const char *comment, const char **permits, size_t count, bool may)
{
	struct authkey key = {.comment = comment,
		.port_forwarding = may,
		.permitlisten = permits,
		.permitlisten_count = count};
	struct keyring_place at = {.key = &key, .path = "keys"};
	struct identity *id;

	REQUIRE_EQ(identity_new("tunnel", bytes_of(blob, sizeof(blob) - 1), &at, &id, NULL), E_OK);
	return id;
}

static uint32_t low_end;

static bool may(const struct identity *id, const struct relay_settings *s, const char *host,
	uint32_t port, const char *words)
{
	struct fault f = {0};
	enum err e = identity_may_listen(id, s, low_end, bytes_str(host), port, &f);

	if (e != E_OK && words)
		CHECK(strstr(f.text, words) != NULL);
	return e == E_OK;
}

TEST(who_it_is)
{
	struct identity *id = make("alice@laptop", NULL, 0, true);

	CHECK_STR(id->user, "tunnel");
	CHECK_STR(id->key_name, "alice@laptop");
	CHECK(strncmp(id->fingerprint, "SHA256:", 7) == 0);
	identity_free(id);
	id = make("", NULL, 0, true);
	CHECK_STR(id->key_name, id->fingerprint);
	identity_free(id);
}

TEST(r30_cve_2025_32728_every_switch_can_say_no)
{
	const char *permits[] = {"localhost:8080", "[::1]:*"};
	struct relay_settings s = {.allow_remote = true};
	struct identity *free_key = make("a", NULL, 0, true);
	struct identity *shut = make("b", NULL, 0, false);
	struct identity *limited = make("c", permits, 2, true);

	CHECK(may(free_key, &s, "", 0, NULL));
	CHECK(!may(shut, &s, "localhost", 8080, "no-port-forwarding"));
	/* Matched against what was asked for, not what gets bound; case of the asker is no matter.
	 */
	CHECK(may(limited, &s, "localhost", 8080, NULL));
	CHECK(may(limited, &s, "LOCALHOST", 8080, NULL));
	CHECK(!may(limited, &s, "127.0.0.1", 8080, "permitlisten"));
	CHECK(!may(limited, &s, "localhost", 8081, "port 8081 of \"localhost\""));
	CHECK(!may(limited, &s, "localhost", 0, NULL));
	CHECK(may(limited, &s, "::1", 0, NULL));
	s.allow_remote = false;
	CHECK(!may(free_key, &s, "localhost", 8080, "AllowTcpForwarding"));
	identity_free(free_key);
	identity_free(shut);
	identity_free(limited);
}

TEST(what_it_is_called)
{
	struct authkey key = {.comment = "alice@laptop", .name = "lab-7"};
	struct keyring_place at = {.key = &key, .path = "keys"};
	struct identity *id;

	REQUIRE_EQ(identity_new("tunnel", bytes_of(blob, sizeof(blob) - 1), &at, &id, NULL), E_OK);
	CHECK_STR(id->key_name, "lab-7");
	CHECK(id->is_named);
	identity_free(id);
	at.name = "tenant";
	key.name = NULL;
	REQUIRE_EQ(identity_new("tunnel", bytes_of(blob, sizeof(blob) - 1), &at, &id, NULL), E_OK);
	CHECK_STR(id->key_name, "tenant");
	CHECK(id->is_named);
	identity_free(id);
	at.name = NULL;
	REQUIRE_EQ(identity_new("tunnel", bytes_of(blob, sizeof(blob) - 1), &at, &id, NULL), E_OK);
	CHECK(!id->is_named); /* a comment is nobody's name */
	identity_free(id);
}

TEST(limits_of_a_key)
{
	struct authkey key = {.comment = "a",
		.max_visitors = 2,
		.max_forwards = 1,
		.visitors_from = "192.0.2.0/24,!192.0.2.7"};
	struct keyring_place at = {.key = &key, .path = "keys"};
	struct identity *id, *no_limit = make("b", NULL, 0, true);
	struct fault f = {0};

	REQUIRE_EQ(identity_new("tunnel", bytes_of(blob, sizeof(blob) - 1), &at, &id, NULL), E_OK);
	CHECK_EQ(identity_may_open(id, 0, NULL), E_OK);
	CHECK_EQ(identity_may_open(id, 1, &f), E_LIMIT);
	CHECK_STR(f.text, "your key has 1 ports open already (max-forwards=1 on its line)");
	CHECK_EQ(identity_may_open(no_limit, 1000, NULL), E_OK);
	CHECK_EQ(identity_may_visit(id, 1, "192.0.2.1", NULL), E_OK);
	f = (struct fault){0};
	CHECK_EQ(identity_may_visit(id, 2, "192.0.2.1", &f), E_LIMIT);
	CHECK_STR(f.text, "the key has 2 visitors already (max-visitors=2 on its line)");
	CHECK_EQ(identity_may_visit(id, 0, "192.0.2.7", NULL), E_DENIED);
	CHECK_EQ(identity_may_visit(id, 0, "::1", NULL), E_DENIED);
	CHECK_EQ(identity_may_visit(id, 0, "no address", NULL), E_DENIED);
	CHECK_EQ(identity_may_visit(id, 0, "::ffff:192.0.2.1", NULL), E_OK);
	CHECK_EQ(identity_may_visit(no_limit, 1000, "192.0.2.7", NULL), E_OK);
	identity_free(id);
	identity_free(no_limit);
}

/* Both lists must admit. */
TEST(r46_the_relay_and_the_key_both_decide)
{
	const char *permits[] = {"8080", "8081"};
	struct permit_rule rule;
	struct relay_settings s = {.allow_remote = true,
		.permit_listen = &rule,
		.permit_listen_count = 1,
		.permit_listen_is_set = true};
	struct identity *id = make("c", permits, 2, true);

	REQUIRE_EQ(permit_rule_parse("8081", &rule, NULL), E_OK);
	CHECK(may(id, &s, "localhost", 8081, NULL));
	CHECK(!may(id, &s, "localhost", 8080, "PermitListen"));
	CHECK(!may(id, &s, "localhost", 8082, "permitlisten"));
	s.permit_listen_count = 0; /* none */
	CHECK(!may(id, &s, "localhost", 8081, "PermitListen"));
	s.permit_listen_is_set = false; /* any */
	CHECK(may(id, &s, "localhost", 8080, NULL));
	identity_free(id);
}

/* For port 0: what is named, one by one, for the address that was asked for. */
TEST(r29_ports_that_rules_name)
{
	const char *permits[] = {"8000-8002", "*:*", "other:9000", "localhost:9001"};
	struct permit_rule rule;
	struct relay_settings s = {.allow_remote = true,
		.permit_listen = &rule,
		.permit_listen_count = 1,
		.permit_listen_is_set = true};
	struct identity *id = make("c", permits, 4, true);
	struct bytes host = bytes_str("localhost");

	REQUIRE_EQ(permit_rule_parse("7000-7999", &rule, NULL), E_OK);
	CHECK_EQ(identity_port_count(id, &s, host), 4);
	CHECK_EQ(identity_port(id, &s, host, 0), 8000);
	CHECK_EQ(identity_port(id, &s, host, 2), 8002);
	CHECK_EQ(identity_port(id, &s, host, 3), 9001);
	CHECK_EQ(identity_port(id, &s, host, 4), 0);
	identity_free(id);
	/* Without rules of its own those for everybody. */
	id = make("c", NULL, 0, true);
	CHECK_EQ(identity_port_count(id, &s, host), 1000);
	CHECK_EQ(identity_port(id, &s, host, 999), 7999);
	CHECK_EQ(identity_port(id, &s, host, 1000), 0);
	s.permit_listen_count = 0;
	CHECK_EQ(identity_port_count(id, &s, host), 0);
	CHECK_EQ(identity_port(id, &s, host, 0), 0);
	identity_free(id);
}

/* A relay with rights of its own does not hand them to whoever has a key. */
TEST(a_low_port_must_be_named)
{
	const char *any[] = {"*:*"}, *named[] = {"localhost:80", "*:8080", "90-95"};
	struct permit_rule rules[2];
	struct relay_settings s = {.allow_remote = true};
	struct identity *id = make("a", NULL, 0, true);
	struct identity *wide = make("b", any, 1, true);
	struct identity *web = make("c", named, 3, true);

	CHECK(may(id, &s, "localhost", 80, NULL)); /* the kernel decides */
	low_end = 1024;
	CHECK(!may(
		id, &s, "localhost", 80, "port 80 is below 1024: this relay opens it only when"));
	CHECK(!may(id, &s, "localhost", 1023, "permitlisten on your key's line, names it"));
	CHECK(may(id, &s, "localhost", 1024, NULL));
	CHECK(may(id, &s, "localhost", 0, NULL)); /* the kernel chooses a high one */
	CHECK(!may(wide, &s, "localhost", 80, "below 1024"));
	CHECK(may(web, &s, "localhost", 80, NULL));
	CHECK(!may(web, &s, "", 80, "permitlisten on its line"));
	CHECK(may(web, &s, "", 92, NULL));
	REQUIRE_EQ(permit_rule_parse("*:443", &rules[0], NULL), E_OK);
	REQUIRE_EQ(permit_rule_parse("*:*", &rules[1], NULL), E_OK);
	s.permit_listen = rules;
	s.permit_listen_count = 2;
	s.permit_listen_is_set = true;
	CHECK(may(id, &s, "", 443, NULL));
	CHECK(may(wide, &s, "localhost", 443, NULL));
	CHECK(!may(web, &s, "localhost", 443, "permitlisten on its line")); /* both must admit */
	CHECK(may(web, &s, "localhost", 80, NULL));
	CHECK(!may(id, &s, "", 80, "below 1024"));
	low_end = 0;
	identity_free(id);
	identity_free(wide);
	identity_free(web);
}

static bool may_tunnel(const struct authkey *key, unsigned permit, enum tun_mode mode, uint32_t asked,
	uint32_t *unit, const char *words)
{
	struct keyring_place at = {.key = key, .path = "keys"};
	struct relay_settings s = {.permit_tunnel = permit};
	struct tun_open open = {.mode = mode, .unit = asked};
	struct fault f = {0};
	struct identity *id;
	enum err e;

	REQUIRE_EQ(identity_new("tunnel", bytes_of(blob, sizeof(blob) - 1), &at, &id, NULL), E_OK);
	e = identity_may_tunnel(id, &s, &open, unit, &f);
	identity_free(id);
	if (e != E_OK)
		CHECK(strstr(f.text, words) != NULL);
	return e == E_OK;
}

TEST(tunnels_want_the_relays_word_and_the_keys)
{
	const unsigned point = 1 << TUN_POINT_TO_POINT, ethernet = 1 << TUN_ETHERNET;
	struct authkey key = {.comment = "a", .tunnel_allowed = true};
	uint32_t unit = 0;

	CHECK(may_tunnel(&key, point, TUN_POINT_TO_POINT, 3, &unit, ""));
	CHECK_EQ(unit, 3);
	CHECK(may_tunnel(&key, point | ethernet, TUN_ETHERNET, TUN_UNIT_ANY, &unit, ""));
	CHECK_EQ(unit, TUN_UNIT_ANY);
	CHECK(!may_tunnel(&key, 0, TUN_POINT_TO_POINT, 3, &unit, "no tunnels (PermitTunnel)"));
	CHECK(!may_tunnel(&key, ethernet, TUN_POINT_TO_POINT, 3, &unit, "ethernet tunnels only"));
	CHECK(!may_tunnel(&key, point, TUN_ETHERNET, 3, &unit, "point-to-point tunnels only"));
	key.tunnel_forced = true;
	key.tunnel_unit = 7;
	CHECK(!may_tunnel(&key, point, TUN_POINT_TO_POINT, 3, &unit, "unit 7 only, not 3"));
	CHECK(may_tunnel(&key, point, TUN_POINT_TO_POINT, 7, &unit, ""));
	CHECK(may_tunnel(&key, point, TUN_POINT_TO_POINT, TUN_UNIT_ANY, &unit, ""));
	CHECK_EQ(unit, 7);
	key.tunnel_allowed = false;
	CHECK(!may_tunnel(&key, point, TUN_POINT_TO_POINT, 7, &unit, "restrict on its line"));
}
