/* SPDX-License-Identifier: ISC */
/* The parts of bytes.h that are not worth a place in every caller. */
#include "base/bytes.h"

bool bytes_to_cstr(struct bytes b, char *dst, size_t cap)
{
	if (b.len >= cap || (b.len > 0 && memchr(b.ptr, '\0', b.len) != NULL))
		return false;
	if (b.len > 0)
		memcpy(dst, b.ptr, b.len);
	dst[b.len] = '\0';
	return true;
}

void bytes_wipe(void *p, size_t n)
{
	if (n > 0)
		explicit_bzero(p, n);
}
