/* SPDX-License-Identifier: ISC */
/* Lines of any length, handed to the caller one by one. */
#include "conf/dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void dump_line(const struct dump *d, const char *fmt, ...)
{
	char *text;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	d->line(d->ctx, text);
	free(text);
}

void dump_flag(const struct dump *d, const char *keyword, bool value)
{
	dump_line(d, "%s %s", keyword, value ? "yes" : "no");
}

void dump_seconds(const struct dump *d, const char *keyword, uint64_t ms)
{
	dump_line(d, "%s %llu", keyword, (unsigned long long)(ms / 1000));
}

void dump_word(const struct dump *d, FILE *out, const char *word)
{
	bool is_plain = word[0] != '\0' && word[0] != '#' && word[0] != '=' &&
			strpbrk(word, " \t\r\f\"'\\") == NULL;

	fputc(' ', out);
	if (is_plain || !d->has_quotes) {
		fputs(word, out);
		return;
	}
	fputc('"', out);
	for (; *word != '\0'; word++) {
		if (*word == '"' || *word == '\\')
			fputc('\\', out);
		fputc(*word, out);
	}
	fputc('"', out);
}

void dump_list(const struct dump *d, const char *keyword, char *const *items, size_t count)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return;
	fputs(keyword, out);
	for (size_t i = 0; i < count; i++)
		dump_word(d, out, items[i]);
	if (count == 0)
		fputs(" none", out);
	if (fclose(out) == 0)
		d->line(d->ctx, text);
	free(text);
}

void dump_permits(const struct dump *d, const char *keyword, const struct permit_rule *rules,
	size_t count, bool is_limited)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return;
	fputs(keyword, out);
	for (size_t i = 0; i < count; i++) {
		char rule[sizeof(rules[i].host) + 16];

		permit_rule_text(&rules[i], rule, sizeof(rule));
		dump_word(d, out, rule);
	}
	if (count == 0)
		fputs(is_limited ? " none" : " any", out);
	if (fclose(out) == 0)
		d->line(d->ctx, text);
	free(text);
}

void dump_string(const struct dump *d, const char *keyword, const char *value)
{
	if (value != NULL)
		dump_list(d, keyword, (char *const[]){(char *)value}, 1);
}
