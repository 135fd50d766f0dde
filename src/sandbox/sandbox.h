/* SPDX-License-Identifier: ISC */
/*
 * The fence around a process of the relay: one call a role, made when everything that needs more is
 * done. It takes the process to another user where one is named, gives up capabilities and the right
 * to gain any, shuts out debuggers and core files, and leaves the system calls of the role (seccomp)
 * without files and networks (Landlock, where the kernel has it). A child does not outlive the process
 * that started it. There is no way back.
 *
 * A step that fails is an error and the process must end: nothing runs half fenced. Only what the
 * kernel does not have at all is left out, and said at level DEBUG1.
 *
 * A build for the sanitizers leaves open what their reports need (sandbox_is_loosened): files may be
 * opened, and Landlock is left out for it. Everything else is forbidden there too. Their search for
 * leaks needs a thread and ptrace: a process behind a fence has to end with _exit, without it.
 */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include <sys/types.h>

#include "base/err.h"

enum sandbox_role {
	SANDBOX_SIGNER, /* frames, memory and the time: no file, no network, no other process */
	SANDBOX_RELAY,	/* besides: serves sockets it was given; cannot open, bind, dial or exec */
	SANDBOX_SUPERVISOR, /* files, sockets and children, but nothing that administers a system */
	SANDBOX_TUNNELLER   /* the same, and network devices: a supervisor whose settings let somebody tunnel */
};

enum { SANDBOX_NO_USER = -1 };

struct sandbox_user { /* .uid SANDBOX_NO_USER: stay who we are */
	uid_t uid;
	gid_t gid;
};

/* The user of this name; E_UNKNOWN when there is none. Reads files: before the fence. */
enum err sandbox_find_user(const char *name, struct sandbox_user *user, struct fault *f) MUST_USE;

/* user is not looked at for SANDBOX_SUPERVISOR, which keeps what it needs to start children as
 * others. Threads other than the calling one must not exist yet. */
enum err sandbox_enter(
	enum sandbox_role role, const struct sandbox_user *user, struct fault *f) MUST_USE;

/* True in a build for the sanitizers. */
bool sandbox_is_loosened(void);
/* "kill", "log" or "off": what the build does about a forbidden system call (option seccomp). */
const char *sandbox_answer(void);

#endif
