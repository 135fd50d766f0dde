/* SPDX-License-Identifier: ISC */
#include "client/known.h"

#include <stdio.h>

#include "base/log.h"
#include "client/files.h"
#include "wire/namelist.h"

const char known_by_command[] = "KnownHostsCommand";

/* Calls each with the text of every file there is, and with what the command said. */
static void for_each_file(const struct known_from *from,
	void (*each)(void *ctx, const char *path, struct bytes text),
	void (*failed)(void *ctx, const char *path), void *ctx)
{
	const struct client_settings *s = from->settings;

	for (size_t i = 0; i < s->known_hosts_count + s->global_known_hosts_count; i++) {
		const char *path = i < s->known_hosts_count
					   ? s->known_hosts[i]
					   : s->global_known_hosts[i - s->known_hosts_count];
		struct file_content file;
		struct fault f = {0};
		enum err e = files_read(path, FILES_HOSTS_MAX, &file, &f);

		if (e == E_UNKNOWN)
			continue;
		if (e != E_OK) {
			log_write(LOG_LEVEL_ERROR, "%s: %s", path, f.text);
			if (failed != NULL)
				failed(ctx, path);
			continue;
		}
		each(ctx, path, files_bytes(&file));
		files_free(&file);
	}
	if (from->said.len > 0)
		each(ctx, known_by_command, from->said);
}

/* --- the verdict --------------------------------------------------------------------------------
 */

typedef void (*check_fn)(
	struct bytes text, const char *name, struct bytes key, struct host_finding *out);

struct check {
	check_fn check;
	const char *name;
	struct bytes key;
	struct known_answer *out;
};

static void raise(
	struct known_answer *out, enum host_verdict verdict, const char *path, unsigned line)
{
	if (knownhosts_beats(verdict, out->verdict))
		*out = (struct known_answer){verdict, path, line};
}

static void check_one(void *ctx, const char *path, struct bytes text)
{
	struct check *c = ctx;
	struct host_finding found;

	c->check(text, c->name, c->key, &found);
	if (found.bad_lines == 1)
		log_write(LOG_LEVEL_INFO, "%s:%u: no known_hosts line, passed over", path,
			found.first_bad);
	else if (found.bad_lines > 1)
		log_write(LOG_LEVEL_INFO,
			"%s:%u: no known_hosts line, passed over, as are %u more of this file",
			path, found.first_bad, found.bad_lines - 1);
	raise(c->out, found.verdict, path, found.line);
}

static void check_failed(void *ctx, const char *path)
{
	struct check *c = ctx;

	raise(c->out, HOST_UNDECIDED, path, 0);
}

static void check_all(const struct known_from *from, struct check c)
{
	*c.out = (struct known_answer){.verdict = HOST_UNKNOWN};
	for_each_file(from, check_one, check_failed, &c);
}

void known_check(
	const struct known_from *from, const char *name, struct bytes key, struct known_answer *out)
{
	check_all(from, (struct check){knownhosts_check, name, key, out});
}

void known_check_authority(
	const struct known_from *from, const char *name, struct bytes key, struct known_answer *out)
{
	check_all(from, (struct check){knownhosts_check_authority, name, key, out});
}

/* --- what is known at all -----------------------------------------------------------------------
 */

struct authority {
	const char *name;
	bool is_there;
};

static void look_for_authority(void *ctx, const char *path, struct bytes text)
{
	struct authority *a = ctx;

	a->is_there |= knownhosts_has_authority(text, a->name);
}

bool known_has_authority(const struct known_from *from, const char *name)
{
	struct authority a = {name, false};

	for_each_file(from, look_for_authority, NULL, &a);
	return a.is_there;
}

struct types {
	const char *name;
	char *list;
};

static void add_types(void *ctx, const char *path, struct bytes text)
{
	struct types *t = ctx;
	char found[KNOWN_TYPES_MAX];
	struct bytes rest, one;

	knownhosts_types(text, t->name, found, sizeof(found));
	rest = bytes_str(found);
	while (namelist_next(&rest, &one)) {
		char word[KNOWN_TYPES_MAX];
		size_t len = strlen(t->list);

		if (bytes_to_cstr(one, word, sizeof(word)) &&
			!namelist_has(bytes_str(t->list), word))
			snprintf(t->list + len, KNOWN_TYPES_MAX - len, "%s%s", len > 0 ? "," : "",
				word);
	}
}

void known_types(const struct known_from *from, const char *name, char list[static KNOWN_TYPES_MAX])
{
	struct types t = {name, list};

	list[0] = '\0';
	for_each_file(from, add_types, NULL, &t);
}

/* --- learning -----------------------------------------------------------------------------------
 */

enum err known_add(const struct client_settings *s, const char *name, struct bytes key,
	struct rng *rng, struct fault *f)
{
	char line[KNOWNHOSTS_LINE_MAX];
	enum err e;

	if (s->known_hosts_count == 0)
		return fault_set(f, E_UNKNOWN, 0, "UserKnownHostsFile names no file");
	e = knownhosts_line(name, key, s->hash_known_hosts, rng, line, sizeof(line));
	if (e != E_OK)
		return fault_set(f, e, 0, "%s", err_text(e));
	return files_append_line(s->known_hosts[0], line, f);
}
