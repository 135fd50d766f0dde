/* SPDX-License-Identifier: ISC */
/* A # begins a comment wherever it stands, as in sshd; the last word of a line is the name. */
#include "keys/principals.h"

#include "keys/authoptions.h"
#include "keys/lines.h"

static struct bytes without_comment(struct bytes line)
{
	const uint8_t *hash = memchr(line.ptr, '#', line.len);

	return hash != NULL ? lines_trim(bytes_of(line.ptr, (size_t)(hash - line.ptr))) : line;
}

/* Takes the last word off a trimmed line. */
static struct bytes last_word(struct bytes *line)
{
	size_t at = line->len;
	struct bytes word;

	while (at > 0 && line->ptr[at - 1] != ' ' && line->ptr[at - 1] != '\t')
		at--;
	word = bytes_of(line->ptr + at, line->len - at);
	*line = lines_trim(bytes_of(line->ptr, at));
	return word;
}

/* E_UNKNOWN: it is of another name. */
static enum err read_line(struct bytes line, const struct usercert *c, struct arena *arena,
	struct authkey *k, struct fault *f)
{
	struct bytes word = last_word(&line);
	const char *name = arena_text(arena, word);

	if (name == NULL)
		return E_NOMEM;
	/* Nothing that could be taken for two names, or for a part of one. */
	if (memchr(word.ptr, ',', word.len) != NULL || memchr(word.ptr, '\0', word.len) != NULL ||
		!usercert_has_principal(c, name))
		return E_UNKNOWN;
	k->comment = name;
	k->has_options = line.len > 0;
	return line.len > 0 ? authoptions_parse(line, arena, k, f) : E_OK;
}

enum err principals_find(struct bytes text, const struct usercert *c, struct arena *arena,
	authkeys_complaint complain, void *ctx, struct authkey *line)
{
	struct lines lines;
	struct bytes one;
	size_t raw_len;

	lines_init(&lines, text);
	while (lines_next(&lines, &one, &raw_len)) {
		struct fault f = {0};
		struct authkey k;
		enum err e;

		if (raw_len > AUTHKEYS_LINE_MAX)
			return E_LIMIT;
		one = without_comment(one);
		if (one.len == 0)
			continue;
		authoptions_init(&k);
		k.line = lines.number;
		e = read_line(one, c, arena, &k, &f);
		if (e == E_OK)
			*line = k;
		if (e == E_OK || e == E_NOMEM)
			return e;
		if (f.text[0] != '\0')
			complain(ctx, lines.number, f.text);
	}
	return E_UNKNOWN;
}
