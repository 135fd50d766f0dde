/* SPDX-License-Identifier: ISC */
/* RFC 4253 7.1, RFC 8308 2.1, strict key exchange (PROTOCOL of OpenSSH 1.10). */
#include "transport/kexinit.h"

#include "wire/namelist.h"
#include "wire/reader.h"

struct markers {
	const char *ext_info, *strict;
};

static const struct markers client_markers = {"ext-info-c", "kex-strict-c-v00@openssh.com"};
static const struct markers server_markers = {"ext-info-s", "kex-strict-s-v00@openssh.com"};

enum { MARKERS_MAX = 64 }; /* both with their commas */

static const struct markers *markers_of(bool is_server)
{
	return is_server ? &server_markers : &client_markers;
}

size_t kexinit_room(const struct kexinit_offer *offer)
{
	return 1 + KEXINIT_COOKIE_LEN + KEXINIT_LISTS * 4 + strlen(offer->kex) + MARKERS_MAX +
	       strlen(offer->host_key_algs) + 2 * strlen(offer->ciphers) + 2 * strlen(offer->macs) +
	       2 * strlen("none") + 1 + 4;
}

static void put_kex_list(struct writer *w, const struct kexinit_offer *offer)
{
	const struct markers *m = markers_of(offer->is_server);
	size_t mark = wr_mark(w);

	wr_raw(w, bytes_str(offer->kex));
	if (offer->is_first) {
		wr_raw(w, bytes_str(","));
		wr_raw(w, bytes_str(m->ext_info));
		wr_raw(w, bytes_str(","));
		wr_raw(w, bytes_str(m->strict));
	}
	wr_close(w, mark);
}

void kexinit_build(struct writer *w, const struct kexinit_offer *offer)
{
	wr_u8(w, MSG_KEXINIT);
	wr_raw(w, bytes_of(offer->cookie, KEXINIT_COOKIE_LEN));
	put_kex_list(w, offer);
	wr_cstring(w, offer->host_key_algs);
	wr_cstring(w, offer->ciphers); /* client to server */
	wr_cstring(w, offer->ciphers);
	wr_cstring(w, offer->macs);
	wr_cstring(w, offer->macs);
	wr_cstring(w, "none"); /* compression */
	wr_cstring(w, "none");
	wr_cstring(w, ""); /* languages */
	wr_cstring(w, "");
	wr_bool(w, false); /* we never guess */
	wr_u32(w, 0);
}

enum err kexinit_parse(struct bytes payload, struct kexinit *out)
{
	struct kexinit k;
	struct reader r;

	rd_init(&r, payload);
	if (rd_u8(&r) != MSG_KEXINIT)
		return E_FORMAT;
	rd_raw(&r, KEXINIT_COOKIE_LEN);
	for (int i = 0; i < KEXINIT_LISTS; i++)
		k.list[i] = rd_string(&r, LIMIT_NAMELIST);
	k.first_follows = rd_bool(&r);
	rd_u32(&r); /* reserved: whatever it says */
	if (!rd_ok(&r))
		return E_SHORT;
	if (!rd_end(&r))
		return E_TRAILING;
	for (int i = 0; i < KEXINIT_LISTS; i++) {
		if (!namelist_is_valid(k.list[i]))
			return E_FORMAT;
	}
	*out = k;
	return E_OK;
}

/* What we do not know cannot be chosen, markers among it. */
static bool skip_kex(struct bytes name)
{
	return exchange_alg_find(name) == NULL;
}

/* Signatures of hardware are nothing we can check. */
static bool skip_host_key(struct bytes name)
{
	const struct keyalg *alg = keyalg_find(name);

	return alg == NULL || alg->is_sk;
}

static bool skip_cipher(struct bytes name)
{
	return cipher_alg_find(name) == NULL;
}

/* CVE-2023-48795 */
static bool skip_cipher_lax(struct bytes name)
{
	const struct cipher_alg *alg = cipher_alg_find(name);

	return alg == NULL || alg->needs_strict;
}

static bool skip_mac(struct bytes name)
{
	return mac_alg_find(name) == NULL;
}

static bool skip_compression(struct bytes name)
{
	return !bytes_is(name, "none");
}

static const struct {
	const char *what; /* in OpenSSH's words */
	bool (*skip)(struct bytes name), (*skip_lax)(struct bytes name);
} lists[KEXINIT_LANG_CS] = {
	[KEXINIT_KEX] = {"key exchange method", skip_kex, skip_kex},
	[KEXINIT_HOST_KEY] = {"host key type", skip_host_key, skip_host_key},
	[KEXINIT_CIPHER_CS] = {"cipher", skip_cipher, skip_cipher_lax},
	[KEXINIT_CIPHER_SC] = {"cipher", skip_cipher, skip_cipher_lax},
	[KEXINIT_MAC_CS] = {"MAC", skip_mac, skip_mac},
	[KEXINIT_MAC_SC] = {"MAC", skip_mac, skip_mac},
	[KEXINIT_COMPRESS_CS] = {"compression method", skip_compression, skip_compression},
	[KEXINIT_COMPRESS_SC] = {"compression method", skip_compression, skip_compression},
};

struct pair { /* the two offers, by role */
	const struct kexinit *ours, *theirs;
	bool is_server, is_strict;
};

static enum err choose(
	const struct pair *p, enum kexinit_list which, struct bytes *name, struct fault *f)
{
	struct bytes client = p->is_server ? p->theirs->list[which] : p->ours->list[which];
	struct bytes server = p->is_server ? p->ours->list[which] : p->theirs->list[which];

	if (namelist_first_common(
		    client, server, p->is_strict ? lists[which].skip : lists[which].skip_lax, name))
		return E_OK;
	return fault_set(f, E_NOALG, DISCONNECT_KEX_FAILED,
		"no matching %s found. Their offer: %.*s", lists[which].what,
		(int)p->theirs->list[which].len, (const char *)p->theirs->list[which].ptr);
}

static enum err choose_way(const struct pair *p, enum kexinit_list cipher, enum kexinit_list mac,
	enum kexinit_list compress, struct kexinit_way *way, struct fault *f)
{
	struct bytes name;
	enum err e = choose(p, cipher, &name, f);

	if (e != E_OK)
		return e;
	*way = (struct kexinit_way){cipher_alg_find(name), NULL};
	if (!way->cipher->is_aead) { /* RFC 5647 5.1 as OpenSSH does it: AEAD has its own */
		e = choose(p, mac, &name, f);
		if (e != E_OK)
			return e;
		way->mac = mac_alg_find(name);
	}
	return choose(p, compress, &name, f);
}

enum err kexinit_negotiate(const struct kexinit *ours, const struct kexinit *theirs, bool is_server,
	bool is_strict, struct kexinit_choice *out, struct fault *f)
{
	struct pair p = {ours, theirs, is_server, is_strict};
	struct kexinit_choice c;
	struct bytes name;
	enum err e = choose(&p, KEXINIT_KEX, &name, f);

	if (e != E_OK)
		return e;
	c.kex = exchange_alg_find(name);
	e = choose(&p, KEXINIT_HOST_KEY, &name, f);
	if (e != E_OK)
		return e;
	c.host_alg = keyalg_find(name);
	c.host_key = sig_alg_find(bytes_str(c.host_alg->sig_name));
	e = choose_way(&p, KEXINIT_CIPHER_CS, KEXINIT_MAC_CS, KEXINIT_COMPRESS_CS, &c.cs, f);
	if (e != E_OK)
		return e;
	e = choose_way(&p, KEXINIT_CIPHER_SC, KEXINIT_MAC_SC, KEXINIT_COMPRESS_SC, &c.sc, f);
	if (e == E_OK)
		*out = c;
	return e;
}

bool kexinit_has_strict(const struct kexinit *theirs, bool peer_is_server)
{
	return namelist_has(theirs->list[KEXINIT_KEX], markers_of(peer_is_server)->strict);
}

bool kexinit_has_ext_info(const struct kexinit *theirs, bool peer_is_server)
{
	return namelist_has(theirs->list[KEXINIT_KEX], markers_of(peer_is_server)->ext_info);
}

static bool is_first_same(struct bytes a, struct bytes b)
{
	struct bytes first_a, first_b;

	return namelist_next(&a, &first_a) && namelist_next(&b, &first_b) &&
	       bytes_eq(first_a, first_b);
}

/* RFC 4253 7 */
bool kexinit_is_guess_wrong(const struct kexinit *ours, const struct kexinit *theirs)
{
	return !is_first_same(ours->list[KEXINIT_KEX], theirs->list[KEXINIT_KEX]) ||
	       !is_first_same(ours->list[KEXINIT_HOST_KEY], theirs->list[KEXINIT_HOST_KEY]);
}
