/* SPDX-License-Identifier: ISC */
/* Certificates: any bytes. What is taken apart lies inside of them, and is judged without a fault.
 */
#include "fuzz.h"
#include "keys/cert.h"
#include "crypto/pk.h"
#include "keys/keyalg.h"
#include "keys/pubkey.h"
#include "keys/usercert.h"

static bool lies_inside(struct bytes part, const uint8_t *data, size_t size)
{
	return part.len == 0 ||
	       (part.ptr >= data && part.len <= size && part.ptr + part.len <= data + size);
}

/* What a user's says is inside of it as well, and gives no more than its extensions do. */
static void judge_user(const uint8_t *data, size_t size)
{
	struct fault f = {0};
	struct usercert c;
	struct authkey k;

	if (usercert_read(bytes_of(data, size), &c, &f) != E_OK) {
		PROMISE(f.text[0] != '\0');
		return;
	}
	PROMISE(c.cert.kind == CERT_USER);
	PROMISE(lies_inside(c.source, data, size) && lies_inside(c.command, data, size));
	PROMISE(c.cert.extensions.len > 0 || (!c.may_forward && !c.may_be_untouched));
	PROMISE(usercert_merge(&c, NULL, &k, &f) == E_OK);
	PROMISE(k.port_forwarding == c.may_forward);
	PROMISE(usercert_check(&c, "alice", "192.0.2.1", 1700000000, keyalg_authority_list(), &f) ==
				VERDICT_GOOD
			? usercert_has_principal(&c, "alice")
			: f.text[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fault f = {0};
	struct cert c;
	uint8_t *plain;
	size_t len;

	judge_user(data, size);
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
