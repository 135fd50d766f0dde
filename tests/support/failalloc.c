/* SPDX-License-Identifier: ISC */
/*
 * The wrapped allocators of failalloc.h. Each __wrap_x counts and then calls __real_x, which the
 * linker binds to the x of libc or of the sanitizer.
 */
#include "failalloc.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t n);
void *__real_reallocarray(void *old, size_t count, size_t size);
void *__real_aligned_alloc(size_t align, size_t n);
int __real_posix_memalign(void **out, size_t align, size_t n);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);

void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t n);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t n);
int __wrap_posix_memalign(void **out, size_t align, size_t n);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);

static unsigned target, seen;

void failalloc_arm(unsigned n)
{
	target = n;
	seen = 0;
}

bool failalloc_disarm(void)
{
	bool fired = target != 0 && seen >= target;

	target = 0;
	return fired;
}

unsigned failalloc_count(void)
{
	return seen;
}

static bool is_failing(void)
{
	seen++;
	if (target == 0 || seen != target)
		return false;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t n)
{
	return is_failing() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return is_failing() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t n)
{
	return is_failing() ? NULL : __real_realloc(old, n);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
	return is_failing() ? NULL : __real_reallocarray(old, count, size);
}

void *__wrap_aligned_alloc(size_t align, size_t n)
{
	return is_failing() ? NULL : __real_aligned_alloc(align, n);
}

int __wrap_posix_memalign(void **out, size_t align, size_t n)
{
	return is_failing() ? ENOMEM : __real_posix_memalign(out, align, n);
}

char *__wrap_strdup(const char *s)
{
	return is_failing() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
	return is_failing() ? NULL : __real_strndup(s, n);
}
