/* SPDX-License-Identifier: ISC */
/* Certificates: any bytes. What is taken apart lies inside of them, and is judged without a fault.
 */
#include "fuzz.h"
#include "keys/cert.h"
#include "crypto/pk.h"
#include "keys/pubkey.h"

static bool lies_inside(struct bytes part, const uint8_t *data, size_t size)
{
	return part.len == 0 ||
	       (part.ptr >= data && part.len <= size && part.ptr + part.len <= data + size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fault f = {0};
	struct cert c;
	uint8_t *plain;
	size_t len;

	if (cert_parse(bytes_of(data, size), &c) != E_OK)
		return 0;
	PROMISE(lies_inside(c.fields, data, size) && lies_inside(c.principals, data, size));
	PROMISE(lies_inside(c.authority, data, size) && lies_inside(c.signature, data, size));
	PROMISE(c.signed_part.ptr == data && c.signed_part.len < size);
	plain = malloc(size);
	PROMISE(plain != NULL);
	/* A certificate is always longer than its key. */
	PROMISE(cert_plain(&c, (struct span){plain, size}, &len) == E_OK);
	PROMISE(bytes_is(pubkey_blob_type(bytes_of(plain, len)), c.plain_type));
	free(plain);
	/* One that verifies is a seed of ours. */
	PROMISE((cert_verify(&c, sig_default_list(), &f) == VERDICT_GOOD) == (f.err == E_OK));
	f = (struct fault){0};
	if (cert_is_for_host(&c, "relay.example", 1700000000, &f) != VERDICT_GOOD)
		PROMISE(f.text[0] != '\0');
	else
		PROMISE(c.kind == CERT_HOST && c.critical.len == 0);
	return 0;
}
