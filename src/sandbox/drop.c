/* SPDX-License-Identifier: ISC */
#include "sandbox/drop.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

enum err sandbox_find_user(const char *name, struct sandbox_user *user, struct fault *f)
{
	const struct passwd *pw;

	errno = 0;
	pw = getpwnam(name);
	if (!pw)
		return fault_set(f, E_UNKNOWN, (uint32_t)errno, "there is no user %s", name);
	if (pw->pw_uid == 0)
		return fault_set(f, E_VALUE, 0, "user %s is root", name);
	*user = (struct sandbox_user){.uid = pw->pw_uid, .gid = pw->pw_gid};
	return E_OK;
}

/* Setting an id and having it set are asked for separately: the former has been seen to lie. */
static bool has_arrived(const struct sandbox_user *user)
{
	uid_t uid[3];
	gid_t gid[3];

	if (getresuid(&uid[0], &uid[1], &uid[2]) != 0 || getresgid(&gid[0], &gid[1], &gid[2]) != 0)
		return false;
	for (int i = 0; i < 3; i++)
		if (uid[i] != user->uid || gid[i] != user->gid)
			return false;
	return setuid(0) != 0 && setgid(0) != 0;
}

enum err drop_to(const struct sandbox_user *user, struct fault *f)
{
	if (user->uid == 0 || user->gid == 0)
		return fault_set(f, E_VALUE, 0, "root's ids are no place to drop to");
	/* The other order would take the right to the next step away. */
	if (setgroups(1, &user->gid) != 0 || setresgid(user->gid, user->gid, user->gid) != 0 ||
		setresuid(user->uid, user->uid, user->uid) != 0)
		return fault_set(f, E_SYS, (uint32_t)errno, "cannot become user %lu: %s",
			(unsigned long)user->uid, strerror(errno));
	if (!has_arrived(user))
		return fault_set(
			f, E_SYS, 0, "did not become user %lu for good", (unsigned long)user->uid);
	return E_OK;
}
