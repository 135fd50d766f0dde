/* SPDX-License-Identifier: ISC */
/*
 * The system calls of a role. What is not named for it ends the process (SIGSYS), but for a few calls
 * that libraries try and can do without: those fail with EACCES. Built with -Dseccomp=log the rest is
 * let through and noted in the kernel's audit log; with off there is no filter.
 */
#ifndef SANDBOX_FILTER_H
#define SANDBOX_FILTER_H

#include "sandbox/sandbox.h"

/* Needs PR_SET_NO_NEW_PRIVS. Holds for all threads. */
enum err filter_enter(enum sandbox_role role, struct fault *f) MUST_USE;
const char *filter_answer(void);

#endif
