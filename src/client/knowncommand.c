/* SPDX-License-Identifier: ISC */
#include "client/knowncommand.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/log.h"
#include "base/text.h"
#include "client/files.h"
#include "client/shell.h"
#include "conf/expand.h"
#include "conf/lex.h"
#include "keys/pubkey.h"
#include "wire/msgs.h"

enum { WORDS_MAX = 64, TOKENS_MAX = 32, BASE64_MAX = (LIMIT_BLOB + 2) / 3 * 4 + 1 };

bool knowncommand_is_set(const struct client_settings *s)
{
	return s->known_hosts_command != NULL && strcasecmp(s->known_hosts_command, "none") != 0;
}

/* What stands for the key. */
struct key_words {
	char type[64], print[FINGERPRINT_MAX], text[BASE64_MAX];
};

static void describe(struct bytes key, struct key_words *w)
{
	*w = (struct key_words){"NONE", "NONE", "NONE"};
	if (key.len == 0)
		return;
	if (!bytes_to_cstr(pubkey_blob_type(key), w->type, sizeof(w->type)) ||
		pubkey_fingerprint(key, w->print) != E_OK ||
		text_base64(key, w->text, sizeof(w->text)) == 0)
		*w = (struct key_words){"NONE", "NONE", "NONE"};
}

/* The tokens of everything, with those of this command behind them. */
static void add_tokens(const struct expand_token *all, const struct expand_token *own,
	struct expand_token out[static TOKENS_MAX])
{
	size_t n = 0;

	for (; all->letter != '\0' && n < TOKENS_MAX - 1; all++)
		out[n++] = *all;
	for (; own->letter != '\0' && n < TOKENS_MAX - 1; own++)
		out[n++] = *own;
	out[n] = (struct expand_token){'\0', NULL};
}

static void free_words(char **words)
{
	for (; *words != NULL; words++)
		free(*words);
}

/* The command's words with the tokens in place; the program itself has none, as in ssh. */
static enum err make_words(const char *command, const struct expand_token *tokens,
	char *words[static WORDS_MAX + 1], struct fault *f)
{
	char text[LEX_LINE_MAX], whole[EXPAND_MAX];
	struct lex_line *line = malloc(sizeof(*line));
	int n = snprintf(text, sizeof(text), "KnownHostsCommand %s", command);
	enum err e = E_OK;

	if (line == NULL)
		return fault_set(f, E_NOMEM, 0, "%s", err_text(E_NOMEM));
	if (n < 0 || (size_t)n >= sizeof(text) || !lex_option(bytes_str(text), line) ||
		line->trouble != LEX_FINE || line->count > WORDS_MAX)
		e = fault_set(f, E_FORMAT, 0, "it is no command");
	else if (line->args[0][0] != '/')
		e = fault_set(f, E_VALUE, 0, "path is not absolute");
	for (size_t i = 0; e == E_OK && i < line->count; i++) {
		if (i > 0)
			e = expand_text(line->args[i], tokens, &files_conf_reader, whole, f);
		if (e == E_OK && (words[i] = strdup(i > 0 ? whole : line->args[0])) == NULL)
			e = fault_set(f, E_NOMEM, 0, "%s", err_text(E_NOMEM));
	}
	free(line);
	return e;
}

enum err knowncommand_run(const struct client_settings *s, const char *why, const char *name,
	struct bytes key, struct span *said, struct fault *f)
{
	struct expand_token tokens[TOKENS_MAX];
	char *words[WORDS_MAX + 1] = {NULL};
	struct key_words shown;
	struct fault reason = {0};
	enum err e;

	*said = (struct span){0};
	describe(key, &shown);
	const struct expand_token own[] = {{'H', name}, {'I', why}, {'t', shown.type},
		{'f', shown.print}, {'K', shown.text}, {'\0', NULL}};
	add_tokens(s->tokens, own, tokens);
	e = make_words(s->known_hosts_command, tokens, words, &reason);
	if (e == E_OK) {
		log_write(LOG_LEVEL_DEBUG1, "KnownHostsCommand-%s: %s", why, words[0]);
		e = shell_output(words, FILES_HOSTS_MAX, KNOWNCOMMAND_LIMIT_MS, said, &reason);
	}
	free_words(words);
	return e == E_OK ? E_OK
			 : fault_set(f, e, 0, "KnownHostsCommand failed: %.200s: %s",
				   s->known_hosts_command, reason.text);
}
