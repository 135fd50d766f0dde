/* SPDX-License-Identifier: ISC */
/*
 * Packet protection in memory: how many packets and bytes a second each cipher seals and opens, and
 * the same work done by bare libcrypto calls beside it, in turn in the same run. The bare figure is
 * what this machine can do; the ratio is what our layer costs.
 *
 *     seal [--json] [--rounds N] [--round-ms N]
 *
 * Each turn seals a batch of frames both ways and opens both ways what we sealed, so the two also
 * prove to agree. A figure is the median of the rounds; the ratio is the median of the rounds'
 * ratios, which a change of clock speed between rounds does not enter.
 */
#include "crypto/cipher.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	ROUNDS_MAX = 99,
	TAG = 16,
	MAC_MAX = 64,
	FRAMING = 4 + 1 + 31, /* length, padding length, padding at most */
	BATCH_BYTES = 512 * 1024,
	BATCH_MAX = 256
};

static const size_t payloads[] = {64, 1024, 16 * 1024, 32 * 1024, 240 * 1024};
static const struct setup {
	const char *cipher, *mac; /* ours */
	const char *evp, *digest; /* libcrypto's */
	const char *speed, *speed_mac;
} setups[] = {
	{"aes128-gcm@openssh.com", NULL, "AES-128-GCM", NULL, "aes-128-gcm", NULL},
	{"aes256-gcm@openssh.com", NULL, "AES-256-GCM", NULL, "aes-256-gcm", NULL},
	{"chacha20-poly1305@openssh.com", NULL, "ChaCha20", NULL, "chacha20-poly1305", NULL},
	{"aes128-ctr", "hmac-sha2-256-etm@openssh.com", "AES-128-CTR", "SHA2-256", "aes-128-ctr",
		"sha256"},
	{"aes256-ctr", "hmac-sha2-512-etm@openssh.com", "AES-256-CTR", "SHA2-512", "aes-256-ctr",
		"sha512"},
};

enum { SIZES = sizeof(payloads) / sizeof(*payloads), SETUPS = sizeof(setups) / sizeof(*setups) };

/* The four things measured. */
enum lane { SEAL_OURS, SEAL_RAW, OPEN_OURS, OPEN_RAW, LANES };

struct raw {
	bool opening;
	EVP_CIPHER_CTX *body, *length;
	EVP_MAC_CTX *mac;
	uint32_t packets;
};

struct run {
	const struct setup *setup;
	size_t len, stride, count; /* packet_length; bytes a frame; frames a batch */
	uint8_t *ours, *raw;	   /* a batch each */
	struct cipher *sealer, *opener;
	uint32_t sealed, opened;
	struct raw raw_sealer, raw_opener;
	double ns[LANES][ROUNDS_MAX]; /* a packet */
};

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "seal: %s failed\n", what);
	exit(1);
}

static double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static bool raw_gcm(struct raw *r, uint8_t *frame, size_t len)
{
	uint8_t iv[12] = {0}, *body = frame + 4, *tag = body + len;
	int n;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag, TAG),
		OSSL_PARAM_construct_end(),
	};
	store_be64(iv + 4, r->packets++);
	if (r->opening)
		return EVP_DecryptInit_ex2(r->body, NULL, NULL, iv, params) == 1 &&
		       EVP_DecryptUpdate(r->body, NULL, &n, frame, 4) == 1 &&
		       EVP_DecryptUpdate(r->body, body, &n, body, (int)len) == 1 &&
		       EVP_DecryptFinal_ex(r->body, tag, &n) == 1;
	return EVP_EncryptInit_ex2(r->body, NULL, NULL, iv, NULL) == 1 &&
	       EVP_EncryptUpdate(r->body, NULL, &n, frame, 4) == 1 &&
	       EVP_EncryptUpdate(r->body, body, &n, body, (int)len) == 1 &&
	       EVP_EncryptFinal_ex(r->body, tag, &n) == 1 &&
	       EVP_CIPHER_CTX_get_params(r->body, params) == 1;
}

static bool raw_chapoly(struct raw *r, uint8_t *frame, size_t len)
{
	uint8_t iv[16] = {0}, block[64] = {0}, got[TAG], *body = frame + 4, *tag = body + len;
	int n;
	size_t m;
	store_be64(iv + 8, r->packets++);
	bool ok = EVP_EncryptInit_ex2(r->length, NULL, NULL, iv, NULL) == 1 &&
		  EVP_EncryptInit_ex2(r->body, NULL, NULL, iv, NULL) == 1 &&
		  EVP_EncryptUpdate(r->body, block, &n, block, sizeof(block)) == 1 &&
		  EVP_MAC_init(r->mac, block, 32, NULL) == 1;
	if (!r->opening)
		return ok && EVP_EncryptUpdate(r->length, frame, &n, frame, 4) == 1 &&
		       EVP_EncryptUpdate(r->body, body, &n, body, (int)len) == 1 &&
		       EVP_MAC_update(r->mac, frame, 4 + len) == 1 &&
		       EVP_MAC_final(r->mac, tag, &m, TAG) == 1;
	return ok && EVP_MAC_update(r->mac, frame, 4 + len) == 1 &&
	       EVP_MAC_final(r->mac, got, &m, TAG) == 1 && CRYPTO_memcmp(got, tag, TAG) == 0 &&
	       EVP_EncryptUpdate(r->length, frame, &n, frame, 4) == 1 &&
	       EVP_EncryptUpdate(r->body, body, &n, body, (int)len) == 1;
}

static bool raw_mac(struct raw *r, const uint8_t *frame, size_t len, uint8_t *mac, size_t *mac_len)
{
	uint8_t seq[4];
	store_be32(seq, r->packets++);
	return EVP_MAC_init(r->mac, NULL, 0, NULL) == 1 && EVP_MAC_update(r->mac, seq, 4) == 1 &&
	       EVP_MAC_update(r->mac, frame, 4 + len) == 1 &&
	       EVP_MAC_final(r->mac, mac, mac_len, MAC_MAX) == 1;
}

static bool raw_ctr(struct raw *r, uint8_t *frame, size_t len)
{
	uint8_t got[MAC_MAX], *body = frame + 4;
	int n;
	size_t m;
	if (!r->opening)
		return EVP_EncryptUpdate(r->body, body, &n, body, (int)len) == 1 &&
		       raw_mac(r, frame, len, body + len, &m);
	return raw_mac(r, frame, len, got, &m) && CRYPTO_memcmp(got, body + len, m) == 0 &&
	       EVP_EncryptUpdate(r->body, body, &n, body, (int)len) == 1;
}

static EVP_CIPHER_CTX *raw_cipher(
	const EVP_CIPHER *evp, const uint8_t *key, const uint8_t *iv, int enc)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	must(ctx && EVP_CipherInit_ex2(ctx, evp, key, iv, enc, NULL) == 1, "a bare cipher");
	return ctx;
}

static void raw_init(
	struct raw *r, const struct setup *s, const struct cipher_keys *k, bool opening)
{
	EVP_CIPHER *evp = EVP_CIPHER_fetch(NULL, s->evp, NULL);
	bool is_gcm = strstr(s->evp, "GCM") != NULL, is_chacha = !is_gcm && !s->digest;
	must(evp != NULL, "a fetch");
	*r = (struct raw){.opening = opening};
	r->body = raw_cipher(evp, k->key, is_chacha ? NULL : k->iv, !(is_gcm && opening));
	if (is_chacha)
		r->length = raw_cipher(evp, k->key + 32, NULL, 1);
	EVP_CIPHER_free(evp);
	if (is_gcm)
		return;
	EVP_MAC *mac = EVP_MAC_fetch(NULL, is_chacha ? "POLY1305" : "HMAC", NULL);
	r->mac = EVP_MAC_CTX_new(mac);
	EVP_MAC_free(mac);
	must(r->mac != NULL, "a bare MAC");
	if (is_chacha)
		return;
	char digest[16];
	snprintf(digest, sizeof(digest), "%s", s->digest);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	size_t key_len = mac_alg_find(bytes_str(s->mac))->key_len;
	must(EVP_MAC_init(r->mac, k->mac_key, key_len, params) == 1, "a bare MAC");
}

static void raw_fini(struct raw *r)
{
	EVP_CIPHER_CTX_free(r->body);
	EVP_CIPHER_CTX_free(r->length);
	EVP_MAC_CTX_free(r->mac);
}

static double raw_batch(struct run *run, struct raw *r)
{
	bool (*how)(struct raw *, uint8_t *, size_t) = run->setup->digest ? raw_ctr
						       : r->length	  ? raw_chapoly
									  : raw_gcm;
	bool ok = true;
	double start = now_ns();
	for (size_t i = 0; i < run->count; i++)
		ok &= how(r, run->raw + i * run->stride, run->len);
	double end = now_ns();
	must(ok, "a bare packet");
	return end - start;
}

static double seal_batch(struct run *run)
{
	enum err e = E_OK;
	double start = now_ns();
	for (size_t i = 0; i < run->count && !e; i++)
		e = cipher_seal(run->sealer, run->sealed++, run->ours + i * run->stride, run->len);
	double end = now_ns();
	must(!e, "cipher_seal");
	return end - start;
}

static double open_batch(struct run *run)
{
	enum err e = E_OK;
	uint32_t length;
	double start = now_ns();
	for (size_t i = 0; i < run->count && !e; i++) {
		uint8_t *frame = run->ours + i * run->stride;
		uint32_t seq = run->opened++;
		e = cipher_length(run->opener, seq, frame, &length);
		if (!e)
			e = cipher_open(run->opener, seq, frame, length);
	}
	double end = now_ns();
	must(!e, "cipher_open");
	return end - start;
}

static void put_lengths(const struct run *run, uint8_t *batch)
{
	for (size_t i = 0; i < run->count; i++)
		store_be32(batch + i * run->stride, (uint32_t)run->len);
}

/* One turn; adds what each lane took. Who goes first changes from turn to turn. */
static void turn(struct run *run, bool raw_first, double ns[LANES])
{
	put_lengths(run, run->ours);
	put_lengths(run, run->raw);
	if (raw_first)
		ns[SEAL_RAW] += raw_batch(run, &run->raw_sealer);
	ns[SEAL_OURS] += seal_batch(run);
	if (!raw_first)
		ns[SEAL_RAW] += raw_batch(run, &run->raw_sealer);
	memcpy(run->raw, run->ours, run->count * run->stride);
	if (raw_first)
		ns[OPEN_RAW] += raw_batch(run, &run->raw_opener);
	ns[OPEN_OURS] += open_batch(run);
	if (!raw_first)
		ns[OPEN_RAW] += raw_batch(run, &run->raw_opener);
	must(memcmp(run->raw, run->ours, run->count * run->stride - run->stride + run->len) == 0,
		"the comparison of both");
}

static void measure(struct run *run, unsigned rounds, double round_ns)
{
	for (unsigned i = 0; i < rounds; i++) {
		double ns[LANES] = {0}, spent = 0;
		unsigned turns = 0;
		while (spent < round_ns) {
			turn(run, turns++ % 2, ns);
			spent = ns[0] + ns[1] + ns[2] + ns[3];
		}
		for (size_t lane = 0; lane < LANES; lane++)
			run->ns[lane][i] = ns[lane] / turns / (double)run->count;
	}
}

static void run_init(struct run *run, const struct setup *s, size_t payload)
{
	struct cipher_keys keys;
	const struct cipher_alg *alg = cipher_alg_find(bytes_str(s->cipher));
	const struct mac_alg *mac = s->mac ? mac_alg_find(bytes_str(s->mac)) : NULL;
	memset(&keys, 0x5c, sizeof(keys));
	memset(keys.iv, 0, sizeof(keys.iv)); /* raw_gcm counts from zero */
	*run = (struct run){.setup = s};
	run->len = (1 + payload + 4 + alg->block - 1) / alg->block * alg->block;
	run->stride = (payload + FRAMING + MAC_MAX + 63) / 64 * 64;
	run->count = BATCH_BYTES / run->stride;
	if (run->count > BATCH_MAX)
		run->count = BATCH_MAX;
	run->ours = calloc(run->count, run->stride);
	run->raw = calloc(run->count, run->stride);
	run->sealer = cipher_new(CIPHER_SEAL, alg, mac, &keys);
	run->opener = cipher_new(CIPHER_OPEN, alg, mac, &keys);
	must(run->ours && run->raw && run->sealer && run->opener, "setting up");
	raw_init(&run->raw_sealer, s, &keys, false);
	raw_init(&run->raw_opener, s, &keys, true);
}

static void run_fini(struct run *run)
{
	cipher_free(run->sealer);
	cipher_free(run->opener);
	raw_fini(&run->raw_sealer);
	raw_fini(&run->raw_opener);
	free(run->ours);
	free(run->raw);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(const double *values, unsigned n)
{
	double sorted[ROUNDS_MAX];
	memcpy(sorted, values, n * sizeof(*values));
	qsort(sorted, n, sizeof(*sorted), by_value);
	return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

static void print_row(const struct run *run, size_t payload, bool is_seal, unsigned rounds,
	bool json, bool is_first)
{
	const double *ours = run->ns[is_seal ? SEAL_OURS : OPEN_OURS];
	const double *raw = run->ns[is_seal ? SEAL_RAW : OPEN_RAW];
	double ratios[ROUNDS_MAX];
	for (unsigned i = 0; i < rounds; i++)
		ratios[i] = raw[i] / ours[i];
	double ns = median(ours, rounds), raw_ns = median(raw, rounds),
	       ratio = median(ratios, rounds);
	double size = (double)payload;
	if (json)
		printf("%s\n  {\"cipher\": \"%s\", \"mac\": \"%s\", \"way\": \"%s\", "
		       "\"payload_bytes\": %zu, \"ns\": %.1f, \"packets_per_s\": %.0f, "
		       "\"gb_per_s\": %.3f, \"raw_ns\": %.1f, \"raw_gb_per_s\": %.3f, "
		       "\"speed_ratio\": %.3f}",
			is_first ? "" : ",", run->setup->cipher,
			run->setup->mac ? run->setup->mac : "", is_seal ? "seal" : "open", payload,
			ns, 1e9 / ns, size / ns, raw_ns, size / raw_ns, ratio);
	else
		printf("  %-5s %7zu %9.0f ns %11.0f /s %8.3f GB/s   raw %9.0f ns %8.3f GB/s   "
		       "ratio %.3f\n",
			is_seal ? "seal" : "open", payload, ns, 1e9 / ns, size / ns, raw_ns,
			size / raw_ns, ratio);
}

static void one_setup(
	const struct setup *s, unsigned rounds, double round_ns, bool json, bool is_first)
{
	static struct run run;
	if (!json)
		printf("%s%s%s   (beside it: openssl speed -seconds 1 -bytes 32768 -evp %s%s%s)\n",
			s->cipher, s->mac ? " " : "", s->mac ? s->mac : "", s->speed,
			s->speed_mac ? "; the same with -hmac " : "",
			s->speed_mac ? s->speed_mac : "");
	for (size_t i = 0; i < SIZES; i++) {
		run_init(&run, s, payloads[i]);
		measure(&run, rounds, round_ns);
		print_row(&run, payloads[i], true, rounds, json, is_first && i == 0);
		print_row(&run, payloads[i], false, rounds, json, false);
		run_fini(&run);
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	unsigned long rounds = 7, round_ms = 100;
	bool json = false;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			json = true;
		} else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
			rounds = strtoul(argv[++i], NULL, 10);
		} else if (strcmp(argv[i], "--round-ms") == 0 && i + 1 < argc) {
			round_ms = strtoul(argv[++i], NULL, 10);
		} else {
			fprintf(stderr, "usage: seal [--json] [--rounds N] [--round-ms N]\n");
			return 2;
		}
	}
	if (rounds < 1 || rounds > ROUNDS_MAX || round_ms < 1 || round_ms > 10000) {
		fprintf(stderr, "seal: 1 to %d rounds of 1 to 10000 ms\n", ROUNDS_MAX);
		return 2;
	}
	const char *why = cipher_prepare();

	if (json)
		printf("{\"libcrypto\": \"%s\", \"second_gcm\": %s, \"rounds\": %lu, \"round_ms\": %lu, \"results\": [",
			OpenSSL_version(OPENSSL_VERSION), why ? "false" : "true", rounds, round_ms);
	else
		printf("%s; second AES-GCM: %s\n%lu rounds of %lu ms; ratio is our speed over the "
		       "bare calls' speed\n",
			OpenSSL_version(OPENSSL_VERSION), why ? why : "in use", rounds, round_ms);
	for (size_t i = 0; i < SETUPS; i++)
		one_setup(&setups[i], (unsigned)rounds, (double)round_ms * 1e6, json, i == 0);
	if (json)
		printf("\n]}\n");
	return 0;
}
