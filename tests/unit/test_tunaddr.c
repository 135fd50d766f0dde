/* SPDX-License-Identifier: ISC */
#include "forward/tunaddr.h"

#include "harness.h"

TEST(tunaddr_words)
{
	static const struct {
		const char *text, *again;
	} good[] = {{"10.9.0.2", "10.9.0.2/32"}, {"10.9.0.2/30", "10.9.0.2/30"},
		{"10.9.0.2/30,peer=10.9.0.1", "10.9.0.2/30,peer=10.9.0.1"},
		{"10.9.0.2,peer=10.9.0.1", "10.9.0.2/32,peer=10.9.0.1"}, {"FD00::2/64", "fd00::2/64"},
		{"fd00::2,peer=fd00::1", "fd00::2/128,peer=fd00::1"}};
	static const char *const bad[] = {"", "/", "10.9.0.2/", "10.9.0.2/33", "10.9.0.2/0", "10.9.0",
		"10.9.0.2/30,", "10.9.0.2/30,peer=", "10.9.0.2,peer=fd00::1", "fd00::2/129", "fd00::2%lo",
		"10.9.0.2/-1", "10.9.0.2/30,peer=10.9.0.1/30", "10.9.0.2 /30", "host", "10.9.0.2/30,via=x",
		("1111111111111111111111111111111111111111111111111111111111111111111111111111111111111111"
		 "11111111111111111111111111111111111111111111111111111111111")};
	char text[TUNADDR_TEXT];
	struct tunaddr a;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		REQUIRE(tunaddr_parse(good[i].text, &a));
		tunaddr_print(&a, text);
		CHECK_STR(text, good[i].again);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(!tunaddr_parse(bad[i], &a));
}

TEST(tunaddr_networks)
{
	static const struct {
		const char *text, *again;
	} good[] = {{"10.8.0.0/16", "10.8.0.0/16"}, {"default", "0.0.0.0/0"}, {"10.8.0.1", "10.8.0.1/32"},
		{"::/0", "::/0"}, {"fd00:8::/33", "fd00:8::/33"}, {"128.0.0.0/1", "128.0.0.0/1"}};
	static const char *const bad[] = {"10.8.0.1/16", "fd00:8::1/127", "10.8.0.0/16,peer=10.8.0.1", "",
		"192.0.0.0/1", "any"};
	char text[TUNADDR_TEXT];
	struct tunaddr a;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		REQUIRE(tunaddr_parse_network(good[i].text, &a));
		tunaddr_print(&a, text);
		CHECK_STR(text, good[i].again);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(!tunaddr_parse_network(bad[i], &a));
}

TEST(tunaddr_of_private_networks)
{
	static const char *const private[] = {"10.0.0.1", "172.16.0.1", "172.31.255.1", "192.168.1.1",
		"100.64.0.1", "fd00::1", "10.9.0.2,peer=10.9.0.1"};
	static const char *const public[] = {"11.0.0.1", "172.15.0.1", "172.32.0.1", "192.169.1.1", "8.8.8.8",
		"100.128.0.1", "2001:db8::1", "fe80::1", "127.0.0.1", "10.9.0.2,peer=8.8.8.8",
		"8.8.8.8,peer=10.9.0.1"};
	struct tunaddr a;

	for (size_t i = 0; i < sizeof(private) / sizeof(*private); i++)
		CHECK(tunaddr_parse(private[i], &a) && tunaddr_is_private(&a));
	for (size_t i = 0; i < sizeof(public) / sizeof(*public); i++)
		CHECK(tunaddr_parse(public[i], &a) && !tunaddr_is_private(&a));
}
