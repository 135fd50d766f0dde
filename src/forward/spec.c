/* SPDX-License-Identifier: ISC */
/*
 * A specification is cut into at most four fields first, by rules that know nothing of what they
 * mean; then the number of fields and which of them are paths decides the form.
 *
 * The one thing asked from outside is the name of a service (getservbyname), as ssh does.
 */
#include "forward/spec.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIELDS_MAX = 4, SERVICE_NAME_MAX = 32 };

struct field {
	char text[FORWARD_SPEC_MAX];
	bool is_path;
};

bool forward_port_parse(const char *text, uint16_t *port)
{
	struct servent *service;
	char *end;
	long long n;

	n = strtoll(text, &end, 10);
	if (end != text && *end == '\0') {
		if (n < 0 || n > UINT16_MAX) /* overflow ends at the far end of long long */
			return false;
		*port = (uint16_t)n;
		return true;
	}
	if (text[0] == '\0' || strlen(text) > SERVICE_NAME_MAX)
		return false;
	service = getservbyname(text, "tcp");
	if (service == NULL)
		return false;
	*port = ntohs((uint16_t)service->s_port);
	return true;
}

/* A field in brackets: literal to the bracket that closes, which must end the field. */
static const char *take_literal(const char *at, struct field *out)
{
	const char *close = strchr(at, ']');
	size_t len;

	if (close == NULL || (close[1] != ':' && close[1] != '\0'))
		return NULL;
	len = (size_t)(close - at) - 1;
	memcpy(out->text, at + 1, len);
	out->text[len] = '\0';
	out->is_path = strchr(out->text, '/') != NULL;
	return close[1] == ':' ? close + 2 : close + 1;
}

/* Takes the field at the front; what is returned lies behind its colon. NULL: an unfinished bracket
 * or escape. */
static const char *take_field(const char *at, struct field *out)
{
	size_t len = 0;

	out->is_path = false;
	if (*at == '[')
		return take_literal(at, out);
	for (; *at != '\0' && *at != ':'; at++) {
		if (*at == '\\') {
			if (*++at == '\0')
				return NULL;
		} else if (*at == '/') {
			out->is_path = true;
		}
		out->text[len++] = *at;
	}
	out->text[len] = '\0';
	return *at == ':' ? at + 1 : at;
}

/* A colon at the very end opens no further field: "8080:" is one. */
static size_t split(const char *text, struct field fields[static FIELDS_MAX], const char **why)
{
	size_t count = 0;

	*why = NULL;
	while (*text != '\0' && count < FIELDS_MAX) {
		text = take_field(text, &fields[count]);
		if (text == NULL) {
			*why = "a bracket or a backslash is not finished";
			return 0;
		}
		count++;
	}
	if (*text != '\0')
		*why = "there are more than four fields";
	else if (count == 0)
		*why = "it is empty";
	return count;
}

/* A specification under reading: what it is called in messages, its text and its fields. */
struct reading {
	const char *kind, *text, *forms;
	struct field fields[FIELDS_MAX];
	size_t count;
	struct fault *fault;
};

static enum err bad(const struct reading *r, enum err e, const char *why, const char *field)
{
	return fault_set(r->fault, e, 0, "Bad %s forwarding specification '%.100s': %s%s%.60s%s",
		r->kind, r->text, why, field != NULL ? " '" : "", field != NULL ? field : "",
		field != NULL ? "'" : "");
}

static enum err bad_form(const struct reading *r)
{
	return bad(r, E_FORMAT, r->forms, NULL);
}

static enum err take_host(
	const struct reading *r, const struct field *field, char out[static FORWARD_HOST_MAX])
{
	if (field->is_path)
		return bad(r, E_FORMAT, "a slash makes a path of", field->text);
	if (!bytes_to_cstr(bytes_str(field->text), out, FORWARD_HOST_MAX))
		return bad(r, E_LIMIT, "a host name is longer than 255 bytes", NULL);
	return E_OK;
}

static enum err take_path(
	const struct reading *r, const struct field *field, char out[static FORWARD_PATH_MAX])
{
	if (!bytes_to_cstr(bytes_str(field->text), out, FORWARD_PATH_MAX))
		return bad(r, E_LIMIT, "the path of a Unix socket is longer than 107 bytes", NULL);
	return E_OK;
}

/* port; with bind in front when that is not NULL. */
static enum err take_listen(const struct reading *r, struct forward_spec *s,
	const struct field *bind, const struct field *port, bool zero_is_fine)
{
	enum err e = E_OK;

	if (port->is_path)
		return bad(r, E_FORMAT, "a slash makes a path of", port->text);
	if (!forward_port_parse(port->text, &s->listen_port) ||
		(s->listen_port == 0 && !zero_is_fine))
		return bad(r, E_VALUE,
			zero_is_fine
				? "the listen port is no number up to 65535 and no service name:"
				: "the listen port is no number from 1 to 65535 and no service "
				  "name:",
			port->text);
	s->has_bind = bind != NULL;
	if (bind != NULL)
		e = take_host(r, bind, s->bind);
	if (strcmp(s->bind, "*") == 0)
		s->bind[0] = '\0';
	return e;
}

static enum err take_target(const struct reading *r, struct forward_spec *s,
	const struct field *host, const struct field *port)
{
	if (!forward_port_parse(port->text, &s->port) || s->port == 0)
		return bad(r, E_VALUE,
			"the target port is no number from 1 to 65535 and no service name:",
			port->text);
	if (host->text[0] == '\0')
		return bad(r, E_VALUE, "the target host is empty", NULL);
	return take_host(r, host, s->host);
}

/* Where the fields of the target begin: the last one is a path, or the last two host and port. */
static size_t target_at(const struct reading *r)
{
	return r->fields[r->count - 1].is_path ? r->count - 1 : r->count - 2;
}

static enum err take_fixed(const struct reading *r, struct forward_spec *s, bool zero_is_fine)
{
	const struct field *f = r->fields;
	size_t at = r->count >= 2 ? target_at(r) : 0;
	enum err e;

	if (at == 0 || at > 2)
		return bad_form(r);
	if (at == 1 && f[0].is_path)
		e = take_path(r, &f[0], s->listen_path);
	else
		e = take_listen(r, s, at == 2 ? &f[0] : NULL, &f[at - 1], zero_is_fine);
	if (e != E_OK)
		return e;
	return f[at].is_path && at == r->count - 1 ? take_path(r, &f[at], s->path)
						   : take_target(r, s, &f[at], &f[at + 1]);
}

static enum err take_socks(const struct reading *r, struct forward_spec *s, bool zero_is_fine)
{
	const struct field *f = r->fields;

	s->is_socks = true;
	if (r->count > 2)
		return bad_form(r);
	if (r->count == 1 && f[0].is_path)
		return take_path(r, &f[0], s->listen_path);
	return take_listen(r, s, r->count == 2 ? &f[0] : NULL, &f[r->count - 1], zero_is_fine);
}

static enum err read_fields(
	struct reading *r, const char *kind, const char *text, const char *forms, struct fault *f)
{
	const char *why;

	*r = (struct reading){.kind = kind, .text = text, .forms = forms, .fault = f};
	if (strlen(text) >= FORWARD_SPEC_MAX)
		return fault_set(f, E_LIMIT, 0, "Bad %s forwarding specification: too long", kind);
	while (isspace((unsigned char)*text))
		text++;
	r->count = split(text, r->fields, &why);
	return why == NULL ? E_OK : bad(r, E_FORMAT, why, NULL);
}

/* What has no target is a SOCKS proxy, as in ssh. */
static bool has_target(const struct reading *r)
{
	return r->count > 2 || (r->count == 2 && r->fields[1].is_path);
}

enum err forward_spec_remote(struct forward_spec *spec, const char *text, struct fault *f)
{
	struct forward_spec s = {0};
	struct reading r;
	enum err e = read_fields(&r, "remote", text,
		"[bind_address:]port:host:hostport or [bind_address:]port is wanted, with the path "
		"of a Unix socket on either side",
		f);

	if (e == E_OK)
		e = has_target(&r) ? take_fixed(&r, &s, true) : take_socks(&r, &s, true);
	if (e == E_OK)
		*spec = s;
	return e;
}

enum err forward_spec_local(struct forward_spec *spec, const char *text, struct fault *f)
{
	struct forward_spec s = {0};
	struct reading r;
	enum err e = read_fields(&r, "local", text,
		"[bind_address:]port:host:hostport is wanted, with the path of a Unix socket on "
		"either side",
		f);

	if (e == E_OK)
		e = has_target(&r) ? take_fixed(&r, &s, false) : bad_form(&r);
	if (e == E_OK)
		*spec = s;
	return e;
}

enum err forward_spec_dynamic(struct forward_spec *spec, const char *text, struct fault *f)
{
	struct forward_spec s = {0};
	struct reading r;
	enum err e = read_fields(&r, "dynamic", text,
		"[bind_address:]port or the path of a Unix socket is wanted", f);

	if (e == E_OK)
		e = take_socks(&r, &s, false);
	if (e == E_OK)
		*spec = s;
	return e;
}

enum err forward_spec_stdio(struct forward_spec *spec, const char *text, struct fault *f)
{
	struct forward_spec s = {0};
	struct reading r;
	enum err e = read_fields(
		&r, "stdio", text, "host:port or the path of a Unix socket is wanted", f);

	if (e != E_OK)
		return e;
	if (r.count == 1 && r.fields[0].is_path)
		e = take_path(&r, &r.fields[0], s.path);
	else if (r.count == 2)
		e = take_target(&r, &s, &r.fields[0], &r.fields[1]);
	else
		e = bad_form(&r);
	if (e == E_OK)
		*spec = s;
	return e;
}

static bool has_same_more(const struct forward_spec *a, const struct forward_spec *b)
{
	for (size_t i = 0; i < a->more_count && i < b->more_count; i++)
		if (strcmp(a->more[i].host, b->more[i].host) != 0 ||
			a->more[i].port != b->more[i].port)
			return false;
	return a->more_count == b->more_count;
}

bool forward_spec_is_same(const struct forward_spec *a, const struct forward_spec *b)
{
	return a->has_bind == b->has_bind && strcmp(a->bind, b->bind) == 0 &&
	       a->listen_port == b->listen_port && strcmp(a->listen_path, b->listen_path) == 0 &&
	       a->is_socks == b->is_socks && strcmp(a->host, b->host) == 0 && a->port == b->port &&
	       strcmp(a->path, b->path) == 0 && has_same_more(a, b);
}

const char *forward_spec_wire_bind(const struct forward_spec *spec)
{
	return spec->has_bind ? spec->bind : "localhost";
}

/* A field of its own, behind what stands there. */
static void print_field(char *out, size_t cap, const char *text)
{
	size_t len = strlen(out);
	bool is_literal = strchr(text, ':') != NULL;

	snprintf(out + len, cap - len, "%s%s%s%s", len > 0 ? ":" : "", is_literal ? "[" : "", text,
		is_literal ? "]" : "");
}

static void print_port(char *out, size_t cap, uint16_t port)
{
	char text[8];

	snprintf(text, sizeof(text), "%u", port);
	print_field(out, cap, text);
}

static void print_listen(const struct forward_spec *spec, char *out, size_t cap)
{
	if (spec->listen_path[0] != '\0') {
		print_field(out, cap, spec->listen_path);
		return;
	}
	/* An empty field leaves no colon behind by itself. */
	if (spec->has_bind && spec->bind[0] == '\0')
		snprintf(out, cap, ":%u", spec->listen_port);
	else if (spec->has_bind)
		print_field(out, cap, spec->bind);
	if (!spec->has_bind || spec->bind[0] != '\0')
		print_port(out, cap, spec->listen_port);
}

static void print_more(const struct forward_target *one, char *out, size_t cap)
{
	bool is_literal = strchr(one->host, ':') != NULL;
	size_t len = strlen(out);

	snprintf(out + len, cap - len, ",%s%s%s:%u", is_literal ? "[" : "", one->host,
		is_literal ? "]" : "", one->port);
}

static void print_target(const struct forward_spec *spec, char *out, size_t cap)
{
	if (spec->path[0] != '\0') {
		print_field(out, cap, spec->path);
	} else if (!spec->is_socks) {
		print_field(out, cap, spec->host);
		print_port(out, cap, spec->port);
	}
	for (size_t i = 0; i < spec->more_count; i++)
		print_more(&spec->more[i], out, cap);
}

void forward_spec_print(const struct forward_spec *spec, char *out, size_t cap)
{
	out[0] = '\0';
	print_listen(spec, out, cap);
	print_target(spec, out, cap);
}

void forward_spec_print_target(const struct forward_spec *spec, char *out, size_t cap)
{
	out[0] = '\0';
	print_target(spec, out, cap);
}
