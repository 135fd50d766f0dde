/* SPDX-License-Identifier: ISC */
#include "relay/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { READ_STEP = 16 * 1024 };

static enum err fault_errno(struct fault *f, const char *path)
{
	enum err e = errno == ENOENT || errno == ENOTDIR ? E_UNKNOWN : E_SYS;

	return fault_set(f, e, (uint32_t)errno, "%s: %s", path, strerror(errno));
}

/* Room for n more bytes and a NUL. Grown by copy, so that what is left behind can be wiped. */
static bool grow(struct file_text *t, size_t n, size_t *cap)
{
	size_t want = t->len + n + 1;
	uint8_t *bigger;

	if (want <= *cap)
		return true;
	want *= 2;
	bigger = malloc(want);
	if (!bigger)
		return false;
	if (t->ptr) {
		memcpy(bigger, t->ptr, t->len);
		bytes_wipe(t->ptr, t->len);
		free(t->ptr);
	}
	t->ptr = bigger;
	*cap = want;
	return true;
}

static enum err read_all(int fd, const char *path, size_t max, struct file_text *t, struct fault *f)
{
	size_t cap = 0;

	for (;;) {
		ssize_t n;

		if (!grow(t, READ_STEP, &cap))
			return fault_set(f, E_NOMEM, 0, "%s: out of memory", path);
		n = read(fd, t->ptr + t->len, READ_STEP);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fault_errno(f, path);
		if (n == 0)
			break;
		t->len += (size_t)n;
		if (t->len > max)
			return fault_set(f, E_LIMIT, 0, "%s: larger than %zu bytes", path, max);
	}
	t->ptr[t->len] = '\0';
	return E_OK;
}

enum err file_read(const char *path, size_t max, struct file_text *out, struct fault *f)
{
	/* Not blocking: the open of a pipe nobody writes to would stop the loop for good. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	enum err e;

	*out = (struct file_text){0};
	if (fd < 0)
		return fault_errno(f, path);
	if (fstat(fd, &out->st) != 0)
		e = fault_errno(f, path);
	else if (S_ISFIFO(out->st.st_mode))
		e = fault_set(f, E_VALUE, 0, "%s: is a pipe, and a file is needed", path);
	else
		e = read_all(fd, path, max, out, f);
	close(fd);
	if (e != E_OK)
		file_text_fini(out);
	return e;
}

void file_text_fini(struct file_text *t)
{
	bytes_wipe(t->ptr, t->len);
	free(t->ptr);
	t->ptr = NULL;
	t->len = 0;
}

static bool write_all(int fd, struct bytes text)
{
	while (text.len > 0) {
		ssize_t n = write(fd, text.ptr, text.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		text.ptr += n;
		text.len -= (size_t)n;
	}
	return fsync(fd) == 0;
}

/* The new name is as durable as the text. A folder that cannot be synced is no reason to fail. */
static void sync_folder(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int fd;

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) + 1 : 1,
		slash ? path : ".");
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)fsync(fd);
	close(fd);
}

static enum err write_and_rename(
	const char *path, struct bytes text, mode_t mode, unsigned flags, struct fault *f)
{
	char tmp[PATH_MAX];
	enum err e = E_OK;
	int fd, n = snprintf(tmp, sizeof(tmp), "%s.%ld", path, (long)getpid());

	if (n < 0 || (size_t)n >= sizeof(tmp))
		return fault_set(f, E_LIMIT, 0, "path too long: %s", path);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return fault_errno(f, tmp);
	if (fchmod(fd, mode) != 0 || !write_all(fd, text))
		e = fault_errno(f, tmp);
	if (close(fd) != 0 && e == E_OK)
		e = fault_errno(f, tmp);
	if (e == E_OK && renameat2(AT_FDCWD, tmp, AT_FDCWD, path, flags) != 0) {
		if (errno == EEXIST)
			e = fault_set(f, E_DENIED, EEXIST, "%s: exists already", path);
		else
			e = fault_errno(f, path);
	}
	if (e != E_OK)
		unlink(tmp);
	else
		sync_folder(path);
	return e;
}

enum err file_create(const char *path, struct bytes text, mode_t mode, struct fault *f)
{
	return write_and_rename(path, text, mode, RENAME_NOREPLACE, f);
}

enum err file_replace(const char *path, struct bytes text, mode_t mode, struct fault *f)
{
	char tmp[PATH_MAX];
	int n = snprintf(tmp, sizeof(tmp), "%s.%ld", path, (long)getpid());

	/* Of one with our number that was killed while it wrote: nobody else has that number now.
	 */
	if (n > 0 && (size_t)n < sizeof(tmp))
		unlink(tmp);
	return write_and_rename(path, text, mode, 0, f);
}

enum err file_make_folder(const char *path, struct fault *f)
{
	char part[PATH_MAX];
	struct stat st;

	if (!bytes_to_cstr(bytes_str(path), part, sizeof(part)))
		return fault_set(f, E_LIMIT, 0, "path too long: %s", path);
	for (char *at = strchr(part + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		if (mkdir(part, 0700) != 0 && errno != EEXIST)
			return fault_errno(f, part);
		*at = '/';
	}
	if (mkdir(part, 0700) != 0 && errno != EEXIST)
		return fault_errno(f, part);
	if (stat(part, &st) != 0)
		return fault_errno(f, part);
	if (!S_ISDIR(st.st_mode))
		return fault_set(f, E_SYS, ENOTDIR, "%s: not a folder", path);
	return E_OK;
}

static enum err check_one(const char *path, const struct stat *st, struct fault *f)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return fault_set(f, E_DENIED, 0, "%s belongs to another user (uid %lu)", path,
			(unsigned long)st->st_uid);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return fault_set(f, E_DENIED, 0,
			"%s may be written by others (mode %04o): chmod go-w %s", path,
			(unsigned)(st->st_mode & 07777), path);
	return E_OK;
}

enum err file_check_modes(const char *path, const struct stat *st, struct fault *f)
{
	char folder[PATH_MAX];
	struct stat of_folder;
	const char *slash = strrchr(path, '/');
	size_t len = slash == path ? 1 : slash ? (size_t)(slash - path) : 0;
	enum err e;

	if (!S_ISREG(st->st_mode))
		return fault_set(f, E_DENIED, 0, "%s is not a regular file", path);
	e = check_one(path, st, f);
	if (e != E_OK)
		return e;
	if (!bytes_to_cstr(slash ? bytes_of(path, len) : bytes_str("."), folder, sizeof(folder)))
		return fault_set(f, E_LIMIT, 0, "path too long: %s", path);
	if (stat(folder, &of_folder) != 0)
		return fault_errno(f, folder);
	return check_one(folder, &of_folder, f);
}

enum err file_check_secret(const char *path, const struct stat *st, struct fault *f)
{
	if (!S_ISREG(st->st_mode))
		return fault_set(f, E_DENIED, 0, "%s is not a regular file", path);
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return fault_set(f, E_DENIED, 0, "%s belongs to another user (uid %lu)", path,
			(unsigned long)st->st_uid);
	if (st->st_mode & 077)
		return fault_set(f, E_DENIED, 0,
			"%s may be read by others (mode %04o): chmod 600 %s", path,
			(unsigned)(st->st_mode & 07777), path);
	return E_OK;
}
