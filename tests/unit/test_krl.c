/* SPDX-License-Identifier: ISC */
/* Lists that ssh-keygen -k made (tests/data/krl), about keys and certificates it made; and lists by
 * hand with what it would not write. Its own verdicts on hundreds of keys:
 * tests/interop/test_krl.py. */
#include "keys/krl.h"

#include "datafile.h"
#include "harness.h"
#include "keys/pubkey.h"
#include "wire/writer.h"

#include <stdio.h>

enum { BLOB_MAX = 4096 };

struct blob {
	uint8_t mem[BLOB_MAX];
	size_t len;
};

static struct bytes load(const char *folder, const char *name, struct blob *out)
{
	char path[128], *text;
	struct bytes comment;
	size_t len;

	snprintf(path, sizeof(path), "tests/data/%s/%s.pub", folder, name);
	text = datafile_read(path, &len);
	REQUIRE_EQ(pubkey_from_text(bytes_of(text, len), (struct span){out->mem, BLOB_MAX},
			   &out->len, &comment),
		E_OK);
	free(text);
	return bytes_of(out->mem, out->len);
}

static char *load_list(const char *name, struct bytes *list)
{
	char path[128], *text;
	size_t len;

	snprintf(path, sizeof(path), "tests/data/krl/%s.krl", name);
	text = datafile_read(path, &len);
	*list = bytes_of(text, len);
	return text;
}

/* Who is asked about: a key, or a certificate by which it is used. */
struct who {
	struct blob key, cert_blob;
	struct cert cert;
	struct krl_key krl;
};

static void who_init(struct who *w, const char *key, const char *cert)
{
	w->krl = (struct krl_key){.plain = load("keys", key, &w->key)};
	if (cert == NULL)
		return;
	REQUIRE_EQ(cert_parse(load("certs", cert, &w->cert_blob), &w->cert), E_OK);
	w->krl.cert = &w->cert;
}

static void check_words(struct bytes list, const struct krl_key *key, const char *words)
{
	struct fault f = {0};

	CHECK_EQ(krl_check(list, key, &f), words == NULL ? VERDICT_GOOD : VERDICT_BAD);
	CHECK_STR(f.text, words == NULL ? "" : words);
}

TEST(krl_lists_of_ssh_keygen)
{
	static const struct {
		const char *list, *key, *cert, *words;
	} rows[] = {
		{"empty", "ed25519", NULL, NULL},
		{"empty", "ed25519", "host-ed25519", NULL},
		{"keys", "ed25519", NULL, "the list revokes the key"},
		{"keys", "rsa2048", NULL, "the list revokes the key"},
		{"keys", "ecdsa256", NULL, NULL},
		{"keys", "ed25519", "host-ed25519", "the list revokes the key"},
		{"sha1", "ed25519", NULL, "the list revokes the key"},
		{"sha1", "rsa2048", NULL, NULL},
		{"sha256", "ed25519", NULL, "the list revokes the key"},
		{"sha256", "rsa2048", NULL, "the list revokes the key"},
		{"sha256", "ecdsa256", NULL, NULL},
		{"authority", "ed25519", NULL, NULL},
		{"authority", "ed25519", "host-ed25519",
			"the list revokes the certificate's authority"},
		{"authority", "ed25519", "host-by-rsa-512", NULL},
		{"authority-sha256", "ecdsa256", "host-ecdsa256",
			"the list revokes the certificate's authority"},
		{"serials", "ed25519", NULL, NULL},
		{"serials", "ed25519", "host-ed25519",
			"the list revokes the certificate's serial number 7"},
		{"serials", "ed25519", "host-by-rsa-512", NULL}, /* of another authority */
		{"range", "ed25519", "host-ed25519",
			"the list revokes the certificate's serial number 7"},
		{"range", "ed25519", "host-critical", NULL}, /* has no number */
		{"bitmap", "ed25519", "host-ed25519",
			"the list revokes the certificate's serial number 7"},
		{"bitmap", "ed25519", "host-critical", NULL},
		{"ids", "ed25519", "host-ed25519", "the list revokes the certificate's key id"},
		{"ids", "ecdsa256", "host-ecdsa256", NULL},
		{"ids-of-all", "ed25519", "host-ed25519",
			"the list revokes the certificate's key id"},
		{"ids-of-all", "ed25519", "host-by-rsa-512", NULL},
		{"other-authority", "ed25519", "host-ed25519", NULL},
		{"other-authority", "ed25519", "host-by-rsa-512",
			"the list revokes the certificate's serial number 7"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct who w;
		struct bytes list;
		char *text = load_list(rows[i].list, &list);

		harness_note("%s: %s %s", rows[i].list, rows[i].key,
			rows[i].cert != NULL ? rows[i].cert : "");
		who_init(&w, rows[i].key, rows[i].cert);
		CHECK(krl_is(list));
		check_words(list, &w.krl, rows[i].words);
		/* Whose key it is matters to a sound list only. */
		check_words(list, &(struct krl_key){.plain.len = 0}, NULL);
		free(text);
	}
}

/* Cut anywhere, or with a byte behind it, it is a list no more; but what is revoked stays so. */
TEST(krl_lists_that_are_cut)
{
	static const char *const names[] = {
		"empty", "keys", "sha256", "serials", "range", "bitmap", "ids", "other-authority"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct bytes list;
		char *text = load_list(names[i], &list);
		struct krl_key nobody = {.plain.len = 0};
		size_t head = 44; /* the head alone is a list */

		harness_note("%s", names[i]);
		for (size_t len = 0; len < list.len; len++)
			CHECK_EQ(krl_check(bytes_of(list.ptr, len), &nobody, NULL),
				len == head ? VERDICT_GOOD : VERDICT_BAD);
		CHECK_EQ(krl_check(bytes_of(list.ptr, list.len + 1), &nobody, NULL), VERDICT_BAD);
		free(text);
	}
}

/* --- by hand ---------------------------------------------------------------------------------- */

struct draft {
	uint8_t mem[8192];
	struct writer w;
	size_t section, inner; /* marks; 0: none is open */
};

static void draft_init(struct draft *d, uint32_t version)
{
	wr_init(&d->w, (struct span){d->mem, sizeof(d->mem)});
	wr_raw(&d->w, bytes_of("SSHKRL\n", 8));
	wr_u32(&d->w, version);
	wr_u64(&d->w, 1);
	wr_u64(&d->w, 1);
	wr_u64(&d->w, 0);
	wr_cstring(&d->w, "");
	wr_cstring(&d->w, "comment");
}

static size_t open_part(struct draft *d, uint8_t type)
{
	wr_u8(&d->w, type);
	return wr_mark(&d->w);
}

/* Everything in data is one part of a section on certificates of this authority. */
static void check_part(
	struct bytes authority, uint8_t type, struct bytes data, uint64_t serial, const char *words)
{
	struct who w;
	struct draft d;
	size_t outer, inner;

	harness_note("part %x, serial %llu", type, (unsigned long long)serial);
	who_init(&w, "ed25519", "host-ed25519");
	w.cert.serial = serial;
	draft_init(&d, 1);
	outer = open_part(&d, 1);
	wr_string(&d.w, authority);
	wr_cstring(&d.w, "");
	inner = open_part(&d, type);
	wr_raw(&d.w, data);
	wr_close(&d.w, inner);
	wr_close(&d.w, outer);
	REQUIRE(wr_ok(&d.w));
	check_words(wr_bytes(&d.w), &w.krl, words);
}

static struct bytes number_and(
	uint8_t *mem, size_t cap, uint64_t first, struct bytes more, bool is_string)
{
	struct writer w;

	wr_init(&w, (struct span){mem, cap});
	wr_u64(&w, first);
	if (is_string)
		wr_string(&w, more);
	else
		wr_raw(&w, more);
	REQUIRE(wr_ok(&w));
	return wr_bytes(&w);
}

static const char revoked_1[] = "the list revokes the certificate's serial number 1";

TEST(krl_parts_of_certificates)
{
	static const char bad_bitmap[] =
		"the list is damaged: a bitmap of serial numbers that cannot be";
	struct bytes any = {0};
	uint8_t mem[4096], map[2050] = {0};
	struct bytes data;

	/* Serial numbers begin at 1. */
	data = number_and(mem, sizeof(mem), 1, any, false);
	check_part(any, 0x20, data, 1, revoked_1);
	check_part(any, 0x20, data, 2, NULL);
	check_part(any, 0x20, data, 0, NULL);
	check_part(any, 0x20, bytes_of(data.ptr, 7), 2,
		"the list is damaged: a serial number of 0, or half of one");
	data = number_and(mem, sizeof(mem), 0, any, false);
	check_part(any, 0x20, data, 2, "the list is damaged: a serial number of 0, or half of one");
	/* Ranges. */
	data = number_and(mem, sizeof(mem), 1, bytes_of("\0\0\0\0\0\0\0\3", 8), false);
	check_part(any, 0x21, data, 1, revoked_1);
	check_part(any, 0x21, data, 4, NULL);
	check_part(any, 0x21, data, 0, NULL);
	check_part(any, 0x21, bytes_of(data.ptr, 15), 4,
		"the list is damaged: a range of serial numbers that is none");
	data = number_and(mem, sizeof(mem), 4, bytes_of("\0\0\0\0\0\0\0\3", 8), false);
	check_part(
		any, 0x21, data, 9, "the list is damaged: a range of serial numbers that is none");
	/* Bitmaps: bit 0 is the first. */
	data = number_and(mem, sizeof(mem), 1, bytes_of("\5", 1), true);
	check_part(any, 0x22, data, 1, revoked_1);
	check_part(any, 0x22, data, 2, NULL);
	check_part(any, 0x22, data, 3, "the list revokes the certificate's serial number 3");
	check_part(any, 0x22, data, 9, NULL);
	check_part(any, 0x22, data, UINT64_MAX, NULL);
	check_part(any, 0x22, number_and(mem, sizeof(mem), 5, any, true), 5, NULL);
	data = number_and(mem, sizeof(mem), 0, bytes_of("\2", 1), true);
	check_part(any, 0x22, data, 1, revoked_1);
	check_part(
		any, 0x22, number_and(mem, sizeof(mem), 0, bytes_of("\1", 1), true), 9, bad_bitmap);
	data = number_and(mem, sizeof(mem), UINT64_MAX - 1, bytes_of("\2", 1), true);
	check_part(any, 0x22, data, UINT64_MAX,
		"the list revokes the certificate's serial number 18446744073709551615");
	data = number_and(mem, sizeof(mem), UINT64_MAX - 1, bytes_of("\4", 1), true);
	check_part(any, 0x22, data, 9, bad_bitmap);
	data = number_and(mem, sizeof(mem), 1, bytes_of("\x80", 1), true);
	check_part(any, 0x22, data, 9, "the list is damaged: a bitmap that is none"); /* negative */
	/* As long as OpenSSH takes them, and one byte more. */
	map[0] = 0x40;
	data = number_and(mem, sizeof(mem), 1, bytes_of(map, 2048), true);
	check_part(any, 0x22, data, 1 + 2047 * 8 + 6,
		"the list revokes the certificate's serial number 16383");
	data = number_and(mem, sizeof(mem), 1, bytes_of(map, 2049), true);
	check_part(any, 0x22, data, 9, "the list is damaged: a bitmap that is none");
}

TEST(krl_of_later_times)
{
	struct bytes any = {0};
	struct who w;
	struct draft d;
	size_t mark;

	check_part(any, 0x24, any, 9,
		"the list is damaged: a section on certificates of an unknown kind");
	check_part(any, 0x39, bytes_of("\0\0\0\1x\0\0\0\0\1y", 11), 9, NULL);
	check_part(any, 0x39, bytes_of("\0\0\0\1x\1\0\0\0\1y", 11), 9,
		"the list has an extension that is not known here");
	check_part(any, 0x39, bytes_of("\0\0\0\1x\0\0\0\0\1", 10), 9,
		"the list is damaged: an extension that is none");
	check_part(bytes_str("no key"), 0x20, any, 9,
		"the list is damaged: no authority of certificates");
	check_part(bytes_of("\0\0\0\7ssh-dss", 11), 0x20, any, 9,
		"the list is damaged: no authority of certificates");
	who_init(&w, "ed25519", NULL);
	draft_init(&d, 2);
	check_words(wr_bytes(&d.w), &w.krl, "the list is of version 2, which is not known here");
	draft_init(&d, 1);
	mark = open_part(&d, 4);
	wr_close(&d.w, mark);
	check_words(wr_bytes(&d.w), &w.krl, "the list is signed, which is not known here");
	draft_init(&d, 1);
	mark = open_part(&d, 6);
	wr_close(&d.w, mark);
	check_words(wr_bytes(&d.w), &w.krl, "the list is damaged: a section of an unknown kind");
	draft_init(&d, 1);
	mark = open_part(&d, 5);
	wr_cstring(&d.w, "31 bytes are no SHA256 hash ...");
	wr_close(&d.w, mark);
	check_words(wr_bytes(&d.w), &w.krl,
		"the list is damaged: a key or fingerprint has a wrong length");
	check_words(bytes_str("ssh-ed25519 AAAA"), &w.krl, "is no list of revoked keys");
}
