/* SPDX-License-Identifier: ISC */
#include "relay/audit.h"

#include "base/text.h"

/* A record and what its texts point to. The address comes first, before anything that a peer has a
 * say in: filters match it from the start of the line. */
struct entry {
	struct feed *feed;
	struct record record;
	char host[SOCK_TEXT_MAX];
};

/* "[::1]:22" and "192.0.2.1:22" in two parts, as fields of their own. */
static void put_address(struct entry *e, const char *from)
{
	const char *colon = strrchr(from, ':');
	size_t len = colon ? (size_t)(colon - from) : strlen(from);
	bool is_bracketed = len >= 2 && from[0] == '[' && from[len - 1] == ']';
	struct bytes host = is_bracketed ? bytes_of(from + 1, len - 2) : bytes_of(from, len);
	uint64_t port;

	if (bytes_to_cstr(host, e->host, sizeof(e->host)))
		record_text(&e->record, "address", e->host);
	if (colon && text_to_u64(bytes_str(colon + 1), UINT16_MAX, &port))
		record_number(&e->record, "port", port);
}

/* False: nobody listens. */
static bool begin(struct entry *e, struct relay *r, const char *event, const char *from)
{
	struct timespec at;

	if (!feed_is_heard(&r->feed))
		return false;
	clock_gettime(CLOCK_REALTIME, &at);
	e->feed = &r->feed;
	record_init(&e->record, &at, event);
	put_address(e, from);
	return true;
}

static void say(struct entry *e)
{
	feed_say(e->feed, &e->record);
}

static void put_agent(struct entry *e, const struct link *l)
{
	record_number(&e->record, "agent", l->number);
	record_text(&e->record, "key", l->identity->key_name);
	record_text(&e->record, "user", l->identity->user);
}

void audit_login(const struct link *l)
{
	struct entry e;

	if (!begin(&e, l->relay, "login", l->peer))
		return;
	put_agent(&e, l);
	record_text(&e.record, "fingerprint", l->identity->fingerprint);
	if (l->identity->is_cert) {
		record_text(&e.record, "certificate", l->identity->cert.id);
		record_number(&e.record, "serial", l->identity->cert.serial);
		record_text(&e.record, "authority", l->identity->cert.authority);
	}
	record_text(&e.record, "file", l->identity->path);
	record_number(&e.record, "line", l->identity->line);
	say(&e);
}

static uint64_t lasted_ms(const struct link *l)
{
	return hub_now(&l->relay->hub) - l->since_ms;
}

void audit_logout(const struct link *l, const struct session_counts *k, const char *why)
{
	struct entry e;

	if (!begin(&e, l->relay, "logout", l->peer))
		return;
	put_agent(&e, l);
	record_number(&e.record, "bytes_in", k->bytes_in);
	record_number(&e.record, "bytes_out", k->bytes_out);
	record_ms(&e.record, "seconds", lasted_ms(l));
	record_text(&e.record, "reason", why);
	say(&e);
}

void audit_login_refused(const struct link *l, const struct session_counts *k, const char *why)
{
	struct entry e;

	if (k->login_tries == 0 || !begin(&e, l->relay, "login-refused", l->peer))
		return;
	record_number(&e.record, "agent", l->number);
	record_text(&e.record, "user", session_user(conn_session(l->conn)));
	record_number(&e.record, "tries", k->login_tries);
	record_ms(&e.record, "seconds", lasted_ms(l));
	record_text(&e.record, "reason", l->refused_keys > 0 ? l->last_refusal : why);
	say(&e);
}

void audit_forward(const struct link *l, const char *requested, const struct door *d)
{
	char bound[BINDER_MAX * (SOCK_TEXT_MAX + 8)];
	struct entry e;

	if (!begin(&e, l->relay, "forward", l->peer))
		return;
	record_number(&e.record, "forward", d->port);
	put_agent(&e, l);
	door_addresses(d, bound, sizeof(bound));
	record_text(&e.record, "bound", bound);
	record_text(&e.record, "state", door_stands_by(d) ? "standby" : "open");
	record_text(&e.record, "requested", requested);
	say(&e);
}

void audit_forward_closed(const struct door *d, const char *why)
{
	struct entry e;

	if (!begin(&e, d->link->relay, "forward-closed", d->link->peer))
		return;
	record_number(&e.record, "forward", d->port);
	put_agent(&e, d->link);
	record_number(&e.record, "visitors", d->visitors_ever);
	record_text(&e.record, "reason", why);
	say(&e);
}

void audit_forward_refused(
	const struct link *l, const char *requested, uint16_t port, const char *why)
{
	struct entry e;

	if (!begin(&e, l->relay, "forward-refused", l->peer))
		return;
	record_number(&e.record, "forward", port);
	put_agent(&e, l);
	record_text(&e.record, "requested", requested);
	record_text(&e.record, "reason", why);
	say(&e);
}

void audit_visitor(
	const struct visitor *v, const struct pump_report *p, const char *end, const char *why)
{
	const struct relay *r = v->door->link->relay;
	struct entry e;

	if (!begin(&e, v->door->link->relay, "visitor", v->from))
		return;
	record_number(&e.record, "forward", v->door->port);
	put_agent(&e, v->door->link);
	record_number(&e.record, "bytes_in", p->to_channel);
	record_number(&e.record, "bytes_out", p->to_socket);
	record_ms(&e.record, "seconds", hub_now(&r->hub) - p->since_ms);
	record_text(&e.record, "end", end);
	record_text(&e.record, "reason", why);
	say(&e);
}

void audit_visitor_refused(const struct door *d, const char *from, const char *why)
{
	struct entry e;

	if (!begin(&e, d->link->relay, "visitor-refused", from))
		return;
	record_number(&e.record, "forward", d->port);
	put_agent(&e, d->link);
	record_text(&e.record, "reason", why);
	say(&e);
}
