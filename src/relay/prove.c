/* SPDX-License-Identifier: ISC */
/* The signer is asked for one key after the other; the answer is complete or a refusal. */
#include "relay/prove.h"

#include <stdlib.h>

#include "mux/global.h"
#include "wire/reader.h"
#include "wire/writer.h"

struct prove {
	struct link *link;
	uint32_t token;
	struct signing_ask ask;
	size_t key[TRANSPORT_HOSTKEYS_MAX]; /* their numbers, in the order of the request */
	size_t count, done;
	uint8_t room[GLOBAL_DATA_MAX];
	struct writer answer;
};

static void reply(struct link *l, uint32_t token, bool is_ok, struct bytes data)
{
	struct mux *m = link_mux(l);

	if (m && mux_global_reply(m, token, is_ok, data, NULL) != E_OK)
		link_log(l, LOG_LEVEL_DEBUG1, "the proof of host keys could not be sent");
	conn_wake(l->conn);
}

void prove_forget(struct link *l)
{
	if (!l->prove)
		return;
	signing_cancel(&l->prove->ask);
	free(l->prove);
	l->prove = NULL;
}

static void finish(struct link *l, bool is_ok)
{
	struct prove *p = l->prove;

	is_ok = is_ok && wr_ok(&p->answer);
	reply(l, p->token, is_ok, is_ok ? wr_bytes(&p->answer) : bytes_of(NULL, 0));
	prove_forget(l);
}

/* RSA keys sign by the algorithm of the key exchange when that was one of theirs: a client may know
 * no other. */
static const struct sig_alg *alg_for(const struct link *l, enum pk_type type)
{
	const struct sig_alg *alg;

	if (l->ask.alg && l->ask.alg->type == type)
		return l->ask.alg;
	for (size_t i = 0; (alg = sig_alg_at(i)) != NULL; i++)
		if (alg->type == type)
			return alg;
	return NULL;
}

static void on_signed(struct signing_ask *a, struct bytes signature, bool is_late);

static void ask_next(struct prove *p)
{
	struct link *l = p->link;
	struct bytes id = transport_session_id(session_transport(conn_session(l->conn)));
	size_t index = p->key[p->done];

	p->ask.index = index;
	p->ask.alg = alg_for(l, l->relay->hostkeys.key[index].type);
	p->ask.is_proof = true;
	p->ask.answered = on_signed;
	memcpy(p->ask.hash, id.ptr, id.len);
	p->ask.hash_len = id.len;
	signing_put(l->relay->signing, &p->ask, SIGNING_LIVE_MS);
}

static void on_signed(struct signing_ask *a, struct bytes signature, bool is_late)
{
	struct prove *p = list_entry(a, struct prove, ask);

	if (signature.len == 0) {
		finish(p->link, false);
		return;
	}
	wr_string(&p->answer, signature);
	if (++p->done < p->count)
		ask_next(p);
	else
		finish(p->link, true);
}

/* The numbers of the keys that are asked for; each of them once at most, and ours. */
static bool find_keys(const struct keeper_keys *keys, struct bytes data, struct prove *p)
{
	bool is_taken[TRANSPORT_HOSTKEYS_MAX] = {false};
	struct reader r;

	rd_init(&r, data);
	while (rd_left(&r) > 0 && p->count < keys->count) {
		struct bytes blob = rd_string(&r, LIMIT_BLOB);
		size_t i = 0;

		while (i < keys->count &&
			(is_taken[i] || !bytes_eq(blob, bytes_of(keys->key[i].blob,
								keys->key[i].blob_len))))
			i++;
		if (i == keys->count)
			return false;
		is_taken[i] = true;
		p->key[p->count++] = i;
	}
	return rd_end(&r) && p->count > 0;
}

void prove_on(struct link *l, const struct mux_event *ev)
{
	struct prove *p = l->prove ? NULL : calloc(1, sizeof(*p));

	if (!p || !find_keys(&l->relay->hostkeys, ev->data, p)) {
		link_log(l, LOG_LEVEL_INFO, "a proof of host keys was refused: %s",
			p ? "they are not all ours" : "not now");
		free(p);
		reply(l, ev->token, false, bytes_of(NULL, 0));
		return;
	}
	p->link = l;
	p->token = ev->token;
	signing_ask_init(&p->ask);
	wr_init(&p->answer, (struct span){p->room, sizeof(p->room)});
	l->prove = p;
	ask_next(p);
}

void prove_announce(struct link *l)
{
	const struct keeper_keys *keys = &l->relay->hostkeys;
	uint8_t room[8 * 1024];
	struct mux *m = link_mux(l);
	struct writer w;

	wr_init(&w, (struct span){room, sizeof(room)});
	for (size_t i = 0; i < keys->count; i++)
		wr_string(&w, bytes_of(keys->key[i].blob, keys->key[i].blob_len));
	if (!m || !wr_ok(&w))
		return;
	if (mux_global(m, "hostkeys-00@openssh.com", false, wr_bytes(&w), 0) != E_OK)
		link_log(l, LOG_LEVEL_DEBUG1, "host keys could not be announced");
}
