/* SPDX-License-Identifier: ISC */
#include "relay/file.h"

#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"
#include "tmpdir.h"

TEST(a_file_is_read_whole)
{
	struct tmpdir t;
	struct file_text text;
	char big[70001];

	tmpdir_init(&t);
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	REQUIRE_EQ(file_read(tmpdir_write(&t, "a", big, 0600), 70000, &text, NULL), E_OK);
	CHECK_EQ(text.len, 70000);
	CHECK_STR((char *)text.ptr, big);
	file_text_fini(&text);
	REQUIRE_EQ(file_read(tmpdir_write(&t, "b", "", 0600), 10, &text, NULL), E_OK);
	CHECK_EQ(text.len, 0);
	file_text_fini(&text);
	tmpdir_fini(&t);
}

TEST(what_cannot_be_read_is_told)
{
	struct tmpdir t;
	struct file_text text;
	struct fault f = {0};

	tmpdir_init(&t);
	CHECK_EQ(file_read(tmpdir_file(&t, "none"), 10, &text, &f), E_UNKNOWN);
	CHECK(strstr(f.text, "none: No such file") != NULL);
	CHECK_EQ(file_read(tmpdir_write(&t, "a", "12345678901", 0600), 10, &text, NULL), E_LIMIT);
	CHECK(text.ptr == NULL);
	CHECK_EQ(file_read(t.path, 10, &text, NULL), E_SYS);
	tmpdir_fini(&t);
}

/* A reader that waits for a writer would stop the whole relay. */
TEST(a_pipe_is_refused_and_not_waited_for)
{
	struct tmpdir t;
	struct file_text text;
	struct fault f = {0};

	tmpdir_init(&t);
	REQUIRE_EQ(mkfifo(tmpdir_file(&t, "pipe"), 0600), 0);
	alarm(5); /* without the guard the open never returns */
	CHECK_EQ(file_read(tmpdir_file(&t, "pipe"), 10, &text, &f), E_VALUE);
	alarm(0);
	CHECK(strstr(f.text, "pipe: is a pipe") != NULL);
	tmpdir_fini(&t);
}

TEST(a_new_file_never_replaces_one)
{
	struct tmpdir t;
	struct file_text text;
	struct stat st;
	const char *path;

	tmpdir_init(&t);
	path = tmpdir_file(&t, "key");
	REQUIRE_EQ(file_create(path, bytes_str("first"), 0600, NULL), E_OK);
	REQUIRE_EQ(stat(path, &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0600);
	CHECK_EQ(file_create(path, bytes_str("second"), 0600, NULL), E_DENIED);
	REQUIRE_EQ(file_read(path, 100, &text, NULL), E_OK);
	CHECK_STR((char *)text.ptr, "first");
	file_text_fini(&text);
	unlink(path);
	/* Nothing was left beside it. */
	CHECK_EQ(rmdir(t.path), 0);
}

TEST(a_file_is_replaced_whole)
{
	struct tmpdir t;
	struct file_text text;
	struct stat before, after;
	char left[200];
	const char *path;

	tmpdir_init(&t);
	path = tmpdir_file(&t, "state");
	REQUIRE_EQ(file_replace(path, bytes_str("first"), 0600, NULL), E_OK);
	REQUIRE_EQ(stat(path, &before), 0);
	CHECK_EQ(before.st_mode & 07777, 0600);
	/* Left by one with our number that was killed. */
	snprintf(left, sizeof(left), "%s.%ld", path, (long)getpid());
	REQUIRE_EQ(link(path, left), 0);
	REQUIRE_EQ(file_replace(path, bytes_str("second"), 0600, NULL), E_OK);
	REQUIRE_EQ(stat(path, &after), 0);
	CHECK(before.st_ino != after.st_ino); /* by rename, not written over */
	REQUIRE_EQ(file_read(path, 100, &text, NULL), E_OK);
	CHECK_STR((char *)text.ptr, "second");
	file_text_fini(&text);
	/* What cannot be replaced stays, and nothing is left beside it. */
	unlink(path);
	REQUIRE_EQ(mkdir(path, 0700), 0);
	CHECK_EQ(file_replace(path, bytes_str("third"), 0600, NULL), E_SYS);
	CHECK_EQ(rmdir(path), 0);
	CHECK_EQ(rmdir(t.path), 0);
}

TEST(folders_are_made_for_us_alone)
{
	struct tmpdir t;
	struct stat st;

	tmpdir_init(&t);
	REQUIRE_EQ(file_make_folder(tmpdir_file(&t, "a/b/c"), NULL), E_OK);
	REQUIRE_EQ(stat(t.file, &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0700);
	CHECK_EQ(file_make_folder(t.file, NULL), E_OK);
	tmpdir_write(&t, "plain", "", 0600);
	CHECK_EQ(file_make_folder(t.file, NULL), E_SYS);
	CHECK_EQ(file_make_folder(tmpdir_file(&t, "plain/x"), NULL), E_UNKNOWN);
	tmpdir_fini(&t);
}

static enum err modes(struct tmpdir *t, mode_t file, mode_t folder, struct fault *f)
{
	struct stat st;

	tmpdir_write(t, "keys", "", file);
	REQUIRE_EQ(chmod(t->path, folder), 0);
	REQUIRE_EQ(stat(t->file, &st), 0);
	return file_check_modes(t->file, &st, f);
}

TEST(others_may_not_write_file_or_folder)
{
	struct tmpdir t;
	struct fault f = {0};
	struct stat st;

	tmpdir_init(&t);
	CHECK_EQ(modes(&t, 0644, 0755, NULL), E_OK);
	CHECK_EQ(modes(&t, 0664, 0755, &f), E_DENIED);
	CHECK(strstr(f.text, "keys may be written by others (mode 0664): chmod go-w") != NULL);
	CHECK_EQ(modes(&t, 0646, 0755, NULL), E_DENIED);
	CHECK_EQ(modes(&t, 0600, 0775, NULL), E_DENIED);
	CHECK_EQ(modes(&t, 0600, 0757, NULL), E_DENIED);
	CHECK_EQ(modes(&t, 0600, 0700, NULL), E_OK);
	REQUIRE_EQ(stat(t.path, &st), 0);
	CHECK_EQ(file_check_modes(t.path, &st, NULL), E_DENIED);
	tmpdir_fini(&t);
}

TEST(others_may_not_read_a_private_key)
{
	struct tmpdir t;
	struct stat st;
	struct fault f = {0};

	tmpdir_init(&t);
	REQUIRE_EQ(stat(tmpdir_write(&t, "key", "", 0600), &st), 0);
	CHECK_EQ(file_check_secret(t.file, &st, NULL), E_OK);
	REQUIRE_EQ(stat(tmpdir_write(&t, "key", "", 0640), &st), 0);
	CHECK_EQ(file_check_secret(t.file, &st, &f), E_DENIED);
	CHECK(strstr(f.text, "(mode 0640): chmod 600") != NULL);
	tmpdir_fini(&t);
}
