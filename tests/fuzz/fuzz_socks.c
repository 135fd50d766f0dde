/* SPDX-License-Identifier: ISC */
/*
 * What callers say by SOCKS. The first byte says how the rest is cut; however it is, the outcome is
 * the same.
 */
#include "forward/socks.h"

#include "fuzz.h"

enum { SAID_MAX = 64 };

struct outcome {
	enum socks_verdict verdict;
	char host[SOCKS_HOST_MAX];
	uint16_t port;
	size_t used;
	uint8_t said[SAID_MAX];
	size_t said_len;
};

static void hear(struct outcome *o, struct bytes reply)
{
	PROMISE(o->said_len + reply.len <= SAID_MAX);
	memcpy(o->said + o->said_len, reply.ptr, reply.len);
	o->said_len += reply.len;
}

static void run(struct bytes in, size_t step, struct outcome *o)
{
	struct socks s;

	memset(o, 0, sizeof(*o));
	socks_init(&s);
	while (o->verdict == SOCKS_MORE && o->used < in.len) {
		size_t left = in.len - o->used, n = left < step ? left : step, used;
		struct bytes reply;

		o->verdict = socks_take(&s, bytes_of(in.ptr + o->used, n), &used, &reply);
		PROMISE(used <= n && (o->verdict != SOCKS_MORE || used == n));
		o->used += used;
		hear(o, reply);
	}
	if (o->verdict != SOCKS_TARGET)
		return;
	PROMISE(s.host[0] != '\0' && strlen(s.host) < SOCKS_HOST_MAX);
	PROMISE(s.version == 4 || s.version == 5);
	memcpy(o->host, s.host, sizeof(o->host));
	o->port = s.port;
	hear(o, socks_answer(&s, SOCKS_CONNECTED));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct outcome whole, cut;
	struct bytes in;

	if (size == 0)
		return 0;
	in = bytes_of(data + 1, size - 1);
	run(in, SIZE_MAX, &whole);
	run(in, data[0] + 1u, &cut);
	PROMISE(memcmp(&whole, &cut, sizeof(whole)) == 0);
	return 0;
}
