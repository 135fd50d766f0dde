/* SPDX-License-Identifier: ISC */
/*
 * authorized_keys. Every key of a set is found and is no cert-authority when it is, its limits are
 * of the form that is promised, and no line is lost without a word: kept and told make up all that
 * count.
 */
#include "fuzz.h"
#include "keys/authkeys.h"
#include "keys/lines.h"
#include "keys/pubkey.h"

static void complain(void *ctx, unsigned line, const char *sentence)
{
	unsigned *told = ctx;

	PROMISE(line > 0 && sentence[0] != '\0');
	(*told)++;
}

static size_t count_lines(struct bytes text)
{
	struct lines lines;
	struct bytes line;
	size_t raw_len, count = 0;

	lines_init(&lines, text);
	while (lines_next(&lines, &line, &raw_len))
		count++;
	return count;
}

static void check_entry(const struct authkeys *set, const struct authkey *k)
{
	const struct authkey *found = authkeys_find(set, k->blob);
	struct pk *key;

	PROMISE(pubkey_from_blob(k->blob, &key) == E_OK);
	pk_free(key);
	PROMISE(k->cert_authority || found != NULL);
	PROMISE(found == NULL || (!found->cert_authority && bytes_eq(found->blob, k->blob)));
	if (found != NULL && !k->cert_authority) {
		while (found != k && found != NULL)
			found = authkeys_next(set, found);
		PROMISE(found == k);
	}
	PROMISE(k->comment != NULL);
	for (size_t i = 0; i < k->permitlisten_count; i++)
		PROMISE(k->permitlisten[i][0] != '\0');
	for (size_t i = 0; i < k->permitopen_count; i++)
		PROMISE(strchr(k->permitopen[i], ':') != NULL);
	PROMISE(k->expiry == NULL || strlen(k->expiry) == 14);
	PROMISE(authkeys_is_expired(k, NULL, NULL) == (k->expiry != NULL));
	PROMISE(!authkeys_from_allows(k->from, "no address") || k->from == NULL);
	authkeys_from_allows(k->from, "192.0.2.1");
	authkeys_from_allows(k->from, "2001:db8::1");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes text = bytes_of(data, size);
	struct fault f = {0};
	struct authkeys *set;
	unsigned told = 0;

	if (authkeys_parse(text, complain, &told, &set, &f) != E_OK) {
		PROMISE(set == NULL && f.text[0] != '\0');
		return 0;
	}
	PROMISE(authkeys_count(set) + told == count_lines(text));
	for (size_t i = 0; i < authkeys_count(set); i++)
		check_entry(set, authkeys_at(set, i));
	authkeys_free(set);
	return 0;
}
