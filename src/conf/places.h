/* SPDX-License-Identifier: ISC */
/*
 * Where the relay keeps its things when nobody says otherwise: one rule that sallyd and sallyctl
 * share. A pure function of what the caller looked up.
 */
#ifndef CONF_PLACES_H
#define CONF_PLACES_H

#include "base/err.h"

enum { PLACES_PATH_MAX = 1024 };

struct places_of {
	bool is_root;
	const char *home;	 /* needed unless is_root */
	const char *state_home;	 /* XDG_STATE_HOME, XDG_CONFIG_HOME: NULL when not set; relative */
	const char *config_home; /* paths count as not set, as the XDG rule says */
};

struct places {
	char config[PLACES_PATH_MAX]; /* sallyd_config; it may be missing */
	char state[PLACES_PATH_MAX];  /* folder of what the relay makes itself */
	char hostkey[PLACES_PATH_MAX];
	char keys[PLACES_PATH_MAX]; /* authorized_keys */
	char socket[PLACES_PATH_MAX];
	char ports[PLACES_PATH_MAX]; /* what -R 0 gave to whom */
};

/* E_VALUE: no home folder is known. E_LIMIT: a path is too long. */
enum err places_make(const struct places_of *of, struct places *out, struct fault *f) MUST_USE;

#endif
