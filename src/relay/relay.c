/* SPDX-License-Identifier: ISC */
#include "relay/relay.h"

#include "base/log.h"
#include "relay/berth.h"
#include "relay/book.h"
#include "relay/door.h"
#include "relay/front.h"
#include "relay/link.h"
#include "relay/signing.h"

enum { POOL_BYTES = 1024 * 1024 * 1024 }; /* packet memory of all connections together */

static void fill_session(struct relay *r)
{
	const struct relay_settings *s = r->settings;
	struct session_config *c = &r->session;

	*c = (struct session_config){
		.is_server = true,
		.kex = s->kex,
		.ciphers = s->ciphers,
		.macs = s->macs,
		.host_key_algs = s->host_key_algorithms,
		.sig_algs = s->pubkey_algorithms,
		.rekey_bytes = s->rekey_bytes,
		.rekey_ms = s->rekey_ms,
		.ident_ms = RELAY_IDENT_MS,
		.kex_ms = RELAY_KEX_MS,
		.login_ms = s->login_grace_ms,
		.alive_interval_ms = s->alive_interval_ms,
		.alive_count_max = s->alive_count_max,
		.hostkey_count = r->hostkeys.count,
		.auth_failures_max = s->max_auth_tries,
	};
	for (size_t i = 0; i < r->hostkeys.count; i++) {
		const struct hostkey_public *k = &r->hostkeys.key[i];

		c->hostkeys[i].type = k->type;
		c->hostkeys[i].blob = bytes_of(k->blob, k->blob_len);
	}
}

static void on_port_news(struct port_watch *w, enum port_news news, const struct port_hold *h)
{
	static const char *const words[] = {[PORT_CLAIMED] = "claimed by",
		[PORT_MOVED] = "moved to another connection of",
		[PORT_RELEASED] = "released by",
		[PORT_LAPSED] = "lapsed, of"};

	log_write(LOG_LEVEL_DEBUG1, "port %u of %s: %s %s, generation %llu", h->place.port,
		h->place.address, words[news], h->owner, (unsigned long long)h->generation);
}

void relay_take_conf(struct relay *r, struct relay_conf *conf)
{
	const struct relay_settings *s = relay_conf_settings(conf);

	if (r->settings && s->log_level != r->settings->log_level)
		log_set_level(s->log_level);

	relay_conf_free(r->conf);
	r->conf = conf;
	r->settings = s;
	fill_session(r);
}

enum err relay_init(struct relay *r, uv_loop_t *loop, struct fault *f)
{
	enum err e;

	*r = (struct relay){.loop = loop};
	e = hub_init(&r->hub, loop, POOL_BYTES);
	if (e != E_OK)
		return fault_set(f, e, 0, "cannot set up the loop: %s", err_text(e));
	feed_init(&r->feed);
	list_init(&r->links);
	list_init(&r->leased);
	r->started_ms = hub_now(&r->hub);
	laters_init(&r->laters, loop);
	laters_init(&r->leases, loop);
	laters_init(&r->probes, loop);
	laters_init(&r->expiries, loop);
	gauge_init(r);
	uv_timer_init(loop, &r->end_timer);
	r->end_timer.data = r;
	r->ports = ports_new();
	r->book = book_new(loop, NULL);
	r->front = front_new(r);
	if (!r->ports || !r->book || !r->front)
		return fault_set(f, E_NOMEM, 0, "out of memory");
	r->port_watch.told = on_port_news;
	ports_watch(r->ports, &r->port_watch);
	e = signing_new(loop, &r->signing);
	if (e == E_OK)
		e = rng_bytes(&r->hub.rng, r->pace_secret, sizeof(r->pace_secret));
	return e == E_OK ? E_OK : fault_set(f, e, 0, "cannot set up the relay: %s", err_text(e));
}

enum err relay_add_hostkey(struct relay *r, struct bytes blob)
{
	struct hostkey_public *key = &r->hostkeys.key[r->hostkeys.count];
	enum err e;

	if (r->hostkeys.count == TRANSPORT_HOSTKEYS_MAX)
		return E_LIMIT;
	e = hostkey_public_set(key, blob);
	if (e != E_OK)
		return e;
	r->hostkeys.count++;
	if (r->settings)
		fill_session(r);
	return E_OK;
}

static void close_handles(struct relay *r)
{
	uv_close((uv_handle_t *)&r->end_timer, NULL);
	gauge_close(r);
	laters_close(&r->laters);
	laters_close(&r->leases);
	laters_close(&r->probes);
	signing_free(r->signing);
	laters_close(&r->expiries);
	hub_fini(&r->hub);
	uplink_free(r->uplink);
	r->uplink = NULL;
}

static void on_end_timer(uv_timer_t *t)
{
	struct relay *r = t->data;

	if (r->links_now == 0) {
		close_handles(r);
		return;
	}
	/* Agents that do not take their DISCONNECT in time find out by themselves. */
	log_write(LOG_LEVEL_INFO, "%u connections did not end in time", r->links_now);
	uv_stop(r->loop);
}

void relay_end(struct relay *r, const char *why)
{
	struct list *n, *next;

	if (r->is_ending)
		return;
	r->is_ending = true;
	if (why)
		log_write(LOG_LEVEL_INFO, "ending (%s), %u connections", why, r->links_now);
	front_free(r->front);
	r->front = NULL;
	berths_end(r);
	uv_timer_start(&r->end_timer, on_end_timer, r->links_now > 0 ? RELAY_END_MS : 0, 0);
	for (n = r->links.next; n != &r->links; n = next) {
		next = n->next;
		link_end(list_entry(n, struct link, node), "the relay is shutting down");
	}
}

static void on_drain_timer(uv_timer_t *t)
{
	struct relay *r = t->data;

	if (r->visitors_now > 0)
		log_write(LOG_LEVEL_INFO, "%u visitors are still there, and time is up",
			r->visitors_now);
	relay_end(r, r->drain_why);
}

/* Who comes is refused by the kernel from here on, and can go elsewhere at once. */
static void close_to_all(struct relay *r)
{
	struct list *n, *d, *next, *next_door;

	front_free(r->front);
	r->front = NULL;
	berths_end(r);
	for (n = r->links.next; n != &r->links; n = next) {
		struct link *l = list_entry(n, struct link, node);

		next = n->next;
		if (!l->identity) {
			link_end(l, "the relay is shutting down");
			continue;
		}
		for (d = l->doors.next; d != &l->doors; d = next_door) {
			next_door = d->next;
			if (list_entry(d, struct door, node)->berth)
				door_shut(list_entry(d, struct door, node),
					"the relay is about to shut down");
		}
	}
}

void relay_drain(struct relay *r, uint64_t limit_ms, const char *why)
{
	if (r->is_ending)
		return;
	if (!r->is_draining) {
		log_write(LOG_LEVEL_INFO, "draining (%s), %u visitors", why, r->visitors_now);
		r->is_draining = true;
		r->drain_why = why;
		close_to_all(r);
	}
	uv_timer_stop(&r->end_timer);
	if (limit_ms > 0 || r->visitors_now == 0)
		uv_timer_start(
			&r->end_timer, on_drain_timer, r->visitors_now > 0 ? limit_ms : 0, 0);
}

void relay_visitor_left(struct relay *r)
{
	/* Its pump is still on the stack. */
	if (--r->visitors_now == 0 && r->is_draining && !r->is_ending)
		uv_timer_start(&r->end_timer, on_drain_timer, 0, 0);
}

void relay_link_gone(struct relay *r)
{
	/* Its conn is still on the stack: handles are closed from the loop. */
	if (r->is_ending && r->links_now == 0)
		uv_timer_start(&r->end_timer, on_end_timer, 0, 0);
}

void relay_fini(struct relay *r)
{
	bytes_wipe(r->pace_secret, sizeof(r->pace_secret));
	ports_free(r->ports);
	book_free(r->book);
	relay_conf_free(r->conf);
}
