/* SPDX-License-Identifier: ISC */
#include "relay/relay.h"

#include <signal.h>

#include "base/log.h"
#include "relay/auditlog.h"
#include "relay/berth.h"
#include "relay/book.h"
#include "relay/control.h"
#include "relay/door.h"
#include "relay/front.h"
#include "relay/link.h"
#include "relay/lowports.h"
#include "relay/policy.h"
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

static void on_end_signal(uv_signal_t *s, int signum)
{
	struct relay *r = s->data;

	/* The second one means it. */
	if (signum == SIGTERM && r->settings->drain_time_ms > 0 && !r->is_draining)
		relay_drain(r, r->settings->drain_time_ms, "terminated");
	else
		relay_end(r, signum == SIGINT ? "interrupted" : "terminated");
}

static void on_hup(uv_signal_t *s, int signum)
{
	struct fault f = {0};

	/* The log has heard it. */
	(void)policy_reload(s->data, "SIGHUP", &f);
}

void relay_take_conf(struct relay *r, struct relay_conf *conf)
{
	enum log_level before = r->settings->log_level;

	relay_conf_free(r->conf);
	r->conf = conf;
	r->settings = relay_conf_settings(conf);
	fill_session(r);
	if (r->settings->log_level != before)
		log_set_level(r->settings->log_level);
}

static void start_signal(struct relay *r, uv_signal_t *s, int signum, uv_signal_cb cb)
{
	uv_signal_init(r->loop, s);
	s->data = r;
	uv_signal_start(s, cb, signum);
}

enum err relay_init(struct relay *r, uv_loop_t *loop, struct relay_conf *conf,
	struct keyring *keyring, struct keeper *keeper, struct signing *signing, struct fault *f)
{
	enum err e;

	*r = (struct relay){.loop = loop,
		.conf = conf,
		.settings = relay_conf_settings(conf),
		.keyring = keyring,
		.hostkeys = *keeper_keys(keeper)};
	e = hub_init(&r->hub, loop, POOL_BYTES);
	if (e != E_OK)
		return fault_set(f, e, 0, "cannot set up the loop: %s", err_text(e));
	r->ports = ports_new();
	e = r->ports ? rng_bytes(&r->hub.rng, r->pace_secret, sizeof(r->pace_secret)) : E_NOMEM;
	if (e != E_OK) {
		ports_free(r->ports);
		hub_fini(&r->hub);
		return fault_set(f, e, 0, "cannot set up the relay: %s", err_text(e));
	}
	r->port_watch.told = on_port_news;
	ports_watch(r->ports, &r->port_watch);
	r->keeper = keeper;
	r->signing = signing;
	feed_init(&r->feed);
	list_init(&r->links);
	list_init(&r->leased);
	r->low_end = lowports_end();
	r->started = time(NULL);
	r->started_ms = hub_now(&r->hub);
	fill_session(r);
	laters_init(&r->laters, loop);
	laters_init(&r->leases, loop);
	laters_init(&r->probes, loop);
	laters_init(&r->expiries, loop);
	gauge_init(r);
	uv_timer_init(loop, &r->end_timer);
	r->end_timer.data = r;
	start_signal(r, &r->sigterm, SIGTERM, on_end_signal);
	start_signal(r, &r->sigint, SIGINT, on_end_signal);
	start_signal(r, &r->sighup, SIGHUP, on_hup);
	return E_OK;
}

enum err relay_open_book(struct relay *r, const char *path, struct fault *f)
{
	r->book = book_new(r->loop, path);
	if (!r->book)
		return fault_set(f, E_NOMEM, 0, "out of memory");
	book_load(r->book);
	return E_OK;
}

static void close_handles(struct relay *r)
{
	uv_handle_t *handles[] = {(uv_handle_t *)&r->end_timer, (uv_handle_t *)&r->sigterm,
		(uv_handle_t *)&r->sigint, (uv_handle_t *)&r->sighup};

	for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++)
		uv_close(handles[i], NULL);
	gauge_close(r);
	auditlog_end(r->auditlog);
	laters_close(&r->laters);
	laters_close(&r->leases);
	laters_close(&r->probes);
	signing_free(r->signing);
	laters_close(&r->expiries);
	hub_fini(&r->hub);
}

static void on_end_timer(uv_timer_t *t)
{
	struct relay *r = t->data;

	if (r->links_now == 0) {
		close_handles(r);
		/* Nobody waits for the names that are still being looked up. */
		if (r->lookups > 0)
			uv_stop(r->loop);
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
	control_free(r->control);
	r->control = NULL;
	keeper_stop(r->keeper);
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
	auditlog_free(r->auditlog);
	ports_free(r->ports);
	book_free(r->book);
	keyring_free(r->keyring);
	relay_conf_free(r->conf);
}
