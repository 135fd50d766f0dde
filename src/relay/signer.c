/* SPDX-License-Identifier: ISC */
/*
 * It waits in poll and serves one frame at a time. A client's question is read only when there is
 * room for the answer, so that one that does not read holds up itself alone.
 */
#include "relay/signer.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "relay/child.h"
#include "relay/file.h"
#include "relay/hostkeys.h"
#include "relay/ipc.h"
#include "sandbox/sandbox.h"
#include "wire/writer.h"

enum { EXIT_BAD = 1 };

struct signer {
	int parent;
	pid_t parent_pid;
	struct hostkeys keys;
	struct rng rng;
	struct sandbox_user user;
	struct pollfd poll[1 + SIGNER_CLIENTS_MAX]; /* the supervisor, then clients */
	pid_t client_pid[1 + SIGNER_CLIENTS_MAX];
	size_t count;
	uint8_t room[FRAME_MAX];
};

/* --- before the fence ------------------------------------------------------------------------- */

static enum err load(struct signer *s, const struct frame *in, struct fault *f)
{
	char folder[IPC_PATH_MAX];
	struct ipc_load l;
	bool is_new;
	enum err e = ipc_rd_load(in->payload, &l);
	char *slash;

	if (e != E_OK)
		return fault_set(f, e, 0, "a host key without a path");
	if (!l.may_make)
		return hostkeys_load(&s->keys, l.path, f);
	strcpy(folder, l.path);
	slash = strrchr(folder, '/');
	if (slash && slash != folder) {
		*slash = '\0';
		e = file_make_folder(folder, f);
	}
	if (e == E_OK)
		e = hostkeys_load_or_make(&s->keys, l.path, &s->rng, &is_new, f);
	if (e == E_OK && is_new)
		log_write(LOG_LEVEL_INFO, "made a host key: %s", l.path);
	return e;
}

static enum err try_one(struct signer *s, size_t i, const struct sig_alg *alg)
{
	uint8_t out[PK_SIGNATURE_MAX], hash[32] = {0};
	size_t len;

	return hostkeys_sign(&s->keys, i, alg, bytes_of(hash, sizeof(hash)),
		(struct span){out, sizeof(out)}, &len);
}

/* One signature of each kind, thrown away: whatever libcrypto loads or makes on first use is there
 * before the fence. */
static enum err warm_up(struct signer *s, struct fault *f)
{
	const struct sig_alg *alg;

	for (size_t i = 0; i < s->keys.count; i++) {
		for (size_t a = 0; (alg = sig_alg_at(a)) != NULL; a++) {
			enum err e;

			if (alg->type != pk_type_of(s->keys.key[i]->key))
				continue;
			e = try_one(s, i, alg);
			if (e != E_OK)
				return fault_set(f, e, 0, "host key %s does not sign: %s",
					s->keys.key[i]->fingerprint, err_text(e));
		}
	}
	return E_OK;
}

static enum err go(struct signer *s, struct fault *f)
{
	enum err e = warm_up(s, f);

	/* Not to be swapped out, where the limits allow it. */
	if (mlockall(MCL_CURRENT | MCL_ONFAULT) != 0)
		log_write(LOG_LEVEL_DEBUG1, "host keys may be swapped out: mlockall: %s",
			strerror(errno));
	if (e == E_OK)
		e = sandbox_enter(SANDBOX_SIGNER, &s->user, f);
	for (size_t i = 0; i < s->keys.count && e == E_OK; i++) {
		const struct hostkey *k = s->keys.key[i];
		struct frame out = {.type = IPC_KEY, .payload = bytes_of(k->blob, k->blob_len)};

		e = frame_send_all(s->parent, &out);
	}
	if (e == E_OK)
		e = frame_send_all(s->parent, &(struct frame){.type = IPC_READY});
	return e;
}

/* Until IPC_GO is done. */
static enum err prepare(struct signer *s, struct fault *f)
{
	for (;;) {
		struct frame in;
		enum err e = frame_wait(s->parent, &ipc_to_signer, s->parent_pid, s->room, &in, f);

		if (e != E_OK)
			return e;
		if (in.type == IPC_GO)
			return go(s, f);
		if (in.type == IPC_START)
			e = child_be(in.payload, &s->user, f);
		else if (in.type == IPC_LOAD)
			e = load(s, &in, f);
		else
			e = E_STATE;
		frame_close_fds(&in);
		if (e != E_OK)
			return e;
	}
}

/* --- behind it -------------------------------------------------------------------------------- */

static void hang_up(struct signer *s, size_t i)
{
	close(s->poll[i].fd);
	s->count--;
	s->poll[i] = s->poll[s->count];
	s->client_pid[i] = s->client_pid[s->count];
}

static void add_client(struct signer *s, const struct frame *in)
{
	if (s->count == 1 + SIGNER_CLIENTS_MAX) {
		log_write(LOG_LEVEL_ERROR, "no room for another client");
		close(in->fd[0]);
		return;
	}
	s->poll[s->count] = (struct pollfd){.fd = in->fd[0]};
	s->client_pid[s->count++] = (pid_t)in->number;
}

static bool has_room(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0;
}

/* Longer than any hash, so that it cannot be taken for one. */
static struct bytes proof_text(const struct signer *s, const struct ipc_sign *q, struct span room)
{
	const struct hostkey *k;
	struct writer w;

	if (q->index >= s->keys.count)
		return bytes_of(NULL, 0);
	k = s->keys.key[q->index];
	wr_init(&w, room);
	wr_cstring(&w, "hostkeys-prove-00@openssh.com");
	wr_string(&w, q->hash);
	wr_string(&w, bytes_of(k->blob, k->blob_len));
	return wr_bytes(&w);
}

static size_t sign(struct signer *s, const struct ipc_sign *q, bool is_proof, struct span out)
{
	uint8_t room[256 + LIMIT_BLOB];
	const struct sig_alg *alg = sig_alg_find(q->alg);
	struct bytes text =
		is_proof ? proof_text(s, q, (struct span){room, sizeof(room)}) : q->hash;
	size_t len = 0;
	enum err e = E_VALUE;

	if (alg && text.len > 0)
		e = hostkeys_sign(&s->keys, q->index, alg, text, out, &len);

	if (e == E_OK)
		return len;
	log_write(LOG_LEVEL_ERROR, "host key %u does not sign: %s", q->index, err_text(e));
	return 0;
}

/* False: this client is not to be served any more. */
static bool serve(struct signer *s, int fd, pid_t pid)
{
	uint8_t signature[PK_SIGNATURE_MAX];
	struct fault why = {0};
	struct ipc_sign q;
	struct frame in, out = {.type = IPC_SIGNED};
	enum err e = frame_recv(fd, &ipc_from_client, pid, s->room, &in, &why);

	if (e == E_AGAIN)
		return true;
	if (e == E_CLOSED)
		return false;
	if (e == E_OK)
		e = ipc_rd_sign(in.payload, &q);
	if (e != E_OK) {
		log_write(LOG_LEVEL_ERROR, "a question that may not be asked: %s",
			why.text[0] ? why.text : err_text(e));
		return false;
	}
	out.number = in.number;
	out.payload = bytes_of(signature,
		sign(s, &q, in.type == IPC_PROVE, (struct span){signature, sizeof(signature)}));
	return frame_send(fd, &out) == E_OK;
}

/* True while the supervisor is there. */
static bool hear_parent(struct signer *s)
{
	struct fault why = {0};
	struct frame in;
	enum err e = frame_recv(s->parent, &ipc_to_signer, s->parent_pid, s->room, &in, &why);

	if (e == E_AGAIN)
		return true;
	if (e != E_OK)
		return false;
	if (in.type == IPC_CLIENT)
		add_client(s, &in);
	else
		frame_close_fds(&in);
	return true;
}

static int attend(struct signer *s)
{
	for (;;) {
		for (size_t i = 1; i < s->count; i++)
			s->poll[i].events = has_room(s->poll[i].fd) ? POLLIN : POLLOUT;
		if (poll(s->poll, s->count, -1) < 0) {
			if (errno == EINTR)
				continue;
			return EXIT_BAD;
		}
		for (size_t i = s->count - 1; i > 0; i--) {
			short got = s->poll[i].revents;

			/* Gone for good when nothing is left to be read. */
			if ((got & POLLIN) ? !serve(s, s->poll[i].fd, s->client_pid[i])
					   : (got & (POLLHUP | POLLERR)) != 0)
				hang_up(s, i);
		}
		if (s->poll[0].revents && !hear_parent(s))
			return 0;
	}
}

int signer_run(int fd)
{
	static struct signer s;
	struct fault f = {0};
	enum err e;
	int code;

	s = (struct signer){.parent = fd, .parent_pid = getppid(), .count = 1};
	s.user.uid = (uid_t)SANDBOX_NO_USER;
	s.poll[0] = (struct pollfd){.fd = fd, .events = POLLIN};
	hostkeys_init(&s.keys);
	rng_system(&s.rng);
	e = prepare(&s, &f);
	if (e == E_OK) {
		code = attend(&s);
	} else {
		struct frame out = {
			.type = IPC_FAILED, .payload = bytes_str(f.text[0] ? f.text : err_text(e))};

		code = frame_send_all(fd, &out) == E_OK ? EXIT_BAD : 0;
	}
	hostkeys_fini(&s.keys);
	rng_fini(&s.rng);
	return code;
}
