/* SPDX-License-Identifier: ISC */
/*
 * AES-GCM by Intel's multi-buffer library, for processors with vector AES (VAES) under a libcrypto
 * that has no use for it: OpenSSL learnt it with 3.1. Four times as fast there, which is what a
 * busy tunnel spends most of its time on.
 *
 * The library is opened when the program starts and only its AES-GCM is kept; where it is missing,
 * of another version than its header was, or wrong about a single byte of what libcrypto says of
 * the same packets, cipher_gcm.c goes on doing the work. The two differ in nothing else.
 */
#include <cpuid.h>
#include <dlfcn.h>
#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "crypto/cipher_impl.h"

enum { TAG_LEN = 16, KEY_ALIGN = 64, SOUND_MAX = 8 * 1024 };

/* By length of key: 128 and 256 bits. */
static struct engine {
	aes_gcm_pre_t expand;
	aes_gcm_enc_dec_t seal, open;
} engines[2];
static bool is_ready;

static const struct engine *engine_of(const struct cipher *c)
{
	return &engines[c->def->alg.key_len == 32];
}

static enum err init(struct cipher *c)
{
	c->vaes_key = aligned_alloc(KEY_ALIGN,
		(sizeof(struct gcm_key_data) + KEY_ALIGN - 1) / KEY_ALIGN * KEY_ALIGN);
	if (!c->vaes_key)
		return E_NOMEM;
	engine_of(c)->expand(c->keys.key, c->vaes_key);
	return E_OK;
}

static void fini(struct cipher *c)
{
	if (c->vaes_key)
		bytes_wipe(c->vaes_key, sizeof(struct gcm_key_data));
	free(c->vaes_key);
}

/* Either way: the body in place, the length in front as associated data, the tag made. */
static void run(struct cipher *c, aes_gcm_enc_dec_t with, uint8_t *frame, size_t packet_length,
	uint8_t tag[static TAG_LEN])
{
	uint8_t iv[GCM_IV_LEN], *body = frame + LENGTH_LEN;
	struct gcm_context_data context;

	gcm_next_iv(c, iv);
	with(c->vaes_key, &context, body, body, packet_length, iv, frame, LENGTH_LEN, tag, TAG_LEN);
	bytes_wipe(&context, sizeof(context));
}

static enum err open(struct cipher *c, uint32_t seq, uint8_t *frame, size_t packet_length)
{
	uint8_t tag[TAG_LEN];

	run(c, engine_of(c)->open, frame, packet_length, tag);
	if (CRYPTO_memcmp(tag, frame + LENGTH_LEN + packet_length, TAG_LEN) == 0)
		return E_OK;
	bytes_wipe(frame + LENGTH_LEN, packet_length);
	return E_MAC;
}

static enum err seal(struct cipher *c, uint32_t seq, uint8_t *frame, size_t packet_length)
{
	run(c, engine_of(c)->seal, frame, packet_length, frame + LENGTH_LEN + packet_length);
	return E_OK;
}

const struct cipher_ops cipher_gcm_vaes = {
	.init = init,
	.fini = fini,
	.open = open,
	.seal = seal,
};

/* --- at the start ----------------------------------------------------------------------------- */

/* clang 14 has no words for the last two. */
static bool does_processor_have_it(void)
{
	unsigned eax, ebx, ecx, edx;

	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
	       __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
	       __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ecx & bit_VAES) != 0 &&
	       (ecx & bit_VPCLMULQDQ) != 0;
}

/* The library's functions for this processor, without the 200 KiB of queues that come with them. */
static bool take_engines(void *library)
{
	const uint64_t need = IMB_FEATURE_AVX512_SKX | IMB_FEATURE_VAES | IMB_FEATURE_VPCLMULQDQ;
	unsigned (*version)(void) = (unsigned (*)(void))dlsym(library, "imb_get_version");
	IMB_MGR *(*make)(uint64_t) = (IMB_MGR * (*)(uint64_t)) dlsym(library, "alloc_mb_mgr");
	void (*choose)(IMB_MGR *) = (void (*)(IMB_MGR *))dlsym(library, "init_mb_mgr_avx512");
	void (*drop)(IMB_MGR *) = (void (*)(IMB_MGR *))dlsym(library, "free_mb_mgr");
	IMB_MGR *m;
	bool has_all;

	if (!version || !make || !choose || !drop ||
		version() >> 8 != IMB_VERSION_NUM >> 8 || !(m = make(0)))
		return false;
	choose(m);
	has_all = (m->features & need) == need;
	engines[0] = (struct engine){m->gcm128_pre, m->gcm128_enc, m->gcm128_dec};
	engines[1] = (struct engine){m->gcm256_pre, m->gcm256_enc, m->gcm256_dec};
	drop(m);
	return has_all;
}

/* Whether the packet that one of the two sealed is the one that the other sealed, and opens. */
static bool agree_on(struct cipher *ours, struct cipher *theirs, struct cipher *opener, size_t len)
{
	static uint8_t a[LENGTH_LEN + SOUND_MAX + TAG_LEN], b[sizeof(a)];
	const size_t total = LENGTH_LEN + len + TAG_LEN;

	for (size_t i = 0; i < LENGTH_LEN + len; i++)
		a[i] = b[i] = (uint8_t)(i * 7 + len);
	return cipher_gcm_vaes.seal(ours, 0, a, len) == E_OK &&
	       cipher_gcm.seal(theirs, 0, b, len) == E_OK && memcmp(a, b, total) == 0 &&
	       cipher_gcm_vaes.open(opener, 0, a, len) == E_OK && a[LENGTH_LEN] == (uint8_t)(4 * 7 + len);
}

static bool is_sound(const char *name)
{
	/* Around what the vector code takes at once: 1, 4, 16 and 48 blocks. */
	static const size_t lens[] = {16, 48, 64, 80, 256, 272, 768, 1024, 1040, SOUND_MAX};
	const struct cipher_alg *alg = cipher_alg_find(bytes_str(name));
	struct cipher_keys keys;
	struct cipher *by[3] = {NULL};
	bool ok;

	memset(&keys, 0x5a, sizeof(keys));
	is_ready = true;
	by[0] = cipher_new(CIPHER_SEAL, alg, NULL, &keys);
	by[1] = cipher_new(CIPHER_OPEN, alg, NULL, &keys);
	is_ready = false;
	by[2] = cipher_new(CIPHER_SEAL, alg, NULL, &keys);
	ok = by[0] && by[1] && by[2];
	for (size_t i = 0; ok && i < sizeof(lens) / sizeof(*lens); i++)
		ok = agree_on(by[0], by[2], by[1], lens[i]);
	for (size_t i = 0; i < 3; i++)
		cipher_free(by[i]);
	return ok;
}

bool cipher_gcm_vaes_is_ready(void)
{
	return is_ready;
}

const char *cipher_gcm_vaes_load(void)
{
	void *library;

	if (is_ready)
		return NULL;
	if (OPENSSL_version_major() > 3 || OPENSSL_version_minor() > 0)
		return "libcrypto has vector AES itself";
	if (!does_processor_have_it())
		return "the processor has no vector AES";
	library = dlopen(GCM_VAES_LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return GCM_VAES_LIBRARY " is not installed";
	if (!take_engines(library)) {
		dlclose(library);
		return GCM_VAES_LIBRARY " is of another version or does not know the processor";
	}
	/* From here on the library stays: it is never unloaded under a cipher. */
	is_ready = is_sound("aes128-gcm@openssh.com") && is_sound("aes256-gcm@openssh.com");
	return is_ready ? NULL : GCM_VAES_LIBRARY " does not agree with libcrypto";
}
