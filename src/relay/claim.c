/* SPDX-License-Identifier: ISC */
#include "relay/claim.h"

#include <errno.h>
#include <stdio.h>

/* Berths of the claimant's own identity that are in the way. */
struct blockers {
	struct berth *berth[BINDER_MAX];
	size_t count;
};

/* Sockets of its own. E_SYS with f->code EADDRINUSE: somebody is there. */
static enum err bind_new(
	struct link *l, const struct wish *w, const struct binder_wish *want, struct fault *f)
{
	struct binder_set set;
	struct door *d;
	enum err e = binder_bind(want, &set, f);

	if (e != E_OK)
		return e;
	d = door_new(l, bytes_str(w->host), w->port == 0, set.port);
	if (!d) {
		binder_fini(&set);
		return fault_set(f, E_NOMEM, 0, "no memory for another port");
	}
	e = berth_new(d, &set, f);
	if (e != E_OK)
		door_close(d, 0);
	else
		wish_opened(l, w, d);
	return e;
}

/* All of them are leased. The sockets go on as they are if they are what is wanted now. */
static enum err take(struct link *l, const struct wish *w, const struct binder_wish *want,
	const struct blockers *own, struct fault *f)
{
	struct door *d;
	enum err e;

	if (own->count != 1 || !berth_fits(own->berth[0], want)) {
		for (size_t i = 0; i < own->count; i++)
			berth_close(own->berth[i]);
		return bind_new(l, w, want, f);
	}
	d = door_new(l, bytes_str(w->host), w->port == 0, own->berth[0]->port);
	if (!d)
		return fault_set(f, E_NOMEM, 0, "no memory for another port");
	e = berth_move(own->berth[0], d);
	if (e != E_OK) {
		door_close(d, 0);
		return fault_set(f, e, 0, "port %u: %s", w->port, err_text(e));
	}
	wish_opened(l, w, d);
	berth_admit(d->berth);
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
			": a connection holds it with your key from %s", other->peer);
}

static bool is_among(const struct blockers *all, const struct berth *b)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->berth[i] == b)
			return true;
	return false;
}

/* f: the sentence that the port is taken. E_DENIED with more in it: somebody else's stands there,
 * or one of the same identity that is served. */
static enum err find_blockers(
	const struct link *l, const struct binder_wish *want, struct blockers *own, struct fault *f)
{
	const struct relay *r = l->relay;

	own->count = 0;
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
		if (b->door) {
			say_own(l, b, f);
			return E_DENIED;
		}
		own->berth[own->count++] = b;
	}
	/* A program that is none of ours. */
	return own->count > 0 ? E_OK : E_DENIED;
}

void claim_go(struct link *l, const struct wish *w, const struct binder_wish *want)
{
	struct fault f = {0};
	struct blockers own;
	enum err e;

	/* A lease that ran out in this round of the loop keeps nobody out. */
	laters_run(&l->relay->leases);
	e = bind_new(l, w, want, &f);
	if (e != E_OK && f.code == EADDRINUSE && want->port != 0 &&
		find_blockers(l, want, &own, &f) == E_OK)
		e = take(l, w, want, &own, &f);
	if (e != E_OK)
		wish_refuse(l, w, f.text);
}
