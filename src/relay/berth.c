/* SPDX-License-Identifier: ISC */
#include "relay/berth.h"

#include <stdlib.h>
#include <unistd.h>

#include "relay/door.h"
#include "relay/link.h"
#include "relay/visitor.h"

struct kept {
	struct list node;
	int fd;
};

static void on_accept(void *ctx, int fd, const struct sock_addr *peer)
{
	struct berth *b = ctx;

	visitor_new(b->door, fd, peer);
}

static void on_complaint(void *ctx, const char *sentence)
{
	const struct berth *b = ctx;

	log_write(LOG_LEVEL_ERROR, "port %u: %s", b->port, sentence);
}

static uint64_t now_ms(const struct relay *r)
{
	return hub_now(&r->hub);
}

/* --- the sockets ------------------------------------------------------------------------------ */

static void hang_up(struct berth *b)
{
	while (!list_is_empty(&b->kept)) {
		struct kept *k = list_entry(b->kept.next, struct kept, node);

		list_remove(&k->node);
		close(k->fd);
		free(k);
	}
}

/* A session that is over is on the roster as long as something is kept for it, so that its key is
 * judged with all the others. */
static void end_lease(struct berth *b)
{
	struct relay *r = b->relay;

	later_cancel(&b->lease);
	if (list_is_empty(&b->leased))
		return;
	list_remove(&b->leased);
	if (r->uplink && !berth_is_kept_for(r, b->session))
		uplink_tell(r->uplink, IPC_LEFT, b->session, bytes_of(NULL, 0));
}

void berth_close(struct berth *b)
{
	/* Free at once, although the supervisor has the sockets as well. */
	for (size_t i = 0; i < b->count; i++) {
		(void)shutdown(acceptor_fd(b->at[i].acceptor), SHUT_RDWR);
		acceptor_free(b->at[i].acceptor);
		ports_release(b->relay->ports, &b->at[i].hold.place, b->at[i].hold.generation);
	}
	uplink_release(b->relay->uplink, b->bound);
	hang_up(b);
	end_lease(b);
	free(b);
}

static void on_lapsed(struct later *l)
{
	struct berth *b = list_entry(l, struct berth, lease);
	struct port_hold was = b->at[0].hold;

	berth_close(b); /* before the log: who reads the line may want the port */
	log_write(LOG_LEVEL_INFO, "port %u is free: the key it was kept for, %s, did not come back",
		was.place.port, was.owner);
}

/* One address: the registry first, so that a listener without an owner never exists. */
static enum err add_listener(
	struct berth *b, int *fd, const struct sock_addr *addr, struct fault *f)
{
	struct relay *r = b->relay;
	struct berth_listener *at = &b->at[b->count];
	struct port_claim c = {.owner = b->owner, .keeper = b, .place.port = sock_port(addr)};
	enum err e;

	sock_host(addr, c.place.address);
	e = ports_claim(r->ports, &c, now_ms(r), &at->hold);
	if (e == E_DENIED)
		return fault_set(
			f, e, 0, "port %u on %s is held already", c.place.port, c.place.address);
	if (e != E_OK)
		return fault_set(f, e, 0, "port %u: %s", c.place.port, err_text(e));
	e = acceptor_new(r->loop, *fd, on_accept, on_complaint, b, &at->acceptor);
	if (e != E_OK) {
		ports_release(r->ports, &c.place, at->hold.generation);
		return fault_set(f, e, 0, "port %u: %s", c.place.port, err_text(e));
	}
	*fd = -1;
	b->count++;
	return E_OK;
}

enum err berth_new(struct door *d, struct uplink_bound *sockets, struct fault *f)
{
	struct berth *b = calloc(1, sizeof(*b));
	struct binder_set *set = &sockets->set;
	enum err e = E_OK;

	if (!b) {
		uplink_drop_bound(d->link->relay->uplink, sockets);
		return fault_set(f, E_NOMEM, 0, "no memory for another port");
	}
	b->relay = d->link->relay;
	strcpy(b->owner, d->link->identity->fingerprint);
	b->port = set->port;
	b->bound = sockets->id;
	list_init(&b->standbys);
	list_init(&b->leased);
	list_init(&b->kept);
	later_init(&b->lease, on_lapsed);
	for (size_t i = 0; i < set->count && e == E_OK; i++)
		e = add_listener(b, &set->fd[i], &set->addr[i], f);
	binder_fini(set);
	if (e != E_OK) {
		berth_close(b);
		return e;
	}
	b->door = d;
	d->berth = b;
	berth_pause(b, d->link->is_crowded);
	return E_OK;
}

void berth_pause(struct berth *b, bool is_paused)
{
	for (size_t i = 0; i < b->count; i++)
		acceptor_pause(b->at[i].acceptor, is_paused);
}

struct berth *berth_find(const struct relay *r, const struct port_place *at)
{
	const struct port_hold *h = ports_find(r->ports, at, now_ms(r));

	return h ? h->keeper : NULL;
}

static bool listens_on(const struct berth *b, const struct sock_addr *addr)
{
	char host[SOCK_TEXT_MAX];

	sock_host(addr, host);
	for (size_t i = 0; i < b->count; i++)
		if (strcmp(b->at[i].hold.place.address, host) == 0)
			return true;
	return false;
}

bool berth_fits(const struct berth *b, const struct binder_wish *wish)
{
	size_t found = 0;

	for (size_t i = 0; i < wish->count; i++) {
		if (listens_on(b, &wish->addr[i]))
			found++;
		else if (!sock_family_is_absent(wish->addr[i].ss.ss_family))
			return false;
	}
	return found == b->count;
}

/* --- who is served ---------------------------------------------------------------------------- */

/* A new generation for each place: what an earlier holder says about them is of the past. */
static enum err claim_anew(struct berth *b)
{
	for (size_t i = 0; i < b->count; i++) {
		struct port_hold *h = &b->at[i].hold;
		struct port_claim c = {
			.place = h->place, .owner = b->owner, .over = h->generation, .keeper = b};
		enum err e = ports_claim(b->relay->ports, &c, now_ms(b->relay), h);

		if (e != E_OK)
			return e;
	}
	return E_OK;
}

void berth_admit(struct berth *b)
{
	struct door *d = b->door;

	/* Each of them may end the connection, and with it what the berth is. */
	while (b->kept_count > 0 && b->door == d && link_mux(d->link)) {
		struct kept *k = list_entry(b->kept.next, struct kept, node);
		struct sock_addr peer;

		list_remove(&k->node);
		b->kept_count--;
		if (sock_peer(k->fd, &peer) == E_OK)
			visitor_new(d, k->fd, &peer);
		else
			close(k->fd);
		free(k);
	}
}

enum err berth_move(struct berth *b, struct door *d)
{
	struct door *before = b->door;
	enum err e;

	if (strcmp(b->owner, d->link->identity->fingerprint) != 0)
		return E_DENIED;
	e = claim_anew(b);
	if (e != E_OK)
		return e;
	end_lease(b);
	list_remove(&d->standby);
	b->until_ms = 0;
	b->door = d;
	d->berth = b;
	if (before)
		door_replaced(before, d->link);
	berth_pause(b, d->link->is_crowded);
	return E_OK;
}

void berth_evict(struct berth *b, const struct link *by)
{
	struct door *d = b->door;

	while (!list_is_empty(&b->standbys)) {
		struct door *next = list_entry(b->standbys.next, struct door, standby);

		list_remove(&next->standby);
		door_replaced(next, by);
	}
	b->door = NULL;
	if (d)
		door_replaced(d, by);
	berth_close(b);
}

void berth_stand_by(struct berth *b, struct door *d)
{
	d->berth = b;
	list_append(&b->standbys, &d->standby);
}

static void lease(struct berth *b, uint32_t session, uint64_t lease_ms);

void berth_leave(struct door *d, uint64_t lease_ms)
{
	struct berth *b = d->berth;

	d->berth = NULL;
	list_remove(&d->standby);
	if (b->door != d)
		return;
	b->door = NULL;
	while (!list_is_empty(&b->standbys)) {
		struct door *next = list_entry(b->standbys.next, struct door, standby);

		if (berth_move(b, next) != E_OK) {
			door_close(next, 0);
			continue;
		}
		door_promoted(next);
		berth_admit(b);
		return;
	}
	if (lease_ms > 0)
		lease(b, d->link->number, lease_ms);
	else
		berth_close(b);
}

void berth_keep(struct relay *r, const struct port_place *at, const char *owner, int fd)
{
	struct berth *b = berth_find(r, at);
	struct sock_addr peer;
	struct kept *k;

	if (!b || strcmp(b->owner, owner) != 0 || b->kept_count == BERTH_KEPT_MAX) {
		close(fd);
		return;
	}
	if (b->door) {
		if (sock_peer(fd, &peer) == E_OK)
			visitor_new(b->door, fd, &peer);
		else
			close(fd);
		return;
	}
	k = malloc(sizeof(*k));
	if (!k) {
		close(fd);
		return;
	}
	k->fd = fd;
	list_append(&b->kept, &k->node);
	b->kept_count++;
}

/* --- leases ----------------------------------------------------------------------------------- */

static void lease(struct berth *b, uint32_t session, uint64_t lease_ms)
{
	struct relay *r = b->relay;

	berth_pause(b, true);
	b->until_ms = now_ms(r) + lease_ms;
	for (size_t i = 0; i < b->count; i++) {
		struct port_hold *h = &b->at[i].hold;

		if (ports_renew(r->ports, &h->place, h->generation, lease_ms, now_ms(r)) == E_OK)
			continue;
		/* Somebody else has it: nothing is ours to keep. */
		berth_close(b);
		return;
	}
	b->session = session;
	list_append(&r->leased, &b->leased);
	later_add(&r->leases, &b->lease, lease_ms);
}

bool berth_is_kept_for(const struct relay *r, uint32_t session)
{
	for (const struct list *n = r->leased.next; n != &r->leased; n = n->next)
		if (list_entry(n, struct berth, leased)->session == session)
			return true;
	return false;
}

void berths_drop(struct relay *r, uint32_t session, const char *why)
{
	struct list *n, *next;

	for (n = r->leased.next; n != &r->leased; n = next) {
		struct berth *b = list_entry(n, struct berth, leased);
		uint16_t port = b->port;

		next = n->next;
		if (b->session != session)
			continue;
		berth_close(b); /* before the log: who reads the line may want the port */
		log_write(LOG_LEVEL_INFO,
			"port %u is free: the key it was kept for is not admitted any more: %s",
			port, why);
	}
}

void berths_end(struct relay *r)
{
	while (!list_is_empty(&r->leased))
		berth_close(list_entry(r->leased.next, struct berth, leased));
}
