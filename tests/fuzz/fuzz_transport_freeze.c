/* SPDX-License-Identifier: ISC */
/* Frozen transports from anywhere: refused, or thawed into one that freezes to the same again. */
#include "fuzz.h"

#include <string.h>

#include "transport/transport.h"
#include "wire/msgs.h"
#include "wire/reader.h"

enum { MEM = 256 * 1024 };

static struct transport_config config(bool is_server, struct pool *pool, struct rng *rng)
{
	return (struct transport_config){
		.is_server = is_server,
		.kex = "curve25519-sha256",
		.ciphers = "aes128-gcm@openssh.com",
		.macs = "hmac-sha2-256",
		.host_key_algs = "ssh-ed25519",
		.rekey_ms = 1000,
		.pool = pool,
		.rng = rng,
	};
}

static size_t freeze(const struct transport *t, uint8_t *mem)
{
	struct writer w;

	wr_init(&w, (struct span){mem, MEM});
	PROMISE(transport_freeze(t, 77, &w) == E_OK);
	return wr_bytes(&w).len;
}

static void use(struct transport *t)
{
	struct transport_names n;
	struct span payload;
	struct fault f = {.err = E_OK};
	uint8_t junk[64];
	size_t used;

	transport_names(t, &n);
	PROMISE(transport_phase_of(t) == TRANSPORT_READY && n.kex[0] != '\0');
	memset(junk, 0x80, sizeof(junk));
	PROMISE(transport_next(t, (struct span){junk, sizeof(junk)}, &used, &payload, &f) != E_OK);
	PROMISE(transport_rekey(t, true, 78) != E_STATE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t first[MEM], second[MEM];
	static struct pool *pool;
	static struct rng rng;
	struct transport_config cfg;
	struct transport *t, *again;
	struct reader r;
	size_t len;

	if (size < 2 || size > MEM / 2)
		return 0;
	if (pool == NULL) {
		pool = pool_new(0);
		rng_system(&rng);
	}
	cfg = config(data[1] & 1, pool, &rng); /* the role stands second */
	rd_init(&r, bytes_of(data, size));
	if (transport_thaw(&cfg, &r, 77, &t) != E_OK)
		return 0;
	len = freeze(t, first);
	rd_init(&r, bytes_of(first, len));
	PROMISE(transport_thaw(&cfg, &r, 77, &again) == E_OK && rd_end(&r));
	PROMISE(freeze(again, second) == len && memcmp(first, second, len) == 0);
	use(again);
	transport_free(t);
	transport_free(again);
	PROMISE(pool_out(pool) == 0);
	return 0;
}
