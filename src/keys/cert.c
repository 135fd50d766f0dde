/* SPDX-License-Identifier: ISC */
/*
 *	string type, string nonce, fields of the key, uint64 serial, uint32 kind, string key id,
 *	string principals, uint64 valid after, uint64 valid before, string critical options,
 *	string extensions, string reserved, string authority, string signature
 *
 * The signature covers everything in front of it.
 */
#include "keys/cert.h"

#include "base/text.h"
#include "keys/keyalg.h"
#include "keys/pubkey.h"
#include "wire/msgs.h"
#include "wire/namelist.h"
#include "wire/reader.h"
#include "wire/writer.h"

/* How many strings (or mpints, which look alike) each kind of key has. */
static const struct {
	const char *type, *plain_type;
	unsigned fields;
} types[] = {
	{"ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519", 1},
	{"ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp256", 2},
	{"ecdsa-sha2-nistp384-cert-v01@openssh.com", "ecdsa-sha2-nistp384", 2},
	{"ecdsa-sha2-nistp521-cert-v01@openssh.com", "ecdsa-sha2-nistp521", 2},
	{"ssh-rsa-cert-v01@openssh.com", "ssh-rsa", 2},
	{"sk-ssh-ed25519-cert-v01@openssh.com", "sk-ssh-ed25519@openssh.com", 2},
	{"sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com", 3},
};

static enum err read_key(struct reader *r, struct cert *c)
{
	struct bytes type = rd_string(r, LIMIT_NAME);
	struct reader fields;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!bytes_is(type, types[i].type))
			continue;
		c->type = types[i].type;
		c->plain_type = types[i].plain_type;
		rd_string(r, LIMIT_BLOB); /* nonce */
		fields = *r;
		for (unsigned n = 0; n < types[i].fields; n++)
			rd_string(r, LIMIT_BLOB);
		if (!rd_ok(r))
			return E_FORMAT;
		c->fields = rd_raw(&fields, rd_left(&fields) - rd_left(r));
		return E_OK;
	}
	return rd_ok(r) ? E_UNKNOWN : E_FORMAT;
}

/* E_FORMAT: not strings one behind the other. */
static enum err check_principals(struct bytes principals)
{
	struct reader r;

	rd_init(&r, principals);
	for (unsigned n = 0; rd_left(&r) > 0; n++) {
		if (n == CERT_PRINCIPALS_MAX)
			return E_LIMIT;
		rd_text(&r, LIMIT_STRING);
		if (!rd_ok(&r))
			return E_FORMAT;
	}
	return E_OK;
}

enum err cert_parse(struct bytes blob, struct cert *out)
{
	struct cert c = {0};
	struct reader r;
	uint32_t kind;
	enum err e;

	rd_init(&r, blob);
	e = read_key(&r, &c);
	if (e != E_OK)
		return e;
	c.serial = rd_u64(&r);
	kind = rd_u32(&r);
	c.key_id = rd_text(&r, LIMIT_BLOB);
	c.principals = rd_string(&r, LIMIT_BLOB);
	c.after_s = rd_u64(&r);
	c.before_s = rd_u64(&r);
	c.critical = rd_string(&r, LIMIT_BLOB);
	c.extensions = rd_string(&r, LIMIT_BLOB);
	rd_string(&r, LIMIT_BLOB); /* reserved */
	c.authority = rd_string(&r, LIMIT_BLOB);
	c.signed_part = bytes_of(blob.ptr, blob.len - rd_left(&r));
	c.signature = rd_string(&r, LIMIT_BLOB);
	if (!rd_end(&r) || (kind != CERT_USER && kind != CERT_HOST))
		return E_FORMAT;
	c.kind = (enum cert_kind)kind;
	e = check_principals(c.principals);
	if (e == E_OK)
		*out = c;
	return e;
}

enum err cert_plain(const struct cert *c, struct span out, size_t *len)
{
	struct writer w;

	wr_init(&w, out);
	wr_cstring(&w, c->plain_type);
	wr_raw(&w, c->fields);
	*len = wr_bytes(&w).len;
	return wr_ok(&w) ? E_OK : E_LIMIT;
}

enum err cert_key_from_blob(struct bytes blob, struct pk **key)
{
	uint8_t plain[PUBKEY_BLOB_MAX];
	struct cert c;
	size_t len;
	enum err e;

	*key = NULL;
	if (!keyalg_is_cert_type(pubkey_blob_type(blob)))
		return pubkey_from_blob(blob, key);
	e = cert_parse(blob, &c);
	if (e == E_OK)
		e = cert_plain(&c, (struct span){plain, sizeof(plain)}, &len);
	return e == E_OK ? pubkey_from_blob(bytes_of(plain, len), key) : e;
}

enum err cert_fingerprint(struct bytes blob, char out[static FINGERPRINT_MAX])
{
	uint8_t plain[PUBKEY_BLOB_MAX];
	struct cert c;
	size_t len;
	enum err e;

	out[0] = '\0';
	if (!keyalg_is_cert_type(pubkey_blob_type(blob)))
		return pubkey_fingerprint(blob, out);
	e = cert_parse(blob, &c);
	if (e == E_OK)
		e = cert_plain(&c, (struct span){plain, sizeof(plain)}, &len);
	return e == E_OK ? pubkey_fingerprint(bytes_of(plain, len), out) : e;
}

static enum verdict refuse(struct fault *f, enum err e, const char *why)
{
	fault_set(f, e, 0, "%s", why);
	return VERDICT_BAD;
}

enum verdict cert_verify(const struct cert *c, const char *algs, struct fault *f)
{
	struct bytes name = keyalg_of_signature(c->signature);
	const struct sig_alg *alg = sig_alg_find(name);
	enum verdict v;
	struct pk *key;

	/* An authority is a plain key: certificates make no chains. */
	if (alg == NULL || !namelist_has(bytes_str(algs), alg->name))
		return refuse(f, E_NOALG, "signed by an algorithm that is not accepted");
	if (pubkey_from_blob(c->authority, &key) != E_OK)
		return refuse(f, E_UNKNOWN, "signed by a key that cannot be checked");
	v = pk_verify(key, alg, c->signed_part, c->signature);
	pk_free(key);
	return v == VERDICT_GOOD ? VERDICT_GOOD
				 : refuse(f, E_SIG, "its signature is not the authority's");
}

static bool has_principal(const struct cert *c, const char *name)
{
	struct reader r;

	rd_init(&r, c->principals);
	while (rd_left(&r) > 0) {
		struct bytes principal = rd_text(&r, LIMIT_STRING);

		if (principal.len > 0 && text_match(principal, bytes_str(name)))
			return true;
	}
	return false;
}

enum verdict cert_is_for_host(
	const struct cert *c, const char *name, uint64_t now_s, struct fault *f)
{
	if (c->kind != CERT_HOST)
		return refuse(f, E_DENIED, "Certificate invalid: not a host certificate");
	if (now_s < c->after_s)
		return refuse(f, E_DENIED, "Certificate invalid: not yet valid");
	if (now_s >= c->before_s)
		return refuse(f, E_DENIED, "Certificate invalid: expired");
	if (c->principals.len == 0)
		return refuse(f, E_DENIED, "Certificate invalid: lacks principal list");
	if (!has_principal(c, name))
		return refuse(f, E_DENIED, "Certificate invalid: name is not a listed principal");
	if (c->critical.len > 0)
		return refuse(f, E_DENIED, "Certificate contains unsupported critical options(s)");
	return VERDICT_GOOD;
}
