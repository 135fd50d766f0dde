/* SPDX-License-Identifier: ISC */
/*
 * One rule. The pattern of a PermitListen rule is kept as written and the requested host is
 * brought to lower case, so a pattern with capitals admits nothing, as in OpenSSH.
 */
#include "forward/permit.h"

#include <stdio.h>

#include "base/text.h"
#include "forward/spec.h"

/* "first-last" in numbers: names of services may have a hyphen of their own. */
static bool range_of(const char *text, struct permit_rule *r)
{
	const char *hyphen = strchr(text, '-');
	uint64_t first, last;

	if (hyphen == NULL ||
		!text_to_u64(bytes_of(text, (size_t)(hyphen - text)), UINT16_MAX, &first) ||
		!text_to_u64(bytes_str(hyphen + 1), UINT16_MAX, &last) || first == 0 ||
		first > last)
		return false;
	r->first = (uint32_t)first;
	r->last = (uint32_t)last;
	return true;
}

static bool port_of(const char *text, struct permit_rule *r)
{
	uint16_t number;

	if (strcmp(text, "*") == 0) {
		r->first = 0;
		r->last = UINT16_MAX;
		return true;
	}
	if (!forward_port_parse(text, &number))
		return false;
	r->first = r->last = number;
	return number != 0;
}

/* Parts "host:port", "[host]:port" and "port"; NULL when brackets do not close before a colon. */
static const char *split(const char *text, struct bytes *host)
{
	const char *colon;

	if (text[0] == '[') {
		const char *close = strchr(text, ']');

		if (close == NULL || close[1] != ':')
			return NULL;
		*host = bytes_of(text + 1, (size_t)(close - text) - 1);
		return close + 2;
	}
	colon = strchr(text, ':');
	if (colon == NULL) {
		*host = bytes_str("*");
		return text;
	}
	*host = bytes_of(text, (size_t)(colon - text));
	return colon + 1;
}

static enum err take_host(
	struct permit_rule *rule, struct bytes host, const char *text, struct fault *f)
{
	if (!bytes_to_cstr(host, rule->host, sizeof(rule->host)))
		return fault_set(f, E_FORMAT, 0, "the host in '%s' is too long", text);
	return E_OK;
}

enum err permit_rule_parse(const char *text, struct permit_rule *rule, struct fault *f)
{
	struct permit_rule r;
	struct bytes host;
	const char *port = split(text, &host);
	enum err e;

	if (port == NULL)
		return fault_set(f, E_FORMAT, 0, "'%s' has an unfinished [address]: port", text);
	e = take_host(&r, host, text, f);
	if (e == E_OK && !port_of(port, &r) && !range_of(port, &r))
		e = fault_set(f, E_VALUE, 0,
			"bad port number in '%s': 1 to 65535, first-last or * is wanted", text);
	if (e == E_OK)
		*rule = r;
	return e;
}

enum err permit_open_parse(const char *text, struct permit_rule *rule, struct fault *f)
{
	struct permit_rule r;
	struct bytes host;
	const char *port = split(text, &host);
	enum err e;

	if (port == NULL || port == text || host.len == 0)
		return fault_set(f, E_FORMAT, 0, "'%s' is not host:port or [address]:port", text);
	e = take_host(&r, host, text, f);
	if (e == E_OK && !port_of(port, &r))
		e = fault_set(
			f, E_VALUE, 0, "bad port number in '%s': 1 to 65535 or * is wanted", text);
	if (e == E_OK)
		*rule = r;
	return e;
}

bool permit_rule_allows(const struct permit_rule *rule, struct bytes requested_host, uint32_t port)
{
	char host[sizeof(rule->host)];

	if (port < rule->first || port > rule->last)
		return false;
	if (!bytes_to_cstr(requested_host, host, sizeof(host)))
		return false;
	for (char *c = host; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return text_match(bytes_str(rule->host), bytes_str(host));
}

void permit_rule_text(const struct permit_rule *rule, char *out, size_t cap)
{
	bool needs_brackets = rule->host[0] == '[' || strchr(rule->host, ':') != NULL;
	char port[16];

	if (rule->first == 0)
		snprintf(port, sizeof(port), "*");
	else if (rule->first == rule->last)
		snprintf(port, sizeof(port), "%u", rule->first);
	else
		snprintf(port, sizeof(port), "%u-%u", rule->first, rule->last);
	snprintf(out, cap, needs_brackets ? "[%s]:%s" : "%s:%s", rule->host, port);
}

bool permit_open_allows(const struct permit_rule *rule, const char *host, uint32_t port)
{
	if (rule->first != 0 && rule->first != port)
		return false;
	return strcmp(rule->host, "*") == 0 || strcmp(rule->host, host) == 0;
}
