/* SPDX-License-Identifier: ISC */
#include "client/identities.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/text.h"
#include "client/keyfile.h"
#include "keys/cert.h"
#include "keys/privkey.h"
#include "keys/pubkey.h"
#include "wire/msgs.h"

enum { PATH_TEXT = 4096 + 16, COMMENT_TEXT = 256, DESCRIPTION = 512 };

/* --- one identity -------------------------------------------------------------------------------
 */

static void free_identity(struct identity *id)
{
	pk_free(id->key);
	free(id->comment);
	free(id->blob.ptr);
	free(id->plain.ptr);
	free(id);
}

static struct bytes blob_of(const struct identity *id)
{
	return bytes_of(id->blob.ptr, id->blob.len);
}

static bool keep(struct span *owned, struct bytes blob)
{
	uint8_t *copy = malloc(blob.len > 0 ? blob.len : 1);

	if (copy == NULL)
		return false;
	memcpy(copy, blob.ptr, blob.len);
	free(owned->ptr);
	*owned = (struct span){copy, blob.len};
	return true;
}

static bool keep_plain(struct identity *id, struct bytes blob)
{
	uint8_t plain[LIMIT_BLOB];
	struct cert c;
	size_t len;

	return cert_parse(blob, &c) == E_OK && c.kind == CERT_USER &&
	       cert_plain(&c, (struct span){plain, sizeof(plain)}, &len) == E_OK &&
	       keep(&id->plain, bytes_of(plain, len));
}

/* A certificate of a kind that is not known has a key that nobody finds. */
static bool set_blob(struct identity *id, struct bytes blob)
{
	id->is_cert = keyalg_is_cert_type(pubkey_blob_type(blob));
	if (id->is_cert && !keep_plain(id, blob))
		log_write(LOG_LEVEL_DEBUG1, "%s: not a user certificate of a known kind",
			id->path != NULL ? id->path : id->comment);
	return keep(&id->blob, blob);
}

static bool set_blob_of_key(struct identity *id, const struct pk *key)
{
	uint8_t blob[PUBKEY_BLOB_MAX];
	size_t len;

	return pubkey_to_blob(key, (struct span){blob, sizeof(blob)}, &len) == E_OK &&
	       set_blob(id, bytes_of(blob, len));
}

static struct identity *find(const struct identities *ids, struct bytes blob)
{
	for (size_t i = 0; i < ids->all_count; i++)
		if (bytes_eq(blob_of(ids->all[i]), blob))
			return ids->all[i];
	return NULL;
}

/* A new one in the list; NULL: memory is short. */
static struct identity *add(struct identities *ids, enum identity_origin origin)
{
	struct identity **more =
		reallocarray(ids->all, ids->all_count + 1, sizeof(struct identity *));
	struct identity *id = calloc(1, sizeof(*id));

	if (more != NULL)
		ids->all = more;
	if (more == NULL || id == NULL) {
		free(id);
		return NULL;
	}
	id->origin = origin;
	ids->all[ids->all_count++] = id;
	return id;
}

/* The last one in the list is none after all. */
static void take_back(struct identities *ids)
{
	free_identity(ids->all[--ids->all_count]);
}

/* --- files --------------------------------------------------------------------------------------
 */

static bool is_default(const char *path, const char *home)
{
	static const char *const names[] = {"/.ssh/id_rsa", "/.ssh/id_ecdsa", "/.ssh/id_ecdsa_sk",
		"/.ssh/id_ed25519", "/.ssh/id_ed25519_sk"};
	size_t len = strlen(home);

	if (strncmp(path, home, len) != 0)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(path + len, names[i]) == 0)
			return true;
	return false;
}

/* A public key or certificate in a file of its own. f: why there is none. */
static enum err read_public(struct identity *id, const char *path, struct fault *f)
{
	uint8_t blob[LIMIT_BLOB];
	struct file_content file;
	size_t len;
	enum err e = files_read(path, PRIVKEY_FILE_MAX, &file, f);

	if (e != E_OK)
		return e;
	if (!keyfile_public(files_bytes(&file), (struct span){blob, sizeof(blob)}, &len))
		e = fault_set(f, E_FORMAT, 0, "no public key could be read in it");
	else if (!set_blob(id, bytes_of(blob, len)))
		e = fault_set(f, E_NOMEM, 0, "%s", err_text(E_NOMEM));
	files_free(&file);
	return e;
}

/* In the file beside the private key whose name ends like this. */
static void read_beside(struct identity *id, const char *suffix)
{
	char path[PATH_TEXT];
	struct fault f = {0};
	int n = snprintf(path, sizeof(path), "%s%s", id->path, suffix);

	if (n < 0 || (size_t)n >= sizeof(path) || read_public(id, path, &f) == E_OK)
		return;
	if (f.err != E_UNKNOWN)
		log_write(LOG_LEVEL_DEBUG1, "%s: %s", path, f.text);
}

/* The key itself, when it needs no passphrase. What is said here need not matter: the agent may
 * have the key. */
static void open_plain(struct identity *id, const struct file_content *file)
{
	struct fault f = {0};
	enum err e;

	if (keyfile_is_exposed(id->path, file))
		return;
	e = privkey_from_text(files_bytes(file), &id->key, NULL, 0, &f);
	id->is_sealed = e == E_DENIED;
	if (e == E_OK)
		set_blob_of_key(id, id->key);
	else if (e == E_UNKNOWN && id->blob.len > 0)
		log_write(LOG_LEVEL_DEBUG1, "Load key \"%s\": %s", id->path, f.text);
	else if (e != E_DENIED)
		keyfile_complain(id->path, e, &f);
}

static void read_content(struct identity *id, const struct file_content *file)
{
	uint8_t blob[LIMIT_BLOB];
	struct span room = {blob, sizeof(blob)};
	size_t len;

	/* With a public key a file names one that the agent has. */
	if (keyfile_public(files_bytes(file), room, &len)) {
		set_blob(id, bytes_of(blob, len));
		return;
	}
	if (privkey_public(files_bytes(file), room, &len) == E_OK)
		set_blob(id, bytes_of(blob, len));
	else
		read_beside(id, ".pub");
	open_plain(id, file);
}

static void read_identity(struct identity *id, const char *home)
{
	struct file_content file;
	struct fault f = {0};
	enum err e = files_read(id->path, PRIVKEY_FILE_MAX, &file, &f);

	if (e == E_OK) {
		read_content(id, &file);
		files_free(&file);
		return;
	}
	read_beside(id, ".pub");
	if (id->blob.len > 0)
		return;
	if (e == E_UNKNOWN)
		log_write(is_default(id->path, home) ? LOG_LEVEL_DEBUG3 : LOG_LEVEL_INFO,
			"no such identity: %s: %s", id->path, f.text);
	else
		keyfile_complain(id->path, e, &f);
}

static bool is_new(const struct identities *ids, const struct identity *id)
{
	return id->blob.len == 0 || find(ids, blob_of(id)) == id;
}

static void load_file(struct identities *ids, const char *path, const char *home)
{
	struct identity *id = add(ids, IDENTITY_FILE), *cert;

	if (id == NULL)
		return;
	id->path = path;
	read_identity(id, home);
	if ((id->blob.len == 0 && !id->is_sealed) || !is_new(ids, id))
		take_back(ids);
	cert = add(ids, IDENTITY_FILE);
	if (cert == NULL)
		return;
	cert->path = path;
	read_beside(cert, "-cert.pub");
	if (!cert->is_cert || !is_new(ids, cert))
		take_back(ids);
}

static void load_cert(struct identities *ids, const char *path)
{
	struct identity *id = add(ids, IDENTITY_CERT);
	struct fault f = {0};

	if (id == NULL)
		return;
	id->path = path;
	if (read_public(id, path, &f) == E_OK && !id->is_cert)
		fault_set(&f, E_VALUE, 0, "it is a key, not a certificate");
	if (f.err != E_OK)
		log_write(LOG_LEVEL_ERROR, "Load certificate \"%s\": %s", path, f.text);
	if (f.err != E_OK || !is_new(ids, id))
		take_back(ids);
}

void identities_load(struct identities *ids, const struct client_settings *s, const char *home)
{
	*ids = (struct identities){0};
	for (size_t i = 0; i < s->certificate_count; i++)
		load_cert(ids, s->certificate_files[i]);
	for (size_t i = 0; i < s->identity_count; i++)
		load_file(ids, s->identity_files[i], home);
}

void identities_fini(struct identities *ids)
{
	while (ids->all_count > 0)
		take_back(ids);
	free(ids->all);
	free(ids->order);
	free(ids->offers);
	*ids = (struct identities){0};
}

/* --- the order ----------------------------------------------------------------------------------
 */

/* Those of the agent came last. */
static void forget_agent(struct identities *ids)
{
	while (ids->all_count > 0 && ids->all[ids->all_count - 1]->origin == IDENTITY_AGENT)
		take_back(ids);
	for (size_t i = 0; i < ids->all_count; i++)
		ids->all[i]->is_in_agent = false;
}

static bool add_from_agent(struct identities *ids, struct bytes blob, struct bytes comment)
{
	char shown[COMMENT_TEXT];
	struct identity *id = add(ids, IDENTITY_AGENT);

	if (id == NULL)
		return false;
	id->is_in_agent = true;
	id->comment = strdup(text_escape(shown, sizeof(shown), comment));
	if (id->comment != NULL && set_blob(id, blob))
		return true;
	take_back(ids);
	return false;
}

static bool can_sign(const struct identity *id)
{
	return id->key != NULL || id->is_sealed || id->is_in_agent;
}

/* By its key, or by where it lies when the key is not known before it is open. */
static bool is_key_of(const struct identity *id, const struct identity *cert)
{
	if (id->is_cert || !can_sign(id))
		return false;
	if (id->blob.len > 0)
		return bytes_eq(blob_of(id), bytes_of(cert->plain.ptr, cert->plain.len));
	return id->path != NULL && strcmp(id->path, cert->path) == 0;
}

/* Whoever holds the key at hand comes before those that have to be asked. */
static void find_signer(const struct identities *ids, struct identity *id)
{
	id->signer = can_sign(id) ? id : NULL;
	if (!id->is_cert || id->path == NULL)
		return;
	for (size_t i = 0; i < ids->all_count; i++)
		if (is_key_of(ids->all[i], id) && (id->signer == NULL || ids->all[i]->key != NULL))
			id->signer = ids->all[i];
}

/* Whoever can sign is offered, in the order of the calls, each once. */
static void offer(struct identities *ids, struct identity *id)
{
	for (size_t i = 0; i < ids->count; i++)
		if (ids->order[i] == id)
			return;
	find_signer(ids, id);
	if (id->signer == NULL) {
		log_write(LOG_LEVEL_DEBUG1, "Skipping %s: its private key is nowhere", id->path);
		return;
	}
	ids->order[ids->count] = id;
	/* An agent may ask its user, and a passphrase has to be typed: not in vain. */
	ids->offers[ids->count++] =
		(struct auth_identity){.blob = blob_of(id), .asks_first = id->signer->key == NULL};
}

static enum err take_agent(struct identities *ids, const struct agent_list *list, bool only)
{
	struct agent_list walk = *list;
	struct bytes blob, comment;

	while (agent_list_next(&walk, &blob, &comment)) {
		struct identity *id = find(ids, blob);

		if (id != NULL)
			id->is_in_agent = true;
		else if (!only && !add_from_agent(ids, blob, comment))
			return E_NOMEM;
	}
	return E_OK;
}

static enum err make_room(struct identities *ids)
{
	size_t count = ids->all_count > 0 ? ids->all_count : 1;
	struct identity **order = reallocarray(ids->order, count, sizeof(struct identity *));
	struct auth_identity *offers;

	if (order != NULL)
		ids->order = order;
	offers = reallocarray(ids->offers, count, sizeof(*offers));
	if (offers != NULL)
		ids->offers = offers;
	return order != NULL && offers != NULL ? E_OK : E_NOMEM;
}

/* Keys of files that the agent has, in its order. */
static void offer_shared(struct identities *ids, const struct agent_list *list)
{
	struct agent_list walk = *list;
	struct bytes blob, comment;

	while (agent_list_next(&walk, &blob, &comment)) {
		struct identity *id = find(ids, blob);

		if (id != NULL && id->origin != IDENTITY_AGENT)
			offer(ids, id);
	}
}

static void offer_all(struct identities *ids, enum identity_origin origin)
{
	for (size_t i = 0; i < ids->all_count; i++)
		if (ids->all[i]->origin == origin)
			offer(ids, ids->all[i]);
}

static void tell(const struct identities *ids)
{
	char what[DESCRIPTION];

	for (size_t i = 0; i < ids->count; i++) {
		identities_describe(ids, i, what, sizeof(what));
		log_write(LOG_LEVEL_DEBUG1, "Will attempt key: %s", what);
	}
}

enum err identities_arrange(
	struct identities *ids, const struct agent_list *list, bool identities_only)
{
	enum err e = E_OK;

	ids->count = 0;
	forget_agent(ids);
	if (list != NULL)
		e = take_agent(ids, list, identities_only);
	if (e == E_OK)
		e = make_room(ids);
	if (e != E_OK)
		return e;
	offer_all(ids, IDENTITY_CERT);
	if (list != NULL)
		offer_shared(ids, list);
	offer_all(ids, IDENTITY_AGENT);
	offer_all(ids, IDENTITY_FILE);
	tell(ids);
	return E_OK;
}

/* --- looking and opening ------------------------------------------------------------------------
 */

struct identity *identities_at(const struct identities *ids, size_t index)
{
	return ids->order[index];
}

bool identities_opened(struct identities *ids, size_t index, struct pk *key)
{
	struct identity *id = ids->order[index]->signer;
	uint8_t blob[PUBKEY_BLOB_MAX];
	size_t len;
	bool is_good = pubkey_to_blob(key, (struct span){blob, sizeof(blob)}, &len) == E_OK;

	if (is_good && id->blob.len == 0)
		is_good = set_blob(id, bytes_of(blob, len));
	else if (is_good && !bytes_eq(blob_of(id), bytes_of(blob, len))) {
		log_write(LOG_LEVEL_ERROR,
			"identity_sign: private key %s contents do not match public", id->path);
		is_good = false;
	}
	if (!is_good) {
		pk_free(key);
		return false;
	}
	id->key = key;
	ids->offers[index].blob = blob_of(ids->order[index]);
	return true;
}

void identities_describe(const struct identities *ids, size_t index, char *out, size_t cap)
{
	const struct identity *id = ids->order[index];
	char print[FINGERPRINT_MAX];

	if (id->blob.len == 0) {
		snprintf(out, cap, "%s", id->path);
		return;
	}
	if (pubkey_fingerprint(blob_of(id), print) != E_OK)
		print[0] = '\0';
	snprintf(out, cap, "%s %s %s%s", id->path != NULL ? id->path : id->comment,
		keyalg_word(pubkey_blob_type(blob_of(id))), print,
		id->signer->is_in_agent ? " agent" : "");
}
