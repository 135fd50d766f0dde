/* SPDX-License-Identifier: ISC */
/*
 * From words of the configuration to paths of this machine: who runs us, ~ and %h, relative paths
 * made absolute before the program changes its folder.
 */
#ifndef RELAY_PATHS_H
#define RELAY_PATHS_H

#include "conf/places.h"

struct paths {
	char home[PLACES_PATH_MAX]; /* of the user who runs the relay; "" when it has none */
	char cwd[PLACES_PATH_MAX];
	struct places places;
};

/* Asks the environment (HOME, XDG_STATE_HOME, XDG_CONFIG_HOME) and the user table. */
enum err paths_init(struct paths *p, struct fault *f) MUST_USE;

/* Stands in a path for the name of a user who is not known yet. */
#define PATHS_USER '\1'

enum paths_base { PATHS_FROM_CWD, PATHS_FROM_HOME };
/* Expands a leading ~/ and the tokens %h and %%; the result is absolute. base: where relative paths
 * start (AuthorizedKeysFile: home, as in sshd; there %u becomes PATHS_USER). */
enum err paths_resolve(const struct paths *p, const char *path, enum paths_base base,
	char out[static PLACES_PATH_MAX], struct fault *f) MUST_USE;

/* The path of this user: false when it could lead elsewhere, or is too long. Without PATHS_USER it is
 * everybody's. */
bool paths_for_user(const char *path, const char *user, char out[static PLACES_PATH_MAX]);

#endif
