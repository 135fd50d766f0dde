/* SPDX-License-Identifier: ISC */
#include "relay/link.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "keys/cert.h"
#include "relay/audit.h"
#include "relay/berth.h"
#include "relay/book.h"
#include "relay/claim.h"
#include "relay/crossing.h"
#include "relay/door.h"
#include "relay/notice.h"
#include "relay/policy.h"
#include "relay/prove.h"
#include "relay/ipckey.h"
#include "relay/request.h"
#include "wire/msgs.h"

void link_log(const struct link *l, enum log_level level, const char *fmt, ...)
{
	char text[700];
	va_list ap;

	if (level > log_level_now())
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (l->identity)
		log_write(level, "agent %s#%u from %s: %s", l->identity->user, l->number, l->peer,
			text);
	else
		log_write(level, "connection #%u from %s: %s", l->number, l->peer, text);
}

struct mux *link_mux(const struct link *l)
{
	return l->is_over ? NULL : session_mux(conn_session(l->conn));
}

void link_remark(const struct link *l, const char *text)
{
	if (!link_mux(l))
		return;
	session_debug(conn_session(l->conn), text);
	conn_wake(l->conn);
}

/* --- login ------------------------------------------------------------------------------------ */

static void note_refusal(struct link *l, const char *fingerprint, const char *user, const char *why)
{
	l->refused_keys++;
	snprintf(l->last_refusal, sizeof(l->last_refusal), "user %s key %s: %s", user, fingerprint,
		why);
	link_log(l, LOG_LEVEL_VERBOSE, "not admitted: %s", l->last_refusal);
}

static void refuse_key(struct link *l, struct bytes blob, const char *user, const char *why)
{
	char fingerprint[FINGERPRINT_MAX];

	if (cert_fingerprint(blob, fingerprint) != E_OK)
		strcpy(fingerprint, "(no key)");
	note_refusal(l, fingerprint, user, why);
}

static void refuse_key_late(struct later *late)
{
	struct link *l = list_entry(late, struct link, late);

	session_answer_key(conn_session(l->conn), false);
	conn_wake(l->conn);
}

/* Which ports are the key's: in the banner, since a client without a session (ssh -N) shows nothing
 * else unasked. Only who proves to have the key gets it. */
static void announce_ports(struct link *l)
{
	const struct book *b = l->relay->book;
	const char *fingerprint = l->offered->fingerprint;
	char text[AUTH_BANNER_MAX + 1], ports[160] = "";
	size_t used = 0, count = 0;
	uint16_t port;

	for (; used < sizeof(ports) - 8 && (port = book_port(b, fingerprint, count)) != 0; count++)
		used += (size_t)snprintf(
			ports + used, sizeof(ports) - used, "%s%u", count ? ", " : "", port);
	snprintf(text, sizeof(text),
		"Port%s %s of this relay %s yours: -R 0:host:hostport opens %s.\r\n",
		count > 1 ? "s" : "", ports, count > 1 ? "are" : "is",
		count > 1 ? "them in this order" : "it");
	session_banner(conn_session(l->conn), count > 0 ? text : "");
}

/* Its signature is looked at now, here as well. */
static void allow_key(struct link *l)
{
	struct session *s = conn_session(l->conn);
	char fingerprint[FINGERPRINT_MAX], name[AUTH_USER_MAX + 1];
	const char *flaw;

	/* The login may take both over. */
	strcpy(fingerprint, l->offered->fingerprint);
	strcpy(name, l->offered->user);
	session_key_terms(s, identity_terms(l->offered, l->relay->settings));
	session_answer_key(s, true);
	flaw = session_key_flaw(s);
	if (flaw)
		note_refusal(l, fingerprint, name, flaw);
	conn_wake(l->conn);
}

/* A no takes the same time whatever it was looked up in. */
static void refuse_key_in_time(struct link *l, const char *why)
{
	struct relay *r = l->relay;
	struct session *s = conn_session(l->conn);
	uint64_t wait_ms = pace_key(r->pace_secret, session_user(s));
	uint64_t passed_ms = hub_now(&r->hub) - l->key_asked_ms;

	refuse_key(l, session_key(s), session_user(s), why);
	later_init(&l->late, refuse_key_late);
	later_add(&r->laters, &l->late, wait_ms > passed_ms ? wait_ms - passed_ms : 0);
}

static void on_key_answer(struct uplink_ask *ask, struct frame *answer)
{
	struct link *l = list_entry(ask, struct link, key_ask);
	char why[IPC_TEXT_MAX + 1];

	identity_free(l->offered);
	l->offered = NULL;
	if (answer->type == IPC_ADMITTED) {
		if (ipckey_rd_identity(answer->payload, &l->offered) != E_OK) {
			refuse_key_in_time(l, "out of memory");
			return;
		}
		/* A yes says all there is to know, whatever time it took. */
		announce_ports(l);
		allow_key(l);
		return;
	}
	if (!bytes_to_cstr(answer->payload, why, sizeof(why)))
		why[0] = '\0';
	refuse_key_in_time(l, why);
}

static void on_key(struct link *l, const struct event *ev)
{
	const struct sock_addr *at = conn_local(l->conn);
	struct ipc_key k = {.session = l->number,
		.blob = ev->data,
		.proof = ev->proof,
		.signature = ev->signature,
		.local_port = sock_port(at)};
	uint8_t room[IPCKEY_ROOM];

	snprintf(k.user, sizeof(k.user), "%s", ev->text);
	strcpy(k.peer, l->peer_host);
	sock_host(at, k.local);
	l->is_on_roster = l->is_on_roster || ev->proof.len > 0;
	l->key_asked_ms = hub_now(&l->relay->hub);
	l->key_ask.answered = on_key_answer;
	uplink_ask(l->relay->uplink, &l->key_ask, IPC_KEY_ASKED,
		ipckey_wr((struct span){room, sizeof(room)}, &k));
}

static void on_signed(struct signing_ask *a, struct bytes signature, bool is_late)
{
	struct link *l = list_entry(a, struct link, ask);

	if (is_late) {
		link_log(l, LOG_LEVEL_ERROR, "no signature in time: the signer is away");
		link_end(l, "the relay cannot prove who it is just now, please try again");
		return;
	}
	session_answer_sign(conn_session(l->conn), signature, hub_now(&l->relay->hub));
	conn_wake(l->conn);
}

/* Who has a tunnel can wait longer than who wants one. */
static void sign(struct link *l)
{
	signing_put(l->relay->signing, &l->ask, l->identity ? SIGNING_LIVE_MS : SIGNING_NEW_MS);
}

static void sign_late(struct later *late)
{
	sign(list_entry(late, struct link, late));
}

static void on_sign(struct link *l, const struct event *ev)
{
	struct relay *r = l->relay;
	struct session_counts k;
	uint64_t wait_ms;

	assert(ev->data.len <= sizeof(l->ask.hash));
	memcpy(l->ask.hash, ev->data.ptr, ev->data.len);
	l->ask.hash_len = ev->data.len;
	l->ask.index = ev->index;
	l->ask.alg = ev->alg;
	l->ask.answered = on_signed;
	session_counts(conn_session(l->conn), &k);
	wait_ms = pace_exchange(&l->pace, k.bytes_in + k.bytes_out, hub_now(&r->hub));
	if (wait_ms == 0) {
		sign(l);
		return;
	}
	later_init(&l->late, sign_late);
	later_add(&r->laters, &l->late, wait_ms);
}

enum { EXPIRY_LOOK_S = 3600 }; /* at least so often, since clocks are set */

/* Judged anew; where the clock was set back, and it is good still, the time is watched again. */
static void on_expiry(struct later *late)
{
	struct link *l = list_entry(late, struct link, expiry);

	uplink_tell(l->relay->uplink, IPC_REVIEW, l->number, bytes_of(NULL, 0));
}

void link_watch_expiry(struct link *l)
{
	time_t left = l->identity->expires - time(NULL) + 1;

	later_cancel(&l->expiry);
	if (l->identity->expires == 0)
		return;
	if (left > EXPIRY_LOOK_S)
		left = EXPIRY_LOOK_S;
	later_init(&l->expiry, on_expiry);
	later_add(&l->relay->expiries, &l->expiry, left > 0 ? (uint64_t)left * 1000 : 1000);
}

static enum err open_account(struct link *l, struct fault *f)
{
	struct relay *r = l->relay;
	uint64_t rate = l->identity->rate_bytes;

	l->account = account_take(&r->accounts, l->identity->fingerprint);
	if (!l->account || (rate > 0 && account_limit(l->account, &r->hub, rate) != E_OK))
		return fault_set(f, E_NOMEM, 0, "out of memory");
	if (rate > 0)
		mux_narrow(link_mux(l), throttle_window(rate));
	return E_OK;
}

/* The record is the one that the supervisor has made for these very bytes, which have signed. */
static enum err take_identity(struct link *l, const struct event *ev, struct fault *f)
{
	struct identity *id = l->offered;

	if (!id || strcmp(id->user, ev->text) != 0 ||
		!bytes_eq(bytes_of(id->blob, id->blob_len), ev->data))
		return fault_set(f, E_DENIED, 0, "another key was asked about");
	l->identity = id;
	l->offered = NULL;
	return E_OK;
}

/* The signature was good. */
static void on_login(struct link *l, const struct event *ev)
{
	struct relay *r = l->relay;
	struct fault f = {0};
	enum err e = take_identity(l, ev, &f);

	if (e == E_OK)
		e = policy_make(l, &f);
	if (e == E_OK)
		e = open_account(l, &f);
	if (e != E_OK) {
		refuse_key(l, ev->data, ev->text, f.text);
		identity_free(l->identity);
		l->identity = NULL;
		link_end(l, "your key is not admitted any more");
		return;
	}
	r->pending--;
	r->logins++;
	link_watch_expiry(l);
	link_log(l, LOG_LEVEL_INFO, "logged in with key \"%s\" %s (%s line %u)",
		l->identity->key_name, l->identity->fingerprint, l->identity->path,
		l->identity->line);
	if (l->identity->is_cert)
		link_log(l, LOG_LEVEL_INFO,
			"Accepted certificate ID \"%s\" (serial %llu) signed by CA %s",
			l->identity->cert.id, (unsigned long long)l->identity->cert.serial,
			l->identity->cert.authority);
	audit_login(l);
	prove_announce(l);
}

/* --- events ----------------------------------------------------------------------------------- */

static void on_open(struct link *l, const struct mux_event *ev)
{
	struct mux *m = link_mux(l);
	char name[80];
	enum err e;

	if (bytes_is(ev->name, "session")) {
		notice_open(l, ev);
		return;
	}
	if (bytes_is(ev->name, "tun@openssh.com")) {
		crossing_open(l, ev);
		return;
	}
	if (!m)
		return;
	text_escape(name, sizeof(name), ev->name);
	link_log(l, LOG_LEVEL_VERBOSE, "channel %s is not served here", name);
	if (bytes_is(ev->name, "direct-tcpip") ||
		bytes_is(ev->name, "direct-streamlocal@openssh.com"))
		e = mux_refuse(m, ev->channel, OPEN_ADMINISTRATIVELY_PROHIBITED,
			"this relay makes no outgoing connections");
	else
		e = mux_refuse(m, ev->channel, OPEN_UNKNOWN_CHANNEL_TYPE,
			"this relay only forwards ports to agents");
	if (e != E_OK)
		link_log(l, LOG_LEVEL_DEBUG1, "refusal not sent: %s", err_text(e));
}

static void on_debug(struct link *l, const struct event *ev)
{
	char text[512];

	text_escape(text, sizeof(text), ev->data);
	link_log(l, LOG_LEVEL_DEBUG1, "remote: %s", text);
}

static void on_event(void *ctx, struct conn *c, const struct event *ev)
{
	struct link *l = ctx;

	switch (ev->kind) {
	case EV_KEY:
		on_key(l, ev);
		break;
	case EV_SIGN_HOST:
		on_sign(l, ev);
		break;
	case EV_LOGIN:
		on_login(l, ev);
		break;
	case EV_DEBUG:
		on_debug(l, ev);
		break;
	case EV_MUX:
		if (!l->identity) /* its DISCONNECT is on the way */
			break;
		if (ev->mux.kind == MUX_GLOBAL_REQUEST)
			request_on(l, &ev->mux);
		else if (ev->mux.kind == MUX_GLOBAL_REPLY && !pulse_on_reply(l, &ev->mux))
			probe_on_reply(l, &ev->mux);
		else if (ev->mux.kind == MUX_OPEN)
			on_open(l, &ev->mux);
		break;
	default:
		break;
	}
}

enum { HANDOVER_MS = 1000 }; /* in which who asked for a port takes it */

/* --- the end ---------------------------------------------------------------------------------- */

static void close_doors(struct link *l, uint64_t lease_ms)
{
	struct list *n, *next;

	for (n = l->doors.next; n != &l->doors; n = next) {
		struct door *d = list_entry(n, struct door, node);

		next = n->next;
		if (!d->berth)
			continue;
		if (lease_ms > 0 && d->berth->door == d && list_is_empty(&d->berth->standbys))
			link_log(l, LOG_LEVEL_INFO, "port %u is kept for its key for %llu s",
				d->port, (unsigned long long)((lease_ms + 999) / 1000));
		door_close(d, lease_ms);
	}
}

static void log_end(const struct link *l, const struct fault *f, const struct session_counts *k)
{
	uint64_t s = (hub_now(&l->relay->hub) - l->since_ms) / 1000;
	const char *why = f->text[0] ? f->text : err_text(f->err);

	if (l->identity)
		audit_logout(l, k, why);
	else
		audit_login_refused(l, k, why);
	if (l->identity)
		link_log(l, LOG_LEVEL_INFO, "ended after %llu s, %llu bytes in, %llu bytes out: %s",
			(unsigned long long)s, (unsigned long long)k->bytes_in,
			(unsigned long long)k->bytes_out, why);
	else if (l->refused_keys > 0)
		link_log(l, LOG_LEVEL_INFO, "no login (%u keys refused, last: %s): %s",
			l->refused_keys, l->last_refusal, why);
	else
		link_log(l, LOG_LEVEL_VERBOSE, "ended before login: %s", why);
}

static void link_free(struct link *l)
{
	list_remove(&l->node);
	account_drop(&l->relay->accounts, l->account);
	identity_free(l->identity);
	identity_free(l->offered);
	relay_conf_free(l->policy);
	relay_conf_free(l->conf);
	free(l);
}

void link_lost(struct link *l)
{
	const struct relay *r = l->relay;
	bool is_kept = !r->is_ending && !session_said_goodbye(conn_session(l->conn));

	l->is_over = true;
	later_cancel(&l->late);
	signing_cancel(&l->ask);
	later_cancel(&l->expiry);
	visitors_account(l);
	prove_forget(l);
	uplink_cancel(&l->key_ask);
	claims_forget(l);
	crossings_end(l);
	close_doors(l, is_kept ? r->settings->forward_lease_ms : 0);
	probe_on_end(l);
}

void link_abandon(struct link *l, const char *text)
{
	uint64_t lease_ms = l->relay->settings->forward_lease_ms;

	if (l->is_over)
		return;
	l->is_over = true;
	link_log(l, LOG_LEVEL_INFO,
		"given up: it does not answer, and another connection of its "
		"key asks for a port it holds");
	claims_forget(l);
	close_doors(l, lease_ms > HANDOVER_MS ? lease_ms : HANDOVER_MS);
	conn_close(l->conn, DISCONNECT_BY_APPLICATION, text);
	probe_on_end(l);
}

void link_retire(struct link *l)
{
	if (l->is_displaced && list_is_empty(&l->doors) && list_is_empty(&l->claims))
		link_end(l, "another connection of your key took over the port");
}

static void on_closed(void *ctx, struct conn *c, const struct fault *f)
{
	struct link *l = ctx;
	struct relay *r = l->relay;
	struct session_counts counts;

	link_lost(l); /* before the log: who reads the line may want one of the ports */
	session_counts(conn_session(c), &counts);
	log_end(l, f, &counts);
	r->bytes_in += counts.bytes_in;
	r->bytes_out += counts.bytes_out;
	if (!l->identity)
		r->pending--;
	if (l->is_on_roster && !berth_is_kept_for(r, l->number))
		uplink_tell(r->uplink, IPC_LEFT, l->number, bytes_of(NULL, 0));
	link_free(l);
	r->links_now--;
	relay_link_gone(r);
}

static const struct conn_ops link_ops = {.event = on_event, .closed = on_closed};

void link_end(struct link *l, const char *text)
{
	if (l->is_over)
		return;
	l->is_over = true;
	signing_cancel(&l->ask);
	uplink_cancel(&l->key_ask);
	prove_forget(l);
	close_doors(l, 0);
	probe_on_end(l);
	conn_close(l->conn, DISCONNECT_BY_APPLICATION, text);
}

static void on_trace(void *ctx, int level, const char *text)
{
	enum log_level at = level <= 1	 ? LOG_LEVEL_DEBUG1
			    : level == 2 ? LOG_LEVEL_DEBUG2
					 : LOG_LEVEL_DEBUG3;

	link_log(ctx, at, "%s", text);
}

enum err link_new(struct relay *r, int fd, const struct sock_addr *peer)
{
	struct link *l = calloc(1, sizeof(*l));
	enum err e;

	if (!l) {
		close(fd);
		return E_NOMEM;
	}
	l->relay = r;
	l->number = ++r->last_number;
	l->since = time(NULL);
	l->since_ms = hub_now(&r->hub);
	sock_text(peer, l->peer);
	sock_host(peer, l->peer_host);
	signing_ask_init(&l->ask);
	uplink_ask_init(&l->key_ask);
	list_init(&l->doors);
	list_init(&l->claims);
	list_init(&l->crossings);
	probe_init(&l->probe);
	pulse_init(&l->pulse);
	meter_init(&l->meter, hub_now(&r->hub));
	list_init(&l->notices);
	later_init(&l->unsaid, visitors_span_over);
	list_init(&l->late.node);
	list_init(&l->expiry.node);
	l->conf = relay_conf_ref(r->conf);
	l->cfg = r->session;
	l->cfg.trace = on_trace;
	l->cfg.trace_ctx = l;
	list_append(&r->links, &l->node);
	e = conn_new(&r->hub, fd, &l->cfg, &link_ops, l, &l->conn);
	if (e != E_OK) {
		link_free(l);
		return e;
	}
	r->links_now++;
	r->pending++;
	r->hub.accepted++;
	link_log(l, LOG_LEVEL_VERBOSE, "connected");
	return E_OK;
}
