/* SPDX-License-Identifier: ISC */
#include "client/info.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "client/facts.h"

enum { FD_PATH = 32, FILE_MODE = 0644 };

/* --- the object ---------------------------------------------------------------------------------
 */

static json_t *forward_list(const struct info_facts *facts)
{
	json_t *list = json_array();
	int code = list == NULL;

	for (size_t i = 0; code == 0 && i < facts->forwards->count; i++)
		if (facts->forwards->items[i].state != FORWARD_GONE)
			code = json_array_append_new(
				list, facts_remote(&facts->forwards->items[i]));
	for (size_t i = 0; code == 0 && i < facts->locals->count; i++)
		if (!facts->locals->items[i].is_gone)
			code = json_array_append_new(list, facts_local(&facts->locals->items[i]));
	if (code == 0)
		return list;
	json_decref(list);
	return NULL;
}

static char *make_text(const struct info_facts *facts)
{
	json_t *list = forward_list(facts), *whole;
	char *text = NULL;

	if (list == NULL)
		return NULL;
	whole = json_pack("{s:i, s:s, s:i, s:s, s:s, s:b, s:o}", "pid", (int)getpid(), "relay",
		facts->relay, "relay_port", (int)facts->relay_port, "state", facts->state, "reason",
		facts->reason, "ready", (int)facts->is_ready, "forwards", list);
	if (whole != NULL)
		text = json_dumps(whole, JSON_COMPACT);
	json_decref(whole);
	return text;
}

/* --- to a descriptor ----------------------------------------------------------------------------
 */

/* A description of its own, so that not waiting is our manner alone. */
static int open_again(int fd)
{
	char path[FD_PATH];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static enum err init_fd(struct info *i, const char *number, struct fault *f)
{
	struct stat st;
	uint64_t fd;

	if (!text_to_u64(bytes_str(number), INT_MAX, &fd))
		return fault_set(
			f, E_VALUE, 0, "ForwardInfo fd:%.20s: no number of a descriptor", number);
	if (fstat((int)fd, &st) != 0)
		return fault_set(
			f, E_SYS, 0, "ForwardInfo fd:%u: %s", (unsigned)fd, strerror(errno));
	i->fd = S_ISSOCK(st.st_mode) ? fcntl((int)fd, F_DUPFD_CLOEXEC, 0) : open_again((int)fd);
	if (i->fd < 0)
		return fault_set(
			f, E_SYS, 0, "ForwardInfo fd:%u: %s", (unsigned)fd, strerror(errno));
	return E_OK;
}

static ssize_t write_some(int fd, const char *text, size_t len)
{
	ssize_t n = send(fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	return n < 0 && errno == ENOTSOCK ? write(fd, text, len) : n;
}

/* Half a line would spoil all that come after it: a reader who does not keep up is left alone. */
static void tell_fd(struct info *i, char *text)
{
	size_t len = strlen(text);
	ssize_t n;

	text[len] = '\n'; /* in place of the NUL, which nobody needs any more */
	n = write_some(i->fd, text, len + 1);
	if (n == (ssize_t)(len + 1))
		return;
	log_write(LOG_LEVEL_ERROR, "ForwardInfo: %s: nothing more is told",
		n < 0 && errno != EAGAIN ? strerror(errno) : "the reader does not keep up");
	close(i->fd);
	i->fd = -1;
}

/* --- to a file ----------------------------------------------------------------------------------
 */

/* Readers see the old text or the new one. */
static int replace_file(const char *path, const char *text)
{
	char aside[PATH_MAX];
	size_t len = strlen(text);
	int fd, code = 0;

	if (snprintf(aside, sizeof(aside), "%s.%d", path, (int)getpid()) >= (int)sizeof(aside))
		return ENAMETOOLONG;
	(void)unlink(aside);
	fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
	if (fd < 0)
		return errno;
	if (write(fd, text, len) != (ssize_t)len || write(fd, "\n", 1) != 1)
		code = errno != 0 ? errno : ENOSPC;
	close(fd);
	if (code == 0 && rename(aside, path) != 0)
		code = errno;
	if (code != 0)
		(void)unlink(aside);
	return code;
}

/* --- all of it ----------------------------------------------------------------------------------
 */

enum err info_init(struct info *i, const char *where, struct fault *f)
{
	*i = (struct info){.fd = -1};
	if (where == NULL || strcmp(where, "none") == 0)
		return E_OK;
	if (strncmp(where, "fd:", 3) == 0)
		return init_fd(i, where + 3, f);
	if (strncmp(where, "file:", 5) != 0 || where[5] == '\0')
		return fault_set(f, E_VALUE, 0,
			"ForwardInfo %.60s: fd:NUMBER or file:PATH is wanted", where);
	i->path = where + 5;
	return E_OK;
}

void info_tell(struct info *i, const struct info_facts *facts)
{
	char *text;
	int code;

	if (i->fd < 0 && i->path == NULL)
		return;
	text = make_text(facts);
	if (text == NULL) {
		log_write(LOG_LEVEL_ERROR, "ForwardInfo: the state cannot be put into JSON");
		return;
	}
	code = i->path != NULL ? replace_file(i->path, text) : 0;
	if (code != 0)
		log_write(LOG_LEVEL_ERROR, "ForwardInfo file:%s: %s", i->path, strerror(code));
	if (i->fd >= 0)
		tell_fd(i, text);
	free(text);
}

void info_fini(struct info *i)
{
	if (i->fd >= 0)
		close(i->fd);
	*i = (struct info){.fd = -1};
}
