/* SPDX-License-Identifier: ISC */
/*
 *	header: "SSHKRL\n\0", uint32 format, uint64 version, uint64 date, uint64 flags,
 *	        string reserved, string comment
 *	then sections: byte type, string data
 *
 * What OpenSSH holds to be no list is none here: numbers of certificates start at 1, a range has its
 * ends in order, a bitmap ends below 2^64.
 */
#include "keys/krl.h"

#include "crypto/digest.h"
#include "keys/pubkey.h"
#include "wire/reader.h"

static const uint8_t magic[8] = "SSHKRL\n";

enum { FORMAT_VERSION = 1, BITMAP_MAX = 2048, SHA1_LEN = 20, SHA256_LEN = 32 };

enum section {
	SECTION_CERTIFICATES = 1,
	SECTION_KEYS = 2,
	SECTION_SHA1 = 3,
	SECTION_SIGNATURE = 4,
	SECTION_SHA256 = 5,
	SECTION_EXTENSION = 255
};

enum cert_section {
	CERT_SERIALS = 0x20,
	CERT_RANGE = 0x21,
	CERT_BITMAP = 0x22,
	CERT_KEY_IDS = 0x23,
	CERT_EXTENSION = 0x39
};

struct subject {
	struct bytes blob;
	uint8_t sha1[DIGEST_MAX], sha256[DIGEST_MAX];
	const char *what;
};

struct check {
	struct subject subject[2]; /* the key, and who certified it */
	size_t count;
	const struct cert *cert;
	struct fault *f;
};

bool krl_is(struct bytes list)
{
	return list.len >= sizeof(magic) && memcmp(list.ptr, magic, sizeof(magic)) == 0;
}

static enum err damaged(const struct check *c, const char *what)
{
	return fault_set(c->f, E_FORMAT, 0, "the list is damaged: %s", what);
}

/* --- keys and fingerprints -------------------------------------------------------------------- */

static bool is_subject(const struct subject *s, unsigned type, struct bytes entry)
{
	if (type == SECTION_SHA1)
		return bytes_eq(entry, bytes_of(s->sha1, SHA1_LEN));
	if (type == SECTION_SHA256)
		return bytes_eq(entry, bytes_of(s->sha256, SHA256_LEN));
	return bytes_eq(entry, s->blob);
}

static enum err check_keys(const struct check *c, unsigned type, struct bytes data)
{
	size_t len = type == SECTION_SHA1 ? SHA1_LEN : type == SECTION_SHA256 ? SHA256_LEN : 0;
	struct reader r;

	rd_init(&r, data);
	while (rd_left(&r) > 0) {
		struct bytes entry = rd_string(&r, rd_left(&r));

		if (!rd_ok(&r) || (len > 0 && entry.len != len))
			return damaged(c, "a key or fingerprint has a wrong length");
		for (size_t i = 0; i < c->count; i++)
			if (is_subject(&c->subject[i], type, entry))
				return fault_set(c->f, E_DENIED, 0, "the list revokes %s",
					c->subject[i].what);
	}
	return E_OK;
}

/* --- certificates ----------------------------------------------------------------------------- */

static enum err revoked_by_number(const struct check *c)
{
	return fault_set(c->f, E_DENIED, 0, "the list revokes the certificate's serial number %llu",
		(unsigned long long)c->cert->serial);
}

/* Of no certificate, of one whose authority the section is not about, and of one without a number
 * (0) nothing is found, but everything is read. */
static bool is_number(const struct check *c, bool applies, uint64_t low, uint64_t high)
{
	return applies && c->cert->serial != 0 && c->cert->serial >= low && c->cert->serial <= high;
}

static enum err check_serials(const struct check *c, struct reader *r, bool applies)
{
	while (rd_left(r) > 0) {
		uint64_t serial = rd_u64(r);

		if (serial == 0)
			return damaged(c, "a serial number of 0, or half of one");
		if (is_number(c, applies, serial, serial))
			return revoked_by_number(c);
	}
	return E_OK;
}

static enum err check_range(const struct check *c, struct reader *r, bool applies)
{
	uint64_t low = rd_u64(r);
	uint64_t high = rd_u64(r);

	if (!rd_end(r) || low == 0 || low > high)
		return damaged(c, "a range of serial numbers that is none");
	return is_number(c, applies, low, high) ? revoked_by_number(c) : E_OK;
}

static unsigned top_bit(uint8_t byte)
{
	unsigned n = 0;

	while (byte >>= 1)
		n++;
	return n;
}

/* Bit n, counted from the lowest, is serial number first + n. */
static enum err check_bitmap(const struct check *c, struct reader *r, bool applies)
{
	uint64_t first = rd_u64(r), n;
	struct bytes map = rd_mpint(r, BITMAP_MAX);

	if (!rd_end(r))
		return damaged(c, "a bitmap that is none");
	if (map.len == 0)
		return E_OK;
	if ((map.len - 1) * 8 + top_bit(map.ptr[0]) > UINT64_MAX - first ||
		(first == 0 && (map.ptr[map.len - 1] & 1)))
		return damaged(c, "a bitmap of serial numbers that cannot be");
	if (!is_number(c, applies, first, UINT64_MAX))
		return E_OK;
	n = c->cert->serial - first;
	if (n / 8 < map.len && (map.ptr[map.len - 1 - n / 8] >> n % 8 & 1))
		return revoked_by_number(c);
	return E_OK;
}

static enum err check_key_ids(const struct check *c, struct reader *r, bool applies)
{
	while (rd_left(r) > 0) {
		struct bytes id = rd_text(r, rd_left(r));

		if (!rd_ok(r))
			return damaged(c, "a key id that is none");
		if (applies && bytes_eq(id, c->cert->key_id))
			return fault_set(
				c->f, E_DENIED, 0, "the list revokes the certificate's key id");
	}
	return E_OK;
}

static enum err check_extension(const struct check *c, struct reader *r)
{
	bool is_critical;

	rd_text(r, rd_left(r));
	is_critical = rd_bool(r);
	rd_string(r, rd_left(r));
	if (!rd_end(r))
		return damaged(c, "an extension that is none");
	return is_critical ? fault_set(c->f, E_UNKNOWN, 0,
				     "the list has an extension that is not known here")
			   : E_OK;
}

static enum err check_cert_section(
	const struct check *c, unsigned type, struct bytes data, bool applies)
{
	struct reader r;

	rd_init(&r, data);
	switch (type) {
	case CERT_SERIALS:
		return check_serials(c, &r, applies);
	case CERT_RANGE:
		return check_range(c, &r, applies);
	case CERT_BITMAP:
		return check_bitmap(c, &r, applies);
	case CERT_KEY_IDS:
		return check_key_ids(c, &r, applies);
	case CERT_EXTENSION:
		return check_extension(c, &r);
	default:
		return damaged(c, "a section on certificates of an unknown kind");
	}
}

static bool is_authority(struct bytes blob)
{
	struct pk *key;
	enum err e = pubkey_from_blob(blob, &key);

	pk_free(key);
	return e == E_OK;
}

/* string authority (empty: any), string reserved, then sections as the list has them. */
static enum err check_certificates(const struct check *c, struct bytes data)
{
	struct bytes authority;
	struct reader r;
	bool applies;

	rd_init(&r, data);
	authority = rd_string(&r, rd_left(&r));
	rd_string(&r, rd_left(&r));
	if (!rd_ok(&r) || (authority.len > 0 && !is_authority(authority)))
		return damaged(c, "no authority of certificates");
	applies =
		c->cert != NULL && (authority.len == 0 || bytes_eq(authority, c->cert->authority));
	while (rd_left(&r) > 0) {
		unsigned type = rd_u8(&r);
		struct bytes section = rd_string(&r, rd_left(&r));
		enum err e;

		if (!rd_ok(&r))
			return damaged(c, "a section on certificates is cut off");
		e = check_cert_section(c, type, section, applies);
		if (e != E_OK)
			return e;
	}
	return E_OK;
}

/* --- the list --------------------------------------------------------------------------------- */

static enum err check_section(const struct check *c, unsigned type, struct bytes data)
{
	struct reader r;

	switch (type) {
	case SECTION_CERTIFICATES:
		return check_certificates(c, data);
	case SECTION_KEYS:
	case SECTION_SHA1:
	case SECTION_SHA256:
		return check_keys(c, type, data);
	case SECTION_EXTENSION:
		rd_init(&r, data);
		return check_extension(c, &r);
	case SECTION_SIGNATURE:
		return fault_set(c->f, E_UNKNOWN, 0, "the list is signed, which is not known here");
	default:
		return damaged(c, "a section of an unknown kind");
	}
}

static enum err read_header(const struct check *c, struct reader *r)
{
	uint32_t version;

	rd_raw(r, sizeof(magic));
	version = rd_u32(r);
	if (rd_ok(r) && version != FORMAT_VERSION)
		return fault_set(c->f, E_UNKNOWN, 0,
			"the list is of version %u, which is not known here", version);
	rd_u64(r); /* the list's own number, date and flags say nothing about a key */
	rd_u64(r);
	rd_u64(r);
	rd_string(r, rd_left(r));
	rd_text(r, rd_left(r));
	return rd_ok(r) ? E_OK : damaged(c, "its head is cut off");
}

static enum err add_subject(struct check *c, struct bytes blob, const char *what)
{
	struct subject *s = &c->subject[c->count];

	*s = (struct subject){.blob = blob, .what = what};
	if (digest_pieces(DIGEST_SHA1, &blob, 1, s->sha1) != E_OK ||
		digest_pieces(DIGEST_SHA256, &blob, 1, s->sha256) != E_OK)
		return fault_set(c->f, E_CRYPTO, 0, "the key has no fingerprint");
	c->count++;
	return E_OK;
}

static enum err check_list(struct check *c, struct bytes list)
{
	struct reader r;
	enum err e;

	rd_init(&r, list);
	e = read_header(c, &r);
	while (e == E_OK && rd_left(&r) > 0) {
		unsigned type = rd_u8(&r);
		struct bytes section = rd_string(&r, rd_left(&r));

		e = rd_ok(&r) ? check_section(c, type, section)
			      : damaged(c, "a section is cut off");
	}
	return e;
}

enum verdict krl_check(struct bytes list, const struct krl_key *key, struct fault *f)
{
	struct check c = {.cert = key->cert, .f = f};
	enum err e = E_OK;

	if (!krl_is(list))
		e = fault_set(f, E_FORMAT, 0, "is no list of revoked keys");
	if (e == E_OK && key->plain.len > 0)
		e = add_subject(&c, key->plain, "the key");
	if (e == E_OK && key->cert != NULL)
		e = add_subject(&c, key->cert->authority, "the certificate's authority");
	if (e == E_OK)
		e = check_list(&c, list);
	return e == E_OK ? VERDICT_GOOD : VERDICT_BAD;
}
