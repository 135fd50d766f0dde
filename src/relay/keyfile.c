/* SPDX-License-Identifier: ISC */
#include "relay/keyfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "relay/file.h"

struct keyfile *keyfile_new(const char *path, bool is_tenant)
{
	struct keyfile *kf = calloc(1, sizeof(*kf));

	if (!kf)
		return NULL;
	list_init(&kf->node);
	kf->path = strdup(path);
	if (!kf->path) {
		free(kf);
		return NULL;
	}
	if (is_tenant)
		kf->name = strrchr(kf->path, '/') + 1;
	return kf;
}

void keyfile_free(struct keyfile *kf)
{
	if (!kf)
		return;
	list_remove(&kf->node);
	free(kf->path);
	authkeys_free(kf->set);
	free(kf);
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

static void check_authorities(struct keyfile *kf)
{
	for (size_t i = 0; i < authkeys_count(kf->set); i++)
		if (authkeys_at(kf->set, i)->has_options)
			complain(kf, authkeys_at(kf->set, i)->line,
				"an authority has no options here, so it is not trusted");
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
	if (kf->is_authorities)
		check_authorities(kf);
	return E_OK;
}

void keyfile_look(struct keyfile *kf)
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

static void clock_text(char out[static 16], const struct tm *t)
{
	if (strftime(out, 16, "%Y%m%d%H%M%S", t) == 0)
		strcpy(out, "99991231235959"); /* a clock beyond text: every expiry has passed */
}

enum err keyfile_judge(
	const char *path, const struct authkey *key, const struct candidate *who, struct fault *f)
{
	char utc[16], local[16];
	struct tm t;

	if (key->principals && !key->cert_authority)
		return fault_set(f, E_DENIED, 0,
			"%s line %u: principals= admits nobody without cert-authority", path,
			key->line);
	if (!authkeys_from_allows(key->from, who->address))
		return fault_set(f, E_DENIED, 0, "%s line %u: from= does not admit %s", path,
			key->line, who->address);
	if (!key->expiry)
		return E_OK;
	if (!gmtime_r(&who->now, &t))
		return fault_set(f, E_DENIED, 0, "no time to check expiry-time by");
	clock_text(utc, &t);
	if (!localtime_r(&who->now, &t))
		return fault_set(f, E_DENIED, 0, "no time to check expiry-time by");
	clock_text(local, &t);
	if (authkeys_is_expired(key, utc, local))
		return fault_set(
			f, E_DENIED, 0, "%s line %u: the key has expired", path, key->line);
	return E_OK;
}

enum err keyfile_admit(const struct keyfile *kf, const struct candidate *who,
	const struct authkey **key, struct fault *f)
{
	const struct authkey *at = kf->set ? authkeys_find(kf->set, who->blob) : NULL;
	enum err e = E_UNKNOWN;

	/* As in sshd, a later line may admit what an earlier one of the same key does not. */
	for (; at; at = authkeys_next(kf->set, at)) {
		e = keyfile_judge(kf->path, at, who, f);
		if (e == E_OK) {
			*key = at;
			return e;
		}
	}
	return e;
}
