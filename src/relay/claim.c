/* SPDX-License-Identifier: ISC */
#include "relay/claim.h"
#include "relay/policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "relay/book.h"
#include "relay/choice.h"

/* How far a wish has come. */
struct attempt {
	struct link *link;
	const struct wish *wish;
	const struct binder_wish *want; /* port 0: the relay's choice */
	unsigned index;			/* of the chosen ports that are tried */
	unsigned answered; /* the number of the connection that is known to be alive; 0: none */
};

/* A wish that waits for the answer of the connection that has the port. */
struct claim {
	struct list node; /* of link.claims */
	struct probe_asker asker;
	struct attempt attempt;
	struct wish wish;
	struct binder_wish want;
};

/* Berths of the claimant's own identity that are in the way. */
struct blockers {
	struct berth *berth[BINDER_MAX];
	size_t count;
	struct berth
		*served; /* one of them that another connection has now; NULL: all are leased */
};

static unsigned freed_by(const struct blockers *own)
{
	unsigned n = 0;

	for (size_t i = 0; i < own->count; i++)
		n += own->berth[i]->door != NULL;
	return n;
}

/* --- sockets ---------------------------------------------------------------------------------- */

static enum err make_door(struct link *l, const struct wish *w, uint16_t port, unsigned freed,
	struct door **d, struct fault *f)
{
	enum err e = identity_may_open(l->identity, l->account->forwards - freed, f);

	if (e != E_OK)
		return e;
	*d = door_new(l, bytes_str(w->host), w->port == 0, port);
	return *d ? E_OK : fault_set(f, E_NOMEM, 0, "no memory for another port");
}

/* The kernel does not know which ports other keys count on. */
static enum err bind_for(const struct link *l, const struct binder_wish *want,
	struct binder_set *set, struct fault *f)
{
	enum err e = binder_bind(want, set, f);

	for (int i = 0; e == E_OK && want->port == 0 && i < BINDER_TRIES; i++) {
		if (!choice_is_others(l, set->port))
			break;
		binder_fini(set);
		e = binder_bind(want, set, f);
	}
	return e;
}

/* Sockets of its own. f->code EADDRINUSE: somebody is there. */
static enum err bind_new(
	struct link *l, const struct wish *w, const struct binder_wish *want, struct fault *f)
{
	struct binder_set set;
	struct door *d;
	enum err e = bind_for(l, want, &set, f);

	if (e != E_OK)
		return e;
	e = make_door(l, w, set.port, 0, &d, f);
	if (e != E_OK) {
		binder_fini(&set);
		return e;
	}
	e = berth_new(d, &set, f);
	if (e != E_OK) {
		door_close(d, 0);
		return e;
	}
	if (w->port == 0)
		book_note(l->relay->book, d->berth->owner, d->port);
	wish_opened(l, w, d);
	return E_OK;
}

/* --- who is in the way ------------------------------------------------------------------------ */

/* Others learn that a key has it and for how long it is kept, not which key. */
static void say_stranger(const struct berth *b, uint64_t now_ms, struct fault *f)
{
	size_t used = strlen(f->text);

	if (b->door)
		snprintf(f->text + used, sizeof(f->text) - used, ": another key holds it");
	else
		snprintf(f->text + used, sizeof(f->text) - used,
			": it is kept for another key, whose connection was lost, for %llu s more",
			(unsigned long long)((b->until_ms - now_ms + 999) / 1000));
}

static void say_own(const struct link *l, const struct berth *b, struct fault *f)
{
	const struct link *other = b->door->link;
	size_t used = strlen(f->text);

	if (other == l)
		snprintf(f->text + used, sizeof(f->text) - used,
			": this connection holds it with your key");
	else
		snprintf(f->text + used, sizeof(f->text) - used,
			": a connection holds it with your key from %s, and answers", other->peer);
}

static bool is_among(const struct blockers *all, const struct berth *b)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->berth[i] == b)
			return true;
	return false;
}

/* f: the sentence that the port is taken. E_DENIED with more in it: by somebody else's key, by a
 * program that is none of ours, or by this connection itself. */
static enum err find_blockers(
	const struct link *l, const struct binder_wish *want, struct blockers *own, struct fault *f)
{
	const struct relay *r = l->relay;

	*own = (struct blockers){.count = 0};
	for (size_t i = 0; i < want->count; i++) {
		struct port_place at = {.port = want->port};
		struct berth *b;

		sock_host(&want->addr[i], at.address);
		b = berth_find(r, &at);
		if (!b || is_among(own, b))
			continue;
		if (strcmp(b->owner, l->identity->fingerprint) != 0) {
			say_stranger(b, hub_now(&r->hub), f);
			return E_DENIED;
		}
		if (b->door && b->door->link == l) {
			say_own(l, b, f);
			return E_DENIED;
		}
		if (b->door)
			own->served = b;
		own->berth[own->count++] = b;
	}
	return own->count > 0 ? E_OK : E_DENIED;
}

/* --- taking it -----------------------------------------------------------------------------------
 */

/* All that is in the way is closed. Telling their connections may let others of the key act in the
 * same moment, so each step looks anew. */
static void evict_all(struct link *l, const struct binder_wish *want)
{
	struct blockers own;
	struct fault unused = {0};

	for (unsigned i = 0; i < 2 * BINDER_MAX; i++) {
		if (find_blockers(l, want, &own, &unused) != E_OK)
			return;
		berth_evict(own.berth[0], l);
	}
}

/* The sockets go on as they are if they are what is wanted now. */
static enum err take(struct link *l, const struct wish *w, const struct binder_wish *want,
	const struct blockers *own, struct fault *f)
{
	struct door *d;
	enum err e;

	if (own->count != 1 || !berth_fits(own->berth[0], want)) {
		evict_all(l, want);
		return bind_new(l, w, want, f);
	}
	e = make_door(l, w, own->berth[0]->port, freed_by(own), &d, f);
	if (e != E_OK)
		return e;
	e = berth_move(own->berth[0], d);
	if (e != E_OK) {
		door_close(d, 0);
		return fault_set(f, e, 0, "port %u: %s", w->port, err_text(e));
	}
	wish_opened(l, w, d);
	berth_admit(d->berth);
	return E_OK;
}

/* The reply is given now and not at the promotion: replies leave in the order of the requests, so
 * one that waits for hours would hold up all that follow, and among them the answers to the
 * agent's own keepalives. */
static enum err stand_by(struct link *l, const struct wish *w, const struct binder_wish *want,
	const struct blockers *own, struct fault *f)
{
	struct door *d;
	enum err e;

	if (own->count != 1 || !berth_fits(own->served, want))
		return fault_set(f, E_DENIED, 0,
			"a connection of your key has port %u at other addresses", w->port);
	e = make_door(l, w, own->served->port, 0, &d, f);
	if (e != E_OK)
		return e;
	berth_stand_by(own->served, d);
	wish_opened(l, w, d);
	return E_OK;
}

/* --- claims that wait ------------------------------------------------------------------------- */

static void claim_free(struct claim *c)
{
	probe_forget(&c->asker);
	list_remove(&c->node);
	c->attempt.link->claim_count--;
	free(c);
}

static void go(struct attempt *a);

static void on_told(struct probe_asker *asker, bool is_alive)
{
	struct claim *c = list_entry(asker, struct claim, asker);
	struct wish w = c->wish;
	struct binder_wish want = c->want;
	struct attempt a = c->attempt;
	struct fault f = {0};

	a.wish = &w;
	a.want = &want;
	if (!is_alive)
		a.answered = 0;
	claim_free(c);
	if (!link_mux(a.link))
		return;
	if (wish_judge(a.link, &w, &f) != E_OK)
		wish_refuse(a.link, &w, f.text);
	else
		go(&a);
}

/* E_AGAIN: the wish is answered later. */
static enum err ask_first(const struct attempt *a, struct link *holder, struct fault *f)
{
	struct claim *c = calloc(1, sizeof(*c));

	if (!c)
		return fault_set(f, E_NOMEM, 0, "out of memory");
	c->attempt = *a;
	c->attempt.answered = holder->number;
	c->wish = *a->wish;
	c->want = *a->want;
	c->asker.told = on_told;
	list_append(&a->link->claims, &c->node);
	a->link->claim_count++;
	probe_ask(holder, &c->asker);
	return E_AGAIN;
}

bool claim_cancel(struct link *l, struct bytes host, uint32_t port)
{
	for (struct list *n = l->claims.next; n != &l->claims; n = n->next) {
		struct claim *c = list_entry(n, struct claim, node);

		if (c->wish.port != port || !bytes_is(host, c->wish.host))
			continue;
		wish_refuse(l, &c->wish, "it was cancelled meanwhile");
		claim_free(c);
		return true;
	}
	return false;
}

void claims_forget(struct link *l)
{
	while (!list_is_empty(&l->claims))
		claim_free(list_entry(l->claims.next, struct claim, node));
}

/* --- the decision ----------------------------------------------------------------------------- */

static enum authkey_takeover policy_for(const struct link *l)
{
	return l->identity->takeover != AUTHKEY_TAKEOVER_DEFAULT ? l->identity->takeover
								 : policy_of(l)->takeover;
}

/* taken: the sentence that the port is; more may stand there afterwards. want: with a port. */
static enum err meet(const struct attempt *a, const struct binder_wish *want, struct fault *taken,
	struct fault *f)
{
	struct link *l = a->link, *holder;
	enum authkey_takeover policy = policy_for(l);
	struct blockers own;

	if (find_blockers(l, want, &own, taken) != E_OK)
		return E_DENIED;
	if (!own.served || policy == AUTHKEY_TAKEOVER_REPLACE)
		return take(l, a->wish, want, &own, f);
	holder = own.served->door->link;
	if (holder->number != a->answered)
		return ask_first(a, holder, f);
	if (policy == AUTHKEY_TAKEOVER_STANDBY)
		return stand_by(l, a->wish, want, &own, f);
	say_own(l, own.served, taken);
	return E_DENIED;
}

/* E_DENIED: this port is taken, and taken says by whom. */
static enum err get(const struct attempt *a, uint16_t port, struct fault *taken, struct fault *f)
{
	struct binder_wish want = *a->want;
	enum err e;

	want.port = port;
	e = bind_new(a->link, a->wish, &want, taken);
	return e != E_OK && taken->code == EADDRINUSE && port != 0 ? meet(a, &want, taken, f) : e;
}

/* Somebody else has the port that the key was given before. */
static void say_lost(const struct attempt *a, uint16_t port)
{
	struct port_place at = {.port = port};
	const struct berth *b;
	char text[96];

	sock_host(&a->want->addr[0], at.address);
	b = berth_find(a->link->relay, &at);
	if (b && strcmp(b->owner, a->link->identity->fingerprint) == 0)
		return;
	snprintf(text, sizeof(text), "port %u, which your key was given before, is not free", port);
	link_log(a->link, LOG_LEVEL_INFO, "%s", text);
	link_remark(a->link, text);
}

static void go(struct attempt *a)
{
	struct fault taken = {0}, f = {0};
	uint16_t port = a->want->port;
	enum err e = E_DENIED;

	/* A lease that ran out in this round of the loop keeps nobody out. */
	laters_run(&a->link->relay->leases);
	if (port != 0) {
		e = get(a, port, &taken, &f);
	} else {
		for (; choice_next(a->link, a->wish, &a->index, &port); a->index++) {
			taken = f = (struct fault){0};
			e = get(a, port, &taken, &f);
			if (e == E_OK || e == E_AGAIN)
				break;
			if (choice_is_old(a->index))
				say_lost(a, port);
		}
	}
	if (e != E_OK && e != E_AGAIN)
		wish_refuse(a->link, a->wish,
			f.text[0]	? f.text
			: taken.text[0] ? taken.text
					: "none of the ports that your key may open is free");
}

void claim_go(struct link *l, const struct wish *w, const struct binder_wish *want)
{
	struct attempt a = {.link = l, .wish = w, .want = want};

	go(&a);
}
