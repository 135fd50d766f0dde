/* SPDX-License-Identifier: ISC */
#include "conf/places.h"

#include <string.h>

#include "harness.h"

TEST(a_plain_user)
{
	struct places_of of = {.home = "/home/me"};
	struct places p;

	REQUIRE_EQ(places_make(&of, &p, NULL), E_OK);
	CHECK_STR(p.config, "/home/me/.config/sallyport/sallyd_config");
	CHECK_STR(p.state, "/home/me/.local/state/sallyport");
	CHECK_STR(p.hostkey, "/home/me/.local/state/sallyport/ssh_host_ed25519_key");
	CHECK_STR(p.keys, "/home/me/.ssh/authorized_keys");
	CHECK_STR(p.socket, "/home/me/.local/state/sallyport/sallyd.sock");
}

TEST(xdg_folders_count_when_they_are_absolute)
{
	struct places_of of = {
		.home = "/home/me", .state_home = "/var/tmp/s", .config_home = "conf"};
	struct places p;

	REQUIRE_EQ(places_make(&of, &p, NULL), E_OK);
	CHECK_STR(p.state, "/var/tmp/s/sallyport");
	CHECK_STR(p.config, "/home/me/.config/sallyport/sallyd_config");
}

TEST(root)
{
	struct places_of of = {.is_root = true, .home = "/root", .state_home = "/x"};
	struct places p;

	REQUIRE_EQ(places_make(&of, &p, NULL), E_OK);
	CHECK_STR(p.config, "/etc/sallyport/sallyd_config");
	CHECK_STR(p.keys, "/etc/sallyport/authorized_keys");
	CHECK_STR(p.hostkey, "/var/lib/sallyport/ssh_host_ed25519_key");
	CHECK_STR(p.socket, "/var/lib/sallyport/sallyd.sock");
}

TEST(no_home_is_told)
{
	struct places_of of = {.home = "here"};
	struct places p;
	struct fault f = {0};

	CHECK_EQ(places_make(&of, &p, &f), E_VALUE);
	CHECK(strstr(f.text, "HOME") != NULL);
	of = (struct places_of){.state_home = "/s", .config_home = "/c"};
	CHECK_EQ(places_make(&of, &p, NULL), E_VALUE);
}

TEST(a_path_that_does_not_fit_is_refused)
{
	char home[PLACES_PATH_MAX + 2];
	struct places_of of = {.home = home};
	struct places p;

	memset(home, '/', sizeof(home));
	home[PLACES_PATH_MAX - 20] = '\0';
	CHECK_EQ(places_make(&of, &p, NULL), E_LIMIT);
}
