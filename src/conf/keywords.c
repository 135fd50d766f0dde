/* SPDX-License-Identifier: ISC */
/* The engine behind the tables: from a keyword's line to a field of the settings. */
#include "conf/keywords.h"

#include <assert.h>
#include <stdio.h>
#include <strings.h>

#include "base/log.h"
#include "conf/harmless.h"

static const struct keyword *find_entry(const struct keyword *table, const char *name)
{
	for (; table->name != NULL; table++)
		if (strcasecmp(table->name, name) == 0)
			return table;
	return NULL;
}

const struct keyword *keywords_find(const struct keywords *k, const char *name)
{
	const struct keyword *one = find_entry(k->table, name);

	if (one != NULL && one->kind == KEYWORD_ALIAS)
		one = find_entry(k->table, one->same);
	return one;
}

/* Where it is noted that a keyword has its value. */
static size_t place(const struct keywords *k, const struct keyword *one)
{
	assert(one != NULL && one - k->table < KEYWORDS_MAX);
	return (size_t)(one - k->table);
}

bool keywords_is_set(const struct keywords *k, const struct keyword *one)
{
	return k->is_set[place(k, one)];
}

void keywords_set(struct keywords *k, const struct keyword *one)
{
	k->is_set[place(k, one)] = true;
}

void keywords_clear(struct keywords *k, const struct keyword *one)
{
	k->is_set[place(k, one)] = false;
}

enum err keywords_check_line(const struct lex_line *line, const struct conf_at *at)
{
	switch (line->trouble) {
	case LEX_FINE:
		return E_OK;
	case LEX_NO_ARGUMENT:
		return conf_bad(at, E_FORMAT, "no argument after keyword \"%s\"", at->keyword);
	case LEX_QUOTES:
		return conf_bad(at, E_FORMAT, "invalid quotes");
	case LEX_TOO_LONG:
		return conf_bad(at, E_LIMIT, "line too long");
	case LEX_NUL:
		break;
	}
	return conf_bad(at, E_FORMAT, "the line holds a zero byte");
}

static enum err extra(const struct conf_at *at)
{
	return conf_bad(at, E_FORMAT, "keyword %s extra arguments at end of line", at->keyword);
}

const char *keywords_single(const struct lex_line *line, const struct conf_at *at, enum err *e)
{
	*e = E_OK;
	if (line->count > 1)
		*e = extra(at);
	else if (line->args[0][0] == '\0')
		*e = conf_bad(at, E_FORMAT, "Missing argument.");
	return *e == E_OK ? line->args[0] : NULL;
}

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (*list != '\0') {
		size_t n = strcspn(list, " ");

		if (n == len && strncasecmp(list, word, n) == 0)
			return true;
		list += n;
		list += strspn(list, " ");
	}
	return false;
}

/* A copy of text at field. */
static enum err put_string(struct keywords *k, size_t field, const char *text)
{
	char *copy = arena_text(k->arena, bytes_str(text));

	if (copy == NULL)
		return E_NOMEM;
	*(char **)((char *)k->settings + field) = copy;
	return E_OK;
}

static void remark_left_out(const struct keywords *k, const struct keyword *one, const char *arg,
	const struct conf_at *at)
{
	struct fault sentence = {0};
	char names[ALGS_LIST_MAX];

	algs_left_out((enum algs_kind)one->what, arg, names);
	if (names[0] == '\0' || k->remark == NULL)
		return;
	fault_set(&sentence, E_NOALG, 0, "%s line %u: %s: left out, for it is not supported: %s",
		at->file, at->line, one->name, names);
	k->remark(k->ctx, sentence.text);
}

static enum err apply_algs(struct keywords *k, const struct keyword *one, const char *arg,
	bool is_active, bool stores, const struct conf_at *at)
{
	char list[ALGS_LIST_MAX];
	enum err e;

	if (!is_active) {
		/* That nothing is left of a list matters only where the list would be used. */
		struct fault f = {0};
		struct conf_at aside = {at->file, at->line, at->keyword, &f};

		e = algs_make(&aside, (enum algs_kind)one->what, arg, list);
		return e == E_NOALG || e == E_OK ? E_OK : fault_set(at->fault, e, 0, "%s", f.text);
	}
	e = algs_make(at, (enum algs_kind)one->what, arg, list);
	if (e == E_OK && stores)
		remark_left_out(k, one, arg, at);
	return e == E_OK && stores ? put_string(k, one->field, list) : e;
}

enum err keywords_check_list(const struct lex_line *line, const struct conf_at *at)
{
	for (size_t i = 0; i < line->count; i++) {
		if (line->args[i][0] == '\0')
			return conf_bad(at, E_FORMAT, "keyword %s empty argument", at->keyword);
		if (line->count > 1 && strcasecmp(line->args[i], "none") == 0)
			return conf_bad(at, E_FORMAT,
				"keyword %s \"none\" argument must appear alone.", at->keyword);
	}
	return E_OK;
}

static enum err apply_files(struct keywords *k, const struct keyword *one,
	const struct lex_line *line, bool stores, const struct conf_at *at)
{
	char **files = (char **)((char *)k->settings + one->field);
	size_t *count = (size_t *)((char *)k->settings + one->other);
	enum err e = keywords_check_list(line, at);

	for (size_t i = 0; e == E_OK && stores && i < line->count; i++) {
		if (*count == one->max)
			return conf_bad(at, E_LIMIT, "too many %s entries (at most %zu)",
				at->keyword, one->max);
		files[*count] = arena_text(k->arena, bytes_str(line->args[i]));
		if (files[*count] == NULL)
			return E_NOMEM;
		++*count;
	}
	return e;
}

static enum err refuse(struct keywords *k, const struct keyword *one, const struct lex_line *line,
	const struct conf_at *at)
{
	for (size_t i = 0; i < line->count; i++)
		if (!has_word(one->harmless, line->args[i]))
			return conf_bad(at, E_UNKNOWN, "%s %.60s is not supported%s", one->name,
				line->args[i], k->refusal);
	return E_OK;
}

static enum err apply_number(
	const struct keywords *k, const char *arg, unsigned *out, const struct conf_at *at)
{
	char said[64] = "";

	if (k->says_keyword)
		snprintf(said, sizeof(said), "%s ", at->keyword);
	return value_uint(at, said, arg, out);
}

/* Kinds of one argument that fit a small value: parsed here, stored when asked. */
static enum err apply_single(struct keywords *k, const struct keyword *one, const char *arg,
	bool stores, const struct conf_at *at)
{
	char *field = (char *)k->settings + one->field;
	enum log_level level;
	bool flag = false;
	unsigned number = 0;
	uint64_t ms = 0;
	int word = 0;
	enum err e = E_OK;

	switch (one->kind) {
	case KEYWORD_FLAG:
		e = value_flag(at, arg, stores ? (bool *)field : &flag);
		break;
	case KEYWORD_UINT:
		e = apply_number(k, arg, stores ? (unsigned *)field : &number, at);
		break;
	case KEYWORD_TIME:
		e = value_time(at, arg, stores ? (uint64_t *)field : &ms);
		break;
	case KEYWORD_WORD:
		e = value_word(at, arg, one->words, stores ? (int *)field : &word);
		break;
	case KEYWORD_WORD_FLAG:
		e = value_word(at, arg, one->words, &word);
		if (e == E_OK && stores)
			*(bool *)field = word != 0;
		break;
	case KEYWORD_LOG_LEVEL:
		if (!log_level_parse(arg, &level))
			return conf_bad(at, E_VALUE, "unsupported log level '%s'", arg);
		if (stores)
			*(enum log_level *)field = level;
		break;
	case KEYWORD_STRING:
		return stores ? put_string(k, one->field, arg) : E_OK;
	default:
		assert(false);
	}
	return e;
}

static enum err apply_rekey(struct keywords *k, const struct keyword *one,
	const struct lex_line *line, bool is_active, const struct conf_at *at)
{
	bool stores = is_active && !keywords_is_set(k, one);
	uint64_t *limit_ms = (uint64_t *)((char *)k->settings + one->other);
	uint64_t bytes, ms;
	enum err e;

	if (line->count > 2)
		return extra(at);
	e = value_rekey(at, line->args, line->count, &bytes, &ms);
	if (e == E_OK && stores)
		*(uint64_t *)((char *)k->settings + one->field) = bytes;
	/* Each has its own first value. */
	if (e == E_OK && is_active && *limit_ms == 0)
		*limit_ms = ms;
	return e;
}

enum err keywords_apply(struct keywords *k, const struct keyword *one, const struct lex_line *line,
	bool is_active, const struct conf_at *at)
{
	bool stores = is_active && (!keywords_is_set(k, one) || one->kind == KEYWORD_FILE);
	const char *arg = NULL;
	enum err e = E_OK;

	switch (one->kind) {
	case KEYWORD_ACCEPT:
		e = harmless_check(one, line, at);
		break;
	case KEYWORD_REFUSE:
		e = harmless_check(one, line, at);
		if (e == E_OK && stores)
			e = refuse(k, one, line, at);
		break;
	case KEYWORD_FILES:
		e = apply_files(k, one, line, stores, at);
		break;
	case KEYWORD_REKEY:
		e = apply_rekey(k, one, line, is_active, at);
		break;
	case KEYWORD_FLAG:
	case KEYWORD_UINT:
	case KEYWORD_TIME:
	case KEYWORD_WORD:
	case KEYWORD_WORD_FLAG:
	case KEYWORD_LOG_LEVEL:
		/* Each has words of its own for one that is empty. */
		if (line->count > 1)
			return extra(at);
		e = apply_single(k, one, line->args[0], stores, at);
		break;
	default:
		arg = keywords_single(line, at, &e);
		if (arg == NULL)
			return e;
		if (one->kind == KEYWORD_ALGS)
			e = apply_algs(k, one, arg, is_active, stores, at);
		else if (one->kind == KEYWORD_FILE)
			e = apply_files(k, one, line, stores, at);
		else
			e = apply_single(k, one, arg, stores, at);
	}
	if (one->kind == KEYWORD_TIME && k->none_is_open && strcmp(line->args[0], "none") == 0)
		stores = false;
	if (e == E_OK && stores)
		keywords_set(k, one);
	return e;
}
