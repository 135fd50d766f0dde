/* SPDX-License-Identifier: ISC */
/*
 * One file of keys, read again when it has changed. When it turns bad (others may write it, a line
 * too long) what was read before stays in force, and that is said once; when it is gone it admits
 * nobody.
 */
#ifndef RELAY_KEYFILE_H
#define RELAY_KEYFILE_H

#include <sys/stat.h>
#include <time.h>

#include "base/list.h"
#include "keys/authkeys.h"

/* Who wants in, or is judged anew. */
struct candidate {
	const char *user;
	struct bytes blob;   /* a key or a certificate */
	const char *address; /* numeric */
	time_t now;
	time_t since; /* when it logged in, or now: a certificate need not outlive that */
};

struct keyfile {
	struct list node; /* of the owner */
	char *path;
	const char *name; /* in path: what its keys are called, when the file is a tenant's; or NULL */
	bool is_seen;	  /* for the owner */
	bool is_authorities; /* TrustedUserCAKeys: a line has no options there */
	bool is_read;  /* the last look went well; seen is what was looked at */
	bool is_there; /* a file stands at path */
	struct stat seen;
	struct authkeys *set; /* NULL: none read yet */
	unsigned bad_lines;
	char why[FAULT_TEXT]; /* of the last look when it went wrong */
};

struct keyfile *keyfile_new(const char *path, bool is_tenant); /* NULL when memory is short */
void keyfile_free(struct keyfile *kf);			       /* also off its owner's list */
void keyfile_look(struct keyfile *kf);
/* The line that admits this key; E_DENIED with a sentence when a line of it refuses, E_UNKNOWN when
 * none has it. */
enum err keyfile_admit(const struct keyfile *kf, const struct candidate *who,
	const struct authkey **key, struct fault *f) MUST_USE;
/* from=, expiry-time and what cannot be on one line of the file of this path. */
enum err keyfile_judge(const char *path, const struct authkey *line, const struct candidate *who,
	struct fault *f) MUST_USE;

#endif
