/* SPDX-License-Identifier: ISC */
/* Files of tests/data read whole. Tests run in the root of the source tree. */
#ifndef SUPPORT_DATAFILE_H
#define SUPPORT_DATAFILE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The content with a NUL behind it, to be freed by the caller; a missing file aborts the program,
 * since a test without its data would test nothing. */
static inline char *datafile_read(const char *path, size_t *len)
{
	FILE *file = fopen(path, "rb");
	size_t cap = 1 << 16, n = 0;
	char *mem = malloc(cap);

	if (file == NULL || mem == NULL) {
		fprintf(stderr, "%s cannot be read\n", path);
		abort();
	}
	for (;;) {
		size_t got = fread(mem + n, 1, cap - n - 1, file);

		n += got;
		if (got == 0)
			break;
		if (cap - n < 2)
			mem = realloc(mem, cap *= 2);
		if (mem == NULL)
			abort();
	}
	fclose(file);
	mem[n] = '\0';
	*len = n;
	return mem;
}

#endif
