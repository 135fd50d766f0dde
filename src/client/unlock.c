/* SPDX-License-Identifier: ISC */
#include "client/unlock.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "client/keyfile.h"
#include "keys/privkey.h"

enum { QUESTION_MAX = 256 };

struct unlock {
	struct ask *ask;
	const char *path; /* of the settings */
	struct file_content file;
	unsigned tries_left;
	char question[QUESTION_MAX];
	char passphrase[ASK_ANSWER_MAX + 1];
	uv_work_t work;
	bool is_asking, is_working;
	unlock_fn done; /* NULL: over */
	void *ctx;
	/* Of the work. */
	enum err result;
	struct pk *key;
	struct fault fault;
};

static void on_answer(void *ctx, const char *answer);

static void drop(struct unlock *u)
{
	bytes_wipe(u->passphrase, sizeof(u->passphrase));
	files_free(&u->file);
	pk_free(u->key);
	free(u);
}

static void finish(struct unlock *u)
{
	unlock_fn done = u->done;
	struct pk *key = u->key;

	u->done = NULL;
	u->key = NULL;
	done(u->ctx, key);
	drop(u);
}

static bool ask(struct unlock *u)
{
	if (u->tries_left == 0)
		return false;
	u->tries_left--;
	u->is_asking = ask_person(u->ask, u->question, false, on_answer, u);
	return u->is_asking;
}

/* In a thread of the pool: nothing of the loop is touched. */
static void on_work(uv_work_t *work)
{
	struct unlock *u = work->data;

	u->fault = (struct fault){0};
	u->result =
		privkey_unlock(files_bytes(&u->file), u->passphrase, &u->key, NULL, 0, &u->fault);
	bytes_wipe(u->passphrase, sizeof(u->passphrase));
}

static void on_worked(uv_work_t *work, int status)
{
	struct unlock *u = work->data;

	u->is_working = false;
	if (u->done == NULL) {
		drop(u);
		return;
	}
	if (u->result == E_AUTH) {
		log_write(LOG_LEVEL_DEBUG2, "bad passphrase given, try again...");
		if (ask(u))
			return;
	} else if (u->result != E_OK) {
		keyfile_complain(u->path, u->result, &u->fault);
	}
	finish(u);
}

static void on_answer(void *ctx, const char *answer)
{
	struct unlock *u = ctx;
	size_t len = answer != NULL ? strlen(answer) : 0;

	u->is_asking = false;
	if (len == 0 || len >= sizeof(u->passphrase)) {
		log_write(LOG_LEVEL_DEBUG2, "no passphrase given, try next key");
		finish(u);
		return;
	}
	memcpy(u->passphrase, answer, len + 1);
	u->work.data = u;
	u->is_working = uv_queue_work(u->ask->loop, &u->work, on_work, on_worked) == 0;
	if (!u->is_working)
		finish(u);
}

static bool read_file(struct unlock *u)
{
	struct fault f = {0};
	enum err e = files_read(u->path, PRIVKEY_FILE_MAX, &u->file, &f);

	if (e != E_OK)
		keyfile_complain(u->path, e, &f);
	return e == E_OK && !keyfile_is_exposed(u->path, &u->file);
}

struct unlock *unlock_start(
	struct ask *ask_whom, const char *path, unsigned tries, unlock_fn done, void *ctx)
{
	struct unlock *u = calloc(1, sizeof(*u));

	if (u == NULL)
		return NULL;
	*u = (struct unlock){
		.ask = ask_whom, .path = path, .tries_left = tries, .done = done, .ctx = ctx};
	snprintf(u->question, sizeof(u->question), "Enter passphrase for key '%.100s': ", path);
	if (read_file(u)) {
		if (ask(u))
			return u;
		log_write(LOG_LEVEL_INFO,
			"Load key \"%s\": its passphrase is needed, and there is nobody to ask",
			path);
	}
	drop(u);
	return NULL;
}

void unlock_cancel(struct unlock *u)
{
	if (u == NULL || u->done == NULL)
		return;
	u->done = NULL;
	if (u->is_asking)
		ask_cancel(u->ask);
	/* What a thread works on is dropped when it is back. */
	if (u->is_working)
		uv_cancel((uv_req_t *)&u->work);
	else
		drop(u);
}
