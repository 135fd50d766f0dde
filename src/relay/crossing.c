/* SPDX-License-Identifier: ISC */
#include "relay/crossing.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bridge/ferry.h"
#include "relay/ipc.h"
#include "relay/ipctun.h"
#include "relay/policy.h"
#include "wire/writer.h"

struct crossing {
	struct list node; /* of link.crossings */
	struct link *link;
	uint32_t channel;
	struct tun_open open;
	struct uplink_ask ask;
	struct ferry *ferry; /* NULL: the device is not there yet */
	struct ipc_made made;
	uint64_t since_ms;
};

static void crossing_free(struct crossing *x)
{
	struct uplink *u = x->link->relay->uplink;

	list_remove(&x->node);
	uplink_cancel(&x->ask);
	ferry_close(x->ferry);
	if (x->made.id != 0 && u)
		uplink_tell(u, IPC_TUN_CLOSED, x->made.id, bytes_of(NULL, 0));
	free(x);
}

void crossings_end(struct link *l)
{
	while (!list_is_empty(&l->crossings))
		crossing_free(list_entry(l->crossings.next, struct crossing, node));
}

static void refuse(struct link *l, uint32_t channel, uint32_t code, const char *why)
{
	struct mux *m = link_mux(l);

	link_log(l, LOG_LEVEL_INFO, "tunnel refused: %s", why);
	if (m && mux_refuse(m, channel, code, why) != E_OK)
		link_log(l, LOG_LEVEL_DEBUG1, "refusal not sent");
	conn_wake(l->conn);
}

/* --- packets ------------------------------------------------------------------------------------ */

static void on_closed(void *ctx, bool is_lost)
{
	struct crossing *x = ctx;
	struct ferry_counts c;

	ferry_counts(x->ferry, &c);
	link_log(x->link, LOG_LEVEL_INFO,
		"tunnel %s ended after %llu s: %llu packets from the agent, %llu to it, %llu dropped, "
		"%llu malformed",
		x->made.name,
		(unsigned long long)((hub_now(&x->link->relay->hub) - x->since_ms) / 1000),
		(unsigned long long)c.packets_in, (unsigned long long)c.packets_out,
		(unsigned long long)(c.dropped + c.refused), (unsigned long long)c.malformed);
	crossing_free(x);
}

/* Its agent is told by the end of the channel, and asks for another. */
static void on_gone(void *ctx, int code)
{
	struct crossing *x = ctx;

	link_log(x->link, LOG_LEVEL_ERROR, "tunnel %s: the device is gone: %s", x->made.name,
		strerror(code));
	crossing_free(x);
}

static const struct ferry_ops ferry_ops = {on_closed, on_gone};

/* --- the answer --------------------------------------------------------------------------------- */

/* What tunnel-pool@sallyport.dev puts behind the confirmation. */
static struct bytes offer_of(const struct crossing *x, struct span room)
{
	struct writer w;

	if (x->made.offer[0] == '\0' || !x->open.wants_address)
		return (struct bytes){0};
	wr_init(&w, room);
	wr_cstring(&w, x->made.offer);
	return wr_bytes(&w);
}

static enum err join(struct crossing *x, int fd)
{
	struct link *l = x->link;
	uint8_t room[TUNADDR_TEXT + 4];
	struct mux *m = link_mux(l);
	enum err e = ferry_new(&l->relay->hub, fd, x->open.mode, &ferry_ops, x, &x->ferry);

	if (e == E_OK && m)
		e = mux_accept_with(
			m, x->channel, NULL, offer_of(x, (struct span){room, sizeof(room)}));
	if (e == E_OK && m)
		ferry_attach(x->ferry, l->conn, x->channel);
	conn_wake(l->conn);
	return e == E_OK && !m ? E_CLOSED : e;
}

static void on_made(struct crossing *x, struct frame *in)
{
	enum err e = ipctun_rd_made(in->payload, &x->made);
	int fd = in->fd[0];

	in->fd_count = 0;
	if (e != E_OK)
		close(fd);
	else
		e = join(x, fd);
	if (e == E_OK) {
		link_log(x->link, LOG_LEVEL_INFO, "tunnel up: %s%s%s", x->made.name,
			x->made.offer[0] ? ", the agent has " : "", x->made.offer);
		return;
	}
	refuse(x->link, x->channel, OPEN_RESOURCE_SHORTAGE, err_text(e));
	crossing_free(x);
}

static void on_answered(struct uplink_ask *a, struct frame *in)
{
	struct crossing *x = list_entry(a, struct crossing, ask);
	char why[FAULT_TEXT];

	if (in->type == IPC_TUN_MADE) {
		on_made(x, in);
		return;
	}
	if (in->type != IPC_NO_TUN || !bytes_to_cstr(in->payload, why, sizeof(why)))
		strcpy(why, "the relay could not make the device");
	refuse(x->link, x->channel, OPEN_ADMINISTRATIVELY_PROHIBITED, why);
	crossing_free(x);
}

/* --- the open ----------------------------------------------------------------------------------- */

/* The supervisor judges anew: it is not to rely on us. */
static enum err judge(const struct link *l, const struct tun_open *open, struct fault *f)
{
	uint32_t unit;

	if (l->relay->is_draining)
		return fault_set(f, E_DENIED, 0, "the relay is about to shut down");
	return identity_may_tunnel(l->identity, policy_of(l), open, &unit, f);
}

void crossings_review(struct link *l)
{
	struct list *n, *next;
	uint32_t unit;

	for (n = l->crossings.next; n != &l->crossings; n = next) {
		struct crossing *x = list_entry(n, struct crossing, node);
		struct fault f = {0};

		next = n->next;
		if (!x->ferry ||
			identity_may_tunnel(l->identity, policy_of(l), &x->open, &unit, &f) == E_OK)
			continue;
		link_log(l, LOG_LEVEL_INFO, "tunnel %s is closed: %s", x->made.name, f.text);
		crossing_free(x);
	}
}

void crossing_open(struct link *l, const struct mux_event *ev)
{
	struct crossing *x;
	struct ipc_tun question = {.session = l->number};
	struct fault f = {0};
	uint8_t room[32];
	enum err e = tun_read_open(ev->data, &question.open);

	if (e != E_OK)
		(void)fault_set(&f, e, 0, "the request is malformed");
	else
		e = judge(l, &question.open, &f);
	if (e != E_OK) {
		refuse(l, ev->channel, OPEN_ADMINISTRATIVELY_PROHIBITED, f.text);
		return;
	}
	x = calloc(1, sizeof(*x));
	if (!x) {
		refuse(l, ev->channel, OPEN_RESOURCE_SHORTAGE, err_text(E_NOMEM));
		return;
	}
	x->link = l;
	x->channel = ev->channel;
	x->open = question.open;
	x->since_ms = hub_now(&l->relay->hub);
	uplink_ask_init(&x->ask);
	x->ask.answered = on_answered;
	list_append(&l->crossings, &x->node);
	uplink_ask(l->relay->uplink, &x->ask, IPC_TUN,
		ipctun_wr((struct span){room, sizeof(room)}, &question));
}
