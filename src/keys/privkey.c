/* SPDX-License-Identifier: ISC */
/*
 * Private key files. The openssh-key-v1 container (PROTOCOL.key of OpenSSH) is read and written
 * here; what stands in PEM goes to libcrypto. Every block that held secrets is wiped before it is
 * left.
 *
 *	"openssh-key-v1\0", string cipher, string kdf, string kdf options, uint32 1,
 *	string public blob, string {
 *		uint32 check, uint32 check, private fields, comment, 1 2 3 ... }, tag of an AEAD
 */
#include "keys/privkey.h"

#include "base/text.h"
#include "crypto/pkpem.h"
#include "keys/pubkey.h"
#include "keys/sealedkey.h"
#include "wire/reader.h"
#include "wire/writer.h"

#include <stdlib.h>

#define BEGIN_MARK "-----BEGIN OPENSSH PRIVATE KEY-----"
#define END_MARK "-----END OPENSSH PRIVATE KEY-----"

static const char magic[] = "openssh-key-v1"; /* its NUL belongs to it */

enum {
	BLOCK = 8, /* of cipher "none" */
	SEED = 32,
	SCALAR_MAX = 66, /* of P-521 */
	POINT_MAX = 1 + 2 * SCALAR_MAX,
	NUMBER_MAX = RSA_BITS_MAX / 8,
	LINE_WIDTH = 70,
	/* Public blob, six RSA numbers at most, comment, names and lengths. */
	SECTION_MAX = 4 * NUMBER_MAX + PRIVKEY_COMMENT_MAX + 256,
	CONTAINER_MAX = PUBKEY_BLOB_MAX + SECTION_MAX + 128,
	BASE64_MAX = (CONTAINER_MAX + 2) / 3 * 4 + 1,
};

static enum err damaged(struct fault *f)
{
	return fault_set(f, E_FORMAT, 0, "the private key is damaged");
}

/* string public, string seed and public (PROTOCOL.key; RFC 8032 has the seed). */
static enum err ed25519_fields(struct reader *r, struct pk **key)
{
	struct bytes pub = rd_string(r, SEED);
	struct bytes pair = rd_string(r, 2 * SEED);

	if (!rd_ok(r) || pub.len != SEED || pair.len != 2 * SEED)
		return E_FORMAT;
	if (memcmp(pair.ptr + SEED, pub.ptr, SEED) != 0)
		return E_VALUE;
	return pk_ed25519(key, pub, bytes_of(pair.ptr, SEED));
}

static enum err ecdsa_fields(struct reader *r, enum pk_type type, struct pk **key)
{
	struct bytes curve = rd_string(r, rd_left(r));
	struct bytes point = rd_string(r, rd_left(r));
	struct bytes d = rd_mpint(r, NUMBER_MAX);

	if (!rd_ok(r) || d.len == 0 || !bytes_is(curve, pubkey_curve_name(type)))
		return E_FORMAT;
	return pk_ecdsa(key, type, point, d);
}

static enum err rsa_fields(struct reader *r, struct pk **key)
{
	struct pk_rsa_numbers numbers;

	numbers.n = rd_mpint(r, NUMBER_MAX);
	numbers.e = rd_mpint(r, NUMBER_MAX);
	numbers.d = rd_mpint(r, NUMBER_MAX);
	numbers.iqmp = rd_mpint(r, NUMBER_MAX);
	numbers.p = rd_mpint(r, NUMBER_MAX);
	numbers.q = rd_mpint(r, NUMBER_MAX);
	/* Without d the numbers would be taken for a public key. */
	if (!rd_ok(r) || numbers.d.len == 0)
		return E_FORMAT;
	return pk_rsa(key, &numbers);
}

static enum err key_fields(struct reader *r, enum pk_type type, struct pk **key)
{
	if (type == PK_ED25519)
		return ed25519_fields(r, key);
	if (type == PK_RSA)
		return rsa_fields(r, key);
	return ecdsa_fields(r, type, key);
}

/* Padding is 1, 2, 3 and so on. */
static bool is_padding(struct bytes rest)
{
	for (size_t i = 0; i < rest.len; i++) {
		if (rest.ptr[i] != (uint8_t)(i + 1))
			return false;
	}
	return true;
}

/* Whether the public blob at the front of the file is that of the key behind it. */
static bool has_blob(const struct pk *key, struct bytes blob)
{
	uint8_t mine[PUBKEY_BLOB_MAX];
	size_t len;

	return pubkey_to_blob(key, (struct span){mine, sizeof mine}, &len) == E_OK &&
	       bytes_eq(bytes_of(mine, len), blob);
}

static enum err read_section(struct bytes section, struct bytes blob, struct pk **key,
	struct bytes *comment, struct fault *f)
{
	struct reader r;
	uint32_t check[2];
	struct bytes name;
	enum pk_type type;
	enum err e;

	rd_init(&r, section);
	check[0] = rd_u32(&r);
	check[1] = rd_u32(&r);
	name = rd_string(&r, rd_left(&r));
	if (!rd_ok(&r) || section.len % BLOCK != 0 || check[0] != check[1])
		return damaged(f);
	if (!pubkey_type_find(name, &type) || pk_type_is_sk(type)) {
		char shown[80];

		return fault_set(f, E_UNKNOWN, 0, "keys of type %s are not supported",
			text_escape(shown, sizeof shown, name));
	}
	e = key_fields(&r, type, key);
	if (e == E_FORMAT)
		return damaged(f);
	if (e != E_OK)
		return fault_set(f, e, 0, "the numbers of the %s key are not a key we can use",
			pubkey_type_name(type));
	*comment = rd_string(&r, rd_left(&r));
	if (!rd_ok(&r) || !is_padding(rd_rest(&r)))
		return damaged(f);
	if (!has_blob(*key, blob))
		return fault_set(
			f, E_VALUE, 0, "the public and the private part are of different keys");
	return E_OK;
}

/* A container taken apart. */
struct container {
	struct sealedkey seal;
	struct bytes blob;
	struct bytes section, tag;
};

static enum err take_apart(struct bytes from, struct container *c, struct fault *f)
{
	struct reader r;
	uint32_t count;

	rd_init(&r, from);
	if (!bytes_eq(rd_raw(&r, sizeof magic), bytes_of(magic, sizeof magic)))
		return damaged(f);
	c->seal.cipher = rd_string(&r, rd_left(&r));
	c->seal.kdf = rd_string(&r, rd_left(&r));
	c->seal.options = rd_string(&r, rd_left(&r));
	count = rd_u32(&r);
	if (!rd_ok(&r))
		return damaged(f);
	if (count != 1)
		return fault_set(
			f, E_FORMAT, 0, "the file must hold one private key, not %u", count);
	c->blob = rd_string(&r, rd_left(&r));
	c->section = rd_string(&r, rd_left(&r));
	c->tag = rd_raw(&r, sealedkey_tag_len(&c->seal));
	return rd_end(&r) ? E_OK : damaged(f);
}

static bool is_sealed(const struct container *c)
{
	return !bytes_is(c->seal.cipher, "none");
}

/* The two equal numbers at the front are there to tell a wrong passphrase. */
static bool looks_open(struct bytes section)
{
	return section.len >= 8 && memcmp(section.ptr, section.ptr + 4, 4) == 0;
}

/* from is overwritten by what it decrypts to. */
static enum err read_container(struct span from, const char *passphrase, struct pk **key,
	struct bytes *comment, struct fault *f)
{
	struct container c = {0};
	struct span section;
	enum err e = take_apart(bytes_of(from.ptr, from.len), &c, f);

	if (e != E_OK)
		return e;
	if (!is_sealed(&c)) {
		if (!bytes_is(c.seal.kdf, "none") || c.seal.options.len != 0)
			return damaged(f);
		return read_section(c.section, c.blob, key, comment, f);
	}
	if (passphrase == NULL)
		return fault_set(f, E_DENIED, 0, "the private key needs a passphrase");
	section = (struct span){from.ptr + (c.section.ptr - from.ptr), c.section.len};
	e = sealedkey_open(&c.seal, passphrase, section, c.tag, f);
	if (e != E_OK)
		return e;
	if (!looks_open(c.section))
		return fault_set(f, E_AUTH, 0, "the passphrase is not the right one");
	return read_section(c.section, c.blob, key, comment, f);
}

/* The base64 between the marks without its white space. False when a mark is missing. */
static bool armoured(struct bytes text, char *dst, size_t *len)
{
	const uint8_t *at = text.ptr + sizeof BEGIN_MARK - 1;
	size_t left = text.len - (sizeof BEGIN_MARK - 1), n = 0;
	const uint8_t *end = memmem(at, left, END_MARK, sizeof END_MARK - 1);

	if (end == NULL)
		return false;
	for (; at < end; at++) {
		if (*at != '\n' && *at != '\r' && *at != ' ' && *at != '\t')
			dst[n++] = (char)*at;
	}
	*len = n;
	return true;
}

/* The container in fresh memory, to be wiped (*all) and freed by the caller. */
static enum err disarm(struct bytes text, struct span *all, struct span *container, struct fault *f)
{
	/* First the base64 without its line ends, behind it what that decodes to; neither is longer
	 * than the text. */
	uint8_t *mem = malloc(2 * text.len);
	size_t len;

	if (mem == NULL)
		return fault_set(f, E_NOMEM, 0, "out of memory");
	*all = (struct span){mem, 2 * text.len};
	*container = (struct span){mem + text.len, 0};
	if (!armoured(text, (char *)mem, &len) ||
		!text_unbase64(bytes_of(mem, len), container->ptr, text.len, &container->len))
		return damaged(f);
	return E_OK;
}

static void drop(struct span *all)
{
	bytes_wipe(all->ptr, all->len);
	free(all->ptr);
}

static enum err from_openssh(struct bytes text, const char *passphrase, struct pk **key,
	char *comment, size_t comment_cap, struct fault *f)
{
	struct span all = {0}, container;
	struct bytes note = {0};
	enum err e = disarm(text, &all, &container, f);

	if (e == E_OK)
		e = read_container(container, passphrase, key, &note, f);
	if (e == E_OK && comment != NULL)
		text_escape(comment, comment_cap, note);
	drop(&all);
	return e;
}

static bool starts_with(struct bytes text, const char *s)
{
	size_t len = strlen(s);

	return text.len >= len && memcmp(text.ptr, s, len) == 0;
}

static enum err from_pem(
	struct bytes text, const char *passphrase, struct pk **key, struct fault *f)
{
	enum err e = pk_from_pem(text, passphrase, key);

	switch (e) {
	case E_OK:
		return E_OK;
	case E_DENIED:
		return fault_set(f, e, 0, "the private key needs a passphrase");
	case E_AUTH:
		return fault_set(f, e, 0, "the passphrase is not the right one");
	case E_UNKNOWN:
		return fault_set(f, e, 0, "the private key is of a type that is not supported");
	case E_VALUE:
		return fault_set(
			f, e, 0, "the numbers of the private key are not a key we can use");
	case E_FORMAT:
		return fault_set(f, e, 0, "no private key could be read in it");
	default:
		return fault_set(f, e, 0, "the private key could not be read: %s", err_text(e));
	}
}

static enum err not_a_key(struct bytes text, struct fault *f)
{
	if (starts_with(text, "PuTTY-User-Key-File-"))
		return fault_set(f, E_FORMAT, 0,
			"this is a key of PuTTY; puttygen can export it in the format of OpenSSH");
	if (starts_with(text, "ssh-") || starts_with(text, "ecdsa-") || starts_with(text, "sk-"))
		return fault_set(f, E_FORMAT, 0, "this is a public key, not a private one");
	return fault_set(f, E_FORMAT, 0, "this is not a private key");
}

static enum err read_text(struct bytes text, const char *passphrase, struct pk **key, char *comment,
	size_t comment_cap, struct fault *f)
{
	enum err e;

	*key = NULL;
	if (comment != NULL)
		comment[0] = '\0';
	if (text.len > PRIVKEY_FILE_MAX)
		return fault_set(f, E_LIMIT, 0,
			"a private key file may have %d bytes and this has %zu", PRIVKEY_FILE_MAX,
			text.len);
	if (starts_with(text, BEGIN_MARK))
		e = from_openssh(text, passphrase, key, comment, comment_cap, f);
	else if (text.len > 0 && memmem(text.ptr, text.len, "-----BEGIN ", 11) != NULL)
		e = from_pem(text, passphrase, key, f);
	else
		e = not_a_key(text, f);
	if (e != E_OK) {
		pk_free(*key);
		*key = NULL;
	}
	return e;
}

enum err privkey_from_text(
	struct bytes text, struct pk **key, char *comment, size_t comment_cap, struct fault *f)
{
	return read_text(text, NULL, key, comment, comment_cap, f);
}

enum err privkey_unlock(struct bytes text, const char *passphrase, struct pk **key, char *comment,
	size_t comment_cap, struct fault *f)
{
	return read_text(text, passphrase, key, comment, comment_cap, f);
}

enum err privkey_public(struct bytes text, struct span blob, size_t *len)
{
	struct span all = {0}, container;
	struct container c = {0};
	enum err e;

	if (text.len > PRIVKEY_FILE_MAX)
		return E_LIMIT;
	if (!starts_with(text, BEGIN_MARK))
		return E_UNKNOWN;
	e = disarm(text, &all, &container, NULL);
	if (e == E_OK)
		e = take_apart(bytes_of(container.ptr, container.len), &c, NULL);
	if (e == E_OK && c.blob.len > blob.len)
		e = E_LIMIT;
	if (e == E_OK) {
		memcpy(blob.ptr, c.blob.ptr, c.blob.len);
		*len = c.blob.len;
	}
	drop(&all);
	return e;
}

static enum err write_rsa(const struct pk *key, struct writer *w)
{
	static const enum pk_rsa_part parts[] = {
		PK_RSA_N, PK_RSA_E, PK_RSA_D, PK_RSA_IQMP, PK_RSA_P, PK_RSA_Q};
	uint8_t number[NUMBER_MAX];
	size_t len;
	enum err e = E_OK;

	for (size_t i = 0; i < sizeof parts / sizeof parts[0] && e == E_OK; i++) {
		e = pk_rsa_get(key, parts[i], (struct span){number, sizeof number}, &len);
		if (e == E_OK)
			wr_mpint(w, bytes_of(number, len));
	}
	bytes_wipe(number, sizeof number);
	return e;
}

static enum err write_curve(const struct pk *key, struct writer *w)
{
	enum pk_type type = pk_type_of(key);
	uint8_t pub[POINT_MAX], priv[SCALAR_MAX];
	size_t pub_len, priv_len;
	enum err e = pk_get_public(key, (struct span){pub, sizeof pub}, &pub_len);

	if (e != E_OK)
		return e;
	e = pk_get_private(key, (struct span){priv, sizeof priv}, &priv_len);
	if (e != E_OK)
		return e;
	if (type == PK_ED25519) {
		wr_string(w, bytes_of(pub, pub_len));
		wr_u32(w, (uint32_t)(priv_len + pub_len));
		wr_raw(w, bytes_of(priv, priv_len));
		wr_raw(w, bytes_of(pub, pub_len));
	} else {
		wr_cstring(w, pubkey_curve_name(type));
		wr_string(w, bytes_of(pub, pub_len));
		wr_mpint(w, bytes_of(priv, priv_len));
	}
	bytes_wipe(priv, sizeof priv);
	return E_OK;
}

static enum err write_container(
	const struct pk *key, const char *comment, uint32_t check, struct writer *w)
{
	enum pk_type type = pk_type_of(key);
	uint8_t blob[PUBKEY_BLOB_MAX];
	size_t blob_len, mark, start;
	enum err e = pubkey_to_blob(key, (struct span){blob, sizeof blob}, &blob_len);

	if (e != E_OK)
		return e;
	wr_raw(w, bytes_of(magic, sizeof magic));
	wr_cstring(w, "none");
	wr_cstring(w, "none");
	wr_cstring(w, "");
	wr_u32(w, 1);
	wr_string(w, bytes_of(blob, blob_len));
	mark = wr_mark(w);
	start = wr_bytes(w).len;
	wr_u32(w, check);
	wr_u32(w, check);
	wr_cstring(w, pubkey_type_name(type));
	e = type == PK_RSA ? write_rsa(key, w) : write_curve(key, w);
	if (e != E_OK)
		return e;
	wr_cstring(w, comment);
	for (uint8_t pad = 1; wr_ok(w) && (wr_bytes(w).len - start) % BLOCK != 0; pad++)
		wr_u8(w, pad);
	wr_close(w, mark);
	return wr_ok(w) ? E_OK : E_LIMIT;
}

static enum err write_armour(struct bytes base64, struct span out, size_t *len)
{
	struct writer w;

	wr_init(&w, out);
	wr_raw(&w, bytes_str(BEGIN_MARK "\n"));
	while (base64.len > 0) {
		size_t n = base64.len < LINE_WIDTH ? base64.len : LINE_WIDTH;

		wr_raw(&w, bytes_of(base64.ptr, n));
		wr_u8(&w, '\n');
		base64 = bytes_of(base64.ptr + n, base64.len - n);
	}
	wr_raw(&w, bytes_str(END_MARK "\n"));
	if (!wr_ok(&w))
		return E_LIMIT;
	*len = wr_bytes(&w).len;
	return E_OK;
}

enum err privkey_to_text(
	const struct pk *key, const char *comment, struct rng *rng, struct span out, size_t *len)
{
	uint8_t container[CONTAINER_MAX];
	char base64[BASE64_MAX];
	uint8_t check[4];
	struct writer w;
	size_t base64_len;
	enum err e;

	*len = 0;
	if (!pk_has_private(key))
		return E_STATE;
	if (strlen(comment) > PRIVKEY_COMMENT_MAX)
		return E_LIMIT;
	e = rng_bytes(rng, check, sizeof check);
	if (e != E_OK)
		return e;
	wr_init(&w, (struct span){container, sizeof container});
	e = write_container(key, comment, load_be32(check), &w);
	if (e != E_OK)
		goto out;
	base64_len = text_base64(wr_bytes(&w), base64, sizeof base64);
	e = write_armour(bytes_of(base64, base64_len), out, len);
out:
	bytes_wipe(container, sizeof container);
	bytes_wipe(base64, sizeof base64);
	return e;
}
