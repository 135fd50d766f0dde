/* SPDX-License-Identifier: ISC */
#include "forward/ctlmsg.h"

#include <stdio.h>

#include "forward/failover.h"
#include "wire/msgs.h"
#include "wire/reader.h"
#include "wire/writer.h"

static const char ours[] = "control@sallyport.dev";

/* --- reading ------------------------------------------------------------------------------------
 */

/* Pairs of names and values; those that are not known do not matter. */
static void read_hello(struct reader *r, struct ctlmsg *m)
{
	m->number = rd_u32(r);
	while (rd_ok(r) && rd_left(r) > 0) {
		struct bytes name = rd_string(r, CTLMSG_MAX);

		(void)rd_string(r, CTLMSG_MAX);
		m->has_info |= bytes_is(name, "info");
		m->has_ours |= bytes_is(name, ours);
	}
}

static void read_forward(struct reader *r, struct ctlmsg *m)
{
	m->kind = rd_u32(r);
	m->listen = rd_text(r, LIMIT_STRING);
	m->listen_port = rd_u32(r);
	m->connect = rd_text(r, LIMIT_STRING);
	m->connect_port = rd_u32(r);
}

/* False: there is no more to it that anybody here looks at. */
static bool read_rest(struct reader *r, struct ctlmsg *m)
{
	switch (m->type) {
	case CTLMSG_ALIVE_CHECK:
	case CTLMSG_TERMINATE:
	case CTLMSG_STOP:
	case CTLMSG_OK:
	case CTLMSG_NO_TTY:
		return true;
	case CTLMSG_OPEN_FORWARD:
	case CTLMSG_CLOSE_FORWARD:
		read_forward(r, m);
		return true;
	case CTLMSG_STDIO_FORWARD:
		(void)rd_string(r, CTLMSG_MAX); /* reserved */
		m->connect = rd_text(r, LIMIT_STRING);
		m->connect_port = rd_u32(r);
		return true;
	case CTLMSG_INFO:
		m->text = rd_text(r, LIMIT_NAME);
		return true;
	case CTLMSG_DENIED:
	case CTLMSG_FAILURE:
		m->text = rd_text(r, LIMIT_STRING);
		return true;
	case CTLMSG_EXIT:
	case CTLMSG_ALIVE:
	case CTLMSG_OPENED:
	case CTLMSG_PORT:
		m->number = rd_u32(r);
		return true;
	case CTLMSG_INFO_REPLY:
		m->number = rd_u32(r);
		m->text = rd_text(r, CTLMSG_MAX);
		return true;
	default:
		return false;
	}
}

enum err ctlmsg_read(struct bytes body, struct ctlmsg *m)
{
	struct ctlmsg got = {0};
	bool is_whole = true;
	struct reader r;
	enum err e;

	rd_init(&r, body);
	got.type = rd_u32(&r);
	if (got.type == CTLMSG_HELLO) {
		read_hello(&r, &got);
	} else {
		got.id = rd_u32(&r);
		is_whole = read_rest(&r, &got);
	}
	if (!is_whole)
		(void)rd_rest(&r);
	e = rd_finish(&r);
	if (e != E_OK)
		return e;
	*m = got;
	return is_whole ? E_OK : E_UNKNOWN;
}

enum err ctlmsg_length(struct bytes in, size_t *len)
{
	uint32_t body = load_be32(in.ptr);

	if (body > CTLMSG_MAX)
		return E_LIMIT;
	if (body < 4)
		return E_FORMAT;
	*len = CTLMSG_HEAD + (size_t)body;
	return E_OK;
}

unsigned ctlmsg_descriptors(uint32_t type)
{
	return type == CTLMSG_NEW_SESSION ? 3 : type == CTLMSG_STDIO_FORWARD ? 2 : 0;
}

/* --- writing ------------------------------------------------------------------------------------
 */

static void write_hello(struct writer *w, const struct ctlmsg *m)
{
	wr_u32(w, m->number);
	if (m->has_info) {
		wr_cstring(w, "info");
		wr_cstring(w, "0");
	}
	if (m->has_ours) {
		wr_cstring(w, ours);
		wr_cstring(w, "0");
	}
}

static void write_forward(struct writer *w, const struct ctlmsg *m)
{
	wr_u32(w, m->kind);
	wr_string(w, m->listen);
	wr_u32(w, m->listen_port);
	wr_string(w, m->connect);
	wr_u32(w, m->connect_port);
}

static bool write_rest(struct writer *w, const struct ctlmsg *m)
{
	switch (m->type) {
	case CTLMSG_ALIVE_CHECK:
	case CTLMSG_TERMINATE:
	case CTLMSG_STOP:
	case CTLMSG_OK:
	case CTLMSG_NO_TTY:
		return true;
	case CTLMSG_OPEN_FORWARD:
	case CTLMSG_CLOSE_FORWARD:
		write_forward(w, m);
		return true;
	case CTLMSG_STDIO_FORWARD:
		wr_cstring(w, "");
		wr_string(w, m->connect);
		wr_u32(w, m->connect_port);
		return true;
	case CTLMSG_INFO:
	case CTLMSG_DENIED:
	case CTLMSG_FAILURE:
		wr_string(w, m->text);
		return true;
	case CTLMSG_EXIT:
	case CTLMSG_ALIVE:
	case CTLMSG_OPENED:
	case CTLMSG_PORT:
		wr_u32(w, m->number);
		return true;
	case CTLMSG_INFO_REPLY:
		wr_u32(w, m->number);
		wr_string(w, m->text);
		return true;
	default:
		return false;
	}
}

enum err ctlmsg_write(struct span into, const struct ctlmsg *m, size_t *len)
{
	struct writer w;
	size_t mark;

	wr_init(&w, into);
	mark = wr_mark(&w);
	wr_u32(&w, m->type);
	if (m->type == CTLMSG_HELLO) {
		write_hello(&w, m);
	} else {
		wr_u32(&w, m->id);
		if (!write_rest(&w, m))
			return E_UNKNOWN;
	}
	wr_close(&w, mark);
	return wr_finish(&w, len);
}

/* --- forwards -----------------------------------------------------------------------------------
 */

static enum err bad(struct fault *f, enum err e, const char *what)
{
	return fault_set(f, e, 0, "Invalid forwarding request: %s", what);
}

static enum err take_listen(const struct ctlmsg *m, struct forward_spec *s, struct fault *f)
{
	if (m->listen_port == CTLMSG_PATH) {
		if (m->listen.len == 0 ||
			!bytes_to_cstr(m->listen, s->listen_path, FORWARD_PATH_MAX))
			return bad(f, E_LIMIT, "the path to listen on is none, or too long");
		return E_OK;
	}
	if (m->listen_port > UINT16_MAX)
		return bad(f, E_VALUE, "the port to listen on is none");
	if (m->listen_port == 0 && m->kind != CTLMSG_REMOTE)
		return bad(f, E_VALUE, "a port to listen on here has to be named");
	s->listen_port = (uint16_t)m->listen_port;
	s->has_bind = m->listen.len > 0;
	if (bytes_is(m->listen, "*"))
		return E_OK;
	return bytes_to_cstr(m->listen, s->bind, FORWARD_HOST_MAX)
		       ? E_OK
		       : bad(f, E_LIMIT, "the address to listen on is too long");
}

static enum err take_targets(const struct ctlmsg *m, struct forward_spec *s, struct fault *f)
{
	char host[LIMIT_STRING + 1], text[FORWARD_SPEC_MAX], first[FORWARD_SPEC_MAX];
	struct forward_spec stdio = {0};
	const char *comma;
	enum err e;

	if (!bytes_to_cstr(m->connect, host, sizeof(host)) || host[0] == '\0')
		return bad(f, E_VALUE, "there is no target");
	comma = m->kind == CTLMSG_REMOTE ? strchr(host, ',') : NULL;
	if (comma == NULL) {
		s->port = (uint16_t)m->connect_port;
		return bytes_to_cstr(m->connect, s->host, FORWARD_HOST_MAX)
			       ? E_OK
			       : bad(f, E_LIMIT, "the target's host is too long");
	}
	/* "a:1,b" and 2 are "a:1,b:2" */
	snprintf(text, sizeof(text), "%s:%u", host, m->connect_port);
	e = failover_split(text, first, s, f);
	if (e == E_OK)
		e = forward_spec_stdio(&stdio, first, f);
	if (e != E_OK)
		return e;
	/* A comma that stayed in a name would be another one's the next time. */
	if (stdio.path[0] != '\0' || strchr(stdio.host, ',') != NULL)
		return bad(f, E_VALUE, "a target is no host and port");
	memcpy(s->host, stdio.host, sizeof(s->host));
	s->port = stdio.port;
	return E_OK;
}

static enum err take_connect(const struct ctlmsg *m, struct forward_spec *s, struct fault *f)
{
	if (m->connect_port == CTLMSG_PATH)
		return m->connect.len > 0 && bytes_to_cstr(m->connect, s->path, FORWARD_PATH_MAX)
			       ? E_OK
			       : bad(f, E_LIMIT, "the target's path is none, or too long");
	if (m->connect_port > UINT16_MAX || m->connect_port == 0)
		return bad(f, E_VALUE, "the target's port is none");
	return take_targets(m, s, f);
}

/* Where visitors name the target OpenSSH says "socks" and port 0. */
static bool is_socks(const struct ctlmsg *m)
{
	return m->kind == CTLMSG_DYNAMIC || (m->kind == CTLMSG_REMOTE && m->connect_port == 0);
}

enum err ctlmsg_to_spec(const struct ctlmsg *m, struct forward_spec *spec, struct fault *f)
{
	struct forward_spec s = {.is_socks = is_socks(m)};
	enum err e;

	if (m->kind != CTLMSG_LOCAL && m->kind != CTLMSG_REMOTE && m->kind != CTLMSG_DYNAMIC)
		return bad(f, E_VALUE, "neither local nor remote nor dynamic");
	e = take_listen(m, &s, f);
	if (e == E_OK && !s.is_socks)
		e = take_connect(m, &s, f);
	if (e == E_OK)
		*spec = s;
	return e;
}

enum err ctlmsg_to_target(const struct ctlmsg *m, struct forward_spec *spec, struct fault *f)
{
	struct ctlmsg one = *m;
	struct forward_spec s = {0};
	enum err e;

	one.kind = CTLMSG_LOCAL; /* has one target */
	e = take_connect(&one, &s, f);
	if (e == E_OK)
		*spec = s;
	return e;
}

static void put_listen(const struct forward_spec *spec, struct ctlmsg *m)
{
	if (spec->listen_path[0] != '\0') {
		m->listen = bytes_str(spec->listen_path);
		m->listen_port = CTLMSG_PATH;
		return;
	}
	m->listen = bytes_str(!spec->has_bind ? "" : spec->bind[0] == '\0' ? "*" : spec->bind);
	m->listen_port = spec->listen_port;
}

void ctlmsg_from_spec(const struct forward_spec *spec, bool is_remote,
	char text[static FORWARD_SPEC_MAX], struct ctlmsg *m)
{
	m->kind = is_remote ? CTLMSG_REMOTE : spec->is_socks ? CTLMSG_DYNAMIC : CTLMSG_LOCAL;
	put_listen(spec, m);
	if (spec->path[0] != '\0') {
		m->connect = bytes_str(spec->path);
		m->connect_port = CTLMSG_PATH;
	} else if (spec->is_socks) {
		m->connect = bytes_str("socks");
		m->connect_port = 0;
	} else if (spec->more_count == 0) {
		m->connect = bytes_str(spec->host);
		m->connect_port = spec->port;
	} else {
		forward_spec_print_target(spec, text, FORWARD_SPEC_MAX);
		*strrchr(text, ':') = '\0';
		m->connect = bytes_str(text);
		m->connect_port = spec->more[spec->more_count - 1].port;
	}
}
