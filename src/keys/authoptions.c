/* SPDX-License-Identifier: ISC */
/*
 * Option lists: name or name="value", separated by commas without blanks; names in any case. Inside
 * quotes only \" is special. Options without meaning for a relay that only forwards are checked for
 * their form all the same, so that a line which sshd refuses is refused here.
 */
#include "keys/authoptions.h"

#include "base/text.h"
#include "keys/addrmatch.h"
#include "keys/expiry.h"

#include <ctype.h>
#include <strings.h>

enum { PERMIT_HOST_MAX = 1024, VARIABLE_NAME_MAX = 256 };

/* A line is too short to pass the cap on permits, so nothing counts them while it is read. */
_Static_assert(AUTHKEYS_LINE_MAX / sizeof "permitopen=\"\"" < AUTHKEYS_PERMITS_MAX,
	"a line could hold more permits than the cap");

struct parse {
	struct bytes rest;
	struct arena *arena;
	struct authkey *key;
	struct fault *fault;
};

/* One option; value is NULL for a flag, on is false for a flag after "no-". */
typedef enum err (*apply_fn)(struct parse *p, const char *value, bool on);

static enum err apply_nothing(struct parse *p, const char *value, bool on)
{
	return E_OK;
}

static enum err apply_restrict(struct parse *p, const char *value, bool on)
{
	p->key->port_forwarding = false;
	p->key->tunnel_allowed = false;
	return E_OK;
}

static enum err apply_cert_authority(struct parse *p, const char *value, bool on)
{
	p->key->cert_authority = true;
	return E_OK;
}

static enum err apply_port_forwarding(struct parse *p, const char *value, bool on)
{
	p->key->port_forwarding = on;
	return E_OK;
}

static enum err apply_command(struct parse *p, const char *value, bool on)
{
	if (p->key->command != NULL)
		return fault_set(p->fault, E_FORMAT, 0, "there is more than one command option");
	p->key->command = value;
	return E_OK;
}

static enum err apply_principals(struct parse *p, const char *value, bool on)
{
	if (p->key->principals != NULL)
		return fault_set(p->fault, E_FORMAT, 0, "there is more than one principals option");
	p->key->principals = value;
	return E_OK;
}

static enum err apply_from(struct parse *p, const char *value, bool on)
{
	if (p->key->from != NULL)
		return fault_set(p->fault, E_FORMAT, 0, "there is more than one from option");
	if (!addrmatch_is_valid(bytes_str(value)))
		return fault_set(p->fault, E_VALUE, 0,
			"the from option has an empty element or a wrong network");
	p->key->from = value;
	return E_OK;
}

/* The earliest counts. */
static enum err apply_expiry(struct parse *p, const char *value, bool on)
{
	char digits[EXPIRY_TEXT];
	bool is_utc;

	if (!expiry_parse(bytes_str(value), digits, &is_utc))
		return fault_set(p->fault, E_VALUE, 0, "the expiry-time is not a time");
	if (p->key->expiry != NULL && p->key->expiry_is_utc != is_utc)
		return fault_set(p->fault, E_VALUE, 0,
			"one expiry-time is in UTC and another is not, so they cannot be compared");
	if (p->key->expiry != NULL && strcmp(p->key->expiry, digits) <= 0)
		return E_OK;
	p->key->expiry = arena_text(p->arena, bytes_str(digits));
	p->key->expiry_is_utc = is_utc;
	return p->key->expiry != NULL ? E_OK : E_NOMEM;
}

static enum err apply_environment(struct parse *p, const char *value, bool on)
{
	size_t len = strcspn(value, "=");
	bool is_fine = value[len] == '=' && len > 0 && len <= VARIABLE_NAME_MAX;

	for (size_t i = 0; i < len; i++)
		is_fine = is_fine && (isalnum((unsigned char)value[i]) || value[i] == '_');
	return is_fine ? E_OK
		       : fault_set(
				 p->fault, E_VALUE, 0, "the environment option is not NAME=value");
}

static enum err apply_tunnel(struct parse *p, const char *value, bool on)
{
	uint64_t unit = AUTHKEY_TUNNEL_ANY;

	if (strcasecmp(value, "any") != 0 &&
		!text_to_u64(bytes_str(value), AUTHKEY_TUNNEL_MAX, &unit))
		return fault_set(p->fault, E_VALUE, 0, "the tunnel option is not a unit number");
	p->key->tunnel_forced = true;
	p->key->tunnel_unit = (uint32_t)unit;
	return E_OK;
}

static bool is_port(struct bytes text, uint64_t *port)
{
	return text_to_u64(text, UINT16_MAX, port) && *port > 0;
}

static bool is_permit_port(const char *text)
{
	uint64_t port;

	return strcmp(text, "*") == 0 || is_port(bytes_str(text), &port);
}

static bool is_permit_range(const char *text)
{
	size_t len = strcspn(text, "-");
	uint64_t first, last;

	return text[len] == '-' && is_port(bytes_of(text, len), &first) &&
	       is_port(bytes_str(text + len + 1), &last) && first <= last;
}

/* The port of host:port or [host]:port, NULL when it has no such form; the host is judged where the
 * permit is used. */
static const char *permit_port(const char *value)
{
	bool in_brackets = value[0] == '[';
	size_t len = strcspn(value, in_brackets ? "]" : ":/");

	if (len > PERMIT_HOST_MAX)
		return NULL;
	if (in_brackets) {
		if (value[len] != ']')
			return NULL;
		len++;
	}
	return value[len] == ':' ? value + len + 1 : NULL;
}

/* Appends to a list in the arena; it has room up to the next power of two. */
static enum err append(struct parse *p, const char ***list, size_t *count, const char *value)
{
	if ((*count & (*count - 1)) == 0) {
		size_t cap = *count == 0 ? 1 : 2 * *count;
		const char **more = arena_alloc(p->arena, cap * sizeof *more);

		if (more == NULL)
			return E_NOMEM;
		for (size_t i = 0; i < *count; i++)
			more[i] = (*list)[i];
		*list = more;
	}
	(*list)[(*count)++] = value;
	return E_OK;
}

static enum err apply_permitopen(struct parse *p, const char *value, bool on)
{
	const char *port = permit_port(value);

	if (port == NULL || !is_permit_port(port))
		return fault_set(p->fault, E_VALUE, 0, "a permitopen option is not host:port");
	return append(p, &p->key->permitopen, &p->key->permitopen_count, value);
}

static enum err apply_permitlisten(struct parse *p, const char *value, bool on)
{
	const char *port = permit_port(value);

	if (port == NULL)
		port = value;
	if (!is_permit_port(port) && !is_permit_range(port))
		return fault_set(p->fault, E_VALUE, 0,
			"a permitlisten option is not [host:]port or [host:]first-last");
	return append(p, &p->key->permitlisten, &p->key->permitlisten_count, value);
}

/* --- options of the relay's own --------------------------------------------------------------- */

static enum err take_count(struct parse *p, const char *option, const char *value, unsigned *count)
{
	uint64_t number;

	if (*count != 0)
		return fault_set(p->fault, E_FORMAT, 0, "there is more than one %s option", option);
	if (!text_to_u64(bytes_str(value), AUTHKEY_COUNT_MAX, &number) || number == 0)
		return fault_set(p->fault, E_VALUE, 0, "the %s option is not a number from 1 to %d",
			option, AUTHKEY_COUNT_MAX);
	*count = (unsigned)number;
	return E_OK;
}

static enum err apply_max_visitors(struct parse *p, const char *value, bool on)
{
	return take_count(p, "max-visitors", value, &p->key->max_visitors);
}

static enum err apply_max_forwards(struct parse *p, const char *value, bool on)
{
	return take_count(p, "max-forwards", value, &p->key->max_forwards);
}

static enum err apply_rate(struct parse *p, const char *value, bool on)
{
	uint64_t bytes;

	if (p->key->rate_bytes != 0)
		return fault_set(p->fault, E_FORMAT, 0, "there is more than one rate option");
	if (!text_to_size(bytes_str(value), &bytes) || bytes < AUTHKEY_RATE_MIN)
		return fault_set(p->fault, E_VALUE, 0,
			"the rate option is not a number of bytes a second from 1K up, as in 500K");
	p->key->rate_bytes = bytes;
	return E_OK;
}

static enum err apply_visitors_from(struct parse *p, const char *value, bool on)
{
	if (p->key->visitors_from != NULL)
		return fault_set(
			p->fault, E_FORMAT, 0, "there is more than one visitors-from option");
	if (!addrmatch_is_valid(bytes_str(value)))
		return fault_set(p->fault, E_VALUE, 0,
			"the visitors-from option has an empty element or a wrong network");
	p->key->visitors_from = value;
	return E_OK;
}

bool authoptions_is_name(struct bytes name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!isalnum(name.ptr[i]) && (name.ptr[i] == 0 || !strchr("._-@+", name.ptr[i])))
			return false;
	return name.len > 0 && name.len <= AUTHKEY_NAME_MAX;
}

static enum err apply_name(struct parse *p, const char *value, bool on)
{
	if (p->key->name != NULL)
		return fault_set(p->fault, E_FORMAT, 0, "there is more than one name option");
	if (!authoptions_is_name(bytes_str(value)))
		return fault_set(p->fault, E_VALUE, 0,
			"the name option is not 1 to %d letters, digits and . _ - @ +",
			AUTHKEY_NAME_MAX);
	p->key->name = value;
	return E_OK;
}

static enum err apply_takeover(struct parse *p, const char *value, bool on)
{
	static const struct {
		const char *word;
		enum authkey_takeover takeover;
	} words[] = {{"replace", AUTHKEY_TAKEOVER_REPLACE}, {"refuse", AUTHKEY_TAKEOVER_REFUSE},
		{"standby", AUTHKEY_TAKEOVER_STANDBY}};

	if (p->key->takeover != AUTHKEY_TAKEOVER_DEFAULT)
		return fault_set(p->fault, E_FORMAT, 0, "there is more than one takeover option");
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(value, words[i].word) == 0)
			p->key->takeover = words[i].takeover;
	return p->key->takeover != AUTHKEY_TAKEOVER_DEFAULT
		       ? E_OK
		       : fault_set(p->fault, E_VALUE, 0,
				 "the takeover option is not replace, refuse or standby");
}

static enum err apply_touch(struct parse *p, const char *value, bool on)
{
	p->key->no_touch = !on;
	return E_OK;
}

static enum err apply_verify(struct parse *p, const char *value, bool on)
{
	p->key->verify_required = on;
	return E_OK;
}

enum shape { FLAG, FLAG_OR_NO, VALUE };

static const struct option {
	const char *name;
	enum shape shape;
	apply_fn apply;
} options[] = {
	{"restrict", FLAG, apply_restrict},
	{"cert-authority", FLAG, apply_cert_authority},
	{"port-forwarding", FLAG_OR_NO, apply_port_forwarding},
	{"agent-forwarding", FLAG_OR_NO, apply_nothing},
	{"x11-forwarding", FLAG_OR_NO, apply_nothing},
	{"touch-required", FLAG_OR_NO, apply_touch},
	{"verify-required", FLAG_OR_NO, apply_verify},
	{"pty", FLAG_OR_NO, apply_nothing},
	{"user-rc", FLAG_OR_NO, apply_nothing},
	{"command", VALUE, apply_command},
	{"principals", VALUE, apply_principals},
	{"from", VALUE, apply_from},
	{"expiry-time", VALUE, apply_expiry},
	{"environment", VALUE, apply_environment},
	{"permitopen", VALUE, apply_permitopen},
	{"permitlisten", VALUE, apply_permitlisten},
	{"tunnel", VALUE, apply_tunnel},
	{"max-visitors", VALUE, apply_max_visitors},
	{"max-forwards", VALUE, apply_max_forwards},
	{"rate", VALUE, apply_rate},
	{"visitors-from", VALUE, apply_visitors_from},
	{"name", VALUE, apply_name},
	{"takeover", VALUE, apply_takeover},
};

static bool is_name(struct bytes name, const char *want)
{
	return name.len == strlen(want) && strncasecmp((const char *)name.ptr, want, name.len) == 0;
}

static const struct option *find_option(struct bytes name, bool *on)
{
	bool has_no = name.len > 3 && strncasecmp((const char *)name.ptr, "no-", 3) == 0;
	struct bytes stem = has_no ? bytes_of(name.ptr + 3, name.len - 3) : name;

	for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
		const struct option *o = &options[i];

		*on = !(has_no && o->shape == FLAG_OR_NO);
		if (is_name(*on ? name : stem, o->name))
			return o;
	}
	return NULL;
}

static struct bytes take(struct bytes *rest, size_t n)
{
	struct bytes front = bytes_of(rest->ptr, n);

	*rest = bytes_of(rest->ptr + n, rest->len - n);
	return front;
}

/* Where the quote that closes s stands, which starts with one; s.len when it is missing. */
static size_t closing_quote(struct bytes s)
{
	size_t at = 1;

	for (; at < s.len && s.ptr[at] != '"'; at++) {
		if (s.ptr[at] == '\\' && at + 1 < s.len && s.ptr[at + 1] == '"')
			at++;
	}
	return at;
}

/* "..." off the front of the list, as text of the arena without the quotes and escapes. */
static enum err take_value(struct parse *p, const char **value)
{
	struct bytes s = p->rest;
	size_t len = 0, end;
	char *text;

	if (s.len == 0 || s.ptr[0] != '"')
		return fault_set(p->fault, E_FORMAT, 0, "the value of an option is not in quotes");
	end = closing_quote(s);
	if (end == s.len)
		return fault_set(p->fault, E_FORMAT, 0, "a quote is not closed");
	text = arena_alloc(p->arena, end);
	if (text == NULL)
		return E_NOMEM;
	for (size_t at = 1; at < end; at++) {
		if (s.ptr[at] == '\\' && s.ptr[at + 1] == '"')
			at++;
		text[len++] = (char)s.ptr[at];
	}
	text[len] = '\0';
	take(&p->rest, end + 1);
	*value = text;
	return E_OK;
}

static enum err take_option(struct parse *p)
{
	const struct option *option;
	const char *value = NULL;
	bool has_value, on;
	struct bytes name;
	size_t len = 0;
	enum err e;

	while (len < p->rest.len && (isalnum(p->rest.ptr[len]) || p->rest.ptr[len] == '-'))
		len++;
	has_value = len < p->rest.len && p->rest.ptr[len] == '=';
	name = take(&p->rest, len);
	if (len == 0)
		return fault_set(p->fault, E_FORMAT, 0, "there is no option where one has to be");
	option = find_option(name, &on);
	if (option == NULL) {
		char shown[64];

		return fault_set(p->fault, E_UNKNOWN, 0, "the option \"%s\" is not known",
			text_escape(shown, sizeof shown, name));
	}
	if (has_value != (option->shape == VALUE))
		return fault_set(p->fault, E_FORMAT, 0, "the option \"%s\" %s", option->name,
			has_value ? "takes no value" : "needs a value");
	if (has_value) {
		take(&p->rest, 1);
		e = take_value(p, &value);
		if (e != E_OK)
			return e;
	}
	return option->apply(p, value, on);
}

size_t authoptions_span(struct bytes line)
{
	bool quoted = false;
	size_t at = 0;

	for (; at < line.len; at++) {
		if (line.ptr[at] == '\\' && at + 1 < line.len && line.ptr[at + 1] == '"')
			at++;
		else if (line.ptr[at] == '"')
			quoted = !quoted;
		else if (!quoted && (line.ptr[at] == ' ' || line.ptr[at] == '\t'))
			break;
	}
	return at;
}

void authoptions_init(struct authkey *k)
{
	*k = (struct authkey){.comment = "", .port_forwarding = true, .tunnel_allowed = true};
}

enum err authoptions_parse(
	struct bytes list, struct arena *arena, struct authkey *k, struct fault *f)
{
	struct parse p = {.rest = list, .arena = arena, .key = k, .fault = f};

	if (list.len == 0)
		return fault_set(f, E_FORMAT, 0, "there are no options");
	for (;;) {
		enum err e = take_option(&p);

		if (e != E_OK)
			return e == E_NOMEM ? fault_set(f, e, 0, "out of memory") : e;
		if (p.rest.len == 0)
			return E_OK;
		if (p.rest.ptr[0] != ',')
			return fault_set(f, E_FORMAT, 0, "options are not separated by a comma");
		take(&p.rest, 1);
		if (p.rest.len == 0)
			return fault_set(f, E_FORMAT, 0, "the options end with a comma");
	}
}
