/* SPDX-License-Identifier: ISC */
/*
 * Private key files: the input as text, and as the bytes inside the armour of openssh-key-v1, which
 * chance would never get through base64. What is accepted can be written and read again. A
 * passphrase is tried as well, and the public part is that of the whole.
 */
#include "base/text.h"
#include "fuzz.h"
#include "keys/privkey.h"
#include "keys/pubkey.h"

#define BEGIN "-----BEGIN OPENSSH PRIVATE KEY-----\n"
#define END "-----END OPENSSH PRIVATE KEY-----\n"

enum { TEXT_MAX = 32 * 1024 };

static enum err fill_zero(void *ctx, uint8_t *dst, size_t n)
{
	memset(dst, 0, n);
	return E_OK;
}

static void same_again(const struct pk *key)
{
	uint8_t text[TEXT_MAX], before[PUBKEY_BLOB_MAX], after[PUBKEY_BLOB_MAX];
	size_t len, before_len, after_len;
	struct pk *again;
	struct rng rng;

	rng_init(&rng, fill_zero, NULL);
	PROMISE(privkey_to_text(key, "c", &rng, (struct span){text, sizeof text}, &len) == E_OK);
	PROMISE(privkey_from_text(bytes_of(text, len), &again, NULL, 0, NULL) == E_OK);
	PROMISE(pubkey_to_blob(key, (struct span){before, sizeof before}, &before_len) == E_OK);
	PROMISE(pubkey_to_blob(again, (struct span){after, sizeof after}, &after_len) == E_OK);
	PROMISE(bytes_eq(bytes_of(before, before_len), bytes_of(after, after_len)));
	pk_free(again);
	rng_fini(&rng);
}

/* With a passphrase, unless the file asks for the work of more than two rounds. */
static void unlock(struct bytes text, struct bytes container, enum err plain)
{
	static const uint8_t few[] = {0, 0, 0, 2, 0, 0, 0, 1};
	struct fault f = {0};
	struct pk *key;
	enum err e;

	if (plain == E_DENIED && (container.len == 0 || memmem(container.ptr, container.len, few,
								sizeof few) == NULL))
		return;
	e = privkey_unlock(text, "open sesame", &key, NULL, 0, &f);
	PROMISE((e == E_OK) == (key != NULL));
	PROMISE(plain == E_DENIED ? e != E_DENIED : e == plain);
	pk_free(key);
}

static void public_part(struct bytes text, const struct pk *key)
{
	uint8_t head[PUBKEY_BLOB_MAX], whole[PUBKEY_BLOB_MAX];
	size_t head_len, whole_len;
	enum err e = privkey_public(text, (struct span){head, sizeof head}, &head_len);

	if (key == NULL || e == E_UNKNOWN)
		return;
	PROMISE(e == E_OK);
	PROMISE(pubkey_to_blob(key, (struct span){whole, sizeof whole}, &whole_len) == E_OK);
	PROMISE(bytes_eq(bytes_of(head, head_len), bytes_of(whole, whole_len)));
}

static void one(struct bytes text, struct bytes container)
{
	char comment[64];
	struct fault f = {0};
	struct pk *key;
	enum err e = privkey_from_text(text, &key, comment, sizeof comment, &f);

	PROMISE((e == E_OK) == (key != NULL));
	PROMISE(f.err == e && (e == E_OK || f.text[0] != '\0'));
	PROMISE(strlen(comment) < sizeof comment);
	if (e == E_OK) {
		PROMISE(pk_has_private(key));
		same_again(key);
	}
	public_part(text, key);
	unlock(text, container, e);
	pk_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TEXT_MAX] = BEGIN;
	size_t len;

	one(bytes_of(data, size), bytes_of(NULL, 0));
	len = text_base64(bytes_of(data, size), text + strlen(BEGIN), TEXT_MAX - sizeof BEGIN END);
	if (len > 0) {
		memcpy(text + strlen(BEGIN) + len, END, sizeof END);
		one(bytes_str(text), bytes_of(data, size));
	}
	return 0;
}
