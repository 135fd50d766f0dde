/* SPDX-License-Identifier: ISC */
#include "relay/auditlog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"

struct auditlog {
	uv_loop_t *loop;
	struct feed_taker taker;
	enum audit_format format;
	char *path; /* NULL: standard error, or the system log */
	int fd;	    /* -1: the system log */
	struct buf waiting, writing;
	/* Records that are lost: nobody was told yet; a line in waiting or in writing tells. */
	uint64_t dropped, told_waiting, told_writing;
	uv_work_t work;
	uv_timer_t end_timer;
	bool is_busy, is_ending, wants_reopen;
	bool is_failing; /* and the log was told */
	/* The worker's, while is_busy. */
	bool is_reopening, is_cut; /* the last line written has no end */
	int write_code, open_code; /* errno, or 0 */
	size_t done;
};

/* --- in the worker ---------------------------------------------------------------------------- */

static int open_path(const char *path, int *fd)
{
	struct stat st;
	/* Not to wait for a reader when somebody has put a FIFO there. */
	int got = open(path,
		O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK,
		0600);

	if (got < 0)
		return errno;
	if (fstat(got, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(got);
		return EINVAL;
	}
	*fd = got;
	return 0;
}

static int write_some(int fd, const void *from, size_t n, size_t *done)
{
	*done = 0;
	while (*done < n) {
		ssize_t k = write(fd, (const char *)from + *done, n - *done);

		if (k > 0)
			*done += (size_t)k;
		else if (k == 0 || errno != EINTR)
			return k == 0 ? EIO : errno;
	}
	return 0;
}

static void write_lines(struct auditlog *a, struct bytes all)
{
	size_t one;

	/* A disk that was full in the middle of a line: the rest of it is lost. */
	if (a->is_cut) {
		a->write_code = write_some(a->fd, "\n", 1, &one);
		if (a->write_code != 0)
			return;
		a->is_cut = false;
	}
	a->write_code = write_some(a->fd, all.ptr, all.len, &a->done);
	a->is_cut = a->done > 0 && all.ptr[a->done - 1] != '\n';
}

static void tell_syslog(struct auditlog *a, struct bytes all)
{
	for (const uint8_t *at = all.ptr, *end = at + all.len, *stop; at < end; at = stop + 1) {
		stop = memchr(at, '\n', (size_t)(end - at));
		/* Where logins are told of: auth.log, or authpriv of the journal. */
		syslog(LOG_AUTHPRIV | LOG_INFO, "%.*s", (int)(stop - at), (const char *)at);
	}
	a->done = all.len;
}

static void reopen(struct auditlog *a)
{
	int fd;

	a->open_code = open_path(a->path, &fd);
	if (a->open_code != 0)
		return;
	close(a->fd);
	a->fd = fd;
	a->is_cut = false;
}

static void work(uv_work_t *w)
{
	struct auditlog *a = w->data;
	struct bytes all = buf_bytes(&a->writing);

	a->write_code = a->open_code = 0;
	a->done = 0;
	if (a->is_reopening)
		reopen(a);
	if (all.len > 0 && a->fd >= 0)
		write_lines(a, all);
	else if (all.len > 0)
		tell_syslog(a, all);
}

/* --- in the loop ------------------------------------------------------------------------------ */

static const char *open_words(int code)
{
	return code == EINVAL || code == ENXIO ? "not a regular file"
	       : code == ELOOP		       ? "it is a symbolic link"
					       : strerror(code);
}

static const char *place(const struct auditlog *a)
{
	return a->path ? a->path : a->fd >= 0 ? "stderr" : "syslog";
}

static bool append(struct auditlog *a, const struct record *r)
{
	char line[RECORD_LINE_MAX];
	size_t n = a->format == AUDIT_JSON ? record_json_line(r, line) : record_logfmt(r, line);

	if (n == 0)
		return false;
	line[n] = '\n'; /* where the terminator stood */
	return buf_append(&a->waiting, bytes_of(line, n + 1)) == E_OK;
}

static void now(struct timespec *at)
{
	clock_gettime(CLOCK_REALTIME, at);
}

static void own_up(struct auditlog *a)
{
	struct timespec at;
	struct record r;

	if (a->dropped == 0)
		return;
	now(&at);
	record_init(&r, &at, "dropped");
	record_number(&r, "count", a->dropped);
	if (!append(a, &r))
		return;
	a->told_waiting += a->dropped;
	a->dropped = 0;
}

static void on_worked(uv_work_t *w, int status);

static void go_on(struct auditlog *a)
{
	struct buf swap = a->writing;

	if (a->is_busy || (buf_bytes(&a->waiting).len == 0 && !a->wants_reopen))
		return;
	a->writing = a->waiting;
	a->waiting = swap;
	a->told_writing = a->told_waiting;
	a->told_waiting = 0;
	a->is_reopening = a->wants_reopen;
	a->wants_reopen = false;
	a->work.data = a;
	a->is_busy = uv_queue_work(a->loop, &a->work, work, on_worked) == 0;
}

static uint64_t lines_in(struct bytes b)
{
	uint64_t n = 0;

	for (size_t i = 0; i < b.len; i++)
		n += b.ptr[i] == '\n';
	return n;
}

/* The log hears of a trouble when it begins and when it is over, not at every line. */
static void judge_write(struct auditlog *a)
{
	if (a->write_code != 0) {
		struct bytes all = buf_bytes(&a->writing);

		a->dropped += lines_in(bytes_of(all.ptr + a->done, all.len - a->done));
		/* Whether the line that told of earlier ones is in the rest: rather too many. */
		a->dropped += a->told_writing;
		if (!a->is_failing)
			log_write(LOG_LEVEL_ERROR, "AuditLog %s: %s: records are dropped", place(a),
				strerror(a->write_code));
		a->is_failing = true;
	} else if (a->done > 0) {
		if (a->is_failing)
			log_write(
				LOG_LEVEL_INFO, "AuditLog %s: records are written again", place(a));
		a->is_failing = false;
		own_up(a);
	}
}

static void on_worked(uv_work_t *w, int status)
{
	struct auditlog *a = w->data;

	a->is_busy = false;
	judge_write(a);
	buf_consume(&a->writing, buf_bytes(&a->writing).len);
	if (a->is_reopening && a->open_code != 0)
		log_write(LOG_LEVEL_ERROR, "AuditLog %s: %s; the file opened before stays in use",
			a->path, open_words(a->open_code));
	else if (a->is_reopening)
		log_write(LOG_LEVEL_VERBOSE, "AuditLog %s: opened again", a->path);
	go_on(a);
	if (a->is_ending && !a->is_busy && !uv_is_closing((uv_handle_t *)&a->end_timer))
		uv_close((uv_handle_t *)&a->end_timer, NULL);
}

static void on_record(struct feed_taker *t, const struct record *r)
{
	struct auditlog *a = list_entry(t, struct auditlog, taker);

	if (!a->is_failing)
		own_up(a);
	if ((a->dropped > 0 && !a->is_failing) || !append(a, r))
		a->dropped++;
	go_on(a);
}

static int open_first(struct auditlog *a, const char *to)
{
	a->fd = -1;
	if (strcmp(to, "syslog") == 0) {
		openlog("sallyd", LOG_PID, LOG_DAEMON);
		return 0;
	}
	if (strcmp(to, "stderr") == 0) {
		a->fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		return a->fd < 0 ? errno : 0;
	}
	a->path = strdup(to);
	return a->path ? open_path(to, &a->fd) : ENOMEM;
}

enum err auditlog_new(uv_loop_t *loop, struct feed *feed, const char *to, enum audit_format format,
	struct auditlog **out, struct fault *f)
{
	struct auditlog *a = calloc(1, sizeof(*a));
	int code = a ? open_first(a, to) : ENOMEM;

	if (code != 0) {
		if (a)
			free(a->path);
		free(a);
		return fault_set(f, E_SYS, code, "AuditLog %s: %s", to, open_words(code));
	}
	a->loop = loop;
	a->format = format;
	a->taker.take = on_record;
	buf_init(&a->waiting, AUDITLOG_BUFFER);
	buf_init(&a->writing, AUDITLOG_BUFFER);
	uv_timer_init(loop, &a->end_timer);
	a->end_timer.data = a;
	feed_join(feed, &a->taker);
	*out = a;
	return E_OK;
}

void auditlog_reopen(struct auditlog *a)
{
	if (!a || !a->path)
		return;
	a->wants_reopen = true;
	go_on(a);
}

static void on_end_timer(uv_timer_t *t)
{
	struct auditlog *a = t->data;

	log_write(LOG_LEVEL_ERROR, "AuditLog %s: it does not take the last records", place(a));
	uv_close((uv_handle_t *)t, NULL);
	uv_stop(a->loop);
}

void auditlog_end(struct auditlog *a)
{
	if (!a || a->is_ending)
		return;
	a->is_ending = true;
	feed_leave(&a->taker);
	if (a->is_busy)
		uv_timer_start(&a->end_timer, on_end_timer, AUDITLOG_END_MS, 0);
	else
		uv_close((uv_handle_t *)&a->end_timer, NULL);
}

void auditlog_free(struct auditlog *a)
{
	/* A worker that is stuck still looks at it; the process ends anyway. */
	if (!a || a->is_busy)
		return;
	if (a->fd >= 0)
		close(a->fd);
	buf_fini(&a->waiting);
	buf_fini(&a->writing);
	free(a->path);
	free(a);
}
