/* SPDX-License-Identifier: ISC */
/* The order of the steps: what needs rights first, and the filter last, because the others need
 * calls that it forbids. */
#include "sandbox/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "sandbox/caps.h"
#include "sandbox/drop.h"
#include "sandbox/filter.h"
#include "sandbox/landlock.h"
#include "sandbox/sanitized.h"

bool sandbox_is_loosened(void)
{
	return SANITIZED;
}

const char *sandbox_answer(void)
{
	return filter_answer();
}

static enum err set_limit(int which, rlim_t most, const char *name, struct fault *f)
{
	struct rlimit limit = {.rlim_cur = most, .rlim_max = most};

	if (setrlimit(which, &limit) == 0)
		return E_OK;
	return fault_set(f, E_SYS, (uint32_t)errno, "limit of %s: %s", name, strerror(errno));
}

static bool is_child(enum sandbox_role role)
{
	return role != SANDBOX_SUPERVISOR && role != SANDBOX_TUNNELLER;
}

/* A child of the supervisor starts nobody. (What the kernel counts are the processes of a user: the
 * limit stops new ones and leaves the others alone.) */
static enum err set_limits(enum sandbox_role role, struct fault *f)
{
	enum err e = set_limit(RLIMIT_CORE, 0, "core files", f);

	if (e == E_OK && is_child(role))
		e = set_limit(RLIMIT_NPROC, 0, "processes", f);
	return e;
}

static enum err set_process(int option, unsigned long value, const char *name, struct fault *f)
{
	if (prctl(option, value, 0UL, 0UL, 0UL) == 0)
		return E_OK;
	return fault_set(f, E_SYS, (uint32_t)errno, "%s: %s", name, strerror(errno));
}

static enum err hide(bool is_fenced, struct fault *f)
{
	/* The search for leaks at the end of the supervisor is a debugger. */
	if (SANITIZED && !is_fenced)
		return E_OK;
	return set_process(PR_SET_DUMPABLE, 0, "PR_SET_DUMPABLE", f);
}

enum err sandbox_enter(enum sandbox_role role, const struct sandbox_user *user, struct fault *f)
{
	bool is_fenced = is_child(role);
	enum err e = set_process(PR_SET_NO_NEW_PRIVS, 1, "PR_SET_NO_NEW_PRIVS", f);

	if (e == E_OK && is_fenced)
		e = caps_bound_none(f);
	if (e == E_OK && is_fenced && user->uid != (uid_t)SANDBOX_NO_USER)
		e = drop_to(user, f);
	if (e == E_OK)
		e = is_fenced ? caps_keep_none(f) : caps_keep_some(role == SANDBOX_TUNNELLER, f);
	/* After the drop: a change of user makes a process dumpable or not by rules of its own. */
	if (e == E_OK)
		e = hide(is_fenced, f);
	/* One that hangs would keep sockets from the next supervisor. A change of user forgets it. */
	if (e == E_OK && is_fenced)
		e = set_process(PR_SET_PDEATHSIG, SIGKILL, "PR_SET_PDEATHSIG", f);
	if (e == E_OK)
		e = set_limits(role, f);
	if (e == E_OK && is_fenced && !SANITIZED)
		e = landlock_enter(f);
	if (e == E_OK)
		e = filter_enter(role, f);
	return e;
}
