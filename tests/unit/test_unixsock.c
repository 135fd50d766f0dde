/* SPDX-License-Identifier: ISC */
#include "io/unixsock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "tmpdir.h"

TEST(unixsock_listens_and_connects)
{
	struct tmpdir dir;
	const char *path;
	struct unixsock_file file = {0};
	struct fault f = {0};
	struct stat st;
	int fd, peer;
	mode_t before = umask(0);

	umask(022);
	tmpdir_init(&dir);
	path = tmpdir_file(&dir, "s");
	CHECK_EQ(unixsock_connect(path, &peer, &f), E_SYS);
	CHECK_EQ(f.code, ENOENT);
	REQUIRE_EQ(unixsock_listen(path, 0177, false, &fd, &file, NULL), E_OK);
	REQUIRE_EQ(stat(path, &st), 0);
	CHECK_EQ(st.st_mode & 0777, 0600);
	CHECK_EQ(umask(before), 022); /* it was put back */
	REQUIRE_EQ(unixsock_connect(path, &peer, NULL), E_OK);
	CHECK(fcntl(peer, F_GETFL) & O_NONBLOCK);
	CHECK(fcntl(peer, F_GETFD) & FD_CLOEXEC);
	CHECK(accept(fd, NULL, NULL) >= 0);
	close(peer);
	close(fd);
	f = (struct fault){0};
	CHECK_EQ(unixsock_connect(path, &peer, &f), E_SYS);
	CHECK_EQ(f.code, ECONNREFUSED);
	unixsock_remove(path, &file);
	CHECK_EQ(access(path, F_OK), -1);
	tmpdir_fini(&dir);
}

TEST(unixsock_replaces_only_when_told)
{
	struct tmpdir dir;
	const char *path;
	char text[512];
	struct unixsock_file first = {0}, second = {0};
	struct fault f = {0};
	struct stat st;
	int fd, other;

	tmpdir_init(&dir);
	path = tmpdir_file(&dir, "s");
	REQUIRE_EQ(unixsock_listen(path, 0, false, &fd, &first, NULL), E_OK);
	CHECK_EQ(unixsock_listen(path, 0, false, &other, NULL, &f), E_SYS);
	CHECK_EQ(f.code, EADDRINUSE);
	snprintf(text, sizeof(text), "cannot bind to path %s: Address already in use", path);
	CHECK_STR(f.text, text);
	REQUIRE_EQ(unixsock_listen(path, 0, true, &other, &second, NULL), E_OK);
	REQUIRE_EQ(stat(path, &st), 0);
	CHECK_EQ(st.st_mode & 0777, 0777);
	/* What is somebody else's by now is left alone. */
	unixsock_remove(path, &first);
	CHECK_EQ(access(path, F_OK), 0);
	unixsock_remove(path, &second);
	CHECK_EQ(access(path, F_OK), -1);
	close(fd);
	close(other);
	tmpdir_fini(&dir);
}

TEST(unixsock_paths_that_are_none)
{
	char path[200];
	struct fault f = {0};
	int fd;

	memset(path, '/', sizeof(path));
	path[108] = '\0';
	CHECK_EQ(unixsock_listen(path, 0, false, &fd, NULL, &f), E_LIMIT);
	CHECK_EQ(unixsock_connect(path, &fd, NULL), E_LIMIT);
	CHECK_EQ(unixsock_connect("", &fd, NULL), E_LIMIT);
	CHECK_EQ(unixsock_listen("", 0, false, &fd, NULL, NULL), E_LIMIT);
}
