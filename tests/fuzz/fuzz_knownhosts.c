/* SPDX-License-Identifier: ISC */
/*
 * known_hosts: the first line of the input is a host, the rest the file. A line we write for the
 * host is found again, and behind any file but one that revokes it makes the key known.
 */
#include "fuzz.h"
#include "keys/knownhosts.h"
#include "keys/pubkey.h"

#define KEY "\0\0\0\vssh-ed25519\0\0\0\x20\0\1\2\3\4\5\6\7abcdefghijklmnopqrstuvwx"

enum { LINE_MAX_LEN = 1024 };

static enum err fill_count(void *ctx, uint8_t *dst, size_t n)
{
	memset(dst, 7, n);
	return E_OK;
}

/* The file with a line of ours behind it. */
static void with_our_line(struct bytes file, const char *name, struct bytes key, bool hash)
{
	struct host_finding before, after;
	char line[LINE_MAX_LEN];
	struct rng rng;
	uint8_t *mem;
	size_t len;

	rng_init(&rng, fill_count, NULL);
	PROMISE(knownhosts_line(name, key, hash, &rng, line, sizeof line) == E_OK);
	rng_fini(&rng);
	knownhosts_check(bytes_str(line), name, key, &after);
	PROMISE(after.verdict == HOST_KNOWN && after.line == 1 && after.bad_lines == 0);

	knownhosts_check(file, name, key, &before);
	len = file.len + 1 + strlen(line);
	mem = malloc(len);
	PROMISE(mem != NULL);
	if (file.len > 0)
		memcpy(mem, file.ptr, file.len);
	mem[file.len] = '\n';
	memcpy(mem + file.len + 1, line, strlen(line));
	knownhosts_check(bytes_of(mem, len), name, key, &after);
	PROMISE(after.verdict == (before.verdict == HOST_REVOKED ? HOST_REVOKED : HOST_KNOWN));
	PROMISE(after.bad_lines == before.bad_lines && after.first_bad == before.first_bad);
	PROMISE((before.verdict == HOST_UNKNOWN) == (before.line == 0));
	free(mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
	struct bytes key = bytes_of(KEY, sizeof KEY - 1), file;
	char host[LINE_MAX_LEN], name[KNOWNHOSTS_NAME_MAX], types[64];

	if (end == NULL || !bytes_to_cstr(bytes_of(data, (size_t)(end - data)), host, sizeof host))
		return 0;
	file = bytes_of(end + 1, size - (size_t)(end - data) - 1);
	if (knownhosts_name(host, host[0] == 'p' ? 2222 : 22, name) != E_OK)
		return 0;
	knownhosts_types(file, name, types, sizeof types);
	PROMISE(strlen(types) < sizeof types);
	with_our_line(file, name, key, false);
	with_our_line(file, name, key, true);
	return 0;
}
