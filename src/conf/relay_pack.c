/* SPDX-License-Identifier: ISC */
/* A row of sources in the order in which they were read: where each came from, its path, its text. */
#include "conf/relay.h"

#include <stdlib.h>

#include "conf/relay_impl.h"
#include "wire/reader.h"
#include "wire/writer.h"

enum { HEAD = 3 * sizeof(uint32_t) };

enum err relay_conf_pack(const struct relay_conf *c, struct span *out)
{
	struct writer w;
	size_t len = 0;

	for (const struct source *s = c->sources; s != NULL; s = s->next)
		len += HEAD + strlen(s->path) + s->text.len;
	*out = (struct span){malloc(len + 1), len};
	if (out->ptr == NULL)
		return E_NOMEM;
	wr_init(&w, *out);
	for (const struct source *s = c->sources; s != NULL; s = s->next) {
		wr_u32(&w, s->origin);
		wr_cstring(&w, s->path);
		wr_string(&w, s->text);
	}
	return wr_ok(&w) ? E_OK : E_STATE;
}

static enum err take_source(struct relay_conf *c, struct reader *r, struct fault *f)
{
	uint32_t origin = rd_u32(r);
	struct bytes path = rd_text(r, RELAY_PACKED_MAX), text = rd_string(r, RELAY_PACKED_MAX);
	char *word = malloc(path.len + 1), *line = malloc(text.len + 1);
	enum err e = E_NOMEM;

	if (!rd_ok(r)) {
		e = fault_set(f, E_FORMAT, 0, "packed settings are cut");
	} else if (word != NULL && line != NULL &&
		   bytes_to_cstr(path, word, path.len + 1) &&
		   (origin == FROM_FILE || bytes_to_cstr(text, line, text.len + 1))) {
		if (origin == FROM_FILE)
			e = relay_conf_file(c, word, text, f);
		else if (origin == FROM_PORT)
			e = relay_conf_port(c, line, f);
		else
			e = relay_conf_option(c, line, f);
	}
	free(word);
	free(line);
	return e;
}

enum err relay_conf_unpack(struct bytes packed, struct relay_conf **out, struct fault *f)
{
	const struct relay_settings *unused;
	struct relay_conf *c = relay_conf_new();
	struct reader r;
	enum err e = E_OK;

	if (c == NULL)
		return fault_set(f, E_NOMEM, 0, "%s", err_text(E_NOMEM));
	rd_init(&r, packed);
	while (rd_left(&r) > 0 && e == E_OK)
		e = take_source(c, &r, f);
	if (e == E_OK)
		e = relay_conf_finish(c, &unused, f);
	if (e == E_OK)
		*out = c;
	else
		relay_conf_free(c);
	return e;
}
