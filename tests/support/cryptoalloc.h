/* SPDX-License-Identifier: ISC */
/*
 * Sends libcrypto's allocations through the allocators that failalloc wraps, so that they are
 * counted and can be made to fail like our own. Included once in a test program; takes effect
 * before main, since libcrypto accepts it only before its first allocation.
 */
#ifndef SUPPORT_CRYPTOALLOC_H
#define SUPPORT_CRYPTOALLOC_H

#include <openssl/crypto.h>
#include <stdlib.h>

static void *cryptoalloc_malloc(size_t n, const char *file, int line)
{
	return n == 0 ? NULL : malloc(n);
}

static void *cryptoalloc_realloc(void *old, size_t n, const char *file, int line)
{
	return realloc(old, n);
}

static void cryptoalloc_free(void *p, const char *file, int line)
{
	free(p);
}

__attribute__((constructor)) static void cryptoalloc_install(void)
{
	if (CRYPTO_set_mem_functions(cryptoalloc_malloc, cryptoalloc_realloc, cryptoalloc_free) !=
		1)
		abort();
}

#endif
