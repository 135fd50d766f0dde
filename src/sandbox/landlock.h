/* SPDX-License-Identifier: ISC */
/*
 * Landlock: the kernel's second opinion about files and TCP, besides the filter of system calls.
 * From ABI 6 on it also keeps signals and abstract Unix sockets inside.
 */
#ifndef SANDBOX_LANDLOCK_H
#define SANDBOX_LANDLOCK_H

#include "base/err.h"

/* 0: the kernel has none, or it is switched off. */
int landlock_abi(void);
/* Denies everything the kernel's ABI can deny. Without Landlock: E_OK, said at DEBUG1. Needs
 * PR_SET_NO_NEW_PRIVS. */
enum err landlock_enter(struct fault *f) MUST_USE;

#endif
