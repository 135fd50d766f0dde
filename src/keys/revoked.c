/* SPDX-License-Identifier: ISC */
#include "keys/revoked.h"

#include "base/text.h"
#include "crypto/digest.h"
#include "keys/authkeys.h"
#include "keys/lines.h"
#include "keys/pubkey.h"

#include <string.h>

static const char prefix[] = "SHA256:";
static const char krl_magic[] = "SSHKRL\n";

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

enum verdict revoked_check(struct bytes text, struct bytes blob, struct fault *f)
{
	char fingerprint[FINGERPRINT_MAX] = "";
	uint8_t mem[AUTHKEYS_LINE_MAX];
	struct lines lines;
	struct bytes line;
	size_t raw_len;

	if (text.len >= sizeof(krl_magic) - 1 &&
		memcmp(text.ptr, krl_magic, sizeof(krl_magic) - 1) == 0) {
		fault_set(f, E_UNKNOWN, 0, "is a binary list (KRL): a list in text is needed here");
		return VERDICT_BAD;
	}
	if (blob.len > 0 && pubkey_fingerprint(blob, fingerprint) != E_OK) {
		fault_set(f, E_CRYPTO, 0, "the key has no fingerprint");
		return VERDICT_BAD;
	}
	lines_init(&lines, text);
	while (lines_next(&lines, &line, &raw_len)) {
		struct bytes rest, word = line;
		size_t len = 0;
		bool is_it;

		rest = line;
		word = lines_word(&rest);
		if (raw_len <= AUTHKEYS_LINE_MAX && is_fingerprint(word)) {
			is_it = bytes_is(word, fingerprint);
		} else if (raw_len <= AUTHKEYS_LINE_MAX &&
			   pubkey_from_text(line, (struct span){mem, sizeof(mem)}, &len, &rest) ==
				   E_OK) {
			is_it = bytes_eq(bytes_of(mem, len), blob);
		} else {
			fault_set(f, E_FORMAT, 0,
				"line %u is neither a key nor a SHA256 fingerprint", lines.number);
			return VERDICT_BAD;
		}
		if (is_it) {
			fault_set(f, E_DENIED, 0, "line %u revokes the key", lines.number);
			return VERDICT_BAD;
		}
	}
	return VERDICT_GOOD;
}
