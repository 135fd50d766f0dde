/* SPDX-License-Identifier: ISC */
#include "ctl/ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static enum err reach(const char *path, int *out, struct fault *f)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = ASK_TIMEOUT_S};
	int fd;

	if (strlen(path) >= sizeof(un.sun_path))
		return fault_set(f, E_CLOSED, 0, "%s: path too long for a socket", path);
	strcpy(un.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fault_set(f, E_CLOSED, 0, "socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&un, sizeof(un)) != 0) {
		enum err e = fault_set(
			f, E_CLOSED, 0, "no relay answers at %s: %s", path, strerror(errno));

		close(fd);
		return e;
	}
	*out = fd;
	return E_OK;
}

static enum err send_line(int fd, const json_t *request, struct fault *f)
{
	char line[ASK_REQUEST_MAX];
	size_t len = json_dumpb(request, line, sizeof(line) - 1, JSON_COMPACT);

	if (len == 0 || len >= sizeof(line))
		return fault_set(f, E_LIMIT, 0, "the command is too long");
	line[len++] = '\n';
	/* So short a line goes into an empty socket whole. */
	if (send(fd, line, len, MSG_NOSIGNAL) != (ssize_t)len)
		return fault_set(
			f, E_CLOSED, 0, "the relay takes no question: %s", strerror(errno));
	return E_OK;
}

/* Up to the newline. */
static enum err read_line(int fd, char **text, size_t *len, struct fault *f)
{
	size_t cap = 0, have = 0;
	char *mem = NULL;
	const char *why = NULL;

	while (!why && (have == 0 || mem[have - 1] != '\n')) {
		ssize_t n;

		if (have == cap) {
			size_t more = cap == 0 ? 16 * 1024 : 2 * cap;
			char *bigger = more <= ASK_ANSWER_MAX ? realloc(mem, more) : NULL;

			if (!bigger) {
				why = "its answer is too long";
				break;
			}
			mem = bigger;
			cap = more;
		}
		n = recv(fd, mem + have, cap - have, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0)
			have += (size_t)n;
		else
			why = n == 0		? "it hung up"
			      : errno == EAGAIN ? "it did not answer in time"
						: strerror(errno);
	}
	if (why) {
		free(mem);
		return fault_set(f, E_CLOSED, 0, "no answer from the relay: %s", why);
	}
	*text = mem;
	*len = have;
	return E_OK;
}

static enum err parse(const char *text, size_t len, json_t **answer, struct fault *f)
{
	json_error_t why;
	json_t *j = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
	const char *no;

	if (!json_is_object(j)) {
		json_decref(j);
		return fault_set(f, E_FORMAT, 0, "what answers there is no relay");
	}
	no = json_string_value(json_object_get(j, "error"));
	if (no) {
		enum err e = fault_set(f, E_DENIED, 0, "the relay says: %s", no);

		json_decref(j);
		return e;
	}
	*answer = j;
	return E_OK;
}

enum err ask(const char *socket_path, const json_t *request, json_t **answer, struct fault *f)
{
	char *text = NULL;
	size_t len = 0;
	int fd = -1;
	enum err e = reach(socket_path, &fd, f);

	if (e != E_OK)
		return e;
	e = send_line(fd, request, f);
	if (e == E_OK)
		e = read_line(fd, &text, &len, f);
	close(fd);
	if (e == E_OK)
		e = parse(text, len, answer, f);
	free(text);
	return e;
}

/* A relay that has nothing to tell is as silent as one that is stuck: no limit from here on. */
static enum err follow(FILE *in, bool (*each)(void *ctx, json_t *line), void *ctx, struct fault *f)
{
	char *text = NULL;
	size_t cap = 0;
	ssize_t len;
	enum err e = E_OK;
	bool goes_on = true;

	while (e == E_OK && goes_on && (len = getline(&text, &cap, in)) > 0) {
		json_t *line = NULL;

		e = parse(text, (size_t)len, &line, f);
		goes_on = e == E_OK && each(ctx, line);
		json_decref(line);
	}
	free(text);
	return e == E_OK && goes_on ? fault_set(f, E_CLOSED, 0, "the relay hung up") : e;
}

enum err ask_stream(const char *socket_path, const json_t *request,
	bool (*each)(void *ctx, json_t *line), void *ctx, struct fault *f)
{
	struct timeval forever = {0};
	int fd = -1;
	enum err e = reach(socket_path, &fd, f);
	FILE *in;

	if (e != E_OK)
		return e;
	e = send_line(fd, request, f);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof(forever));
	in = fdopen(fd, "r");
	if (!in) {
		close(fd);
		return fault_set(f, E_NOMEM, 0, "out of memory");
	}
	if (e == E_OK)
		e = follow(in, each, ctx, f);
	fclose(in);
	return e;
}
