/* SPDX-License-Identifier: ISC */
#include "conf/places.h"

#include <stdio.h>

/* Joins up to three parts; E_LIMIT when the result does not fit. */
static enum err join(char out[static PLACES_PATH_MAX], const char *a, const char *b, const char *c,
	struct fault *f)
{
	int n = snprintf(out, PLACES_PATH_MAX, "%s%s%s", a, b, c);

	if (n < 0 || n >= PLACES_PATH_MAX)
		return fault_set(f, E_LIMIT, 0, "path too long: %s...", a);
	return E_OK;
}

/* A folder of the XDG rule: the variable when it is an absolute path, else under home. */
static enum err xdg(char out[static PLACES_PATH_MAX], const char *set, const char *home,
	const char *usual, struct fault *f)
{
	if (set && set[0] == '/')
		return join(out, set, "/sallyport", "", f);
	if (!home || home[0] != '/')
		return fault_set(f, E_VALUE, 0, "no home folder is known: set HOME");
	return join(out, home, usual, "/sallyport", f);
}

static enum err base_folders(const struct places_of *of, struct places *out,
	char config[static PLACES_PATH_MAX], struct fault *f)
{
	enum err e;

	if (of->is_root) {
		e = join(config, "/etc/sallyport", "", "", f);
		if (e == E_OK)
			e = join(out->state, "/var/lib/sallyport", "", "", f);
		if (e == E_OK)
			e = join(out->keys, config, "/authorized_keys", "", f);
		return e;
	}
	e = xdg(config, of->config_home, of->home, "/.config", f);
	if (e == E_OK)
		e = xdg(out->state, of->state_home, of->home, "/.local/state", f);
	if (e != E_OK)
		return e;
	if (!of->home || of->home[0] != '/')
		return fault_set(f, E_VALUE, 0, "no home folder is known: set HOME");
	return join(out->keys, of->home, "/.ssh/authorized_keys", "", f);
}

enum err places_make(const struct places_of *of, struct places *out, struct fault *f)
{
	char config[PLACES_PATH_MAX];
	enum err e = base_folders(of, out, config, f);

	if (e == E_OK)
		e = join(out->config, config, "/sallyd_config", "", f);
	if (e == E_OK)
		e = join(out->hostkey, out->state, "/ssh_host_ed25519_key", "", f);
	if (e == E_OK)
		e = join(out->ports, out->state, "/ports", "", f);
	if (e == E_OK)
		e = join(out->socket, out->state, "/sallyd.sock", "", f);
	return e;
}
