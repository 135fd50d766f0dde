/* SPDX-License-Identifier: ISC */
#include "client/explain.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "client/explain_tunnel.h"
#include "client/reach.h"
#include "client/wrap.h"

enum { VALUE = 256, COMMAND = 2 * VALUE, SENTENCE = 1536, PORT_TEXT = 24, LOW_PORTS = 1024 };

/* Who stands in which column: with -R the relay is the visitor's neighbour, else the agent is. */
enum kind { REMOTE, LOCAL, STDIO };

struct view {
	const struct client_settings *settings;
	const struct explain_style *style;
	picture_line line;
	void *ctx;
	enum kind kind;
	const struct forward_spec *spec;
	size_t head_width;
	char relay[VALUE], port[PORT_TEXT], target[VALUE], listen_port[PORT_TEXT];
	char bind[VALUE], listen_path[VALUE], target_path[VALUE];
};

static const char *say(const struct view *v, enum word w)
{
	return words(v->style->language, w);
}

/* --- names ---------------------------------------------------------------------------------------
 */

/* What somebody typed, fit for a terminal. */
static void show(char out[static VALUE], const char *text)
{
	text_printable(out, VALUE, bytes_str(text));
}

static void name_things(struct view *v)
{
	const struct forward_spec *spec = v->spec;
	char target[VALUE];

	show(v->relay, v->settings->hostname);
	snprintf(v->port, sizeof(v->port), "%u", v->settings->port);
	if (spec == NULL)
		return;
	forward_spec_print_target(spec, target, sizeof(target));
	show(v->target, target);
	show(v->bind, spec->bind);
	show(v->listen_path, spec->listen_path);
	show(v->target_path, spec->path);
	if (v->kind == REMOTE && spec->listen_port == 0)
		snprintf(v->listen_port, sizeof(v->listen_port), "PORT");
	else
		snprintf(v->listen_port, sizeof(v->listen_port), "%u", spec->listen_port);
}

/* Where visitors can come from, as far as the words say. */
static bool is_open_to_others(const struct view *v)
{
	if (!v->spec->has_bind)
		return v->kind == LOCAL && v->settings->gateway_ports;
	return !reach_is_loopback(v->spec->bind);
}

static bool has_path(const struct view *v)
{
	return v->spec->listen_path[0] != '\0';
}

/* --- the picture ---------------------------------------------------------------------------------
 */

static void fill(const struct view *v, char *cell, enum word w, const char *value)
{
	const char *const values[] = {value};

	words_fill(cell, PICTURE_CELL, v->style->language, w, values);
}

static void draw_listener(const struct view *v, char *what)
{
	if (v->kind == STDIO)
		snprintf(what, PICTURE_CELL, "%s", "");
	else if (has_path(v))
		fill(v, what, WORD_LISTENS_PATH, v->listen_path);
	else if (v->kind == REMOTE && v->spec->listen_port == 0)
		fill(v, what, WORD_LISTENS_CHOSEN, "");
	else
		fill(v, what, WORD_LISTENS_PORT, v->listen_port);
}

static void draw_visitor(const struct view *v, char *who, char *what)
{
	fill(v, who, v->kind == STDIO ? WORD_THIS_COMMAND : WORD_ANY_PROGRAM, "");
	if (v->kind == STDIO)
		fill(v, what, WORD_STDIO, "");
	else if (has_path(v))
		fill(v, what, WORD_DIALS_PATH, v->listen_path);
	else
		fill(v, what, WORD_DIALS_PORT, v->listen_port);
}

static void draw_target(const struct view *v, char *who, char *what)
{
	char port[PORT_TEXT];

	if (v->spec->is_socks) {
		fill(v, who, WORD_SAID_BY_VISITOR, "");
		fill(v, what, WORD_BY_SOCKS, "");
		return;
	}
	if (v->spec->path[0] != '\0') {
		fill(v, who, WORD_SOCKET, "");
		snprintf(what, PICTURE_CELL, "%s", v->target_path);
		return;
	}
	show(who, v->spec->host);
	snprintf(port, sizeof(port), "%u", v->spec->port);
	fill(v, what, WORD_PORT, port);
}

static void draw(const struct view *v)
{
	bool is_remote = v->kind == REMOTE;
	int relay = is_remote ? 1 : 2, agent = is_remote ? 2 : 1;
	struct picture p = {.links = {
		{.label = v->kind == STDIO ? "pipe" : has_path(v) ? "unix" : "TCP"},
		{.label = "SSH", .is_encrypted = true, .is_leftward = is_remote},
		{.label = v->spec->path[0] != '\0' ? "unix" : "TCP"}}};

	fill(v, p.cells[0][0], WORD_VISITOR, "");
	fill(v, p.cells[0][relay], WORD_RELAY, "");
	fill(v, p.cells[0][agent], WORD_AGENT, "");
	fill(v, p.cells[0][3], WORD_TARGET, "");
	draw_visitor(v, p.cells[1][0], p.cells[2][0]);
	snprintf(p.cells[1][relay], PICTURE_CELL, "%s", v->relay);
	fill(v, p.cells[1][agent], WORD_THIS_MACHINE, "");
	draw_listener(v, p.cells[2][1]);
	draw_target(v, p.cells[1][3], p.cells[2][3]);
	picture_draw(&p, v->style->is_utf8, v->line, v->ctx);
}

/* --- the sentences -------------------------------------------------------------------------------
 */

static void tell(const struct view *v, const char *head, enum word w, const char *one, const char *two)
{
	const char *const values[] = {one, two};
	char text[SENTENCE];

	words_fill(text, sizeof(text), v->style->language, w, values);
	wrap(head, v->head_width, text, v->line, v->ctx);
}

static void tell_listener(const struct view *v)
{
	static const enum word at[2][4] = {
		{WORD_RELAY_LOOPBACK, WORD_RELAY_WILD, WORD_RELAY_ADDRESS, WORD_RELAY_PATH},
		{WORD_AGENT_LOOPBACK, WORD_AGENT_WILD, WORD_AGENT_ADDRESS, WORD_AGENT_PATH}};
	const enum word *mine = at[v->kind == REMOTE ? 0 : 1];
	const char *head = say(v, WORD_LISTENS);
	char port[VALUE];

	if (v->kind == STDIO) {
		tell(v, head, WORD_NOBODY_LISTENS, "", "");
		return;
	}
	if (has_path(v)) {
		tell(v, head, mine[3], v->listen_path, "");
		return;
	}
	fill(v, port, WORD_PORT, v->listen_port);
	if (!is_open_to_others(v))
		tell(v, head, mine[0], port, "");
	else if (!v->spec->has_bind || reach_is_wildcard(v->spec->bind))
		tell(v, head, mine[1], port, "");
	else
		tell(v, head, mine[2], port, v->bind);
	if (v->kind == REMOTE && v->spec->listen_port == 0)
		tell(v, "", WORD_RELAY_CHOOSES, "", "");
	else if (v->kind == REMOTE && v->spec->listen_port < LOW_PORTS)
		tell(v, "", WORD_RELAY_LOW, v->listen_port, "");
}

static void tell_way(const struct view *v)
{
	const struct client_settings *s = v->settings;
	char hosts[VALUE], shown[VALUE];

	if (s->jump_host != NULL) {
		snprintf(hosts, sizeof(hosts), "%s%s%s",
			s->jump_through != NULL ? s->jump_through : "",
			s->jump_through != NULL ? "," : "", s->jump_host);
		show(shown, hosts);
		tell(v, "", WORD_VIA_JUMP, shown, "");
	} else if (s->proxy_command != NULL) {
		tell(v, "", WORD_VIA_COMMAND, "", "");
	}
}

static void tell_connections(const struct view *v)
{
	static const enum word to[2][3] = {{WORD_AGENT_TO, WORD_AGENT_TO_SELF, WORD_AGENT_TO_SOCKS},
		{WORD_RELAY_TO, WORD_RELAY_TO_SELF, WORD_RELAY_TO_SOCKS}};
	const enum word *mine = to[v->kind == REMOTE ? 0 : 1];
	bool is_self = v->spec->path[0] != '\0' || reach_is_loopback(v->spec->host);

	tell(v, say(v, WORD_CONNECTS), v->kind == REMOTE ? WORD_AGENT_DIALS : WORD_AGENT_LOGS_IN,
		v->relay, v->port);
	tell_way(v);
	tell(v, "", mine[v->spec->is_socks ? 2 : is_self ? 1 : 0], v->target, "");
}

/* What a visitor of this target would type, at host. */
static void write_command(const struct view *v, const char *host, char out[static COMMAND])
{
	const char *port = v->listen_port;

	if (has_path(v))
		snprintf(out, COMMAND, "nc -U %s", v->listen_path);
	else if (v->spec->is_socks)
		snprintf(out, COMMAND, "curl --proxy socks5h://%s:%s http://...", host, port);
	else if (v->spec->path[0] == '\0' && v->spec->port == 22)
		snprintf(out, COMMAND, "ssh -p %s user@%s", port, host);
	else if (v->spec->path[0] == '\0' && (v->spec->port == 80 || v->spec->port == 8080))
		snprintf(out, COMMAND, "curl http://%s:%s/", host, port);
	else if (v->spec->path[0] == '\0' && v->spec->port == 443)
		snprintf(out, COMMAND, "curl https://%s:%s/", host, port);
	else
		snprintf(out, COMMAND, "nc %s %s", host, port);
}

static void tell_command(const struct view *v)
{
	const char *head = say(v, WORD_TYPE);
	bool is_remote = v->kind == REMOTE;
	char command[COMMAND];

	if (v->kind == STDIO)
		return;
	write_command(v, "localhost", command);
	tell(v, head, is_remote ? WORD_TYPE_ON_RELAY : WORD_TYPE_HERE, command, "");
	if (!has_path(v) && is_open_to_others(v)) {
		write_command(v, is_remote ? v->relay : "HOST", command);
		tell(v, "", is_remote ? WORD_TYPE_ANYWHERE : WORD_TYPE_NEAR, command, "");
	}
	if (is_remote && !has_path(v) && v->spec->listen_port == 0)
		tell(v, "", WORD_TYPE_PORT_LATER, "", "");
}

static enum word deciding(const struct view *v)
{
	if (v->kind == REMOTE)
		return has_path(v) ? WORD_DECIDES_REMOTE_PATH : WORD_DECIDES_REMOTE;
	if (v->spec->path[0] != '\0')
		return WORD_DECIDES_LOCAL_PATH;
	return v->kind == STDIO ? WORD_DECIDES_STDIO : WORD_DECIDES_LOCAL;
}

/* --- one after the other -------------------------------------------------------------------------
 */

static void explain_one(struct view *v, const char *flag, enum kind kind, const struct forward_spec *spec)
{
	char typed[FORWARD_SPEC_MAX], shown[sizeof("-R ") + VALUE], through[SENTENCE];
	const char *const values[] = {shown, v->relay, v->port};

	v->kind = kind;
	v->spec = spec;
	name_things(v);
	if (kind == STDIO)
		forward_spec_print_target(spec, typed, sizeof(typed));
	else
		forward_spec_print(spec, typed, sizeof(typed));
	snprintf(shown, sizeof(shown), "%s ", flag);
	show(shown + 3, typed);
	v->line(v->ctx, words_fill(through, sizeof(through), v->style->language, WORD_THROUGH, values));
	v->line(v->ctx, "");
	draw(v);
	v->line(v->ctx, "");
	tell_listener(v);
	tell_connections(v);
	tell(v, say(v, WORD_ENCRYPTED), WORD_ENCRYPTED_BETWEEN, "", "");
	tell_command(v);
	tell(v, say(v, WORD_DECIDES), deciding(v), "", "");
}

static size_t widest_head(const struct view *v)
{
	size_t widest = 0;

	for (enum word w = WORD_LISTENS; w <= WORD_DECIDES; w++) {
		size_t width = picture_width(say(v, w));

		if (width > widest)
			widest = width;
	}
	return widest;
}

void explain(const struct client_settings *s, const struct explain_style *style, picture_line line,
	void *ctx)
{
	struct view v = {.settings = s, .style = style, .line = line, .ctx = ctx};
	size_t told = 0;

	v.head_width = widest_head(&v);
	for (size_t i = 0; i < s->forward_count; i++) {
		if (told++ > 0)
			line(ctx, "");
		explain_one(&v, "-R", REMOTE, &s->forwards[i]);
	}
	for (size_t i = 0; i < s->local_count; i++) {
		if (told++ > 0)
			line(ctx, "");
		explain_one(&v, s->locals[i].is_socks ? "-D" : "-L", LOCAL, &s->locals[i]);
	}
	if (s->stdio != NULL) {
		if (told++ > 0)
			line(ctx, "");
		explain_one(&v, "-W", STDIO, s->stdio);
	}
	told += explain_tunnels(s, style, v.head_width, told > 0, line, ctx);
	if (told == 0) {
		name_things(&v);
		v.head_width = 0;
		tell(&v, "", WORD_NOTHING_ASKED, v.relay, v.port);
	}
}
