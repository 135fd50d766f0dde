/* SPDX-License-Identifier: ISC */
/*
 * Packets in and out of a fair queue at any times: what goes in comes out whole, in the order of its
 * flow, or is counted as dropped; and the bounds hold. Input: a byte what to do, then its values.
 */
#include "forward/fairq.h"

#include <stdlib.h>

#include "forward/flow.h"
#include "fuzz.h"

enum { LEN_MAX = 2000 };

struct run {
	struct pool *pool;
	struct fairq q;
	uint64_t now_ms, in, out;
	uint32_t sent[FAIRQ_FLOWS], seen[FAIRQ_FLOWS]; /* numbers of packets, which only grow */
};

static void put(struct run *run, uint8_t flow, size_t len)
{
	uint8_t packet[LEN_MAX];

	memset(packet, flow, sizeof(packet));
	store_be32(packet, ++run->sent[flow]);
	fairq_put(&run->q, flow, bytes_of(packet, len), run->now_ms);
	run->in++;
}

static void take(struct run *run)
{
	size_t len = fairq_peek(&run->q, run->now_ms);
	uint8_t packet[LEN_MAX];
	uint32_t number;

	if (len == 0) {
		PROMISE(run->q.packets == 0);
		return;
	}
	PROMISE(len >= 5 && len <= LEN_MAX);
	fairq_take(&run->q, packet);
	number = load_be32(packet);
	PROMISE(packet[len - 1] == packet[4] && packet[4] < FAIRQ_FLOWS);
	PROMISE(number > run->seen[packet[4]] && number <= run->sent[packet[4]]);
	run->seen[packet[4]] = number;
	run->out++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run run;

	for (uint32_t mode = 0; mode < 3; mode++)
		(void)flow_of((enum tun_mode)mode, bytes_of(data, size), 1);
	memset(&run, 0, sizeof(run));
	run.pool = pool_new(size > 0 && data[0] > 200 ? 300000 : 0);
	if (run.pool == NULL)
		abort();
	fairq_init(&run.q, run.pool);
	for (size_t at = 0; at + 2 < size; at += 3) {
		size_t times = 1 + data[at] / 4;

		switch (data[at] % 4) {
		case 0:
			run.now_ms += data[at + 1];
			break;
		case 1:
			for (; times > 0; times--)
				take(&run);
			break;
		default:
			for (; times > 0; times--)
				put(&run, data[at + 1] % FAIRQ_FLOWS, 5 + (size_t)data[at + 2] * 7);
			break;
		}
		PROMISE(run.q.packets <= FAIRQ_PACKETS && run.q.bytes <= FAIRQ_BYTES);
		PROMISE(run.in == run.out + run.q.dropped + run.q.packets);
	}
	while (run.q.packets > 0)
		take(&run);
	PROMISE(run.in == run.out + run.q.dropped && run.q.bytes == 0);
	PROMISE(pool_out(run.pool) == 0);
	fairq_fini(&run.q);
	pool_free(run.pool);
	return 0;
}
