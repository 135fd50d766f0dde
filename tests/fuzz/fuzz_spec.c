/* SPDX-License-Identifier: ISC */
/* Forward specifications, permit rules and bind addresses as text of any kind. */
#include "forward/bindplan.h"
#include "forward/permit.h"
#include "forward/spec.h"

#include "fuzz.h"

typedef enum err (*parse_fn)(struct forward_spec *spec, const char *text, struct fault *f);

/* What the grammar would take apart again when it is printed. */
static bool is_plain(const char *field)
{
	return strpbrk(field, "[]\\") == NULL && strchr(" \t\n\v\f\r", field[0]) == NULL;
}

static void try_spec(parse_fn parse, const char *text)
{
	struct forward_spec spec, again;
	struct fault f = {0};
	char printed[FORWARD_SPEC_MAX];
	enum err e = parse(&spec, text, &f);

	if (e != E_OK) {
		PROMISE(f.err == e && f.text[0] != '\0');
		return;
	}
	PROMISE(spec.is_socks + (spec.path[0] != '\0') + (spec.host[0] != '\0') == 1);
	PROMISE((spec.host[0] != '\0') == (spec.port != 0));
	PROMISE(strcmp(spec.bind, "*") != 0);
	PROMISE(spec.listen_path[0] == '\0' || (!spec.has_bind && spec.listen_port == 0));
	/* A slash makes a path; behind a backslash it is a letter, as ssh has it. */
	PROMISE(strchr(text, '\\') != NULL ||
		(strchr(spec.host, '/') == NULL && strchr(spec.bind, '/') == NULL));
	if (parse == forward_spec_stdio)
		return;
	forward_spec_print(&spec, printed, sizeof(printed));
	if ((spec.bind[0] == '\0' || is_plain(spec.bind)) && strchr(spec.bind, '/') == NULL &&
		(spec.listen_path[0] == '\0' || is_plain(spec.listen_path)) &&
		strpbrk(spec.host, "[]\\/") == NULL && strpbrk(spec.path, "[]\\") == NULL) {
		PROMISE(parse(&again, printed, NULL) == E_OK);
		PROMISE(forward_spec_is_same(&spec, &again));
	}
}

static void try_permit(const char *text, struct bytes raw)
{
	struct permit_rule rule;

	if (permit_rule_parse(text, &rule, NULL) != E_OK)
		return;
	PROMISE(rule.first <= rule.last && rule.last <= UINT16_MAX);
	PROMISE(rule.first > 0 || rule.last == UINT16_MAX);
	if (permit_rule_allows(&rule, raw, 0))
		PROMISE(rule.first == 0);
}

static void try_bind(struct bytes raw)
{
	for (int setting = GATEWAY_NO; setting <= GATEWAY_CLIENT; setting++) {
		struct bindplan plan;
		char remark[256];

		if (bindplan_make(raw, (enum gateway_ports)setting, &plan) != E_OK)
			continue;
		PROMISE((plan.kind == BIND_ADDRESS) == (plan.address[0] != '\0'));
		PROMISE(!plan.is_narrowed || !plan.is_widened);
		PROMISE(setting == GATEWAY_NO ? plan.kind != BIND_WILDCARD : true);
		bindplan_remark(&plan, raw, remark, sizeof(remark));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[2048];
	struct bytes raw = bytes_of(data, size);

	try_bind(raw);
	if (!bytes_to_cstr(raw, text, sizeof(text)))
		return 0;
	try_spec(forward_spec_remote, text);
	try_spec(forward_spec_local, text);
	try_spec(forward_spec_dynamic, text);
	try_spec(forward_spec_stdio, text);
	try_permit(text, raw);
	return 0;
}
