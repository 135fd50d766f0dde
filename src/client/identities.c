/* SPDX-License-Identifier: ISC */
#include "client/identities.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/text.h"
#include "client/keyfile.h"
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
	free(id);
}

static struct bytes blob_of(const struct identity *id)
{
	return bytes_of(id->blob.ptr, id->blob.len);
}

static bool set_blob(struct identity *id, struct bytes blob)
{
	uint8_t *copy = malloc(blob.len > 0 ? blob.len : 1);

	if (copy == NULL)
		return false;
	memcpy(copy, blob.ptr, blob.len);
	free(id->blob.ptr);
	id->blob = (struct span){copy, blob.len};
	return true;
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

/* Beside the private key, for those that have no public part in clear. */
static void read_beside(struct identity *id)
{
	uint8_t blob[LIMIT_BLOB];
	char path[PATH_TEXT];
	struct file_content file;
	struct fault f = {0};
	size_t len;
	int n = snprintf(path, sizeof(path), "%s.pub", id->path);

	if (n < 0 || (size_t)n >= sizeof(path) ||
		files_read(path, PRIVKEY_FILE_MAX, &file, &f) != E_OK)
		return;
	if (keyfile_public(files_bytes(&file), (struct span){blob, sizeof(blob)}, &len))
		set_blob(id, bytes_of(blob, len));
	files_free(&file);
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
		read_beside(id);
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
	read_beside(id);
	if (id->blob.len > 0)
		return;
	if (e == E_UNKNOWN)
		log_write(is_default(id->path, home) ? LOG_LEVEL_DEBUG3 : LOG_LEVEL_INFO,
			"no such identity: %s: %s", id->path, f.text);
	else
		keyfile_complain(id->path, e, &f);
}

void identities_load(struct identities *ids, const struct client_settings *s, const char *home)
{
	*ids = (struct identities){0};
	for (size_t i = 0; i < s->identity_count; i++) {
		struct identity *id = add(ids, IDENTITY_FILE), *twin;

		if (id == NULL) {
			log_write(LOG_LEVEL_ERROR, "Load key \"%s\": %s", s->identity_files[i],
				err_text(E_NOMEM));
			continue;
		}
		id->path = s->identity_files[i];
		read_identity(id, home);
		twin = id->blob.len > 0 ? find(ids, blob_of(id)) : NULL;
		if ((id->blob.len == 0 && !id->is_sealed) || (twin != NULL && twin != id))
			take_back(ids);
	}
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

/* Whoever can sign is offered, in the order of the calls, each once. */
static void offer(struct identities *ids, struct identity *id)
{
	for (size_t i = 0; i < ids->count; i++)
		if (ids->order[i] == id)
			return;
	if (id->key == NULL && !id->is_sealed && !id->is_in_agent) {
		log_write(LOG_LEVEL_DEBUG1,
			"Skipping %s: no private key is there, and the agent has none", id->path);
		return;
	}
	ids->order[ids->count] = id;
	/* An agent may ask its user, and a passphrase has to be typed: not in vain. */
	ids->offers[ids->count++] =
		(struct auth_identity){.blob = blob_of(id), .asks_first = id->key == NULL};
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

		if (id != NULL && id->origin == IDENTITY_FILE)
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
	struct identity *id = ids->order[index];
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
	ids->offers[index].blob = blob_of(id);
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
		keyalg_word(pubkey_blob_type(blob_of(id))), print, id->is_in_agent ? " agent" : "");
}
