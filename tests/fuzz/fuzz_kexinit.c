/* SPDX-License-Identifier: ISC */
/* Two KEXINITs that meet: a byte of flags (server, strict), two bytes of length, ours, theirs. */
#include "fuzz.h"

#include <string.h>

#include "transport/kexinit.h"
#include "wire/namelist.h"

struct offers {
	struct kexinit ours, theirs;
};

static bool both_have(const struct offers *o, enum kexinit_list which, const char *name)
{
	return namelist_has(o->ours.list[which], name) && namelist_has(o->theirs.list[which], name);
}

static void check_way(const struct offers *o, const struct kexinit_way *way,
	enum kexinit_list cipher, enum kexinit_list mac, enum kexinit_list compress, bool is_strict)
{
	PROMISE(both_have(o, cipher, way->cipher->name));
	PROMISE(is_strict || !way->cipher->needs_strict);
	PROMISE(way->cipher->is_aead == (way->mac == NULL));
	PROMISE(way->mac == NULL || both_have(o, mac, way->mac->name));
	PROMISE(both_have(o, compress, "none"));
}

static void meet(const struct offers *o, bool is_server, bool is_strict)
{
	struct kexinit_choice c, mirror;
	struct fault f = {.err = E_OK};
	enum err e = kexinit_negotiate(&o->ours, &o->theirs, is_server, is_strict, &c, &f);

	PROMISE(e == E_OK || (e == E_NOALG && f.code == DISCONNECT_KEX_FAILED));
	/* The other side comes to the same. */
	PROMISE(kexinit_negotiate(&o->theirs, &o->ours, !is_server, is_strict, &mirror, NULL) == e);
	PROMISE(kexinit_is_guess_wrong(&o->ours, &o->theirs) ==
		kexinit_is_guess_wrong(&o->theirs, &o->ours));
	if (e != E_OK)
		return;
	PROMISE(c.kex == mirror.kex && c.host_key == mirror.host_key);
	PROMISE(c.cs.cipher == mirror.cs.cipher && c.sc.cipher == mirror.sc.cipher);
	PROMISE(c.cs.mac == mirror.cs.mac && c.sc.mac == mirror.sc.mac);
	PROMISE(both_have(o, KEXINIT_KEX, c.kex->name));
	PROMISE(strncmp(c.kex->name, "ext-", 4) != 0 && strncmp(c.kex->name, "kex", 3) != 0);
	PROMISE(both_have(o, KEXINIT_HOST_KEY, c.host_alg->name));
	check_way(o, &c.cs, KEXINIT_CIPHER_CS, KEXINIT_MAC_CS, KEXINIT_COMPRESS_CS, is_strict);
	check_way(o, &c.sc, KEXINIT_CIPHER_SC, KEXINIT_MAC_SC, KEXINIT_COMPRESS_SC, is_strict);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct offers o;
	size_t split;

	if (size < 3)
		return 0;
	split = (size_t)data[1] << 8 | data[2];
	if (split > size - 3)
		split = size - 3;
	if (kexinit_parse(bytes_of(data + 3, split), &o.ours) != E_OK ||
		kexinit_parse(bytes_of(data + 3 + split, size - 3 - split), &o.theirs) != E_OK)
		return 0;
	kexinit_has_strict(&o.theirs, data[0] & 1);
	kexinit_has_ext_info(&o.theirs, data[0] & 1);
	meet(&o, data[0] & 1, data[0] & 2);
	return 0;
}
