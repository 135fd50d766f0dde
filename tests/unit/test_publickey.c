/* SPDX-License-Identifier: ISC */
/* The bytes of the publickey method. The request and what is signed are spelled out in RFC 4252 7.
 */
#include "auth/publickey.h"

#include "failalloc.h"
#include "harness.h"
#include "wire/msgs.h"

#include <stdlib.h>

static const char request_hex[] = "32"
				  "00000003 626f62"
				  "0000000e 7373682d636f6e6e656374696f6e"
				  "00000009 7075626c69636b6579"
				  "01"
				  "00000003 616c67"
				  "00000004 626c6f62";

static struct publickey example(bool is_signed)
{
	return (struct publickey){.user = bytes_str("bob"),
		.service = bytes_str("ssh-connection"),
		.alg = bytes_str("alg"),
		.blob = bytes_str("blob"),
		.is_signed = is_signed};
}

TEST(publickey_writes_a_request)
{
	uint8_t mem[256];
	struct publickey p = example(true);
	struct writer w;

	wr_init(&w, (struct span){mem, sizeof(mem)});
	publickey_write(&w, &p);
	REQUIRE(wr_ok(&w));
	CHECK_EQ(wr_bytes(&w).len, publickey_len(&p));
	CHECK_HEX(mem, wr_bytes(&w).len, request_hex);
}

TEST(publickey_reads_what_it_writes)
{
	uint8_t mem[256];
	struct publickey p = example(true), got = {0};
	struct reader r;
	struct writer w;

	wr_init(&w, (struct span){mem, sizeof(mem)});
	publickey_write(&w, &p);
	wr_cstring(&w, "signature");
	rd_init(&r, wr_bytes(&w));
	rd_u8(&r);
	rd_string(&r, 64);
	rd_string(&r, 64);
	rd_string(&r, 64);
	REQUIRE_EQ(publickey_read(&r, &got), E_OK);
	CHECK(got.is_signed);
	CHECK(bytes_is(got.alg, "alg"));
	CHECK(bytes_is(got.blob, "blob"));
	CHECK(bytes_is(got.signature, "signature"));
}

/* The tail of a request, cut at n; returns what the reader says. */
static enum err read_tail(const uint8_t *mem, size_t n, struct publickey *got)
{
	struct reader r;

	rd_init(&r, bytes_of(mem, n));
	return publickey_read(&r, got);
}

TEST(publickey_refuses_what_does_not_end_exactly)
{
	uint8_t mem[64];
	struct publickey got;
	struct writer w;
	size_t len;

	wr_init(&w, (struct span){mem, sizeof(mem)});
	wr_bool(&w, true);
	wr_cstring(&w, "alg");
	wr_cstring(&w, "blob");
	wr_cstring(&w, "sig");
	len = wr_bytes(&w).len;
	CHECK_EQ(read_tail(mem, len, &got), E_OK);
	for (size_t n = 0; n < len; n++)
		CHECK_EQ(read_tail(mem, n, &got), E_FORMAT);
	CHECK_EQ(read_tail(mem, len + 1, &got), E_FORMAT);
	mem[0] = 0; /* a query has no signature */
	CHECK_EQ(read_tail(mem, len, &got), E_FORMAT);
	CHECK_EQ(read_tail(mem, len - 7, &got), E_OK);
	CHECK(!got.is_signed && got.signature.len == 0);
}

TEST(publickey_ok_both_ways)
{
	uint8_t mem[64];
	struct bytes alg, blob;
	struct writer w;

	wr_init(&w, (struct span){mem, sizeof(mem)});
	publickey_write_ok(&w, bytes_str("alg"), bytes_str("blob"));
	CHECK_HEX(mem, wr_bytes(&w).len, "3c 00000003 616c67 00000004 626c6f62");
	REQUIRE_EQ(publickey_read_ok(wr_bytes(&w), &alg, &blob), E_OK);
	CHECK(bytes_is(alg, "alg") && bytes_is(blob, "blob"));
	for (size_t n = 0; n < wr_bytes(&w).len; n++)
		CHECK_EQ(publickey_read_ok(bytes_of(mem, n), &alg, &blob), E_FORMAT);
	CHECK_EQ(publickey_read_ok(bytes_of(mem, wr_bytes(&w).len + 1), &alg, &blob), E_FORMAT);
	mem[0] = MSG_USERAUTH_SUCCESS;
	CHECK_EQ(publickey_read_ok(wr_bytes(&w), &alg, &blob), E_FORMAT);
}

TEST(publickey_signs_session_id_and_request)
{
	struct publickey p = example(true);
	struct span out;

	REQUIRE_EQ(publickey_to_sign(bytes_str("id"), &p, 5, &out), E_OK);
	CHECK_HEX(out.ptr, 6, "00000002 6964");
	CHECK_HEX(out.ptr + 6, out.len - 6, request_hex);
	memset(out.ptr + out.len, 0xff, 5); /* the spare bytes are there */
	free(out.ptr);
}

TEST(publickey_bounds_what_it_copies)
{
	static uint8_t big[LIMIT_BLOB + 1];
	struct publickey p = example(true);
	struct span out;

	CHECK_EQ(publickey_to_sign(bytes_of(big, 65), &p, 0, &out), E_LIMIT);
	CHECK_EQ(publickey_to_sign(bytes_str("id"), &p, LIMIT_BLOB + 1, &out), E_LIMIT);
	p.blob = bytes_of(big, sizeof(big));
	CHECK_EQ(publickey_to_sign(bytes_str("id"), &p, 0, &out), E_LIMIT);
	p = example(true);
	p.alg = bytes_of(big, LIMIT_NAME + 1);
	CHECK_EQ(publickey_to_sign(bytes_str("id"), &p, 0, &out), E_LIMIT);
	p = example(true);
	p.user = bytes_of(big, LIMIT_STRING + 1);
	CHECK_EQ(publickey_to_sign(bytes_str("id"), &p, 0, &out), E_LIMIT);
}

TEST(publickey_without_memory)
{
	struct publickey p = example(true);
	struct span out;
	enum err e;

	failalloc_arm(1);
	e = publickey_to_sign(bytes_str("id"), &p, 0, &out);
	failalloc_disarm();
	CHECK_EQ(e, E_NOMEM);
}
