/* SPDX-License-Identifier: ISC */
/* The rights and the layout of ABI 7 stand here in our own words (landlock(7)): the kernel headers
 * of Debian 12 know those of ABI 2. */
#include "sandbox/landlock.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

struct ruleset { /* struct landlock_ruleset_attr */
	uint64_t fs, net, scoped;
};

enum {
	ASK_VERSION = 1,
	FS_1 = (1 << 13) - 1, /* execute to make_sym */
	FS_REFER = 1 << 13,
	FS_TRUNCATE = 1 << 14,
	FS_IOCTL_DEV = 1 << 15,
	NET_TCP = 3, /* bind, connect */
	SCOPES = 3   /* abstract Unix sockets, signals */
};

int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0UL, ASK_VERSION);

	return abi > 0 ? (int)abi : 0;
}

static struct ruleset rights(int abi)
{
	struct ruleset r = {.fs = FS_1};

	if (abi >= 2)
		r.fs |= FS_REFER;
	if (abi >= 3)
		r.fs |= FS_TRUNCATE;
	if (abi >= 4)
		r.net = NET_TCP;
	if (abi >= 5)
		r.fs |= FS_IOCTL_DEV;
	if (abi >= 6)
		r.scoped = SCOPES;
	return r;
}

enum err landlock_enter(struct fault *f)
{
	int abi = landlock_abi(), fd;
	struct ruleset r = rights(abi);
	bool is_in;

	if (abi == 0) {
		log_write(LOG_LEVEL_DEBUG1, "no Landlock here: the filter of system calls alone");
		return E_OK;
	}
	/* A kernel takes a longer structure than it knows when the rest of it is zero. */
	fd = (int)syscall(SYS_landlock_create_ruleset, &r, sizeof(r), 0);
	if (fd < 0)
		return fault_set(
			f, E_SYS, (uint32_t)errno, "landlock_create_ruleset: %s", strerror(errno));
	is_in = syscall(SYS_landlock_restrict_self, fd, 0) == 0;
	if (!is_in)
		(void)fault_set(
			f, E_SYS, (uint32_t)errno, "landlock_restrict_self: %s", strerror(errno));
	close(fd);
	return is_in ? E_OK : E_SYS;
}
