/* SPDX-License-Identifier: ISC */
#include "transport/extinfo.h"

#include "transport/transport.h"
#include "wire/msgs.h"

#include "harness.h"

static uint8_t mem[20000];

static struct writer start(uint32_t count)
{
	struct writer w;

	wr_init(&w, (struct span){mem, sizeof(mem)});
	wr_u8(&w, MSG_EXT_INFO);
	wr_u32(&w, count);
	return w;
}

static void pair(struct writer *w, const char *name, struct bytes value)
{
	wr_cstring(w, name);
	wr_string(w, value);
}

TEST(what_is_built_is_understood)
{
	struct extinfo info;
	struct writer w;

	wr_init(&w, (struct span){mem, sizeof(mem)});
	extinfo_build(&w, "ssh-ed25519,rsa-sha2-256",
		"ping@openssh.com=0,forward-reason@sallyport.dev=0,flag@sallyport.dev");
	REQUIRE_EQ(extinfo_parse(wr_bytes(&w), &info), E_OK);
	CHECK(info.has_sig_algs);
	CHECK(bytes_is(info.sig_algs, "ssh-ed25519,rsa-sha2-256"));
	CHECK_EQ(info.bits, TRANSPORT_EXT_PING | TRANSPORT_EXT_FORWARD_REASON);
}

/* RFC 8308 2.3, byte for byte. */
TEST(the_form_on_the_wire)
{
	struct writer w;

	wr_init(&w, (struct span){mem, sizeof(mem)});
	extinfo_build(&w, "a", "n=v,m");
	CHECK_HEX(wr_bytes(&w).ptr, wr_bytes(&w).len,
		"07 00000003 0000000f 7365727665722d7369672d616c6773 00000001 61"
		"00000001 6e 00000001 76 00000001 6d 00000000");
	wr_init(&w, (struct span){mem, sizeof(mem)});
	extinfo_build(&w, NULL, NULL);
	CHECK_HEX(wr_bytes(&w).ptr, wr_bytes(&w).len, "07 00000000");
}

TEST(unknown_names_and_binary_values_are_skipped)
{
	struct extinfo info;
	struct writer w = start(4);

	pair(&w, "no-flow-control", bytes_str("p"));
	pair(&w, "delay\xff", bytes_of("\0\1\2\0", 4));
	pair(&w, "", bytes_of(NULL, 0));
	pair(&w, "publickey-hostbound@openssh.com", bytes_str("0"));
	REQUIRE_EQ(extinfo_parse(wr_bytes(&w), &info), E_OK);
	CHECK_EQ(info.bits, TRANSPORT_EXT_HOSTBOUND);
	CHECK(!info.has_sig_algs);
}

TEST(other_versions_are_not_ours)
{
	struct extinfo info;
	struct writer w = start(2);

	pair(&w, "ping@openssh.com", bytes_str("1"));
	pair(&w, "publickey-hostbound@openssh.com", bytes_of("0\0", 2));
	REQUIRE_EQ(extinfo_parse(wr_bytes(&w), &info), E_OK);
	CHECK_EQ(info.bits, 0);
}

TEST(a_list_that_is_none_is_not_believed)
{
	static char big[LIMIT_NAMELIST + 1];
	struct extinfo info;
	struct writer w = start(2);

	memset(big, 'a', sizeof(big));
	pair(&w, "server-sig-algs", bytes_of("ssh-ed25519\0x", 13));
	pair(&w, "server-sig-algs", bytes_of(big, sizeof(big)));
	REQUIRE_EQ(extinfo_parse(wr_bytes(&w), &info), E_OK);
	CHECK(!info.has_sig_algs);
}

/* CVE-2026-55199: a count of 2^32-1 must end where the packet ends. */
TEST(r15_cve_2026_55199_the_count_is_only_a_claim)
{
	struct extinfo info;
	struct writer w = start(0xffffffff);

	CHECK_EQ(extinfo_parse(wr_bytes(&w), &info), E_SHORT);
	pair(&w, "ping@openssh.com", bytes_str("0"));
	CHECK_EQ(extinfo_parse(wr_bytes(&w), &info), E_SHORT);
	w = start(0);
	CHECK_EQ(extinfo_parse(wr_bytes(&w), &info), E_OK);
	pair(&w, "ping@openssh.com", bytes_str("0"));
	CHECK_EQ(extinfo_parse(wr_bytes(&w), &info), E_TRAILING);
}

TEST(every_cut_fails_and_leaves_the_result_alone)
{
	struct writer w;
	struct bytes all;

	wr_init(&w, (struct span){mem, sizeof(mem)});
	extinfo_build(&w, "ssh-ed25519", "ping@openssh.com=0");
	all = wr_bytes(&w);
	for (size_t n = 0; n < all.len; n++) {
		struct extinfo info = {.bits = 0x55};

		CHECK(extinfo_parse(bytes_of(all.ptr, n), &info) != E_OK);
		CHECK_EQ(info.bits, 0x55);
	}
}
