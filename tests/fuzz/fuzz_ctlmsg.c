/* SPDX-License-Identifier: ISC */
/* A message of a control socket with its length: what can be read is written and read to the same,
 * and so is the forward in it. */
#include "forward/ctlmsg.h"

#include "fuzz.h"

static uint8_t out[CTLMSG_HEAD + CTLMSG_MAX + 64];
static const struct span room = {out, sizeof(out)};

static bool is_same(const struct ctlmsg *a, const struct ctlmsg *b)
{
	return a->type == b->type && a->id == b->id && a->number == b->number &&
	       bytes_eq(a->text, b->text) && a->has_info == b->has_info &&
	       a->has_ours == b->has_ours && a->kind == b->kind && bytes_eq(a->listen, b->listen) &&
	       bytes_eq(a->connect, b->connect) && a->listen_port == b->listen_port &&
	       a->connect_port == b->connect_port;
}

static void carry(const struct ctlmsg *m, const struct forward_spec *spec)
{
	char text[FORWARD_SPEC_MAX];
	struct ctlmsg made = {.type = CTLMSG_CLOSE_FORWARD};
	struct forward_spec back;
	struct fault f = {0};

	ctlmsg_from_spec(spec, m->kind == CTLMSG_REMOTE, text, &made);
	/* Of several targets the text may be longer than what was read, by brackets. */
	if (spec->more_count == 0) {
		PROMISE(ctlmsg_to_spec(&made, &back, &f) == E_OK);
		PROMISE(forward_spec_is_same(spec, &back));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ctlmsg m, again;
	struct forward_spec spec;
	struct fault f = {0};
	size_t len, written;

	if (size < CTLMSG_HEAD || ctlmsg_length(bytes_of(data, size), &len) != E_OK || len > size)
		return 0;
	PROMISE(len >= CTLMSG_HEAD + 4 && len <= CTLMSG_HEAD + CTLMSG_MAX);
	if (ctlmsg_read(bytes_of(data + CTLMSG_HEAD, len - CTLMSG_HEAD), &m) != E_OK)
		return 0;
	PROMISE(ctlmsg_write(room, &m, &written) == E_OK);
	PROMISE(ctlmsg_read(bytes_of(out + CTLMSG_HEAD, written - CTLMSG_HEAD), &again) == E_OK);
	PROMISE(is_same(&m, &again));
	if (ctlmsg_to_spec(&m, &spec, &f) == E_OK)
		carry(&m, &spec);
	else
		PROMISE(m.kind == 0 || f.text[0] != '\0');
	if (ctlmsg_to_target(&m, &spec, &f) == E_OK)
		PROMISE(spec.path[0] != '\0' || spec.port != 0);
	return 0;
}
