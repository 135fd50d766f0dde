/* SPDX-License-Identifier: ISC */
/*
 * known_hosts: every line is read in full even when it names another host, so that damage is
 * noticed wherever it is; but a bad line decides nothing. No allocation.
 */
#include "keys/knownhosts.h"

#include "base/text.h"
#include "crypto/digest.h"
#include "keys/lines.h"
#include "keys/pubkey.h"

#include <stdio.h>

enum {
	SSH_PORT = 22,
	HASH_LEN = 20,	  /* SHA-1: of the salt as well as of the result */
	HASHED_TEXT = 28, /* base64 of either */
	BLOB_MAX = KNOWNHOSTS_LINE_MAX / 4 * 3,
	TYPES_COUNT = PK_RSA + 1, /* no host has its key in hardware */
};

enum marker { MARK_NONE, MARK_REVOKED, MARK_CA };

struct entry {
	enum marker marker;
	struct bytes names;
	struct bytes blob;
};

/* A name may stand in a line when it cannot be read there as anything but itself: no blanks,
 * control characters, list or pattern signs, markers. */
static bool is_plain_name(const char *name)
{
	if (name[0] == '\0' || strchr("|@#", name[0]) != NULL)
		return false;
	for (const char *at = name; *at != '\0'; at++) {
		if (*at <= ' ' || *at >= 0x7f || strchr(",*?!", *at) != NULL)
			return false;
	}
	return true;
}

enum err knownhosts_name(const char *host, uint16_t port, char out[static KNOWNHOSTS_NAME_MAX])
{
	int len;

	out[0] = '\0';
	if (!is_plain_name(host) || strpbrk(host, "[]") != NULL)
		return E_VALUE;
	if (port == SSH_PORT)
		len = snprintf(out, KNOWNHOSTS_NAME_MAX, "%s", host);
	else
		len = snprintf(out, KNOWNHOSTS_NAME_MAX, "[%s]:%u", host, port);
	if (len < 0 || len >= KNOWNHOSTS_NAME_MAX) {
		out[0] = '\0';
		return E_LIMIT;
	}
	for (char *at = out; *at != '\0'; at++) {
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	}
	return E_OK;
}

/* "|1|salt|hash" taken apart; false when it is not of that shape. */
static bool read_hashed(struct bytes names, uint8_t salt[HASH_LEN + 1], uint8_t hash[HASH_LEN + 1])
{
	static const char head[] = "|1|";
	const size_t head_len = sizeof head - 1;
	size_t salt_len, hash_len;

	if (names.len != head_len + HASHED_TEXT + 1 + HASHED_TEXT ||
		memcmp(names.ptr, head, head_len) != 0 || names.ptr[head_len + HASHED_TEXT] != '|')
		return false;
	return text_unbase64(bytes_of(names.ptr + head_len, HASHED_TEXT), salt, HASH_LEN + 1,
		       &salt_len) &&
	       text_unbase64(bytes_of(names.ptr + head_len + HASHED_TEXT + 1, HASHED_TEXT), hash,
		       HASH_LEN + 1, &hash_len) &&
	       salt_len == HASH_LEN && hash_len == HASH_LEN;
}

/* Whether the names field is of a form we read at all. */
static bool names_are_readable(struct bytes names)
{
	uint8_t salt[HASH_LEN + 1], hash[HASH_LEN + 1];

	if (names.len == 0)
		return false;
	return names.ptr[0] != '|' || read_hashed(names, salt, hash);
}

/* E_OK with the answer; otherwise nobody knows, which must not be taken for "no". */
static enum err names_match(struct bytes names, const char *name, bool *matches)
{
	uint8_t salt[HASH_LEN + 1], hash[HASH_LEN + 1], mine[DIGEST_MAX];
	enum err e;

	*matches = false;
	if (names.ptr[0] != '|') {
		*matches = text_match_list(names, bytes_str(name), true) == 1;
		return E_OK;
	}
	if (!read_hashed(names, salt, hash))
		return E_FORMAT;
	e = hmac_once(DIGEST_SHA1, bytes_of(salt, HASH_LEN), bytes_str(name), mine);
	*matches = e == E_OK && memcmp(mine, hash, HASH_LEN) == 0;
	return e;
}

/* [marker] names type base64 [comment]. blob is memory for the entry. False for a bad line. */
static bool read_entry(struct bytes line, size_t raw_len, struct span blob, struct entry *out)
{
	struct bytes comment;
	size_t len;

	*out = (struct entry){.marker = MARK_NONE};
	if (raw_len > KNOWNHOSTS_LINE_MAX || memchr(line.ptr, '\0', line.len) != NULL)
		return false;
	if (line.ptr[0] == '@') {
		struct bytes marker = lines_word(&line);

		if (bytes_is(marker, "@revoked"))
			out->marker = MARK_REVOKED;
		else if (bytes_is(marker, "@cert-authority"))
			out->marker = MARK_CA;
		else
			return false;
	}
	out->names = lines_word(&line);
	if (!names_are_readable(out->names) || pubkey_from_text(line, blob, &len, &comment) != E_OK)
		return false;
	out->blob = bytes_of(blob.ptr, len);
	return true;
}

/* An authority is that or another one: its type says nothing about the host. */
static enum host_verdict judge(const struct entry *entry, struct bytes key)
{
	bool is_same = bytes_eq(entry->blob, key);

	if (entry->marker == MARK_REVOKED)
		return is_same ? HOST_REVOKED : HOST_UNKNOWN;
	if (is_same)
		return HOST_KNOWN;
	return entry->marker == MARK_CA ||
			       bytes_eq(pubkey_blob_type(entry->blob), pubkey_blob_type(key))
		       ? HOST_CHANGED
		       : HOST_OTHER_TYPE;
}

static unsigned rank(enum host_verdict verdict)
{
	switch (verdict) {
	case HOST_UNKNOWN:
		return 0;
	case HOST_OTHER_TYPE:
		return 1;
	case HOST_CHANGED:
		return 2;
	case HOST_KNOWN:
		return 3;
	case HOST_UNDECIDED:
		return 4;
	case HOST_REVOKED:
		return 5;
	}
	return 4;
}

bool knownhosts_beats(enum host_verdict a, enum host_verdict b)
{
	return rank(a) > rank(b);
}

/* The first line of a verdict is the one that is named. */
static void consider(const struct entry *entry, unsigned line, const char *name, struct bytes key,
	struct host_finding *out)
{
	enum host_verdict verdict = HOST_UNDECIDED;
	bool matches;

	if (names_match(entry->names, name, &matches) == E_OK)
		verdict = matches ? judge(entry, key) : HOST_UNKNOWN;
	if (knownhosts_beats(verdict, out->verdict)) {
		out->verdict = verdict;
		out->line = line;
	}
}

/* Among the lines with this marker and those of revoked keys. */
static void check(struct bytes text, enum marker marker, const char *name, struct bytes key_blob,
	struct host_finding *out)
{
	uint8_t blob[BLOB_MAX];
	struct entry entry;
	struct lines lines;
	struct bytes line;
	size_t raw_len;

	*out = (struct host_finding){.verdict = HOST_UNKNOWN};
	lines_init(&lines, text);
	while (lines_next(&lines, &line, &raw_len)) {
		if (!read_entry(line, raw_len, (struct span){blob, sizeof blob}, &entry)) {
			if (out->bad_lines++ == 0)
				out->first_bad = lines.number;
			continue;
		}
		if (entry.marker == marker || entry.marker == MARK_REVOKED)
			consider(&entry, lines.number, name, key_blob, out);
	}
}

void knownhosts_check(
	struct bytes text, const char *name, struct bytes key_blob, struct host_finding *out)
{
	check(text, MARK_NONE, name, key_blob, out);
}

void knownhosts_check_authority(
	struct bytes text, const char *name, struct bytes key_blob, struct host_finding *out)
{
	check(text, MARK_CA, name, key_blob, out);
}

bool knownhosts_has_authority(struct bytes text, const char *name)
{
	struct host_finding found;

	/* No key is empty. */
	check(text, MARK_CA, name, bytes_of(NULL, 0), &found);
	return found.verdict == HOST_CHANGED;
}

static void list_types(const bool listed[TYPES_COUNT], char *list, size_t cap)
{
	size_t used = 0;

	list[0] = '\0';
	for (size_t i = 0; i < TYPES_COUNT; i++) {
		const char *name = pubkey_type_name((enum pk_type)i);
		int len;

		if (!listed[i] || used + strlen(name) + 2 > cap)
			continue;
		len = snprintf(list + used, cap - used, "%s%s", used > 0 ? "," : "", name);
		used += (size_t)len;
	}
}

void knownhosts_types(struct bytes text, const char *name, char *list, size_t cap)
{
	bool listed[TYPES_COUNT] = {false};
	uint8_t blob[BLOB_MAX];
	struct entry entry;
	struct lines lines;
	struct bytes line;
	size_t raw_len;

	lines_init(&lines, text);
	while (lines_next(&lines, &line, &raw_len)) {
		enum pk_type type;
		bool matches;

		if (read_entry(line, raw_len, (struct span){blob, sizeof blob}, &entry) &&
			entry.marker == MARK_NONE &&
			pubkey_type_find(pubkey_blob_type(entry.blob), &type) &&
			!pk_type_is_sk(type) &&
			names_match(entry.names, name, &matches) == E_OK && matches)
			listed[type] = true;
	}
	list_types(listed, list, cap);
}

/* "|1|salt|hash" of a name. */
static enum err hash_name(const char *name, struct rng *rng, char *out, size_t cap)
{
	uint8_t salt[HASH_LEN], hash[DIGEST_MAX];
	char salt_text[HASHED_TEXT + 1], hash_text[HASHED_TEXT + 1];
	enum err e = rng_bytes(rng, salt, sizeof salt);
	int len;

	if (e == E_OK)
		e = hmac_once(DIGEST_SHA1, bytes_of(salt, sizeof salt), bytes_str(name), hash);
	if (e != E_OK)
		return e;
	text_base64(bytes_of(salt, HASH_LEN), salt_text, sizeof salt_text);
	text_base64(bytes_of(hash, HASH_LEN), hash_text, sizeof hash_text);
	len = snprintf(out, cap, "|1|%s|%s", salt_text, hash_text);
	return len > 0 && (size_t)len < cap ? E_OK : E_LIMIT;
}

enum err knownhosts_line(
	const char *name, struct bytes key_blob, bool hash, struct rng *rng, char *out, size_t cap)
{
	size_t used, len;
	enum err e = E_OK;

	if (cap == 0)
		return E_LIMIT;
	out[0] = '\0';
	if (!is_plain_name(name))
		return E_VALUE;
	if (hash)
		e = hash_name(name, rng, out, cap);
	else if (!bytes_to_cstr(bytes_str(name), out, cap))
		e = E_LIMIT;
	if (e != E_OK)
		goto out;
	used = strlen(out);
	e = E_LIMIT;
	if (used + 1 >= cap)
		goto out;
	out[used++] = ' ';
	e = pubkey_to_text(key_blob, out + used, cap - used);
	if (e != E_OK)
		goto out;
	len = strlen(out);
	e = E_LIMIT;
	if (len + 1 >= cap)
		goto out;
	memcpy(out + len, "\n", 2);
	return E_OK;
out:
	out[0] = '\0';
	return e;
}
