/* SPDX-License-Identifier: ISC */
#include "relay/paths.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"

/* HOME as ssh's users know it; without one the user table knows. */
static const char *find_home(void)
{
	const char *home = getenv("HOME");
	const struct passwd *pw;

	if (home && home[0] == '/')
		return home;
	pw = getpwuid(geteuid());
	return pw && pw->pw_dir ? pw->pw_dir : "";
}

enum err paths_init(struct paths *p, struct fault *f)
{
	struct places_of of = {
		.is_root = geteuid() == 0,
		.state_home = getenv("XDG_STATE_HOME"),
		.config_home = getenv("XDG_CONFIG_HOME"),
	};

	if (!bytes_to_cstr(bytes_str(find_home()), p->home, sizeof(p->home)))
		return fault_set(f, E_LIMIT, 0, "HOME is too long");
	if (!getcwd(p->cwd, sizeof(p->cwd)))
		return fault_set(f, E_SYS, 0, "the current folder: %s", strerror(errno));
	of.home = p->home[0] ? p->home : NULL;
	return places_make(&of, &p->places, f);
}

struct builder {
	char *out;
	size_t len;
	bool is_full;
};

static void put(struct builder *b, const char *s, size_t n)
{
	if (b->is_full || b->len + n >= PLACES_PATH_MAX) {
		b->is_full = true;
		return;
	}
	memcpy(b->out + b->len, s, n);
	b->len += n;
	b->out[b->len] = '\0';
}

enum err paths_resolve(const struct paths *p, const char *path, enum paths_base base,
	char out[static PLACES_PATH_MAX], struct fault *f)
{
	struct builder b = {.out = out};
	const char *at = path;

	if (at[0] == '~' && at[1] == '/') {
		put(&b, p->home, strlen(p->home));
		at++;
	} else if (at[0] != '/' && strncmp(at, "%h", 2) != 0) {
		const char *from = base == PATHS_FROM_HOME ? p->home : p->cwd;

		put(&b, from, strlen(from));
		put(&b, "/", 1);
	}
	while (*at) {
		size_t plain = strcspn(at, "%");

		put(&b, at, plain);
		at += plain;
		if (*at == '\0')
			break;
		if (at[1] == 'h')
			put(&b, p->home, strlen(p->home));
		else if (at[1] == 'u' && base == PATHS_FROM_HOME)
			put(&b, (const char[]){PATHS_USER}, 1);
		else if (at[1] == '%')
			put(&b, "%", 1);
		else
			return fault_set(f, E_UNKNOWN, 0,
				"%s: of the tokens only %%h and %%%% are known here", path);
		at += 2;
	}
	if (b.is_full)
		return fault_set(f, E_LIMIT, 0, "path too long: %s", path);
	return E_OK;
}

bool paths_for_user(const char *path, const char *user, char out[static PLACES_PATH_MAX])
{
	struct builder b = {.out = out};
	bool is_name = user && user[0] && !strchr(user, '/') && strcmp(user, ".") != 0 &&
		       strcmp(user, "..") != 0;

	for (const char *at = path; *at; at++) {
		if (*at == PATHS_USER && !is_name)
			return false;
		if (*at == PATHS_USER)
			put(&b, user, strlen(user));
		else
			put(&b, at, 1);
	}
	return !b.is_full;
}
