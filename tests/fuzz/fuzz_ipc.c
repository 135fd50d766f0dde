/* SPDX-License-Identifier: ISC */
/*
 * What another process of sallyd sends: the first byte says which type, the rest is the payload.
 * What is accepted can be written again and is the same then.
 */
#include "fuzz.h"

#include <string.h>

#include "relay/ipc.h"

static uint8_t room[IPC_SMALL_MAX];
static const struct span into = {room, sizeof(room)};

static void start(struct bytes payload)
{
	struct ipc_start s, again;

	if (ipc_rd_start(payload, &s) != E_OK)
		return;
	PROMISE(s.level <= LOG_LEVEL_DEBUG3);
	PROMISE(ipc_rd_start(ipc_wr_start(into, &s), &again) == E_OK);
	PROMISE(s.has_user == again.has_user && s.uid == again.uid && s.gid == again.gid);
}

static void load(struct bytes payload)
{
	static struct ipc_load l, again;

	if (ipc_rd_load(payload, &l) != E_OK)
		return;
	PROMISE(strlen(l.path) < sizeof(l.path));
	PROMISE(ipc_rd_load(ipc_wr_load(into, l.path, l.may_make), &again) == E_OK);
	PROMISE(strcmp(l.path, again.path) == 0 && l.may_make == again.may_make);
}

static void sign(struct bytes payload)
{
	struct ipc_sign q;
	struct bytes again;

	if (ipc_rd_sign(payload, &q) != E_OK)
		return;
	PROMISE(q.hash.len == 32 || q.hash.len == 48 || q.hash.len == 64);
	again = ipc_wr_sign(into, &q);
	PROMISE(bytes_eq(again, payload));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const each[])(struct bytes payload) = {start, load, sign};

	if (size > 0)
		each[data[0] % 3](bytes_of(data + 1, size - 1));
	return 0;
}
