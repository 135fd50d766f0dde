/* SPDX-License-Identifier: ISC */
#include "relay/lowports.h"

#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LOW_PORTS_END = 1024 }; /* what the kernel starts with */

/* Root without this capability may not bind them either. */
static bool may_bind_them(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

	/* Who cannot be asked about may. */
	return syscall(SYS_capget, &head, data) != 0 ||
	       (data[CAP_TO_INDEX(CAP_NET_BIND_SERVICE)].effective &
		       CAP_TO_MASK(CAP_NET_BIND_SERVICE)) != 0;
}

static uint32_t first_free_for_all(void)
{
	FILE *f = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "re");
	unsigned port = LOW_PORTS_END;

	if (!f)
		return LOW_PORTS_END;
	if (fscanf(f, "%u", &port) != 1)
		port = LOW_PORTS_END;
	fclose(f);
	return port;
}

uint32_t lowports_end(void)
{
	return may_bind_them() ? first_free_for_all() : 0;
}

uint32_t lowports_barred(void)
{
	return may_bind_them() ? 0 : first_free_for_all();
}
