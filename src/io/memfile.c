/* SPDX-License-Identifier: ISC */
#include "io/memfile.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum err memfile_write(int fd, struct bytes content)
{
	while (content.len > 0) {
		ssize_t n = write(fd, content.ptr, content.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return E_SYS;
		content = bytes_of(content.ptr + n, content.len - (size_t)n);
	}
	return E_OK;
}

enum err memfile_new(struct bytes content, int *fd)
{
	int made = memfd_create("sallyd", MFD_CLOEXEC);

	if (made < 0)
		return E_SYS;
	if (memfile_write(made, content) != E_OK) {
		close(made);
		return E_SYS;
	}
	*fd = made;
	return E_OK;
}

/* The other process may make it shorter meanwhile: what is there is what counts. */
enum err memfile_read(int fd, size_t max, struct span *out)
{
	off_t size = lseek(fd, 0, SEEK_END);
	struct span all;
	size_t len = 0;

	if (size < 0 || lseek(fd, 0, SEEK_SET) != 0)
		return E_SYS;
	if ((uint64_t)size > max)
		return E_LIMIT;
	all = (struct span){malloc((size_t)size + 1), (size_t)size};
	if (!all.ptr)
		return E_NOMEM;
	while (len < all.len) {
		ssize_t n = read(fd, all.ptr + len, all.len - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	all.ptr[len] = '\0';
	*out = (struct span){all.ptr, len};
	return E_OK;
}
