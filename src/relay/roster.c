/* SPDX-License-Identifier: ISC */
#include "relay/roster.h"

#include <search.h>
#include <stdlib.h>
#include <time.h>

#include "auth/proof.h"
#include "relay/policy.h"

static int by_session(const void *a, const void *b)
{
	uint32_t x = ((const struct member *)a)->session, y = ((const struct member *)b)->session;

	return x < y ? -1 : x > y;
}

void roster_init(struct roster *r)
{
	*r = (struct roster){0};
	list_init(&r->members);
}

struct member *roster_find(const struct roster *r, uint32_t session)
{
	struct member key = {.session = session}, *const *node = tfind(&key, &r->tree, by_session);

	return node ? *node : NULL;
}

static void member_free(struct member *m)
{
	identity_free(m->identity);
	relay_conf_free(m->policy);
	free(m);
}

void roster_leave(struct roster *r, struct member *m)
{
	tdelete(m, &r->tree, by_session);
	list_remove(&m->node);
	r->count--;
	member_free(m);
}

void roster_clear(struct roster *r)
{
	while (!list_is_empty(&r->members))
		roster_leave(r, list_entry(r->members.next, struct member, node));
}

/* --- one that logs in ------------------------------------------------------------------------- */

static enum err make_policy(struct member *m, struct relay_conf *conf, struct fault *f)
{
	struct relay_conf *made;
	enum err e = policy_for(
		conf, m->identity, m->peer, m->local, m->local_port, &made, f);

	if (e != E_OK)
		return e;
	relay_conf_free(m->policy);
	m->policy = made;
	return E_OK;
}

static enum err enter(struct roster *r, struct member *m, struct fault *f)
{
	struct member *before = roster_find(r, m->session);

	if (before)
		roster_leave(r, before);
	if (r->count >= ROSTER_MAX)
		return fault_set(f, E_LIMIT, 0, "too many sessions");
	if (!tsearch(m, &r->tree, by_session))
		return fault_set(f, E_NOMEM, 0, "out of memory");
	list_append(&r->members, &m->node);
	r->count++;
	return E_OK;
}

static enum err prove(const struct ipc_key *k, const struct identity *id,
	const struct relay_conf *conf, struct fault *f)
{
	const char *flaw = proof_check(k->proof, k->signature, bytes_str(k->user), k->blob,
		identity_terms(id, relay_conf_settings(conf)));

	return flaw ? fault_set(f, E_DENIED, 0, "%s", flaw) : E_OK;
}

/* at: where the key stands. */
static enum err join(struct roster *r, struct relay_conf *conf, const struct ipc_key *k,
	const struct keyring_place *at, struct fault *f)
{
	struct member *m = calloc(1, sizeof(*m));
	enum err e;

	if (!m)
		return fault_set(f, E_NOMEM, 0, "out of memory");
	m->session = k->session;
	strcpy(m->peer, k->peer);
	strcpy(m->local, k->local);
	m->local_port = k->local_port;
	list_init(&m->node);
	e = identity_new(k->user, k->blob, at, &m->identity, f);
	if (e == E_OK)
		e = prove(k, m->identity, conf, f);
	if (e == E_OK)
		e = make_policy(m, conf, f);
	if (e == E_OK)
		e = enter(r, m, f);
	if (e != E_OK)
		member_free(m);
	return e;
}

enum err roster_admit(struct roster *r, struct keyring *keys, struct relay_conf *conf,
	const struct ipc_key *k, struct identity **id, struct fault *f)
{
	time_t now = time(NULL);
	struct candidate who = {k->user, k->blob, k->peer, now, now};
	struct keyring_place at;
	enum err e;

	keyring_refresh(keys, k->user);
	e = keyring_admit(keys, &who, &at, f);
	if (e == E_OK && k->proof.len > 0)
		e = join(r, conf, k, &at, f);
	if (e == E_OK)
		e = identity_new(k->user, k->blob, &at, id, f);
	return e;
}

/* --- judged anew ------------------------------------------------------------------------------ */

static enum err review(
	const struct keyring *keys, struct relay_conf *conf, struct member *m, struct fault *f)
{
	struct identity *old = m->identity, *made;
	struct bytes blob = bytes_of(old->blob, old->blob_len);
	struct candidate who = {old->user, blob, m->peer, time(NULL), old->since};
	struct keyring_place at;
	enum err e = keyring_admit(keys, &who, &at, f);

	if (e == E_OK)
		e = identity_new(old->user, blob, &at, &made, f);
	if (e != E_OK)
		return e;
	m->identity = made;
	identity_free(old);
	return make_policy(m, conf, f);
}

enum err roster_review(struct roster *r, const struct keyring *keys, struct relay_conf *conf,
	struct member *m, struct fault *f)
{
	enum err e = review(keys, conf, m, f);

	if (e != E_OK)
		roster_leave(r, m);
	return e;
}
