/* SPDX-License-Identifier: ISC */
#include "client/files.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "client/shell.h"

enum { READ_STEP = 16 * 1024, LINE_MAX_BYTES = 20 * 1024 };

static enum err fault_errno(struct fault *f)
{
	enum err e = errno == ENOENT || errno == ENOTDIR ? E_UNKNOWN : E_SYS;

	return fault_set(f, e, (uint32_t)errno, "%s", strerror(errno));
}

/* Room for a step and a NUL. Grown by copy, so that what is left behind can be wiped. */
static bool grow(struct file_content *c, size_t *cap)
{
	size_t want = c->len + READ_STEP + 1;
	char *bigger;

	if (want <= *cap)
		return true;
	want *= 2;
	bigger = malloc(want);
	if (bigger == NULL)
		return false;
	if (c->text != NULL) {
		memcpy(bigger, c->text, c->len);
		bytes_wipe(c->text, c->len);
		free(c->text);
	}
	c->text = bigger;
	*cap = want;
	return true;
}

static enum err read_all(int fd, size_t max, struct file_content *c, struct fault *f)
{
	size_t cap = 0;
	ssize_t n;

	do {
		if (!grow(c, &cap))
			return fault_set(f, E_NOMEM, 0, "%s", err_text(E_NOMEM));
		n = read(fd, c->text + c->len, READ_STEP);
		if (n < 0 && errno != EINTR)
			return fault_errno(f);
		if (n > 0)
			c->len += (size_t)n;
		if (c->len > max)
			return fault_set(f, E_LIMIT, 0, "larger than %zu bytes", max);
	} while (n != 0);
	c->text[c->len] = '\0';
	return E_OK;
}

enum err files_read(const char *path, size_t max, struct file_content *out, struct fault *f)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	enum err e;

	*out = (struct file_content){0};
	if (fd < 0)
		return fault_errno(f);
	if (fstat(fd, &st) != 0) {
		e = fault_errno(f);
	} else {
		out->owner = st.st_uid;
		out->mode = st.st_mode;
		e = read_all(fd, max, out, f);
	}
	close(fd);
	if (e != E_OK)
		files_free(out);
	return e;
}

void files_free(struct file_content *c)
{
	bytes_wipe(c->text, c->len);
	free(c->text);
	c->text = NULL;
	c->len = 0;
}

/* --- adding a line ------------------------------------------------------------------------------
 */

static enum err make_folder_of(const char *path, struct fault *f)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');

	if (slash == NULL || slash == path)
		return E_OK;
	if (!bytes_to_cstr(bytes_of(path, (size_t)(slash - path)), folder, sizeof(folder)))
		return fault_set(f, E_LIMIT, 0, "path too long");
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return fault_errno(f);
	return E_OK;
}

/* True when the file ends inside a line. What cannot be read back (/dev/null) has no lines. */
static bool ends_inside_line(int fd)
{
	struct stat st;
	char last;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	       pread(fd, &last, 1, st.st_size - 1) == 1 && last != '\n';
}

enum err files_append_line(const char *path, const char *line, struct fault *f)
{
	char text[LINE_MAX_BYTES];
	ssize_t done;
	int fd, len;
	enum err e = make_folder_of(path, f);

	if (e != E_OK)
		return e;
	fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd < 0)
		return fault_errno(f);
	len = snprintf(text, sizeof(text), "%s%s", ends_inside_line(fd) ? "\n" : "", line);
	if (len < 0 || (size_t)len >= sizeof(text)) {
		e = fault_set(f, E_LIMIT, 0, "line too long");
		goto out;
	}
	do {
		done = write(fd, text, (size_t)len);
	} while (done < 0 && errno == EINTR);
	if (done < 0)
		e = fault_errno(f);
	else if (done != len)
		e = fault_set(f, E_SYS, 0, "written in part only");
out:
	if (close(fd) != 0 && e == E_OK)
		e = fault_errno(f);
	return e;
}

/* --- for conf -----------------------------------------------------------------------------------
 */

static enum err read_config(void *ctx, const char *path, char **text, size_t *len, struct fault *f)
{
	struct file_content c;
	struct fault why = {0};
	enum err e = files_read(path, FILES_CONFIG_MAX, &c, &why);

	/* A folder among what a pattern stands for is none of them. */
	if (e == E_SYS && why.code == EISDIR)
		e = E_UNKNOWN;
	if (e == E_UNKNOWN)
		return e;
	if (e != E_OK)
		return fault_set(f, e, 0, "Can't open user config file %s: %s", path, why.text);
	*text = c.text;
	*len = c.len;
	return E_OK;
}

static void glob_config(
	void *ctx, const char *pattern, void (*found)(void *arg, const char *path), void *arg)
{
	glob_t g;

	if (glob(pattern, GLOB_NOCHECK | GLOB_TILDE, NULL, &g) != 0)
		return;
	for (size_t i = 0; i < g.gl_pathc; i++)
		found(arg, g.gl_pathv[i]);
	globfree(&g);
}

static const char *environment(void *ctx, const char *name)
{
	return getenv(name);
}

static void tell_addresses(void *ctx, void (*each)(void *arg, const char *address), void *arg)
{
	struct ifaddrs *all;

	if (getifaddrs(&all) != 0) {
		log_write(LOG_LEVEL_ERROR, "match localnetwork: getifaddrs failed: %m");
		return;
	}
	for (const struct ifaddrs *one = all; one != NULL; one = one->ifa_next) {
		char text[NI_MAXHOST];
		int family = one->ifa_addr != NULL ? one->ifa_addr->sa_family : AF_UNSPEC;
		socklen_t len = family == AF_INET ? sizeof(struct sockaddr_in)
						  : sizeof(struct sockaddr_in6);

		if ((family == AF_INET || family == AF_INET6) && (one->ifa_flags & IFF_UP) != 0 &&
			getnameinfo(one->ifa_addr, len, text, sizeof(text), NULL, 0,
				NI_NUMERICHOST) == 0)
			each(arg, text);
	}
	freeifaddrs(all);
}

static enum err run_command(void *ctx, const char *command, bool *ended_well, struct fault *f)
{
	log_write(LOG_LEVEL_DEBUG1, "Executing command: '%s'", command);
	return shell_run(command, ended_well, f);
}

static void complain(void *ctx, const char *sentence)
{
	log_write(LOG_LEVEL_ERROR, "%s", sentence);
}

static void remark(void *ctx, const char *sentence)
{
	log_write(LOG_LEVEL_INFO, "%s", sentence);
}

const struct conf_reader files_conf_reader = {
	.read = read_config,
	.glob = glob_config,
	.env = environment,
	.run = run_command,
	.addresses = tell_addresses,
	.remark = remark,
	.complain = complain,
};
