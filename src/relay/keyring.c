/* SPDX-License-Identifier: ISC */
#include "relay/keyring.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "relay/file.h"

struct keyfile {
	char *path;
	bool is_read;  /* the last look went well; seen is what was looked at */
	bool is_there; /* a file stands at path */
	struct stat seen;
	struct authkeys *set; /* NULL: none read yet */
	unsigned bad_lines;
	char why[FAULT_TEXT]; /* of the last look when it went wrong */
};

struct keyring {
	size_t count;
	struct keyfile file[];
};

enum err keyring_new(char *const *paths, size_t count, struct keyring **out)
{
	struct keyring *k = calloc(1, sizeof(*k) + count * sizeof(k->file[0]));

	if (!k)
		return E_NOMEM;
	for (size_t i = 0; i < count; i++) {
		k->file[i].path = strdup(paths[i]);
		k->count = i + 1;
		if (!k->file[i].path) {
			keyring_free(k);
			return E_NOMEM;
		}
	}
	*out = k;
	return E_OK;
}

void keyring_free(struct keyring *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < k->count; i++) {
		free(k->file[i].path);
		authkeys_free(k->file[i].set);
	}
	free(k);
}

static void complain(void *ctx, unsigned line, const char *sentence)
{
	struct keyfile *kf = ctx;

	kf->bad_lines++;
	log_write(LOG_LEVEL_ERROR, "%s line %u: %s", kf->path, line, sentence);
}

/* Says it once, not at every login. */
static void set_bad(struct keyfile *kf, const char *why)
{
	if (kf->is_read || strcmp(kf->why, why) != 0)
		log_write(LOG_LEVEL_ERROR, "%s%s", why,
			kf->set ? "; the keys read before stay in force" : "");
	kf->is_read = false;
	snprintf(kf->why, sizeof(kf->why), "%s", why);
}

static void set_gone(struct keyfile *kf)
{
	if (kf->is_there)
		log_write(LOG_LEVEL_INFO, "%s is gone: its keys are not taken any more", kf->path);
	authkeys_free(kf->set);
	kf->set = NULL;
	kf->is_there = kf->is_read = false;
	kf->bad_lines = 0;
	kf->why[0] = '\0';
}

/* ctime moves with every change of content, owner and mode. */
static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static enum err parse(struct keyfile *kf, const struct file_text *text, struct fault *f)
{
	struct fault why = {0};
	struct authkeys *set;
	unsigned before = kf->bad_lines;
	enum err e;

	kf->bad_lines = 0;
	e = authkeys_parse(file_bytes(text), complain, kf, &set, &why);
	if (e != E_OK) {
		kf->bad_lines = before;
		return fault_set(f, e, 0, "%s: %s", kf->path, why.text[0] ? why.text : err_text(e));
	}
	authkeys_free(kf->set);
	kf->set = set;
	return E_OK;
}

static void look(struct keyfile *kf)
{
	struct file_text text;
	struct fault f = {0};
	struct stat st;
	enum err e;

	if (stat(kf->path, &st) == 0 && kf->is_read && is_same(&st, &kf->seen) &&
		file_check_modes(kf->path, &st, &f) == E_OK)
		return;
	f = (struct fault){0};
	e = file_read(kf->path, AUTHKEYS_FILE_MAX, &text, &f);
	if (e == E_UNKNOWN) {
		set_gone(kf);
		return;
	}
	kf->is_there = true;
	if (e != E_OK) {
		set_bad(kf, f.text);
		return;
	}
	e = file_check_modes(kf->path, &text.st, &f);
	if (e == E_OK)
		e = parse(kf, &text, &f);
	if (e != E_OK) {
		set_bad(kf, f.text);
	} else {
		kf->is_read = true;
		kf->seen = text.st;
		kf->why[0] = '\0';
		log_write(
			LOG_LEVEL_VERBOSE, "%s: %zu keys read", kf->path, authkeys_count(kf->set));
	}
	file_text_fini(&text);
}

void keyring_refresh(struct keyring *k)
{
	for (size_t i = 0; i < k->count; i++)
		look(&k->file[i]);
}

static void clock_text(char out[static 16], const struct tm *t)
{
	if (strftime(out, 16, "%Y%m%d%H%M%S", t) == 0)
		strcpy(out, "99991231235959"); /* a clock beyond text: every expiry has passed */
}

static enum err judge(const struct keyfile *kf, const struct authkey *key, const char *address,
	time_t now, struct fault *f)
{
	char utc[16], local[16];
	struct tm t;

	if (!authkeys_from_allows(key->from, address))
		return fault_set(f, E_DENIED, 0, "%s line %u: from= does not admit %s", kf->path,
			key->line, address);
	if (!key->expiry)
		return E_OK;
	if (!gmtime_r(&now, &t))
		return fault_set(f, E_DENIED, 0, "no time to check expiry-time by");
	clock_text(utc, &t);
	if (!localtime_r(&now, &t))
		return fault_set(f, E_DENIED, 0, "no time to check expiry-time by");
	clock_text(local, &t);
	if (authkeys_is_expired(key, utc, local))
		return fault_set(
			f, E_DENIED, 0, "%s line %u: the key has expired", kf->path, key->line);
	return E_OK;
}

enum err keyring_admit(const struct keyring *k, struct bytes blob, const char *address, time_t now,
	struct keyring_place *at, struct fault *f)
{
	/* As in sshd, a later line may admit what an earlier one of the same key does not. */
	for (size_t i = 0; i < k->count; i++) {
		const struct keyfile *kf = &k->file[i];
		const struct authkey *key;

		for (key = kf->set ? authkeys_find(kf->set, blob) : NULL; key;
			key = authkeys_next(kf->set, key)) {
			if (judge(kf, key, address, now, f) != E_OK)
				continue;
			*at = (struct keyring_place){key, kf->path};
			return E_OK;
		}
	}
	return fault_set(f, E_DENIED, 0, "the key is on no line of the relay's keys");
}

size_t keyring_files(const struct keyring *k)
{
	return k->count;
}

void keyring_file_info(const struct keyring *k, size_t i, struct keyring_file *out)
{
	const struct keyfile *kf = &k->file[i];

	out->path = kf->path;
	out->keys = kf->set ? authkeys_count(kf->set) : 0;
	out->bad_lines = kf->bad_lines;
	out->why = kf->is_read ? NULL : kf->why;
	out->set = kf->set;
}
