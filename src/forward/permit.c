/* SPDX-License-Identifier: ISC */
/*
 * One PermitListen or permitlisten rule. The pattern is kept as written and the requested host is
 * brought to lower case, so a pattern with capitals admits nothing, as in OpenSSH.
 */
#include "forward/permit.h"

#include "base/text.h"
#include "forward/spec.h"

static bool port_of(const char *text, uint32_t *port)
{
	uint16_t number;

	if (strcmp(text, "*") == 0) {
		*port = PERMIT_ANY_PORT;
		return true;
	}
	if (!forward_port_parse(text, &number) || number == 0)
		return false;
	*port = number;
	return true;
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

enum err permit_rule_parse(const char *text, struct permit_rule *rule, struct fault *f)
{
	struct permit_rule r;
	struct bytes host;
	const char *port = split(text, &host);

	if (port == NULL)
		return fault_set(f, E_FORMAT, 0, "'%s' has an unfinished [address]: port", text);
	if (!bytes_to_cstr(host, r.host, sizeof(r.host)))
		return fault_set(f, E_FORMAT, 0, "the host in '%s' is too long", text);
	if (!port_of(port, &r.port))
		return fault_set(
			f, E_VALUE, 0, "bad port number in '%s': 1 to 65535 or * is wanted", text);
	*rule = r;
	return E_OK;
}

bool permit_rule_allows(const struct permit_rule *rule, struct bytes requested_host, uint32_t port)
{
	char host[sizeof(rule->host)];

	if (rule->port != PERMIT_ANY_PORT && (rule->port != port || port == 0))
		return false;
	if (!bytes_to_cstr(requested_host, host, sizeof(host)))
		return false;
	for (char *c = host; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return text_match(bytes_str(rule->host), bytes_str(host));
}
