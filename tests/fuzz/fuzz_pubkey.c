/* SPDX-License-Identifier: ISC */
/* Public keys: the input as a blob and as a line of text. What is accepted writes back the same. */
#include "fuzz.h"
#include "keys/pubkey.h"

static void blob(struct bytes in)
{
	uint8_t again[PUBKEY_BLOB_MAX];
	char print[FINGERPRINT_MAX];
	struct pk *key;
	size_t len;

	PROMISE(pubkey_blob_type(in).len <= in.len);
	if (pubkey_from_blob(in, &key) != E_OK) {
		PROMISE(key == NULL);
		return;
	}
	PROMISE(!pk_has_private(key));
	PROMISE(pubkey_to_blob(key, (struct span){again, sizeof again}, &len) == E_OK);
	PROMISE(bytes_eq(bytes_of(again, len), in));
	PROMISE(pubkey_fingerprint(in, print) == E_OK);
	PROMISE(strlen(print) == strlen("SHA256:") + 43);
	pk_free(key);
}

static void text(struct bytes in)
{
	uint8_t mem[4096];
	char again[8192];
	struct bytes rest;
	size_t len;

	if (pubkey_from_text(in, (struct span){mem, sizeof mem}, &len, &rest) != E_OK) {
		PROMISE(len == 0 && rest.len == 0);
		return;
	}
	PROMISE(len <= sizeof mem && rest.len < in.len);
	PROMISE(pubkey_to_text(bytes_of(mem, len), again, sizeof again) == E_OK);
	blob(bytes_of(mem, len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	blob(bytes_of(data, size));
	text(bytes_of(data, size));
	return 0;
}
