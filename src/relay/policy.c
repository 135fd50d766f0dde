/* SPDX-License-Identifier: ISC */
#include "relay/policy.h"

#include "relay/crossing.h"

#include "relay/door.h"

const struct relay_settings *policy_of(const struct link *l)
{
	return relay_conf_settings(l->policy);
}

enum err policy_for(struct relay_conf *conf, const struct identity *id, const char *peer,
	const char *local, uint16_t local_port, struct relay_conf **out, struct fault *f)
{
	struct relay_facts facts = {.user = id->user,
		.address = peer,
		.local_address = local,
		.local_port = local_port,
		.key_name = id->is_named ? id->key_name : "",
		.fingerprint = id->fingerprint};

	return relay_conf_for(conf, &facts, out, f);
}

enum err policy_make(struct link *l, struct fault *f)
{
	const struct sock_addr *at = conn_local(l->conn);
	char local[SOCK_TEXT_MAX];
	struct relay_conf *made;
	enum err e;

	sock_host(at, local);
	e = policy_for(l->relay->conf, l->identity, l->peer_host, local, sock_port(at), &made, f);
	if (e != E_OK)
		return e;
	relay_conf_free(l->policy);
	l->policy = made;
	return E_OK;
}

/* --- judged anew ------------------------------------------------------------------------------ */

/* One that the relay chose may stay when any may be chosen, or when this one may be had. */
static bool may_keep(const struct link *l, const struct door *d, struct fault *f)
{
	const struct relay_settings *s = policy_of(l);
	struct bytes host = bytes_str(d->requested);
	struct fault unused = {0};

	return (d->is_chosen && identity_may_listen(l->identity, s, l->relay->low_end, host, 0,
					&unused) == E_OK) ||
	       identity_may_listen(l->identity, s, l->relay->low_end, host, d->port, f) == E_OK;
}

/* Ports that were opened under rules which hold no more. */
static void review_doors(struct link *l)
{
	struct list *n, *next;

	for (n = l->doors.next; n != &l->doors; n = next) {
		struct door *d = list_entry(n, struct door, node);
		struct fault f = {0};

		next = n->next;
		if (d->berth && !may_keep(l, d, &f))
			door_shut(d, f.text);
	}
}

static enum err renew(struct link *l, struct identity *made, struct fault *f)
{
	struct identity *old = l->identity;

	if (made->rate_bytes > 0 &&
		account_limit(l->account, &l->relay->hub, made->rate_bytes) != E_OK) {
		identity_free(made);
		return fault_set(f, E_NOMEM, 0, "out of memory");
	}
	l->identity = made;
	identity_free(old);
	return policy_make(l, f);
}

void policy_deny(struct link *l, const char *why)
{
	link_log(l, LOG_LEVEL_INFO, "the key is not admitted any more: %s", why);
	link_end(l, "your key is not admitted any more");
}

void policy_renew(struct link *l, struct identity *made)
{
	struct fault f = {0};

	if (renew(l, made, &f) != E_OK) {
		policy_deny(l, f.text);
		return;
	}
	review_doors(l);
	crossings_review(l);
	link_watch_expiry(l);
}
