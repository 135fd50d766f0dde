/* SPDX-License-Identifier: ISC */
/*
 * The grammar of -R. A specification is cut into at most four fields first, by rules that know
 * nothing of what they mean; then the number of fields and which of them are paths decides the
 * form.
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

static enum err bad(
	struct fault *f, enum err e, const char *text, const char *why, const char *field)
{
	return fault_set(f, e, 0, "Bad remote forwarding specification '%.100s': %s%s%.60s%s", text,
		why, field != NULL ? " '" : "", field != NULL ? field : "",
		field != NULL ? "'" : "");
}

static enum err check_host(const char *text, const char *host, struct fault *f)
{
	if (strlen(host) >= FORWARD_HOST_MAX)
		return bad(f, E_LIMIT, text, "a host name is longer than 255 bytes", NULL);
	return E_OK;
}

static enum err fill(struct forward_spec *spec, const char *text, const struct field *bind,
	const struct field *rest, struct fault *f)
{
	const char *port = rest[0].text, *host = rest[1].text, *target = rest[2].text;
	enum err e;

	if (!forward_port_parse(port, &spec->listen_port))
		return bad(f, E_VALUE, text,
			"the listen port is no number up to 65535 and no service name:", port);
	if (!forward_port_parse(target, &spec->port) || spec->port == 0)
		return bad(f, E_VALUE, text,
			"the target port is no number from 1 to 65535 and no service name:",
			target);
	if (host[0] == '\0')
		return bad(f, E_VALUE, text, "the target host is empty", NULL);
	e = check_host(text, host, f);
	if (e == E_OK && bind != NULL)
		e = check_host(text, bind->text, f);
	if (e != E_OK)
		return e;
	strcpy(spec->host, host);
	spec->has_bind = bind != NULL;
	if (bind != NULL && strcmp(bind->text, "*") != 0)
		strcpy(spec->bind, bind->text);
	return E_OK;
}

/* The forms of ssh that are good but not served: what is left when it is none of them is bad. */
static enum err judge_short(
	const char *text, const struct field *fields, size_t count, struct fault *f)
{
	uint16_t port;

	if (forward_port_parse(fields[count - 1].text, &port))
		return bad(f, E_UNKNOWN, text,
			"without a target it asks for a SOCKS proxy on the relay's port, "
			"which is not supported; write [bind_address:]port:host:hostport",
			NULL);
	return bad(f, E_FORMAT, text, "[bind_address:]port:host:hostport is wanted", NULL);
}

enum err forward_spec_remote(struct forward_spec *spec, const char *text, struct fault *f)
{
	struct field fields[FIELDS_MAX];
	struct forward_spec s = {0};
	const char *why;
	size_t count;
	enum err e;

	if (strlen(text) >= FORWARD_SPEC_MAX)
		return fault_set(f, E_LIMIT, 0, "Bad remote forwarding specification: too long");
	while (isspace((unsigned char)*text))
		text++;
	count = split(text, fields, &why);
	if (why != NULL)
		return bad(f, E_FORMAT, text, why, NULL);
	for (size_t i = 0; i < count; i++)
		if (fields[i].is_path)
			return bad(f, E_UNKNOWN, text,
				"Unix sockets are not supported, and a slash makes a path of",
				fields[i].text);
	if (count < 3)
		return judge_short(text, fields, count, f);
	e = fill(&s, text, count == 4 ? &fields[0] : NULL, &fields[count - 3], f);
	if (e == E_OK)
		*spec = s;
	return e;
}

bool forward_spec_is_same(const struct forward_spec *a, const struct forward_spec *b)
{
	return a->has_bind == b->has_bind && strcmp(a->bind, b->bind) == 0 &&
	       a->listen_port == b->listen_port && strcmp(a->host, b->host) == 0 &&
	       a->port == b->port;
}

const char *forward_spec_wire_bind(const struct forward_spec *spec)
{
	return spec->has_bind ? spec->bind : "localhost";
}

void forward_spec_print(const struct forward_spec *spec, char *out, size_t cap)
{
	const char *host = spec->host, *bind = spec->bind;
	bool host_v6 = strchr(host, ':') != NULL, bind_v6 = strchr(bind, ':') != NULL;

	snprintf(out, cap, "%s%s%s%s%u:%s%s%s:%u", bind_v6 ? "[" : "", bind, bind_v6 ? "]" : "",
		spec->has_bind ? ":" : "", spec->listen_port, host_v6 ? "[" : "", host,
		host_v6 ? "]" : "", spec->port);
}
