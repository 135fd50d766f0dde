/* SPDX-License-Identifier: ISC */
/*
 * A channel belongs to the ferry while there is a device, and to the sink of its struct else: that takes
 * the relay's packets and loses them, so that the window stays open until the device is there again.
 */
#include "client/devices.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "wire/reader.h"

/* --- the device ----------------------------------------------------------------------------------
 */

static void on_ferry_closed(void *ctx, bool is_lost);
static void on_ferry_gone(void *ctx, int code);

static const struct ferry_ops ferry_ops = {on_ferry_closed, on_ferry_gone};

static struct devconf_wish wish_of(const struct device *one)
{
	const struct client_settings *s = one->all->settings;
	const struct client_tunnel *want = one->want;
	struct devconf_wish wish = {.address_count = want->address_count,
		.route_count = want->route_count,
		.mtu = s->tunnel_mtu,
		.is_up = s->tunnel_up};

	_Static_assert((int)CLIENT_TUNNEL_ADDRESSES <= (int)DEVCONF_ADDRESSES, "addresses");
	_Static_assert((int)CLIENT_TUNNEL_ROUTES <= (int)DEVCONF_ROUTES, "routes");
	memcpy(wish.addresses, want->addresses, sizeof(want->addresses));
	memcpy(wish.routes, want->routes, sizeof(want->routes));
	return wish;
}

/* Once, and not at each of a thousand tries. */
static void note_trouble(struct device *one, const char *prefix, const char *text)
{
	bool is_told = strcmp(one->trouble, text) == 0;

	snprintf(one->trouble, sizeof(one->trouble), "%s", text);
	log_write(is_told ? LOG_LEVEL_VERBOSE : LOG_LEVEL_ERROR, "%s%s", prefix, text);
}

static void say_missing(struct device *one, const char *text)
{
	bool is_first = one->trouble[0] == '\0';

	one->state = DEVICE_MISSING;
	note_trouble(one, "", text);
	if (!is_first)
		return;
	/* What people look for. */
	log_write(LOG_LEVEL_ERROR, "Tunnel device open failed.");
	log_write(LOG_LEVEL_ERROR, "Could not request tunnel forwarding.");
}

static bool is_idle(const struct devconf_wish *w)
{
	return w->address_count + w->route_count == 0 && w->mtu == 0 && !w->is_up;
}

static void give_back(struct device *one)
{
	if (!one->is_open)
		return;
	devconf_undo(&one->conf, &one->dev);
	ferry_close(one->ferry);
	one->ferry = NULL;
	one->is_open = false;
}

static bool open_device(struct device *one)
{
	const struct client_settings *s = one->all->settings;
	struct fault f = {0};
	uint32_t unit = one->want->spec.local;
	enum err e;

	if (one->is_open)
		return true;
	e = tundev_open(s->tunnel == TUN_ETHERNET, unit == TUN_UNIT_ANY ? UINT32_MAX : unit, &one->dev,
		&f);
	if (e == E_OK) {
		e = ferry_new(one->all->hub, one->dev.fd, s->tunnel, &ferry_ops, one, &one->ferry);
		one->is_open = e == E_OK;
	}
	if (e == E_OK && !is_idle(&one->given))
		e = devconf_apply(&one->conf, &one->dev, &one->given, &f);
	if (e != E_OK) {
		fault_set(&f, e, 0, "%s", err_text(e));
		give_back(one);
		say_missing(one, f.text);
		return false;
	}
	log_write(LOG_LEVEL_DEBUG1, "%s %s.", one->dev.name, one->dev.was_there ? "was there" : "is made");
	return true;
}

/* --- the channel ---------------------------------------------------------------------------------
 */

static void say_up(const struct device *one)
{
	char remote[TUN_SPEC_TEXT];

	tun_unit_print(one->want->spec.remote, remote, sizeof(remote));
	log_write(LOG_LEVEL_INFO, "Tunnel up: %s here, %s%s at %s", one->dev.name,
		one->want->spec.remote == TUN_UNIT_ANY ? "a device it chose"
		: one->all->settings->tunnel == TUN_ETHERNET ? "tap" : "tun",
		one->want->spec.remote == TUN_UNIT_ANY ? "" : remote, one->all->settings->hostname);
}

static bool wants_address(const struct devices *d)
{
	const struct transport *t = session_transport(conn_session(d->conn));

	return d->settings->tunnel_takes_addresses &&
	       (transport_peer_ext(t) & TRANSPORT_EXT_TUNNEL_POOL) != 0;
}

/* An address that the relay has for us (tunnel-pool@sallyport.dev). It decides what of ours goes to
 * it: so one host alone, of a private network. */
static bool read_offer(const struct device *one, struct bytes data, struct tunaddr *out)
{
	char word[TUNADDR_TEXT];
	struct reader r;
	struct bytes text;

	if (data.len == 0 || !wants_address(one->all) || !one->is_open)
		return false;
	rd_init(&r, data);
	text = rd_text(&r, sizeof(word) - 1);
	if (rd_end(&r) && bytes_to_cstr(text, word, sizeof(word)) && tunaddr_parse(word, out) &&
		!out->is_ipv6 && out->prefix == 32 && out->has_peer && tunaddr_is_private(out))
		return true;
	log_write(LOG_LEVEL_INFO, "The relay offers an address for %s that is not taken.",
		one->dev.name);
	return false;
}

static void take_offer(struct device *one, struct bytes data)
{
	struct tunaddr *first = &one->given.addresses[0], offer = {0};
	char text[TUNADDR_TEXT];
	struct fault f = {0};

	if (!read_offer(one, data, &offer) ||
		(one->has_offer && memcmp(first, &offer, sizeof(offer)) == 0))
		return;
	if (devconf_readdress(&one->conf, &one->dev, one->has_offer ? first : NULL, &offer, &f) != E_OK) {
		log_write(LOG_LEVEL_ERROR, "%s", f.text);
		return;
	}
	one->has_offer = one->given.is_up = true;
	one->given.address_count = 1;
	*first = offer;
	tunaddr_print(&offer, text);
	log_write(LOG_LEVEL_INFO, "%s has the address %s, which the relay offered.", one->dev.name, text);
}

static void on_opened(struct device *one, struct bytes data)
{
	one->state = DEVICE_UP;
	one->trouble[0] = '\0';
	if (one->is_open)
		ferry_attach(one->ferry, one->all->conn, one->channel);
	say_up(one);
	take_offer(one, data);
	one->all->ops->answered(one->all->ctx, one);
}

static void on_refused(struct device *one, const struct mux_event *ev)
{
	char text[FAULT_TEXT];

	one->state = DEVICE_REFUSED;
	text_escape(text, sizeof(text), ev->data);
	note_trouble(one, "Tunnel forwarding failed: ",
		text[0] != '\0' ? text : "the relay gave no reason");
	one->all->ops->answered(one->all->ctx, one);
	one->all->ops->failed(one->all->ctx, "tunnel forwarding failed");
}

static void on_closed(struct device *one)
{
	log_write(LOG_LEVEL_ERROR, "The relay closed the tunnel of %s.", one->dev.name);
	one->state = DEVICE_WANTED;
	one->all->ops->failed(one->all->ctx, "tunnel closed");
}

static void on_event(struct sink *sink, const struct mux_event *ev)
{
	struct device *one = list_entry(sink, struct device, sink);
	struct session *s = conn_session(one->all->conn);
	struct mux *m = session_mux(s);
	enum err e = E_OK;

	switch (ev->kind) {
	case MUX_OPENED:
		on_opened(one, ev->data);
		break;
	case MUX_REFUSED:
		on_refused(one, ev);
		break;
	case MUX_DATA:
		if (m != NULL)
			e = mux_consumed(m, ev->channel, (uint32_t)ev->data.len);
		break;
	case MUX_EOF:
		if (m != NULL)
			e = mux_close(m, ev->channel);
		break;
	case MUX_REQUEST:
		if (ev->want_reply && m != NULL)
			e = mux_request_reply(m, ev->channel, false);
		break;
	case MUX_CLOSED:
		if (ev->code == 0)
			on_closed(one);
		break;
	default:
		break;
	}
	if (e != E_OK)
		session_fail(s, e, "answering on a tunnel's channel");
}

static void on_ferry_closed(void *ctx, bool is_lost)
{
	if (!is_lost)
		on_closed(ctx);
}

/* The device is made anew at once, if that can be; its channel, and with it the relay's device and
 * whatever addresses that was given there, stays. */
static void on_ferry_gone(void *ctx, int code)
{
	struct device *one = ctx;
	bool has_channel = ferry_leave(one->ferry, &one->channel);
	struct mux *m;

	one->ferry = NULL;
	one->is_open = false;
	one->dev.was_there = false;
	devconf_undo(&one->conf, &one->dev);
	log_write(LOG_LEVEL_ERROR, "%s is gone (%s); making it anew.", one->dev.name, strerror(code));
	m = has_channel ? session_mux(conn_session(one->all->conn)) : NULL;
	if (m != NULL)
		mux_set_user(m, one->channel, &one->sink);
	if (!open_device(one)) {
		one->state = has_channel ? DEVICE_UP : DEVICE_MISSING;
		one->all->ops->failed(one->all->ctx, "tunnel device open failed");
		return;
	}
	if (m != NULL)
		ferry_attach(one->ferry, one->all->conn, one->channel);
	one->all->ops->answered(one->all->ctx, one);
}

static enum err open_channel(struct device *one)
{
	struct session *s = conn_session(one->all->conn);
	struct mux *m = session_mux(s);
	struct tun_open open = {one->all->settings->tunnel, one->want->spec.remote,
		wants_address(one->all)};
	uint8_t extra[TUN_OPEN_LEN];
	size_t len = 0;
	enum err e = tun_write_open((struct span){extra, sizeof(extra)}, &open, &len);

	if (e == E_OK && m == NULL)
		return E_OK; /* its end is under way */
	if (e == E_OK)
		e = mux_open(m, "tun@openssh.com", bytes_of(extra, len), &one->sink, &one->channel);
	if (e == E_OK)
		one->state = DEVICE_ASKED;
	return e;
}

/* --- all of them ---------------------------------------------------------------------------------
 */

bool devices_ask(struct devices *d, struct conn *c)
{
	bool is_good = true;

	d->conn = c;
	for (size_t i = 0; i < d->count; i++) {
		struct device *one = &d->items[i];
		bool had_device = one->is_open;
		bool was_up = one->state == DEVICE_UP;
		enum err e = E_OK;

		if (!open_device(one)) {
			one->state = was_up ? DEVICE_UP : DEVICE_MISSING;
			is_good = false;
			continue;
		}
		if (was_up && !had_device) {
			ferry_attach(one->ferry, c, one->channel);
			d->ops->answered(d->ctx, one);
		} else if (!was_up && one->state != DEVICE_ASKED) {
			e = open_channel(one);
		}
		if (e != E_OK)
			session_fail(conn_session(c), e, "asking for a tunnel");
	}
	conn_wake(c);
	return is_good;
}

void devices_on_down(struct devices *d)
{
	for (size_t i = 0; i < d->count; i++)
		d->items[i].state = DEVICE_WANTED;
	d->conn = NULL;
}

size_t devices_count(const struct devices *d, enum device_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < d->count; i++)
		n += d->items[i].state == state && (state != DEVICE_UP || d->items[i].is_open);
	return n;
}

bool devices_are_answered(const struct devices *d)
{
	return devices_count(d, DEVICE_WANTED) + devices_count(d, DEVICE_ASKED) == 0;
}

void devices_init(struct devices *d, struct hub *hub, const struct client_settings *s,
	const struct devices_ops *ops, void *ctx)
{
	*d = (struct devices){
		.settings = s, .ops = ops, .ctx = ctx, .hub = hub, .count = s->tunnel_count};
	for (size_t i = 0; i < d->count; i++)
		d->items[i] = (struct device){
			.want = &s->tunnels[i], .all = d, .sink = {on_event}};
	for (size_t i = 0; i < d->count; i++)
		d->items[i].given = wish_of(&d->items[i]);
}

void devices_close(struct devices *d)
{
	for (size_t i = 0; i < d->count; i++)
		give_back(&d->items[i]);
	d->count = 0;
}
