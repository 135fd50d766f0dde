/* SPDX-License-Identifier: ISC */
/*
 * Public keys: wire blobs, one-line text, fingerprints. Lengths are checked here only so far as the
 * shape goes; which numbers make a key is crypto/pk's to say, before it does any arithmetic with
 * them.
 */
#include "keys/pubkey.h"

#include "base/text.h"
#include "crypto/digest.h"
#include "keys/lines.h"
#include "wire/reader.h"
#include "wire/writer.h"

enum { TYPE_NAME_MAX = 64, POINT_MAX = 1 + 2 * 66, RSA_NUMBER_MAX = RSA_BITS_MAX / 8 };

static const struct type_names {
	const char *name;
	const char *curve; /* RFC 5656 6.1; NULL for the others */
} types[] = {
	[PK_ED25519] = {"ssh-ed25519", NULL},
	[PK_ECDSA_256] = {"ecdsa-sha2-nistp256", "nistp256"},
	[PK_ECDSA_384] = {"ecdsa-sha2-nistp384", "nistp384"},
	[PK_ECDSA_521] = {"ecdsa-sha2-nistp521", "nistp521"},
	[PK_RSA] = {"ssh-rsa", NULL},
	[PK_SK_ED25519] = {"sk-ssh-ed25519@openssh.com", NULL},
	[PK_SK_ECDSA] = {"sk-ecdsa-sha2-nistp256@openssh.com", "nistp256"},
};

enum { TYPE_COUNT = sizeof types / sizeof types[0] };

const char *pubkey_type_name(enum pk_type type)
{
	return types[type].name;
}

const char *pubkey_curve_name(enum pk_type type)
{
	return types[type].curve;
}

bool pubkey_type_find(struct bytes name, enum pk_type *type)
{
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		if (bytes_is(name, types[i].name)) {
			*type = (enum pk_type)i;
			return true;
		}
	}
	return false;
}

/* What a type name may be made of (RFC 4251 6): it also goes into lines of text as one word. */
static bool is_type_name(struct bytes name)
{
	if (name.len == 0 || name.len > TYPE_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (name.ptr[i] <= ' ' || name.ptr[i] >= 0x7f || name.ptr[i] == ',')
			return false;
	}
	return true;
}

struct bytes pubkey_blob_type(struct bytes blob)
{
	struct reader r;
	struct bytes name;

	rd_init(&r, blob);
	name = rd_string(&r, TYPE_NAME_MAX);
	return rd_ok(&r) && is_type_name(name) ? name : bytes_of(NULL, 0);
}

/* RFC 8709 4: string key. */
static enum err ed25519_from_blob(struct reader *r, struct pk **key)
{
	struct bytes pub = rd_string(r, rd_left(r));

	if (!rd_ok(r))
		return E_SHORT;
	if (!rd_end(r))
		return E_TRAILING;
	return pk_ed25519(key, pub, bytes_of(NULL, 0));
}

/* RFC 5656 3.1: string curve, string point. */
static enum err ecdsa_from_blob(struct reader *r, enum pk_type type, struct pk **key)
{
	struct bytes curve = rd_string(r, rd_left(r));
	struct bytes point = rd_string(r, rd_left(r));

	if (!rd_ok(r))
		return E_SHORT;
	if (!rd_end(r))
		return E_TRAILING;
	if (!bytes_is(curve, types[type].curve))
		return E_FORMAT;
	return pk_ecdsa(key, type, point, bytes_of(NULL, 0));
}

/* PROTOCOL.u2f of OpenSSH: the fields of the plain key, string application. */
static enum err sk_from_blob(struct reader *r, enum pk_type type, struct pk **key)
{
	struct bytes curve = {0}, pub, application;

	if (type == PK_SK_ECDSA)
		curve = rd_string(r, rd_left(r));
	pub = rd_string(r, rd_left(r));
	application = rd_string(r, rd_left(r));
	if (!rd_ok(r))
		return E_SHORT;
	if (!rd_end(r))
		return E_TRAILING;
	if (type == PK_SK_ECDSA && !bytes_is(curve, types[type].curve))
		return E_FORMAT;
	if (application.len > 0 && memchr(application.ptr, '\0', application.len) != NULL)
		return E_FORMAT;
	return pk_sk(key, type, pub, application);
}

/* A number of RSA; tells a field that is cut off from one that is no canonical positive mpint. */
static enum err rsa_number(struct reader *r, struct bytes *number)
{
	struct reader probe = *r;

	rd_string(&probe, rd_left(&probe));
	if (!rd_ok(&probe))
		return E_SHORT;
	*number = rd_mpint(r, rd_left(r));
	return rd_ok(r) ? E_OK : E_FORMAT;
}

/* RFC 4253 6.6: mpint e, mpint n. */
static enum err rsa_from_blob(struct reader *r, struct pk **key)
{
	struct pk_rsa_numbers numbers = {0};
	enum err e = rsa_number(r, &numbers.e);

	if (e == E_OK)
		e = rsa_number(r, &numbers.n);
	if (e != E_OK)
		return e;
	if (!rd_end(r))
		return E_TRAILING;
	return pk_rsa(key, &numbers);
}

enum err pubkey_from_blob(struct bytes blob, struct pk **key)
{
	struct reader r;
	struct bytes name;
	enum pk_type type;

	*key = NULL;
	rd_init(&r, blob);
	name = rd_string(&r, rd_left(&r));
	if (!rd_ok(&r))
		return E_SHORT;
	if (!pubkey_type_find(name, &type))
		return E_UNKNOWN;
	if (type == PK_ED25519)
		return ed25519_from_blob(&r, key);
	if (type == PK_RSA)
		return rsa_from_blob(&r, key);
	if (pk_type_is_sk(type))
		return sk_from_blob(&r, type, key);
	return ecdsa_from_blob(&r, type, key);
}

static enum err rsa_to_blob(const struct pk *key, struct writer *w)
{
	static const enum pk_rsa_part parts[] = {PK_RSA_E, PK_RSA_N};
	uint8_t number[RSA_NUMBER_MAX];
	size_t len;

	for (size_t i = 0; i < 2; i++) {
		enum err e = pk_rsa_get(key, parts[i], (struct span){number, sizeof number}, &len);

		if (e != E_OK)
			return e;
		wr_mpint(w, bytes_of(number, len));
	}
	return E_OK;
}

static enum err point_to_blob(const struct pk *key, struct writer *w)
{
	const char *curve = types[pk_type_of(key)].curve;
	uint8_t point[POINT_MAX];
	size_t len;
	enum err e = pk_get_public(key, (struct span){point, sizeof point}, &len);

	if (e != E_OK)
		return e;
	if (curve != NULL)
		wr_cstring(w, curve);
	wr_string(w, bytes_of(point, len));
	if (pk_type_is_sk(pk_type_of(key)))
		wr_string(w, pk_application(key));
	return E_OK;
}

enum err pubkey_to_blob(const struct pk *key, struct span out, size_t *len)
{
	enum pk_type type = pk_type_of(key);
	struct writer w;
	enum err e;

	*len = 0;
	wr_init(&w, out);
	wr_cstring(&w, types[type].name);
	e = type == PK_RSA ? rsa_to_blob(key, &w) : point_to_blob(key, &w);
	if (e != E_OK)
		return e;
	if (!wr_ok(&w))
		return E_LIMIT;
	*len = wr_bytes(&w).len;
	return E_OK;
}

enum err pubkey_fingerprint(struct bytes blob, char out[static FINGERPRINT_MAX])
{
	static const char prefix[] = "SHA256:";
	uint8_t hash[DIGEST_MAX];
	size_t used = sizeof prefix - 1;
	enum err e = digest_pieces(DIGEST_SHA256, &blob, 1, hash);

	out[0] = '\0';
	if (e != E_OK)
		return e;
	memcpy(out, prefix, sizeof prefix);
	used += text_base64(
		bytes_of(hash, digest_len(DIGEST_SHA256)), out + used, FINGERPRINT_MAX - used);
	while (out[used - 1] == '=')
		used--;
	out[used] = '\0';
	return E_OK;
}

enum err pubkey_from_text(struct bytes line, struct span blob, size_t *blob_len, struct bytes *rest)
{
	struct bytes left, type, code;
	size_t len;

	*blob_len = 0;
	*rest = bytes_of(NULL, 0);
	if (line.len > 0 && line.ptr[line.len - 1] == '\n')
		line.len--;
	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	if (line.len == 0)
		return E_FORMAT;
	/* One line only, and nothing that would end a C string: what follows the key is shown. */
	if (memchr(line.ptr, '\n', line.len) != NULL || memchr(line.ptr, '\0', line.len) != NULL)
		return E_FORMAT;
	left = lines_trim(line);
	type = lines_word(&left);
	code = lines_word(&left);
	if (!is_type_name(type))
		return E_FORMAT;
	if (code.len / 4 * 3 > blob.len + 2)
		return E_LIMIT;
	if (!text_unbase64(code, blob.ptr, blob.len, &len))
		return E_FORMAT;
	if (!bytes_eq(pubkey_blob_type(bytes_of(blob.ptr, len)), type))
		return E_FORMAT;
	*blob_len = len;
	*rest = left;
	return E_OK;
}

enum err pubkey_to_text(struct bytes blob, char *out, size_t cap)
{
	struct bytes type = pubkey_blob_type(blob);

	if (cap > 0)
		out[0] = '\0';
	if (type.len == 0)
		return E_FORMAT;
	if (!bytes_to_cstr(type, out, cap) || type.len + 1 >= cap)
		return E_LIMIT;
	if (text_base64(blob, out + type.len + 1, cap - type.len - 1) == 0) {
		out[0] = '\0';
		return E_LIMIT;
	}
	out[type.len] = ' ';
	return E_OK;
}
