/* SPDX-License-Identifier: ISC */
/* sshd_config texts. What was taken is shown and read again: the same settings must come of it. */
#include "conf/relay.h"

#include "fuzz.h"

struct shown {
	char *text;
	size_t len;
};

static void add_line(void *ctx, const char *line)
{
	struct shown *s = ctx;
	size_t n = strlen(line);
	char *more = realloc(s->text, s->len + n + 2);

	PROMISE(more != NULL);
	s->text = more;
	memcpy(s->text + s->len, line, n);
	s->len += n;
	s->text[s->len++] = '\n';
	s->text[s->len] = '\0';
}

/* What could be read can be read for a connection, and no block is passed over. */
static void check_for(struct relay_conf *c)
{
	struct relay_facts facts = {"alice", "192.0.2.7", "::1", 2200, "lab-7", "SHA256:abc"};
	const struct relay_settings *own;
	struct relay_conf *one;

	PROMISE(relay_conf_for(c, &facts, &one, NULL) == E_OK);
	PROMISE(relay_conf_has_match(c) == (one != c));
	own = relay_conf_settings(one);
	PROMISE(own->listen_count > 0);
	PROMISE(own->permit_listen_is_set || own->permit_listen_count == 0);
	relay_conf_free(one);
}

static enum err show(struct bytes text, struct shown *out)
{
	struct relay_conf *c = relay_conf_new();
	const struct relay_settings *s;
	struct fault f = {0};
	enum err e = E_NOMEM;

	if (c != NULL)
		e = relay_conf_file(c, "FILE", text, &f);
	PROMISE(c == NULL || (e == E_OK) == (f.err == E_OK));
	if (e == E_OK)
		e = relay_conf_finish(c, &s, &f);
	if (e == E_OK) {
		PROMISE(s->listen_count > 0 && s->listen_count <= RELAY_LISTEN_MAX);
		PROMISE(s->startups_begin > 0 && s->startups_begin <= s->startups_full);
		PROMISE(s->permit_listen_is_set || s->permit_listen_count == 0);
		relay_conf_dump(s, add_line, out);
		check_for(c);
	}
	relay_conf_free(c);
	return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct shown first = {0}, second = {0};

	if (show(bytes_of(data, size), &first) == E_OK) {
		PROMISE(show(bytes_str(first.text), &second) == E_OK);
		PROMISE(strcmp(first.text, second.text) == 0);
	}
	free(first.text);
	free(second.text);
	return 0;
}
