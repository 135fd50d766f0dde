/* SPDX-License-Identifier: ISC */
/*
 * What another process of sallyd sends: the first byte says which type, the rest is the payload.
 * What is accepted can be written again and is the same then.
 */
#include "fuzz.h"

#include <string.h>

#include "relay/ipc.h"
#include "relay/ipcbind.h"
#include "relay/ipckey.h"
#include "relay/ipcrecord.h"

static uint8_t room[IPCKEY_IDENTITY_ROOM];
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

static void key(struct bytes payload)
{
	struct ipc_key k;

	if (payload.len > IPCKEY_ROOM || ipckey_rd(payload, &k) != E_OK)
		return;
	PROMISE(strlen(k.user) < sizeof(k.user) && strlen(k.peer) < sizeof(k.peer));
	PROMISE(bytes_eq(ipckey_wr(into, &k), payload));
}

static void identity(struct bytes payload)
{
	struct identity *id, *again;
	struct bytes text;

	if (ipckey_rd_identity(payload, &id) != E_OK)
		return;
	PROMISE(id->permit_count <= AUTHKEYS_PERMITS_MAX && id->path);
	text = ipckey_wr_identity(into, id);
	/* A rule may be longer when it is written out. */
	if (text.len > 0) {
		PROMISE(ipckey_rd_identity(text, &again) == E_OK);
		PROMISE(again->permit_count == id->permit_count);
		PROMISE(strcmp(again->user, id->user) == 0);
		identity_free(again);
	}
	identity_free(id);
}

static void bind_to(struct bytes payload)
{
	struct ipc_bind b, again;

	if (ipcbind_rd(payload, &b) != E_OK)
		return;
	PROMISE(ipcbind_rd(ipcbind_wr(into, &b), &again) == E_OK);
	PROMISE(b.port == again.port && strcmp(b.host, again.host) == 0);
}

static void unbound(struct bytes payload)
{
	static struct ipc_unbound u;

	if (ipcbind_rd_unbound(payload, &u) != E_OK)
		return;
	PROMISE(u.count <= BINDER_MAX);
	PROMISE(bytes_eq(ipcbind_wr_unbound(into, &u), payload));
}

static void record(struct bytes payload)
{
	static struct ipc_record r;
	char line[RECORD_LINE_MAX];
	size_t len;

	if (!ipcrecord_rd(payload, &r))
		return;
	len = record_logfmt(&r.record, line);
	PROMISE(len < sizeof(line) && strlen(line) == len);
	PROMISE(strncmp(line, "time=", 5) == 0 && !memchr(line, '\n', len));
}

static void brief(struct bytes payload)
{
	struct ipc_brief b, again;

	if (ipc_rd_brief(payload, &b) != E_OK)
		return;
	PROMISE(ipc_rd_brief(ipc_wr_brief(into, &b), &again) == E_OK);
	PROMISE(b.low_end == again.low_end && b.started == again.started);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const each[])(struct bytes payload) = {
		start, load, sign, key, identity, bind_to, unbound, record, brief};

	if (size > 0)
		each[data[0] % (sizeof(each) / sizeof(each[0]))](bytes_of(data + 1, size - 1));
	return 0;
}
