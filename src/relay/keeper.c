/* SPDX-License-Identifier: ISC */
#include "relay/keeper.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/frameport.h"

struct keeper {
	uv_loop_t *loop;
	struct keeper_path *paths;
	size_t count;
	struct sandbox_user user;
	const struct keeper_ops *ops;
	void *ctx;
	struct child *child;
	struct frameport *port; /* NULL: no signer, or one that is not listened to */
	pid_t pid;
	struct keeper_keys keys; /* of the first signer */
	size_t told;		 /* keys that this signer has named */
	bool has_failed;	 /* the first one did, and that was told */
	bool is_known;		 /* keys is complete */
	bool is_ready;
	bool is_stopping;
};

/* Its end of the line closes, and it ends. */
static void turn_away(struct keeper *k)
{
	frameport_free(k->port);
	k->port = NULL;
	k->is_ready = false;
}

static void fail(struct keeper *k, const char *sentence)
{
	struct fault f = {0};

	turn_away(k);
	(void)fault_set(&f, E_SYS, 0, "%s", sentence);
	if (k->is_known)
		log_write(LOG_LEVEL_ERROR, "the signer does not serve: %s", f.text);
	else if (!k->has_failed) {
		k->has_failed = true;
		child_stop(k->child);
		k->ops->failed(k->ctx, &f);
	}
}

/* --- what the signer says --------------------------------------------------------------------- */

enum err hostkey_public_set(struct hostkey_public *key, struct bytes blob)
{
	struct pk *pk;
	enum err e = blob.len <= sizeof(key->blob) ? pubkey_from_blob(blob, &pk) : E_LIMIT;

	if (e != E_OK)
		return e;
	key->type = pk_type_of(pk);
	pk_free(pk);
	memcpy(key->blob, blob.ptr, blob.len);
	key->blob_len = blob.len;
	return pubkey_fingerprint(blob, key->fingerprint);
}

/* The same keys in the same order as before, as far as it is known. */
static bool take_key(struct keeper *k, struct bytes blob)
{
	struct hostkey_public *key = &k->keys.key[k->told];

	if (k->is_known)
		return k->told < k->keys.count &&
		       bytes_eq(bytes_of(key->blob, key->blob_len), blob) && ++k->told;
	if (k->told == TRANSPORT_HOSTKEYS_MAX || hostkey_public_set(key, blob) != E_OK)
		return false;
	k->keys.count = ++k->told;
	return true;
}

bool keeper_is_ready(const struct keeper *k)
{
	return k && k->is_ready;
}

/* A pair of sockets: one end for the signer, the other for who asks for signatures. */
enum err keeper_connect(struct keeper *k, pid_t client, int *fd, pid_t *signer)
{
	struct fault f = {0};
	struct frame out = {.type = IPC_CLIENT, .number = (uint64_t)client, .fd_count = 1};
	int pair[2];

	if (!keeper_is_ready(k))
		return E_CLOSED;
	if (frame_pair(pair, &f) != E_OK) {
		log_write(LOG_LEVEL_ERROR, "no line to the signer: %s", f.text);
		return E_SYS;
	}
	out.fd[0] = pair[0];
	if (frameport_send(k->port, &out) != E_OK) {
		close(pair[1]);
		fail(k, "it does not listen");
		return E_CLOSED;
	}
	*fd = pair[1];
	*signer = k->pid;
	return E_OK;
}

static void on_ready(struct keeper *k)
{
	if (k->told != k->keys.count) {
		fail(k, "the host keys are others than at the start");
		return;
	}
	k->is_known = k->is_ready = true;
	k->ops->ready(k->ctx);
}

static void on_frame(void *ctx, struct frame *frame)
{
	struct keeper *k = ctx;
	char text[IPC_TEXT_MAX + 1];

	switch (frame->type) {
	case IPC_KEY:
		if (!take_key(k, frame->payload))
			fail(k, "the host keys are others than at the start");
		break;
	case IPC_READY:
		on_ready(k);
		break;
	default:
		if (!bytes_to_cstr(frame->payload, text, sizeof(text)))
			strcpy(text, "no reason was given");
		fail(k, text);
		break;
	}
}

static void on_over(void *ctx, const struct fault *why)
{
	struct keeper *k = ctx;

	if (why->err != E_CLOSED)
		log_write(LOG_LEVEL_ERROR, "the signer is not listened to any more: %s", why->text);
	turn_away(k);
}

static const struct frameport_ops port_ops = {.frame = on_frame, .over = on_over};

/* --- its life --------------------------------------------------------------------------------- */

static enum err tell(struct keeper *k, uint16_t type, struct bytes payload)
{
	struct frame out = {.type = type, .payload = payload};

	return frameport_send(k->port, &out);
}

static enum err brief(struct keeper *k)
{
	uint8_t room[IPC_SMALL_MAX];
	struct span into = {room, sizeof(room)};
	struct ipc_start start = {
		.level = log_level_now(),
		.has_user = k->user.uid != (uid_t)SANDBOX_NO_USER,
		.uid = k->user.uid,
		.gid = k->user.gid,
	};
	enum err e = tell(k, IPC_START, ipc_wr_start(into, &start));

	for (size_t i = 0; i < k->count && e == E_OK; i++)
		e = tell(k, IPC_LOAD, ipc_wr_load(into, k->paths[i].path, k->paths[i].may_make));
	return e == E_OK ? tell(k, IPC_GO, bytes_of(NULL, 0)) : e;
}

static void on_started(void *ctx, int fd, pid_t pid)
{
	struct keeper *k = ctx;

	k->pid = pid;
	k->told = 0;
	if (frameport_new(k->loop, fd, &ipc_from_signer, pid, &port_ops, k, &k->port) != E_OK) {
		close(fd);
		return;
	}
	if (brief(k) != E_OK)
		fail(k, "it does not listen");
}

static void on_ended(void *ctx)
{
	struct keeper *k = ctx;

	/* Its last words may have come together with its end. */
	frameport_drain(k->port);
	turn_away(k);
	if (!k->is_known)
		fail(k, "the signer ended before it was ready");
}

static void on_gone(void *ctx)
{
	struct keeper *k = ctx;

	k->ops->gone(k->ctx);
	free(k->paths);
	free(k);
}

static const struct child_ops child_ops = {
	.started = on_started, .ended = on_ended, .gone = on_gone};

enum err keeper_new(uv_loop_t *loop, const struct keeper_path *paths, size_t count,
	const struct sandbox_user *user, const struct keeper_ops *ops, void *ctx,
	struct keeper **out)
{
	struct keeper *k = calloc(1, sizeof(*k));
	enum err e = E_NOMEM;

	if (!k)
		return E_NOMEM;
	*k = (struct keeper){.loop = loop, .count = count, .user = *user, .ops = ops, .ctx = ctx};
	k->paths = malloc((count + 1) * sizeof(k->paths[0]));
	if (k->paths) {
		memcpy(k->paths, paths, count * sizeof(k->paths[0]));
		e = child_new(loop, "signer", &child_ops, k, &k->child);
	}
	if (e != E_OK) {
		free(k->paths);
		free(k);
		return e;
	}
	*out = k;
	return E_OK;
}

void keeper_stop(struct keeper *k)
{
	if (!k || k->is_stopping)
		return;
	k->is_stopping = true;
	turn_away(k);
	child_stop(k->child);
}

const struct keeper_keys *keeper_keys(const struct keeper *k)
{
	return &k->keys;
}
