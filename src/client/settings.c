/* SPDX-License-Identifier: ISC */
#include "client/settings.h"

#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/files.h"
#include "conf/expand.h"

#define SYSTEM_CONFIG "/etc/ssh/ssh_config"

/* A home folder without slashes at its end. */
static char *copy_home(const char *home)
{
	size_t len = strlen(home);

	while (len > 0 && home[len - 1] == '/')
		len--;
	return strndup(home, len);
}

enum err settings_who(struct settings_who *who, struct fault *f)
{
	const struct passwd *pw = getpwuid(getuid());
	const char *user = pw != NULL ? pw->pw_name : getenv("USER");
	const char *home = pw != NULL ? pw->pw_dir : getenv("HOME");

	*who = (struct settings_who){0};
	if (user == NULL || home == NULL)
		return fault_set(
			f, E_UNKNOWN, 0, "No user exists for uid %lu", (unsigned long)getuid());
	who->user = strdup(user);
	who->home = copy_home(home);
	if (who->user == NULL || who->home == NULL) {
		settings_who_fini(who);
		return fault_set(f, E_NOMEM, 0, "%s", err_text(E_NOMEM));
	}
	if (gethostname(who->host, sizeof(who->host)) != 0)
		who->host[0] = '\0';
	who->host[sizeof(who->host) - 1] = '\0';
	who->local = (struct conf_local){who->user, who->home, who->host, getuid()};
	return E_OK;
}

void settings_who_fini(struct settings_who *who)
{
	free(who->user);
	free(who->home);
	*who = (struct settings_who){0};
}

/* -i: a file that is not there is left out with a warning. One with tokens is looked for later. */
static enum err apply_identity(
	struct client_conf *c, const char *value, const struct conf_local *local, struct fault *f)
{
	char path[EXPAND_MAX];
	struct stat st;
	enum err e = expand_home(value, local->home, path, f);

	if (e != E_OK)
		return e;
	if (strpbrk(path, "%$") == NULL && stat(path, &st) != 0) {
		log_write(LOG_LEVEL_INFO, "Warning: Identity file %s not accessible: %m.", path);
		return E_OK;
	}
	return client_conf_value(c, "IdentityFile", value, f);
}

static enum err apply_step(struct client_conf *c, const struct cmdline_step *step,
	const struct conf_local *local, struct fault *f)
{
	switch (step->kind) {
	case CMDLINE_TEXT:
		return client_conf_option(c, step->value, f);
	case CMDLINE_VALUE:
		return client_conf_value(c, step->keyword, step->value, f);
	case CMDLINE_OVERRIDE:
		return client_conf_override(c, step->keyword, step->value, f);
	case CMDLINE_FORWARD:
		return client_conf_forward(c, step->forward, step->value, f);
	case CMDLINE_TUNNEL:
		return client_conf_tunnel(c, step->value, f);
	case CMDLINE_IDENTITY:
		return apply_identity(c, step->value, local, f);
	case CMDLINE_JUMP:
		return client_conf_jump(c, step->value, f);
	}
	return E_STATE;
}

static enum err apply_flags(struct client_conf *c, const struct cmdline *o,
	const struct conf_local *local, struct fault *f)
{
	enum err e = E_OK;

	/* -q and -v beat whatever else is said about the level. */
	if (o->level_is_set)
		e = client_conf_value(c, "LogLevel", log_level_name(o->level), f);
	for (size_t i = 0; e == E_OK && i < o->step_count; i++)
		e = apply_step(c, &o->steps[i], local, f);
	if (e == E_OK && o->log_file != NULL)
		e = client_conf_log_file(c, o->log_file);
	return e;
}

/* The user's own file decides whose keys and hosts are trusted, so nobody else may write to it. */
static enum err check_owner(const char *path, const struct file_content *file, struct fault *f)
{
	if ((file->owner == 0 || file->owner == getuid()) && (file->mode & 022) == 0)
		return E_OK;
	return fault_set(f, E_DENIED, 0, "Bad owner or permissions on %s", path);
}

enum config_kind { CONFIG_GIVEN, CONFIG_USER, CONFIG_SYSTEM };

static enum err apply_file(
	struct client_conf *c, const char *path, enum config_kind kind, struct fault *f)
{
	struct file_content file;
	struct fault why = {0};
	enum err e = files_read(path, FILES_CONFIG_MAX, &file, &why);

	if (e == E_UNKNOWN && kind != CONFIG_GIVEN)
		return E_OK;
	if (e != E_OK)
		return fault_set(f, e, 0, "Can't open user config file %s: %s", path, why.text);
	log_write(LOG_LEVEL_DEBUG1, "Reading configuration data %s", path);
	if (kind == CONFIG_USER)
		e = check_owner(path, &file, f);
	if (e == E_OK)
		e = client_conf_file(c, path, files_bytes(&file), kind != CONFIG_SYSTEM, f);
	files_free(&file);
	return e;
}

static enum err apply_files(struct client_conf *c, const struct cmdline *o,
	const struct conf_local *local, struct fault *f)
{
	char path[PATH_MAX];
	enum err e;
	int n;

	if (o->config_file != NULL)
		return strcasecmp(o->config_file, "none") == 0
			       ? E_OK
			       : apply_file(c, o->config_file, CONFIG_GIVEN, f);
	n = snprintf(path, sizeof(path), "%s/.ssh/config", local->home);
	if (n < 0 || (size_t)n >= sizeof(path))
		return fault_set(f, E_LIMIT, 0, "the path of the home folder is too long");
	e = apply_file(c, path, CONFIG_USER, f);
	return e == E_OK ? apply_file(c, SYSTEM_CONFIG, CONFIG_SYSTEM, f) : e;
}

enum err settings_load(const struct cmdline *o, const struct settings_who *who,
	struct client_conf **conf, const struct client_settings **s, struct fault *f)
{
	struct client_conf *c = client_conf_new(o->host, &files_conf_reader, &who->local);
	enum err e = c != NULL ? E_OK : E_NOMEM;

	*conf = c;
	if (e == E_OK)
		e = apply_flags(c, o, &who->local, f);
	if (e == E_OK)
		e = apply_files(c, o, &who->local, f);
	if (e == E_OK && client_conf_wants_final(c)) {
		e = client_conf_begin_final(c, f);
		if (e == E_OK)
			e = apply_files(c, o, &who->local, f);
	}
	if (e == E_OK)
		e = client_conf_finish(c, s, f);
	return e == E_OK ? E_OK : fault_set(f, e, 0, "%s", err_text(e));
}
