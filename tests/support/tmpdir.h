/* SPDX-License-Identifier: ISC */
/* A folder of a test's own, and files in it. Paths are of the folder's life. */
#ifndef SUPPORT_TMPDIR_H
#define SUPPORT_TMPDIR_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct tmpdir {
	char path[64];
	char file[160]; /* the last tmpdir_file */
};

static inline void tmpdir_init(struct tmpdir *t)
{
	strcpy(t->path, "/tmp/sallyport-test-XXXXXX");
	if (mkdtemp(t->path) == NULL) {
		perror(t->path);
		abort();
	}
}

static inline int tmpdir_remove(
	const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st, (void)type, (void)where;
	return remove(path);
}

static inline void tmpdir_fini(struct tmpdir *t)
{
	nftw(t->path, tmpdir_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* The path of a name in it. */
static inline const char *tmpdir_file(struct tmpdir *t, const char *name)
{
	snprintf(t->file, sizeof(t->file), "%s/%s", t->path, name);
	return t->file;
}

/* Writes a file anew; its inode stays when it was there. */
static inline const char *tmpdir_write(
	struct tmpdir *t, const char *name, const char *text, mode_t mode)
{
	FILE *f = fopen(tmpdir_file(t, name), "w");

	if (f == NULL || fputs(text, f) == EOF || fclose(f) != 0 || chmod(t->file, mode) != 0) {
		perror(t->file);
		abort();
	}
	return t->file;
}

#endif
