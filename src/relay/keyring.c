/* SPDX-License-Identifier: ISC */
#include "relay/keyring.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "conf/places.h"
#include "keys/authoptions.h"
#include "keys/keyalg.h"
#include "keys/pubkey.h"
#include "keys/revoked.h"
#include "relay/file.h"
#include "relay/keyfile.h"
#include "relay/paths.h"
#include "relay/voucher.h"

/* One word of AuthorizedKeysFile. */
struct place {
	char *path;
	bool is_users;	    /* PATHS_USER stands in it */
	bool is_folder;	    /* it was, at the last look */
	struct list files;  /* struct keyfile */
	struct stat folder; /* as it was read last */
	time_t looked;
};

/* The list of RevokedKeys. */
struct banned {
	char *path; /* NULL: there is none */
	struct file_text text;
	bool is_sound;
	char why[FAULT_TEXT]; /* not sound */
};

struct keyring {
	struct banned banned;
	struct voucher voucher;
	size_t count;
	struct place place[];
};

enum err keyring_new(char *const *paths, size_t count, struct keyring **out)
{
	struct keyring *k = calloc(1, sizeof(*k) + count * sizeof(k->place[0]));

	if (!k)
		return E_NOMEM;
	for (size_t i = 0; i < count; i++) {
		struct place *p = &k->place[i];

		list_init(&p->files);
		p->path = strdup(paths[i]);
		k->count = i + 1;
		if (!p->path) {
			keyring_free(k);
			return E_NOMEM;
		}
		p->is_users = strchr(p->path, PATHS_USER);
	}
	*out = k;
	return E_OK;
}

enum err keyring_revoke(struct keyring *k, const char *path)
{
	k->banned.path = strdup(path);
	return k->banned.path ? E_OK : E_NOMEM;
}

enum err keyring_trust(
	struct keyring *k, const char *authorities, const char *principals, const char *algs)
{
	voucher_fini(&k->voucher);
	return voucher_init(&k->voucher, authorities, principals, algs);
}

const char *keyring_shut(const struct keyring *k)
{
	return !k->banned.path || k->banned.is_sound ? NULL : k->banned.why;
}

static void forget_files(struct place *p)
{
	while (!list_is_empty(&p->files))
		keyfile_free(list_entry(p->files.next, struct keyfile, node));
}

void keyring_free(struct keyring *k)
{
	if (!k)
		return;
	free(k->banned.path);
	file_text_fini(&k->banned.text);
	voucher_fini(&k->voucher);
	for (size_t i = 0; i < k->count; i++) {
		forget_files(&k->place[i]);
		free(k->place[i].path);
	}
	free(k);
}

static struct keyfile *find(const struct place *p, const char *path)
{
	for (struct list *n = p->files.next; n != &p->files; n = n->next) {
		struct keyfile *kf = list_entry(n, struct keyfile, node);

		if (strcmp(kf->path, path) == 0)
			return kf;
	}
	return NULL;
}

/* The file as it is now; NULL when memory is short. */
static struct keyfile *look_at(struct place *p, const char *path, bool is_tenant)
{
	struct keyfile *kf = find(p, path);

	if (!kf) {
		kf = keyfile_new(path, is_tenant);
		if (!kf) {
			log_write(LOG_LEVEL_ERROR, "%s: out of memory", path);
			return NULL;
		}
		list_append(&p->files, &kf->node);
	}
	keyfile_look(kf);
	return kf;
}

/* --- a folder of tenants ---------------------------------------------------------------------- */

static bool is_tenant(const char *folder, const struct dirent *entry, bool is_told)
{
	char shown[128];

	if (entry->d_name[0] == '.')
		return false;
	if (authoptions_is_name(bytes_str(entry->d_name)))
		return true;
	if (is_told)
		log_write(LOG_LEVEL_INFO,
			"%s/%s is passed over: a file of keys is called by letters, digits and "
			". _ - @ + here",
			folder, text_escape(shown, sizeof(shown), bytes_str(entry->d_name)));
	return false;
}

static void drop_unseen(struct place *p)
{
	struct list *n, *next;

	for (n = p->files.next; n != &p->files; n = next) {
		struct keyfile *kf = list_entry(n, struct keyfile, node);

		next = n->next;
		if (!kf->is_seen)
			keyfile_free(kf);
		else
			kf->is_seen = false;
	}
}

static bool is_unchanged(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* All files of it. There may be thousands, and as many logins at once: when none came or went, they
 * are looked at once a second. */
static void look_in_folder(struct place *p, const struct stat *st)
{
	bool is_changed = !is_unchanged(st, &p->folder);
	struct dirent *entry;
	char path[PLACES_PATH_MAX];
	DIR *dir;

	if (!is_changed && p->is_folder && p->looked == time(NULL))
		return;
	dir = opendir(p->path);
	if (!dir) {
		log_write(LOG_LEVEL_ERROR, "%s: %m; the keys read before stay in force", p->path);
		return;
	}
	if (!p->is_folder)
		forget_files(p);
	p->is_folder = true;
	p->looked = time(NULL);
	p->folder = *st;
	while ((entry = readdir(dir)) != NULL) {
		struct keyfile *kf;
		int n;

		if (!is_tenant(p->path, entry, is_changed))
			continue;
		n = snprintf(path, sizeof(path), "%s/%s", p->path, entry->d_name);
		if (n < 0 || (size_t)n >= sizeof(path))
			continue;
		kf = look_at(p, path, true);
		if (kf)
			kf->is_seen = true;
	}
	closedir(dir);
	drop_unseen(p);
}

/* --- looking ---------------------------------------------------------------------------------- */

/* A file of which nothing was read is not remembered: users name themselves. */
static void look_for_user(struct place *p, const char *user)
{
	char path[PLACES_PATH_MAX];
	struct keyfile *kf;

	if (!paths_for_user(p->path, user, path))
		return;
	kf = look_at(p, path, false);
	if (kf && !kf->set)
		keyfile_free(kf);
}

static void look_again(struct place *p)
{
	struct list *n, *next;

	for (n = p->files.next; n != &p->files; n = next) {
		struct keyfile *kf = list_entry(n, struct keyfile, node);

		next = n->next;
		keyfile_look(kf);
		if (!kf->is_there)
			keyfile_free(kf);
	}
}

static void look(struct place *p, const char *user)
{
	struct stat st;

	if (p->is_users) {
		if (user)
			look_for_user(p, user);
		else
			look_again(p);
		return;
	}
	if (stat(p->path, &st) == 0 && S_ISDIR(st.st_mode)) {
		look_in_folder(p, &st);
		return;
	}
	if (p->is_folder)
		forget_files(p); /* it is none any more */
	p->is_folder = false;
	look_at(p, p->path, false);
}

static enum err read_banned(struct banned *b, struct fault *f)
{
	struct fault why = {0};
	enum err e;

	file_text_fini(&b->text);
	e = file_read(b->path, AUTHKEYS_FILE_MAX, &b->text, f);
	if (e == E_OK)
		e = file_check_modes(b->path, &b->text.st, f);
	if (e == E_OK &&
		revoked_check(file_bytes(&b->text), bytes_of(NULL, 0), &why) != VERDICT_GOOD)
		e = fault_set(f, why.err, 0, "%s: %s", b->path, why.text);
	return e;
}

static bool is_same_text(const struct stat *a, const struct stat *b)
{
	return is_unchanged(a, b) && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void look_at_banned(struct banned *b)
{
	struct fault f = {0};
	struct stat st;

	if (!b->path || (b->is_sound && stat(b->path, &st) == 0 && is_same_text(&st, &b->text.st) &&
				file_check_modes(b->path, &st, NULL) == E_OK))
		return;
	b->is_sound = read_banned(b, &f) == E_OK;
	if (b->is_sound)
		b->why[0] = '\0';
	else if (strcmp(b->why, f.text) != 0)
		log_write(LOG_LEVEL_ERROR, "%s; no key is taken until RevokedKeys can be read",
			f.text);
	snprintf(b->why, sizeof(b->why), "%s", f.text);
}

void keyring_refresh(struct keyring *k, const char *user)
{
	look_at_banned(&k->banned);
	voucher_look(&k->voucher);
	for (size_t i = 0; i < k->count; i++) {
		if (!user)
			k->place[i].looked = 0;
		look(&k->place[i], user);
	}
}

/* By one of its files. E_UNKNOWN: none of them knows it, or refuses it. */
static enum err admit_at(const struct keyring *k, const struct place *p,
	const struct candidate *who, const struct usercert *cert, struct keyring_place *at,
	struct fault *f)
{
	char path[PLACES_PATH_MAX];

	if (p->is_users && !paths_for_user(p->path, who->user, path))
		return E_UNKNOWN;
	for (struct list *n = p->files.next; n != &p->files; n = n->next) {
		const struct keyfile *kf = list_entry(n, struct keyfile, node);
		enum err e;

		if (p->is_users && strcmp(kf->path, path) != 0)
			continue;
		at->key = &at->vouched;
		e = cert ? voucher_on_line(&k->voucher, kf, cert, who, &at->vouched, f)
			 : keyfile_admit(kf, who, &at->key, f);
		if (e == E_OK) {
			at->path = kf->path;
			at->name = kf->name;
			return E_OK;
		}
	}
	return E_UNKNOWN;
}

static enum err unknown_authority(const struct usercert *c, struct fault *f)
{
	struct bytes type = pubkey_blob_type(c->cert.authority);
	char print[FINGERPRINT_MAX];

	if (pubkey_fingerprint(c->cert.authority, print) != E_OK)
		strcpy(print, "without a fingerprint");
	return fault_set(f, E_DENIED, 0, "nobody here trusts the certificate's authority, %s %s",
		keyalg_word(type), print);
}

enum err keyring_bans(const struct keyring *k, struct bytes blob, struct fault *f)
{
	const struct banned *b = &k->banned;
	struct fault why = {0};

	if (b->path && !b->is_sound)
		return fault_set(f, E_DENIED, 0, "RevokedKeys cannot be read: %s", b->why);
	if (b->path && revoked_check(file_bytes(&b->text), blob, &why) != VERDICT_GOOD)
		return fault_set(f, E_DENIED, 0, "%s: %s", b->path, why.text);
	return E_OK;
}

enum err keyring_admit(const struct keyring *k, const struct candidate *who,
	struct keyring_place *at, struct fault *f)
{
	bool is_cert = k->voucher.algs && keyalg_is_cert_type(pubkey_blob_type(who->blob));
	struct usercert cert;

	at->since = who->since;
	if (keyring_bans(k, who->blob, f) != E_OK ||
		(is_cert && usercert_read(who->blob, &cert, f) != E_OK))
		return E_DENIED;
	for (size_t i = 0; i < k->count; i++)
		if (admit_at(k, &k->place[i], who, is_cert ? &cert : NULL, at, f) == E_OK)
			return E_OK;
	if (is_cert && voucher_trusted(&k->voucher, &cert, who, &at->vouched, f) == E_OK) {
		at->key = &at->vouched;
		at->path = k->voucher.authorities->path;
		at->name = NULL;
		return E_OK;
	}
	if (is_cert)
		return unknown_authority(&cert, f);
	return fault_set(f, E_DENIED, 0, "the key is on no line of the relay's keys");
}

size_t keyring_spots(const struct keyring *k)
{
	return k->count;
}

void keyring_spot_info(const struct keyring *k, size_t i, struct keyring_spot *out)
{
	const struct place *p = &k->place[i];

	*out = (struct keyring_spot){.path = p->path, .is_users = p->is_users};
	for (struct list *n = p->files.next; n != &p->files; n = n->next) {
		const struct keyfile *kf = list_entry(n, struct keyfile, node);

		out->files++;
		out->keys += kf->set ? authkeys_count(kf->set) : 0;
	}
	out->is_folder = p->is_folder;
}

static void describe(const struct keyfile *kf, bool is_one_of_many, struct keyring_file *out)
{
	out->path = kf->path;
	out->name = kf->name;
	out->keys = kf->set ? authkeys_count(kf->set) : 0;
	out->bad_lines = kf->bad_lines;
	out->why = kf->is_read ? NULL : kf->why;
	out->set = kf->set;
	out->is_one_of_many = is_one_of_many;
	out->is_authorities = kf->is_authorities;
}

size_t keyring_files(const struct keyring *k)
{
	size_t count = k->voucher.authorities ? 1 : 0;

	for (size_t i = 0; i < k->count; i++)
		for (struct list *n = k->place[i].files.next; n != &k->place[i].files; n = n->next)
			count++;
	return count;
}

void keyring_file_info(const struct keyring *k, size_t i, struct keyring_file *out)
{
	for (size_t j = 0; j < k->count; j++) {
		const struct place *p = &k->place[j];

		for (struct list *n = p->files.next; n != &p->files; n = n->next)
			if (i-- == 0) {
				describe(list_entry(n, struct keyfile, node),
					p->is_folder || p->is_users, out);
				return;
			}
	}
	if (k->voucher.authorities)
		describe(k->voucher.authorities, false, out);
}
