/* SPDX-License-Identifier: ISC */
#include "relay/claim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "relay/book.h"
#include "relay/choice.h"
#include "relay/policy.h"

enum {
	CLAIMS_MAX = 2 * RELAY_DOORS_MAX, /* that wait, of a connection */
	EVICTIONS_MAX = 4		  /* each time somebody else was quicker */
};

/* A wish, and how far it has come. */
struct claim {
	struct list node; /* of link.claims */
	struct link *link;
	struct wish wish;
	uint16_t port;	 /* that is tried now; 0: the kernel's choice */
	unsigned index;	 /* of the chosen ones, if one is to be chosen */
	struct uplink_ask bind;	   /* what the supervisor is asked */
	struct probe_asker asker;  /* what another connection is asked */
	struct binder_wish want;   /* where somebody is in the way */
	unsigned answered; /* the number of the connection that is known to be alive; 0: none */
	unsigned evictions;
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
	enum err e = wish_fits(l, f);

	if (e == E_OK)
		e = identity_may_open(l->identity, l->account->forwards - freed, f);

	if (e != E_OK)
		return e;
	*d = door_new(l, bytes_str(w->host), w->port == 0, port);
	return *d ? E_OK : fault_set(f, E_NOMEM, 0, "no memory for another port");
}

/* Sockets of its own. */
static enum err open_new(
	struct link *l, const struct wish *w, struct uplink_bound *sockets, struct fault *f)
{
	struct relay *r = l->relay;
	uint64_t id = sockets->id;
	struct door *d;
	enum err e = make_door(l, w, sockets->set.port, 0, &d, f);

	if (e != E_OK) {
		uplink_drop_bound(r->uplink, sockets);
		return e;
	}
	e = berth_new(d, sockets, f);
	if (e != E_OK) {
		door_close(d, 0);
		return e;
	}
	if (w->port == 0) {
		book_note(r->book, d->berth->owner, d->port);
		uplink_tell(r->uplink, IPC_NOTE, id, bytes_of(NULL, 0));
	}
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

/* The sockets go on as they are if they are what is wanted now. E_AGAIN: they were not, and the way is
 * free. */
static enum err take(struct link *l, const struct wish *w, const struct binder_wish *want,
	const struct blockers *own, struct fault *f)
{
	struct door *d;
	enum err e;

	if (own->count != 1 || !berth_fits(own->berth[0], want)) {
		evict_all(l, want);
		return E_AGAIN;
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

/* --- the way of a claim ----------------------------------------------------------------------- */

static void claim_free(struct claim *c)
{
	probe_forget(&c->asker);
	uplink_cancel(&c->bind);
	list_remove(&c->node);
	c->link->claim_count--;
	free(c);
}

static void refuse(struct claim *c, const char *why)
{
	struct link *l = c->link;
	struct wish w = c->wish;

	claim_free(c);
	wish_refuse(l, &w, why);
	link_retire(l); /* it may have been the last thing it waited for */
}

static void ask_to_bind(struct claim *c)
{
	struct ipc_bind b = {
		.session = c->link->number, .is_chosen = c->wish.port == 0, .port = c->port};
	uint8_t room[IPC_SMALL_MAX];

	strcpy(b.host, c->wish.host);
	uplink_ask(c->link->relay->uplink, &c->bind, IPC_BIND,
		ipcbind_wr((struct span){room, sizeof(room)}, &b));
}

/* The first port from index on that it may have. why: what was wrong with the one before. */
static void try_next(struct claim *c, const char *why)
{
	if (choice_next(c->link, &c->wish, &c->index, &c->port))
		ask_to_bind(c);
	else
		refuse(c, why[0] ? why : "none of the ports that your key may open is free");
}

/* Somebody else has the port that the key was given before. */
static void say_lost(const struct claim *c)
{
	struct port_place at = {.port = c->port};
	const struct berth *b = NULL;
	char text[96];

	if (c->want.count > 0) {
		sock_host(&c->want.addr[0], at.address);
		b = berth_find(c->link->relay, &at);
	}
	if (b && strcmp(b->owner, c->link->identity->fingerprint) == 0)
		return;
	snprintf(text, sizeof(text), "port %u, which your key was given before, is not free",
		c->port);
	link_log(c->link, LOG_LEVEL_INFO, "%s", text);
	link_remark(c->link, text);
}

/* This port cannot be had; where one is to be chosen there may be others. */
static void give_up_port(struct claim *c, const char *why)
{
	if (c->wish.port != 0) {
		refuse(c, why);
		return;
	}
	if (choice_is_old(c->index))
		say_lost(c);
	c->index++;
	try_next(c, why);
}

/* --- somebody is there ------------------------------------------------------------------------ */

static void on_told(struct probe_asker *asker, bool is_alive)
{
	struct claim *c = list_entry(asker, struct claim, asker);
	struct fault f = {0};

	if (!is_alive)
		c->answered = 0;
	if (!link_mux(c->link))
		claim_free(c);
	else if (wish_judge(c->link, &c->wish, &f) != E_OK)
		refuse(c, f.text);
	else
		ask_to_bind(c);
}

static void ask_first(struct claim *c, struct link *holder)
{
	c->answered = holder->number;
	c->asker.told = on_told;
	probe_ask(holder, &c->asker);
}

static enum authkey_takeover policy_for_claim(const struct link *l)
{
	return l->identity->takeover != AUTHKEY_TAKEOVER_DEFAULT ? l->identity->takeover
								 : policy_of(l)->takeover;
}

/* E_OK: it has the port, or stands by for it. E_AGAIN: it is asked for once more, now or later.
 * E_DENIED: it cannot have it, and taken, the sentence that the port is, says more. */
static enum err meet(struct claim *c, struct fault *taken, struct fault *f)
{
	struct link *l = c->link, *holder;
	enum authkey_takeover policy = policy_for_claim(l);
	struct blockers own;
	enum err e;

	if (find_blockers(l, &c->want, &own, taken) != E_OK)
		return E_DENIED;
	if (!own.served || policy == AUTHKEY_TAKEOVER_REPLACE) {
		e = take(l, &c->wish, &c->want, &own, f);
		if (e == E_AGAIN && ++c->evictions > EVICTIONS_MAX)
			return E_DENIED;
		if (e == E_AGAIN)
			ask_to_bind(c);
		return e;
	}
	holder = own.served->door->link;
	if (holder->number != c->answered) {
		ask_first(c, holder);
		return E_AGAIN;
	}
	if (policy == AUTHKEY_TAKEOVER_STANDBY)
		return stand_by(l, &c->wish, &c->want, &own, f);
	say_own(l, own.served, taken);
	return E_DENIED;
}

/* --- the supervisor's answer ------------------------------------------------------------------ */

static void on_not_bound(struct claim *c, const struct frame *answer)
{
	struct fault taken = {0}, f = {0};
	struct ipc_unbound u;
	enum err e = ipcbind_rd_unbound(answer->payload, &u);

	if (e != E_OK) {
		refuse(c, "the answer of the supervisor is malformed");
		return;
	}
	(void)fault_set(&taken, E_DENIED, u.code, "%s", u.why);
	c->want = (struct binder_wish){.port = c->port, .count = u.count};
	memcpy(c->want.addr, u.addr, sizeof(u.addr));
	e = E_DENIED;
	if (u.code == EADDRINUSE && c->port != 0)
		e = meet(c, &taken, &f);
	if (e == E_OK)
		claim_free(c);
	else if (e != E_AGAIN)
		give_up_port(c, f.text[0] ? f.text : taken.text);
}

/* Much may have happened since it was asked for. */
static void on_bound(struct claim *c, struct frame *answer)
{
	struct link *l = c->link;
	struct wish w = c->wish;
	struct uplink_bound sockets;
	struct fault f = {0};
	enum err e = uplink_take_bound(l->relay->uplink, answer, &sockets);

	claim_free(c);
	if (e != E_OK) {
		wish_refuse(l, &w, "the sockets are of no use");
		return;
	}
	e = link_mux(l) ? wish_judge(l, &w, &f)
			: fault_set(&f, E_CLOSED, 0, "the connection is ending");
	if (e != E_OK)
		uplink_drop_bound(l->relay->uplink, &sockets);
	else
		e = open_new(l, &w, &sockets, &f);
	if (e != E_OK)
		wish_refuse(l, &w, f.text[0] ? f.text : err_text(e));
}

static void on_answer(struct uplink_ask *ask, struct frame *answer)
{
	struct claim *c = list_entry(ask, struct claim, bind);

	/* A lease that ran out in this round of the loop keeps nobody out. */
	laters_run(&c->link->relay->leases);
	if (answer->type == IPC_BOUND)
		on_bound(c, answer);
	else if (link_mux(c->link))
		on_not_bound(c, answer);
	else
		claim_free(c);
}

/* --- in and out ------------------------------------------------------------------------------- */

bool claim_cancel(struct link *l, struct bytes host, uint32_t port)
{
	for (struct list *n = l->claims.next; n != &l->claims; n = n->next) {
		struct claim *c = list_entry(n, struct claim, node);

		if (c->wish.port != port || !bytes_is(host, c->wish.host))
			continue;
		refuse(c, "it was cancelled meanwhile");
		return true;
	}
	return false;
}

void claims_forget(struct link *l)
{
	while (!list_is_empty(&l->claims))
		claim_free(list_entry(l->claims.next, struct claim, node));
}

void claim_go(struct link *l, const struct wish *w)
{
	struct claim *c;

	if (l->claim_count >= CLAIMS_MAX) {
		wish_refuse(l, w, "this connection asks for too many ports at once");
		return;
	}
	c = calloc(1, sizeof(*c));
	if (!c) {
		wish_refuse(l, w, "out of memory");
		return;
	}
	c->link = l;
	c->wish = *w;
	c->port = w->port;
	uplink_ask_init(&c->bind);
	c->bind.answered = on_answer;
	list_init(&c->asker.node);
	list_append(&l->claims, &c->node);
	l->claim_count++;
	/* Before it is asked: what lapses now is free by then. */
	laters_run(&l->relay->leases);
	if (w->port != 0)
		ask_to_bind(c);
	else
		try_next(c, "");
}
