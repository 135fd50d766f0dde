/* SPDX-License-Identifier: ISC */
#include "sandbox/caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CAPS_END = 64 };

static uint64_t bit(unsigned cap)
{
	return (uint64_t)1 << cap;
}

/* The bounding set first: it is what a program that root starts gets. */
static enum err lower_bound(uint64_t keep, struct fault *f)
{
	for (unsigned cap = 0; cap < CAPS_END; cap++) {
		if (keep & bit(cap))
			continue;
		if (prctl(PR_CAPBSET_READ, cap, 0UL, 0UL, 0UL) != 1)
			continue;
		/* Only who has CAP_SETPCAP may; to the others the bound is of no use. */
		if (prctl(PR_CAPBSET_DROP, cap, 0UL, 0UL, 0UL) != 0 && errno != EPERM)
			return fault_set(f, E_SYS, (uint32_t)errno, "PR_CAPBSET_DROP %u: %s", cap,
				strerror(errno));
	}
	return E_OK;
}

static enum err keep(uint64_t wanted, struct fault *f)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct set[_LINUX_CAPABILITY_U32S_3] = {{0}};
	enum err e = lower_bound(wanted, f);

	if (e != E_OK)
		return e;
	if (syscall(SYS_capget, &head, set) != 0)
		return fault_set(f, E_SYS, (uint32_t)errno, "capget: %s", strerror(errno));
	for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		uint32_t mask = (uint32_t)(wanted >> (32 * i));

		set[i].effective &= mask;
		set[i].permitted &= mask;
		set[i].inheritable = 0;
	}
	/* No inheritable ones are left, and the ambient ones go with them. */
	if (syscall(SYS_capset, &head, set) != 0)
		return fault_set(f, E_SYS, (uint32_t)errno, "capset: %s", strerror(errno));
	return E_OK;
}

enum err caps_bound_none(struct fault *f)
{
	return lower_bound(0, f);
}

enum err caps_keep_none(struct fault *f)
{
	return keep(0, f);
}

enum err caps_keep_some(bool with_net, struct fault *f)
{
	return keep(bit(CAP_NET_BIND_SERVICE) | bit(CAP_SETUID) | bit(CAP_SETGID) | bit(CAP_KILL) |
			    bit(CAP_DAC_OVERRIDE) | bit(CAP_DAC_READ_SEARCH) | bit(CAP_FOWNER) |
			    bit(CAP_SETPCAP) | (with_net ? bit(CAP_NET_ADMIN) : 0),
		f);
}
