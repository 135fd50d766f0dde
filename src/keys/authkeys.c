/* SPDX-License-Identifier: ISC */
/*
 * The set of keys of an authorized_keys file. A line is parsed into a local entry and joins the set
 * only when all of it is right. Lookups go through an index sorted by key and line, as a relay may
 * have one key for each of many thousand agents.
 */
#include "keys/authkeys.h"

#include "base/text.h"
#include "crypto/pk.h"
#include "keys/addrmatch.h"
#include "keys/arena.h"
#include "keys/authoptions.h"
#include "keys/expiry.h"
#include "keys/lines.h"
#include "keys/pubkey.h"

#include <stdlib.h>

enum { COMMENT_MAX = 256, FIRST_CAP = 16, BLOB_MAX = AUTHKEYS_LINE_MAX / 4 * 3 };

struct authkeys {
	struct arena arena;
	struct authkey *keys; /* in file order */
	const struct authkey **index;
	size_t count, cap;
};

/* By key, then by place in the file. */
static int compare(const struct authkey *a, struct bytes blob)
{
	if (a->blob.len != blob.len)
		return a->blob.len < blob.len ? -1 : 1;
	return memcmp(a->blob.ptr, blob.ptr, blob.len);
}

static int compare_entries(const void *left, const void *right)
{
	const struct authkey *a = *(const struct authkey *const *)left;
	const struct authkey *b = *(const struct authkey *const *)right;
	int by_key = compare(a, b->blob);

	return by_key != 0 ? by_key : (a > b) - (a < b);
}

/* The key itself, checked as at login: what could never be used is told when the file is read. */
static enum err check_key(struct bytes blob, struct fault *f)
{
	struct pk *pk;
	char shown[80];
	enum err e = pubkey_from_blob(blob, &pk);

	if (e == E_OK) {
		pk_free(pk);
		return E_OK;
	}
	text_escape(shown, sizeof shown, pubkey_blob_type(blob));
	switch (e) {
	case E_NOMEM:
		return e;
	case E_UNKNOWN:
		return fault_set(f, e, 0, "keys of type %s are not supported", shown);
	case E_VALUE:
		return fault_set(f, e, 0, "the numbers of the %s key are not allowed", shown);
	default:
		return fault_set(f, e, 0, "the %s key is damaged", shown);
	}
}

/* [options] type base64 [comment] */
static enum err read_line(
	struct authkeys *set, struct bytes line, struct authkey *k, struct fault *f)
{
	uint8_t blob[BLOB_MAX];
	struct span room = {blob, sizeof blob};
	char comment[COMMENT_MAX];
	struct bytes rest;
	size_t len;
	enum err e;

	if (memchr(line.ptr, '\0', line.len) != NULL)
		return fault_set(f, E_FORMAT, 0, "the line has a NUL in it");
	if (pubkey_from_text(line, room, &len, &rest) != E_OK) {
		size_t span = authoptions_span(line);
		enum pk_type type;

		if (pubkey_type_find(bytes_of(line.ptr, span), &type))
			return fault_set(
				f, E_FORMAT, 0, "the %s key is damaged", pubkey_type_name(type));
		rest = lines_trim(bytes_of(line.ptr + span, line.len - span));
		if (rest.len == 0)
			return fault_set(f, E_FORMAT, 0, "there is no key");
		e = authoptions_parse(bytes_of(line.ptr, span), &set->arena, k, f);
		if (e != E_OK)
			return e;
		k->has_options = true;
		if (pubkey_from_text(rest, room, &len, &rest) != E_OK)
			return fault_set(f, E_FORMAT, 0, "there is no key, or it is damaged");
	}
	e = check_key(bytes_of(blob, len), f);
	if (e != E_OK)
		return e;
	k->blob = bytes_of(arena_text(&set->arena, bytes_of(blob, len)), len);
	text_escape(comment, sizeof comment, rest);
	k->comment = arena_text(&set->arena, bytes_str(comment));
	return k->blob.ptr != NULL && k->comment != NULL ? E_OK : E_NOMEM;
}

static enum err append(struct authkeys *set, const struct authkey *k)
{
	if (set->count == set->cap) {
		size_t cap = set->cap == 0 ? FIRST_CAP : 2 * set->cap;
		struct authkey *keys = reallocarray(set->keys, cap, sizeof *keys);

		if (keys == NULL)
			return E_NOMEM;
		set->keys = keys;
		set->cap = cap;
	}
	set->keys[set->count++] = *k;
	return E_OK;
}

static enum err make_index(struct authkeys *set)
{
	if (set->count == 0)
		return E_OK;
	set->index = calloc(set->count, sizeof *set->index);
	if (set->index == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < set->count; i++)
		set->index[i] = &set->keys[i];
	qsort(set->index, set->count, sizeof *set->index, compare_entries);
	return E_OK;
}

static enum err read_lines(struct authkeys *set, struct bytes text, authkeys_complaint complain,
	void *ctx, struct fault *f)
{
	struct lines lines;
	struct bytes line;
	size_t raw_len;

	lines_init(&lines, text);
	while (lines_next(&lines, &line, &raw_len)) {
		struct fault why = {0};
		struct authkey k;
		enum err e;

		if (raw_len > AUTHKEYS_LINE_MAX)
			return fault_set(f, E_LIMIT, 0, "line %u has more than %d bytes",
				lines.number, AUTHKEYS_LINE_MAX);
		authoptions_init(&k);
		k.line = lines.number;
		e = read_line(set, line, &k, &why);
		if (e == E_OK)
			e = append(set, &k);
		if (e == E_NOMEM)
			return fault_set(f, e, 0, "out of memory");
		if (e != E_OK && complain != NULL)
			complain(ctx, lines.number, why.text);
	}
	return make_index(set) == E_OK ? E_OK : fault_set(f, E_NOMEM, 0, "out of memory");
}

enum err authkeys_parse(struct bytes text, authkeys_complaint complain, void *ctx,
	struct authkeys **set, struct fault *f)
{
	struct authkeys *made;
	enum err e;

	*set = NULL;
	if (text.len > AUTHKEYS_FILE_MAX)
		return fault_set(
			f, E_LIMIT, 0, "the file has more than %d bytes", AUTHKEYS_FILE_MAX);
	made = calloc(1, sizeof *made);
	if (made == NULL)
		return fault_set(f, E_NOMEM, 0, "out of memory");
	arena_init(&made->arena);
	e = read_lines(made, text, complain, ctx, f);
	if (e != E_OK) {
		authkeys_free(made);
		return e;
	}
	*set = made;
	return E_OK;
}

void authkeys_free(struct authkeys *set)
{
	if (set == NULL)
		return;
	arena_fini(&set->arena);
	free(set->keys);
	free(set->index);
	free(set);
}

size_t authkeys_count(const struct authkeys *set)
{
	return set->count;
}

const struct authkey *authkeys_at(const struct authkeys *set, size_t i)
{
	return i < set->count ? &set->keys[i] : NULL;
}

/* The first place in the index whose key is not below. */
static size_t lower_bound(const struct authkeys *set, struct bytes blob)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(set->index[middle], blob) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The first entry of this key from a place in the index on, which admits it or those it certifies.
 */
static const struct authkey *entry_from(
	const struct authkeys *set, size_t i, struct bytes blob, bool is_authority)
{
	for (; i < set->count && bytes_eq(set->index[i]->blob, blob); i++) {
		if (set->index[i]->cert_authority == is_authority)
			return set->index[i];
	}
	return NULL;
}

const struct authkey *authkeys_find(const struct authkeys *set, struct bytes blob)
{
	return entry_from(set, lower_bound(set, blob), blob, false);
}

const struct authkey *authkeys_find_authority(const struct authkeys *set, struct bytes blob)
{
	return entry_from(set, lower_bound(set, blob), blob, true);
}

const struct authkey *authkeys_next(const struct authkeys *set, const struct authkey *k)
{
	size_t i = lower_bound(set, k->blob);

	while (i < set->count && set->index[i] <= k && bytes_eq(set->index[i]->blob, k->blob))
		i++;
	return entry_from(set, i, k->blob, k->cert_authority);
}

bool authkeys_from_allows(const char *from, const char *address)
{
	return from == NULL || addrmatch_allows(bytes_str(from), address);
}

bool authkeys_is_expired(const struct authkey *k, const char *now_utc, const char *now_local)
{
	return k->expiry != NULL &&
	       expiry_is_past(k->expiry, k->expiry_is_utc ? now_utc : now_local);
}
