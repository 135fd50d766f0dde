/* SPDX-License-Identifier: ISC */
/* Lists of revoked keys: any bytes. The seeds are ssh-keygen's, and about the keys asked for here.
 */
#include "fuzz.h"
#include "keys/krl.h"
#include "keys/pubkey.h"

#include <string.h>

static const char key_line[] =
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFXPCNmMCKf7OVyScngYbQ86NKPVn73aNJUQq8L2V6f1";
static const char authority_line[] =
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIF7mNecYDJT4dDeBi/tTsu7qnsEtCGsYVESwm1JNWd1f";

static struct bytes blob_of(const char *line, struct span mem)
{
	struct bytes rest;
	size_t len;

	PROMISE(pubkey_from_text(bytes_str(line), mem, &len, &rest) == E_OK);
	return bytes_of(mem.ptr, len);
}

static bool is_free(struct bytes list, struct krl_key key)
{
	struct fault f = {0};
	bool is_good = krl_check(list, &key, &f) == VERDICT_GOOD;

	PROMISE(is_good == (f.err == E_OK));
	PROMISE(is_good == (f.text[0] == '\0'));
	return is_good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t mem[2][64];
	struct bytes list = bytes_of(data, size);
	struct bytes key = blob_of(key_line, (struct span){mem[0], sizeof(mem[0])});
	struct cert cert = {.serial = 7,
		.key_id = bytes_str("host-ed25519"),
		.authority = blob_of(authority_line, (struct span){mem[1], sizeof(mem[1])})};
	bool is_sound = is_free(list, (struct krl_key){.plain.len = 0});

	/* One that is damaged revokes everybody. */
	PROMISE(is_sound || !is_free(list, (struct krl_key){.plain = key}));
	PROMISE(is_sound || !is_free(list, (struct krl_key){key, &cert}));
	/* A revoked key is no better for having a certificate. */
	if (!is_free(list, (struct krl_key){.plain = key}))
		PROMISE(!is_free(list, (struct krl_key){key, &cert}));
	if (is_sound) {
		/* Without a number only keys, authorities and ids count. */
		bool is_free_with = is_free(list, (struct krl_key){key, &cert});

		cert.serial = 0;
		PROMISE(!is_free_with || is_free(list, (struct krl_key){key, &cert}));
		PROMISE(krl_is(list));
	}
	return 0;
}
