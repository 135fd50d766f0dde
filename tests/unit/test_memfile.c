/* SPDX-License-Identifier: ISC */
#include "io/memfile.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness.h"

static void check_content(int fd, const char *want)
{
	struct span got;

	REQUIRE_EQ(memfile_read(fd, 1000, &got), E_OK);
	CHECK_STR((char *)got.ptr, want);
	CHECK_EQ(got.len, strlen(want));
	free(got.ptr);
}

TEST(memfile_holds_what_was_put_in)
{
	int fd;

	REQUIRE_EQ(memfile_new(bytes_str("settings"), &fd), E_OK);
	CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	check_content(fd, "settings");
	check_content(fd, "settings");
	close(fd);
}

TEST(memfile_grows)
{
	int fd;

	REQUIRE_EQ(memfile_new(bytes_of(NULL, 0), &fd), E_OK);
	check_content(fd, "");
	REQUIRE_EQ(memfile_write(fd, bytes_str("one ")), E_OK);
	REQUIRE_EQ(memfile_write(fd, bytes_str("two")), E_OK);
	check_content(fd, "one two");
	close(fd);
}

TEST(memfile_has_a_limit)
{
	struct span got;
	int fd;

	REQUIRE_EQ(memfile_new(bytes_str("12345"), &fd), E_OK);
	CHECK_EQ(memfile_read(fd, 4, &got), E_LIMIT);
	REQUIRE_EQ(memfile_read(fd, 5, &got), E_OK);
	free(got.ptr);
	close(fd);
}

TEST(memfile_is_a_file_and_nothing_else)
{
	struct span got;
	int pair[2];

	REQUIRE_EQ(pipe2(pair, O_CLOEXEC), 0);
	CHECK_EQ(memfile_read(pair[0], 100, &got), E_SYS);
	CHECK_EQ(memfile_read(-1, 100, &got), E_SYS);
	close(pair[0]);
	close(pair[1]);
}
