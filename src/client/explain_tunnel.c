/* SPDX-License-Identifier: ISC */
#include "client/explain_tunnel.h"

#include <stdio.h>

#include "base/text.h"
#include "client/wrap.h"

enum { VALUE = 256, SENTENCE = 2048 };

struct view {
	const struct client_settings *settings;
	const struct explain_style *style;
	const struct client_tunnel *tunnel;
	picture_line line;
	void *ctx;
	size_t head_width;
	char relay[VALUE], port[16], here[VALUE], there[VALUE], gets[SENTENCE];
};

static void tell(const struct view *v, enum word head, enum word w, const char *one, const char *two)
{
	const char *const values[] = {one, two};
	char text[SENTENCE];

	words_fill(text, sizeof(text), v->style->language, w, values);
	wrap(head == WORDS_COUNT ? "" : words(v->style->language, head), v->head_width, text, v->line,
		v->ctx);
}

static void name_device(const struct view *v, uint32_t unit, char out[static VALUE])
{
	const char *kind = v->settings->tunnel == TUN_ETHERNET ? "tap" : "tun";

	if (unit == TUN_UNIT_ANY)
		snprintf(out, VALUE, "%s", words(v->style->language, WORD_ANY_DEVICE));
	else
		snprintf(out, VALUE, "%s%u", kind, unit);
}

/* "10.9.0.2/30, via it 10.8.0.0/16": the words of the settings, in their order. */
static void name_gets(struct view *v)
{
	const struct client_tunnel *t = v->tunnel;
	char text[TUNADDR_TEXT];
	size_t len = 0;

	v->gets[0] = '\0';
	for (size_t i = 0; i < t->address_count + t->route_count; i++) {
		bool is_route = i >= t->address_count;

		tunaddr_print(is_route ? &t->routes[i - t->address_count] : &t->addresses[i], text);
		len += (size_t)snprintf(v->gets + len, sizeof(v->gets) - len, "%s%s%s", i > 0 ? ", " : "",
			is_route ? "-> " : "", text);
		if (len >= sizeof(v->gets))
			return;
	}
}

static void draw(const struct view *v)
{
	const enum words_language l = v->style->language;
	const char *label = v->settings->tunnel == TUN_ETHERNET ? "Ethernet" : "IP";
	struct picture p = {.links = {{.label = label}, {.label = "SSH", .is_encrypted = true},
				    {.label = label}}};
	const char *const cells[PICTURE_ROWS][PICTURE_COLUMNS] = {
		{words(l, WORD_NETWORK_HERE), words(l, WORD_AGENT), words(l, WORD_RELAY),
			words(l, WORD_NETWORK_THERE)},
		{words(l, WORD_ANY_PROGRAM), words(l, WORD_THIS_MACHINE), v->relay,
			words(l, WORD_ANY_PROGRAM)},
		{"", v->here, v->there, ""}};

	for (int row = 0; row < PICTURE_ROWS; row++)
		for (int i = 0; i < PICTURE_COLUMNS; i++)
			snprintf(p.cells[row][i], PICTURE_CELL, "%s", cells[row][i]);
	picture_draw(&p, v->style->is_utf8, v->line, v->ctx);
}

static void tell_command(const struct view *v)
{
	const struct client_tunnel *t = v->tunnel;
	char peer[TUNADDR_TEXT], command[VALUE];
	struct tunaddr other = {0};

	if (t->address_count == 0 || !t->addresses[0].has_peer) {
		tell(v, WORD_TYPE, WORD_TYPE_ADDRESSES, v->here, "");
		return;
	}
	other.is_ipv6 = t->addresses[0].is_ipv6;
	memcpy(other.local, t->addresses[0].peer, sizeof(other.local));
	tunaddr_print(&other, peer);
	snprintf(command, sizeof(command), "ping %.*s", (int)strcspn(peer, "/"), peer);
	tell(v, WORD_TYPE, WORD_TYPE_HERE, command, "");
}

static void explain_one(struct view *v)
{
	char typed[TUN_SPEC_TEXT], shown[sizeof("-w ") + TUN_SPEC_TEXT], through[SENTENCE];
	const char *const values[] = {shown, v->relay, v->port};
	bool has_remote = v->tunnel->spec.remote != TUN_UNIT_ANY;

	tun_spec_print(&v->tunnel->spec, typed);
	snprintf(shown, sizeof(shown), "-w %s", typed);
	name_device(v, v->tunnel->spec.local, v->here);
	name_device(v, v->tunnel->spec.remote, v->there);
	name_gets(v);
	v->line(v->ctx,
		words_fill(through, sizeof(through), v->style->language, WORD_THROUGH, values));
	v->line(v->ctx, "");
	draw(v);
	v->line(v->ctx, "");
	tell(v, WORD_LISTENS, v->gets[0] != '\0' ? WORD_DEVICE_HERE : WORD_DEVICE_PLAIN, v->here, v->gets);
	tell(v, WORD_CONNECTS, WORD_AGENT_LOGS_IN, v->relay, v->port);
	tell(v, WORDS_COUNT, has_remote ? WORD_DEVICE_THERE : WORD_DEVICE_CHOSEN, v->there, "");
	tell(v, WORD_ENCRYPTED, WORD_ENCRYPTED_BETWEEN, "", "");
	tell_command(v);
	tell(v, WORD_DECIDES, WORD_DECIDES_TUNNEL, "", "");
}

size_t explain_tunnels(const struct client_settings *s, const struct explain_style *style,
	size_t head_width, bool is_behind, picture_line line, void *ctx)
{
	struct view v = {.settings = s, .style = style, .line = line, .ctx = ctx, .head_width = head_width};

	text_printable(v.relay, sizeof(v.relay), bytes_str(s->hostname));
	snprintf(v.port, sizeof(v.port), "%u", s->port);
	for (size_t i = 0; i < s->tunnel_count; i++) {
		v.tunnel = &s->tunnels[i];
		if (is_behind || i > 0)
			line(ctx, "");
		explain_one(&v);
	}
	return s->tunnel_count;
}
