/* SPDX-License-Identifier: ISC */
#include "client/identities.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "client/files.h"
#include "keys/privkey.h"

static bool is_default(const char *path, const char *home)
{
	static const char *const names[] = {"/.ssh/id_rsa", "/.ssh/id_ecdsa", "/.ssh/id_ed25519"};
	size_t len = strlen(home);

	if (strncmp(path, home, len) != 0)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(path + len, names[i]) == 0)
			return true;
	return false;
}

/* Only the owner's own carelessness is judged: root may read the files of others anyway. */
static bool is_exposed(const struct file_content *file)
{
	return file->owner == getuid() && (file->mode & 077) != 0;
}

static void warn_exposed(const char *path, const struct file_content *file)
{
	static const char line[] = "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@";

	log_write(LOG_LEVEL_ERROR, "%s", line);
	log_write(LOG_LEVEL_ERROR, "@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @");
	log_write(LOG_LEVEL_ERROR, "%s", line);
	log_write(LOG_LEVEL_ERROR, "Permissions 0%o for '%s' are too open.",
		(unsigned)(file->mode & 0777), path);
	log_write(LOG_LEVEL_ERROR, "Other users of this machine can read it: chmod 600 %s", path);
	log_write(LOG_LEVEL_ERROR, "This private key will be ignored.");
	log_write(LOG_LEVEL_ERROR, "Load key \"%s\": bad permissions", path);
}

/* NULL: nothing to use there, which was said. */
static struct pk *load_key(const char *path, const char *home)
{
	struct file_content file;
	struct fault f = {0};
	struct pk *key = NULL;
	enum err e = files_read(path, PRIVKEY_FILE_MAX, &file, &f);

	if (e == E_UNKNOWN) {
		log_write(is_default(path, home) ? LOG_LEVEL_DEBUG3 : LOG_LEVEL_INFO,
			"no such identity: %s: %s", path, f.text);
		return NULL;
	}
	if (e != E_OK) {
		log_write(LOG_LEVEL_ERROR, "Load key \"%s\": %s", path, f.text);
		return NULL;
	}
	if (is_exposed(&file)) {
		warn_exposed(path, &file);
	} else {
		e = privkey_from_text(files_bytes(&file), &key, NULL, 0, &f);
		if (e == E_DENIED)
			log_write(LOG_LEVEL_ERROR,
				"Load key \"%s\": it is encrypted with a passphrase, which is not "
				"supported; the key is left out",
				path);
		else if (e != E_OK)
			log_write(LOG_LEVEL_ERROR, "Load key \"%s\": %s", path,
				f.err != E_OK ? f.text : err_text(e));
	}
	files_free(&file);
	return key;
}

static bool is_listed(const struct identities *ids, struct bytes blob)
{
	for (size_t i = 0; i < ids->count; i++)
		if (bytes_eq(ids->offers[i].blob, blob))
			return true;
	return false;
}

/* Takes the key. */
static void add(struct identities *ids, const char *path, struct pk *key)
{
	struct identity *id = calloc(1, sizeof(*id));
	size_t len = 0;
	enum err e = id != NULL
			     ? pubkey_to_blob(key, (struct span){id->blob, sizeof(id->blob)}, &len)
			     : E_NOMEM;

	if (e != E_OK)
		log_write(LOG_LEVEL_ERROR, "Load key \"%s\": %s", path, err_text(e));
	if (e != E_OK || is_listed(ids, bytes_of(id->blob, len))) {
		free(id);
		pk_free(key);
		return;
	}
	id->key = key;
	id->path = path;
	ids->offers[ids->count].blob = bytes_of(id->blob, len);
	ids->items[ids->count++] = id;
}

void identities_load(struct identities *ids, const struct client_settings *s, const char *home)
{
	*ids = (struct identities){0};
	for (size_t i = 0; i < s->identity_count; i++) {
		struct pk *key = load_key(s->identity_files[i], home);

		if (key != NULL)
			add(ids, s->identity_files[i], key);
	}
}

void identities_fini(struct identities *ids)
{
	for (size_t i = 0; i < ids->count; i++) {
		pk_free(ids->items[i]->key);
		free(ids->items[i]);
	}
	ids->count = 0;
}

const char *identities_type_word(enum pk_type type)
{
	switch (type) {
	case PK_ED25519:
		return "ED25519";
	case PK_ECDSA_256:
	case PK_ECDSA_384:
	case PK_ECDSA_521:
		return "ECDSA";
	case PK_RSA:
		return "RSA";
	}
	return "unknown";
}

void identities_describe(const struct identities *ids, size_t index, char *out, size_t cap)
{
	char print[FINGERPRINT_MAX];

	if (pubkey_fingerprint(ids->offers[index].blob, print) != E_OK)
		print[0] = '\0';
	snprintf(out, cap, "%s %s %s", ids->items[index]->path,
		identities_type_word(pk_type_of(ids->items[index]->key)), print);
}
