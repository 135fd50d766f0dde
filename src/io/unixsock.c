/* SPDX-License-Identifier: ISC */
#include "io/unixsock.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bytes.h"
#include "io/sock.h"

static bool set_path(struct sockaddr_un *a, const char *path)
{
	*a = (struct sockaddr_un){.sun_family = AF_UNIX};
	/* An empty path would be bound to a name of the kernel's choice. */
	return path[0] != '\0' && bytes_to_cstr(bytes_str(path), a->sun_path, sizeof(a->sun_path));
}

/* The file's rights are those the mask leaves. There is one thread that makes files. */
static int bind_masked(int fd, const struct sockaddr_un *a, unsigned mask)
{
	mode_t before = umask((mode_t)mask);
	int code = bind(fd, (const struct sockaddr *)a, sizeof(*a)) == 0 ? 0 : errno;

	umask(before);
	return code;
}

static int listen_at(int fd, const char *path, const struct sockaddr_un *a, unsigned mask)
{
	int code = bind_masked(fd, a, mask);

	if (code == 0 && listen(fd, SOCK_BACKLOG) != 0) {
		code = errno;
		unlink(path);
	}
	return code;
}

static int open_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

enum err unixsock_listen(const char *path, unsigned mask, bool is_replaced, int *out,
	struct unixsock_file *file, struct fault *f)
{
	struct sockaddr_un a;
	struct stat st = {0};
	int fd, code;

	if (!set_path(&a, path))
		return fault_set(f, E_LIMIT, ENAMETOOLONG, "cannot bind to path %s: %s", path,
			strerror(ENAMETOOLONG));
	fd = open_socket();
	if (fd >= 0 && is_replaced && unlink(path) != 0 && errno != ENOENT)
		code = errno;
	else
		code = fd < 0 ? errno : listen_at(fd, path, &a, mask);
	if (code != 0) {
		if (fd >= 0)
			close(fd);
		return fault_set(f, E_SYS, (uint32_t)code, "cannot bind to path %s: %s", path,
			strerror(code));
	}
	if (file != NULL && stat(path, &st) == 0)
		*file = (struct unixsock_file){st.st_dev, st.st_ino};
	*out = fd;
	return E_OK;
}

void unixsock_remove(const char *path, const struct unixsock_file *file)
{
	struct stat st;

	if (lstat(path, &st) == 0 && st.st_dev == file->dev && st.st_ino == file->ino)
		unlink(path);
}

enum err unixsock_connect(const char *path, int *out, struct fault *f)
{
	struct sockaddr_un a;
	int fd, code = 0;

	if (!set_path(&a, path))
		return fault_set(f, E_LIMIT, ENAMETOOLONG, "connect to %s: %s", path,
			strerror(ENAMETOOLONG));
	fd = open_socket();
	if (fd < 0 || connect(fd, (const struct sockaddr *)&a, sizeof(a)) != 0)
		code = errno;
	if (code != 0) {
		if (fd >= 0)
			close(fd);
		return fault_set(
			f, E_SYS, (uint32_t)code, "connect to %s: %s", path, strerror(code));
	}
	*out = fd;
	return E_OK;
}
