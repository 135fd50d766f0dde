/* SPDX-License-Identifier: ISC */
#include "relay/hostkeys.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "keys/privkey.h"
#include "relay/file.h"

static void hostkey_free(struct hostkey *k)
{
	if (!k)
		return;
	pk_free(k->key);
	free(k);
}

void hostkeys_init(struct hostkeys *h)
{
	memset(h, 0, sizeof(*h));
}

void hostkeys_fini(struct hostkeys *h)
{
	for (size_t i = 0; i < h->count; i++)
		hostkey_free(h->key[i]);
	h->count = 0;
}

static bool has_type(const struct hostkeys *h, enum pk_type type)
{
	for (size_t i = 0; i < h->count; i++)
		if (pk_type_of(h->key[i]->key) == type)
			return true;
	return false;
}

/* Takes key, on failure as well. */
static enum err add(struct hostkeys *h, struct pk *key, const char *path, struct fault *f)
{
	struct hostkey *k = calloc(1, sizeof(*k));
	enum err e;

	if (!k) {
		pk_free(key);
		return fault_set(f, E_NOMEM, 0, "%s: out of memory", path);
	}
	k->key = key;
	if (has_type(h, pk_type_of(key)))
		e = fault_set(f, E_VALUE, 0, "host key %s: there is a %s key already", path,
			pubkey_type_name(pk_type_of(key)));
	else if (h->count == TRANSPORT_HOSTKEYS_MAX)
		e = fault_set(f, E_LIMIT, 0, "host key %s: too many host keys", path);
	else if (pubkey_to_blob(key, (struct span){k->blob, sizeof(k->blob)}, &k->blob_len) !=
			 E_OK ||
		 pubkey_fingerprint(bytes_of(k->blob, k->blob_len), k->fingerprint) != E_OK)
		e = fault_set(f, E_CRYPTO, 0, "host key %s: cannot be encoded", path);
	else
		e = E_OK;
	if (e != E_OK) {
		hostkey_free(k);
		return e;
	}
	h->key[h->count++] = k;
	return E_OK;
}

enum err hostkeys_load(struct hostkeys *h, const char *path, struct fault *f)
{
	struct file_text text;
	struct fault why = {0};
	struct pk *key = NULL;
	enum err e = file_read(path, PRIVKEY_FILE_MAX, &text, &why);

	if (e != E_OK)
		return fault_set(f, e, why.code, "host key %s", why.text);
	e = file_check_secret(path, &text.st, &why);
	if (e == E_OK) {
		e = privkey_from_text(file_bytes(&text), &key, NULL, 0, &why);
		if (e != E_OK)
			e = fault_set(f, e, 0, "host key %s: %s", path,
				why.text[0] ? why.text : err_text(e));
	} else {
		e = fault_set(f, e, 0, "host key %s", why.text);
	}
	file_text_fini(&text);
	return e == E_OK ? add(h, key, path, f) : e;
}

static enum err write_private(const struct pk *key, const char *path, const char *comment,
	struct rng *rng, struct fault *f)
{
	uint8_t text[4096];
	size_t len;
	enum err e = privkey_to_text(key, comment, rng, (struct span){text, sizeof(text)}, &len);

	if (e == E_OK)
		e = file_create(path, bytes_of(text, len), 0600, f);
	else
		e = fault_set(f, e, 0, "host key %s: cannot be written as text", path);
	bytes_wipe(text, sizeof(text));
	return e;
}

/* The public half is for people; a relay without it works as well. An old one gives way: it belongs
 * to a key that is gone. */
static enum err write_public(
	const struct hostkey *k, const char *path, const char *comment, struct fault *f)
{
	char pub[PATH_MAX], key[512], line[800];
	int n = snprintf(pub, sizeof(pub), "%s.pub", path);

	if (n < 0 || (size_t)n >= sizeof(pub))
		return fault_set(f, E_LIMIT, 0, "path too long: %s", path);
	if (pubkey_to_text(bytes_of(k->blob, k->blob_len), key, sizeof(key)) != E_OK)
		return fault_set(f, E_LIMIT, 0, "%s: cannot be written as text", pub);
	snprintf(line, sizeof(line), "%s %s\n", key, comment);
	unlink(pub);
	return file_create(pub, bytes_str(line), 0644, f);
}

static enum err make(struct hostkeys *h, const char *path, struct rng *rng, struct fault *f)
{
	char host[128], comment[160];
	struct pk *key;
	enum err e = pk_generate(&key, PK_ED25519, 0);

	if (e != E_OK)
		return fault_set(f, e, 0, "cannot make a host key: %s", err_text(e));
	if (gethostname(host, sizeof(host)) != 0)
		strcpy(host, "relay");
	host[sizeof(host) - 1] = '\0';
	snprintf(comment, sizeof(comment), "sallyd@%s", host);
	e = write_private(key, path, comment, rng, f);
	if (e != E_OK) {
		pk_free(key);
		return e;
	}
	e = add(h, key, path, f);
	return e == E_OK ? write_public(h->key[h->count - 1], path, comment, f) : e;
}

enum err hostkeys_load_or_make(
	struct hostkeys *h, const char *path, struct rng *rng, bool *is_new, struct fault *f)
{
	struct fault ignored = {0};
	enum err e;

	*is_new = false;
	if (access(path, F_OK) == 0)
		return hostkeys_load(h, path, f);
	e = make(h, path, rng, &ignored);
	if (e == E_DENIED) /* another sallyd was faster: its key is the key */
		return hostkeys_load(h, path, f);
	if (e != E_OK)
		return fault_set(f, e, ignored.code, "%s", ignored.text);
	*is_new = true;
	return E_OK;
}

enum err hostkeys_sign(const struct hostkeys *h, size_t index, const struct sig_alg *alg,
	struct bytes data, struct span out, size_t *len)
{
	if (index >= h->count)
		return E_STATE;
	return pk_sign(h->key[index]->key, alg, data, out, len);
}
