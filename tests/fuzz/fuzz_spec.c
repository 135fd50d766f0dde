/* SPDX-License-Identifier: ISC */
/* -R specifications, permit rules and bind addresses as text of any kind. */
#include "forward/bindplan.h"
#include "forward/permit.h"
#include "forward/spec.h"

#include "fuzz.h"

static void try_spec(const char *text)
{
	struct forward_spec spec, again;
	struct fault f = {0};
	char printed[FORWARD_SPEC_MAX];
	enum err e = forward_spec_remote(&spec, text, &f);

	if (e != E_OK) {
		PROMISE(f.err == e && f.text[0] != '\0');
		return;
	}
	PROMISE(spec.port != 0 && spec.host[0] != '\0');
	PROMISE(strcmp(spec.bind, "*") != 0);
	forward_spec_print(&spec, printed, sizeof(printed));
	/* What is printed reads back, unless a host holds what the grammar would take apart. */
	if (strpbrk(spec.bind, "[]\\/") == NULL && strpbrk(spec.host, "[]\\/") == NULL &&
		(spec.has_bind || strchr(" \t\n\v\f\r", printed[0]) == NULL) &&
		strchr(" \t\n\v\f\r", spec.bind[0] != '\0' ? spec.bind[0] : 'x') == NULL) {
		PROMISE(forward_spec_remote(&again, printed, NULL) == E_OK);
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
	try_spec(text);
	try_permit(text, raw);
	return 0;
}
