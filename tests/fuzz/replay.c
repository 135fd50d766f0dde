/* SPDX-License-Identifier: ISC */
/*
 * The main of a fuzz target in a normal build: runs it once over every file of the folders named as
 * arguments. A crash fails the test, and so does finding no file at all. Each input lies in a block
 * of exactly its size, so that a sanitizer sees a read past its end.
 */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool read_whole(FILE *file, uint8_t *mem, size_t size)
{
	return fread(mem, 1, size, file) == size && fgetc(file) == EOF && !ferror(file);
}

/* Runs one file; false when it cannot be read. */
static bool run_file(const char *path)
{
	struct stat st;
	FILE *file = fopen(path, "rb");
	uint8_t *mem = NULL;
	bool done = false;

	if (file == NULL || fstat(fileno(file), &st) != 0 || !S_ISREG(st.st_mode))
		goto out;
	mem = malloc(st.st_size > 0 ? (size_t)st.st_size : 1);
	if (mem == NULL || !read_whole(file, mem, (size_t)st.st_size))
		goto out;
	/* Said before it runs: the last line of a crashed run names the input. */
	printf("%s\n", path);
	fflush(stdout);
	done = LLVMFuzzerTestOneInput(mem, (size_t)st.st_size) == 0;
out:
	if (!done)
		fprintf(stderr, "%s: not run: %s\n", path, strerror(errno));
	free(mem);
	if (file != NULL)
		fclose(file);
	return done;
}

/* The number of files that ran, or -1. */
static int run_folder(const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_visible, alphasort);
	int result = count;

	if (count < 0) {
		fprintf(stderr, "%s: %s\n", folder, strerror(errno));
		return -1;
	}
	for (int i = 0; i < count; i++) {
		char path[4096];
		int len = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);

		if (len < 0 || (size_t)len >= sizeof path || !run_file(path))
			result = -1;
		free(entries[i]);
	}
	free(entries);
	return result;
}

int main(int argc, char **argv)
{
	int total = 0;

	for (int i = 1; i < argc; i++) {
		int count = run_folder(argv[i]);

		if (count < 0)
			return 1;
		total += count;
	}
	if (total == 0) {
		fprintf(stderr, "no input was found, so nothing was tested\n");
		return 1;
	}
	printf("%d inputs\n", total);
	return 0;
}
