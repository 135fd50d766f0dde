/* SPDX-License-Identifier: ISC */
#include "keys/revoked.h"

#include "base/text.h"
#include "keys/authkeys.h"
#include "keys/cert.h"
#include "keys/keyalg.h"
#include "keys/krl.h"
#include "keys/lines.h"
#include "keys/pubkey.h"

#include <string.h>

static const char prefix[] = "SHA256:";

/* A fingerprint as ssh-keygen -l prints it: 32 bytes in base64 without padding. */
static bool is_fingerprint(struct bytes line)
{
	size_t skip = sizeof(prefix) - 1;
	uint8_t hash[48];
	char padded[FINGERPRINT_MAX];
	size_t len;

	if (line.len <= skip || memcmp(line.ptr, prefix, skip) != 0 ||
		line.len - skip + 2 > sizeof(padded))
		return false;
	memcpy(padded, line.ptr + skip, line.len - skip);
	padded[line.len - skip] = '=';
	return text_unbase64(bytes_of((uint8_t *)padded, line.len - skip + 1), hash, sizeof(hash),
		       &len) &&
	       len == 32;
}

struct subject {
	struct bytes blob;
	char fingerprint[FINGERPRINT_MAX];
	const char *what;
};

/* What one line says: the key of a .pub file, or a fingerprint. */
struct entry {
	struct bytes blob, fingerprint; /* one of them is empty */
};

static bool read_entry(struct bytes line, struct span mem, struct entry *out)
{
	struct bytes rest = line, word = lines_word(&rest);
	size_t len;

	*out = (struct entry){.blob.len = 0};
	if (is_fingerprint(word)) {
		out->fingerprint = word;
		return true;
	}
	if (pubkey_from_text(line, mem, &len, &rest) != E_OK)
		return false;
	out->blob = bytes_of(mem.ptr, len);
	return true;
}

static bool is_subject(const struct entry *entry, const struct subject *s)
{
	return entry->blob.len > 0 ? bytes_eq(entry->blob, s->blob)
				   : bytes_is(entry->fingerprint, s->fingerprint);
}

static enum err check_text(
	struct bytes text, const struct subject *subjects, size_t count, struct fault *f)
{
	uint8_t mem[AUTHKEYS_LINE_MAX];
	struct lines lines;
	struct bytes line;
	size_t raw_len;

	lines_init(&lines, text);
	while (lines_next(&lines, &line, &raw_len)) {
		struct entry entry;

		if (raw_len > AUTHKEYS_LINE_MAX ||
			!read_entry(line, (struct span){mem, sizeof(mem)}, &entry))
			return fault_set(f, E_FORMAT, 0,
				"line %u is neither a key nor a SHA256 fingerprint", lines.number);
		for (size_t i = 0; i < count; i++)
			if (is_subject(&entry, &subjects[i]))
				return fault_set(f, E_DENIED, 0, "line %u revokes %s", lines.number,
					subjects[i].what);
	}
	return E_OK;
}

static enum err name_subject(
	struct bytes blob, const char *what, struct subject *out, struct fault *f)
{
	*out = (struct subject){.blob = blob, .what = what};
	return pubkey_fingerprint(blob, out->fingerprint) == E_OK
		       ? E_OK
		       : fault_set(f, E_CRYPTO, 0, "the key has no fingerprint");
}

static enum err check_text_for(struct bytes text, const struct krl_key *key, struct fault *f)
{
	struct subject subjects[2];
	size_t count = 0;
	enum err e = E_OK;

	if (key->plain.len > 0)
		e = name_subject(key->plain, "the key", &subjects[count++], f);
	if (e == E_OK && key->cert != NULL)
		e = name_subject(
			key->cert->authority, "the certificate's authority", &subjects[count++], f);
	return e == E_OK ? check_text(text, subjects, count, f) : e;
}

enum verdict revoked_check(struct bytes list, struct bytes blob, struct fault *f)
{
	uint8_t mem[PUBKEY_BLOB_MAX];
	struct krl_key key = {.plain = blob};
	struct cert cert;
	size_t len;

	if (keyalg_is_cert_type(pubkey_blob_type(blob))) {
		if (cert_parse(blob, &cert) != E_OK ||
			cert_plain(&cert, (struct span){mem, sizeof(mem)}, &len) != E_OK) {
			fault_set(f, E_FORMAT, 0, "the certificate is damaged");
			return VERDICT_BAD;
		}
		key = (struct krl_key){bytes_of(mem, len), &cert};
	}
	if (krl_is(list))
		return krl_check(list, &key, f);
	return check_text_for(list, &key, f) == E_OK ? VERDICT_GOOD : VERDICT_BAD;
}
