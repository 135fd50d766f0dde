/* SPDX-License-Identifier: ISC */
/* Lists of targets as text of any kind: what is cut off and what is left make the text again. */
#include "forward/failover.h"

#include "fuzz.h"

static void check_target(const struct forward_target *t)
{
	PROMISE(t->port != 0);
	PROMISE(t->host[0] != '\0' && memchr(t->host, '\0', sizeof(t->host)) != NULL);
	PROMISE(strpbrk(t->host, ",/") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[2 * FORWARD_SPEC_MAX], first[FORWARD_SPEC_MAX], again[FORWARD_SPEC_MAX];
	struct forward_spec spec = {0}, nothing = {0};
	struct fault f = {0};
	enum err e;

	if (!bytes_to_cstr(bytes_of(data, size), text, sizeof(text)))
		return 0;
	e = failover_split(text, first, &spec, &f);
	if (e != E_OK) {
		PROMISE(f.err == e && f.text[0] != '\0');
		return 0;
	}
	PROMISE(spec.more_count <= FORWARD_MORE_MAX);
	for (size_t i = 0; i < spec.more_count; i++)
		check_target(&spec.more[i]);
	/* The front is left as it stands, and holds no further target. */
	PROMISE(strncmp(text, first, strlen(first)) == 0);
	PROMISE(text[strlen(first)] == (spec.more_count > 0 ? ',' : '\0'));
	PROMISE(failover_split(first, again, &nothing, NULL) == E_OK);
	PROMISE(nothing.more_count == 0 && strcmp(first, again) == 0);
	return 0;
}
