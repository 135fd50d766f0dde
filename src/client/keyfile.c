/* SPDX-License-Identifier: ISC */
#include "client/keyfile.h"

#include <unistd.h>

#include "base/log.h"
#include "keys/pubkey.h"

static void warn(const char *path, const struct file_content *file)
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

bool keyfile_is_exposed(const char *path, const struct file_content *file)
{
	/* Only the owner's own carelessness is judged: root may read the files of others anyway. */
	if (file->owner != getuid() || (file->mode & 077) == 0)
		return false;
	warn(path, file);
	return true;
}

void keyfile_complain(const char *path, enum err e, const struct fault *f)
{
	log_write(LOG_LEVEL_ERROR, "Load key \"%s\": %s", path,
		f->err != E_OK ? f->text : err_text(e));
}

bool keyfile_public(struct bytes text, struct span blob, size_t *len)
{
	const uint8_t *end = text.len > 0 ? memchr(text.ptr, '\n', text.len) : NULL;
	struct bytes comment;

	if (end != NULL)
		text.len = (size_t)(end - text.ptr);
	return pubkey_from_text(text, blob, len, &comment) == E_OK;
}
