/* SPDX-License-Identifier: ISC */
#include "io/tundev.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CLONE_DEVICE "/dev/net/tun"

static const char *kind(bool is_ethernet)
{
	return is_ethernet ? "tap" : "tun";
}

static enum err no_clone_device(int code, struct fault *f)
{
	if (code == EACCES || code == EPERM)
		return fault_set(f, E_DENIED, (uint32_t)code,
			CLONE_DEVICE ": %s: have root run \"chmod 666 " CLONE_DEVICE
				     "\", which gives nobody a device yet",
			strerror(code));
	return fault_set(f, E_SYS, (uint32_t)code,
		CLONE_DEVICE ": %s: this system has no tun devices; \"modprobe tun\" may bring them",
		strerror(code));
}

static enum err no_right(const char *name, bool is_ethernet, int code, struct fault *f)
{
	const struct passwd *me = getpwuid(geteuid());
	char uid[24];

	snprintf(uid, sizeof(uid), "%u", (unsigned)geteuid());
	return fault_set(f, E_DENIED, (uint32_t)code,
		"%s: %s: have it made beforehand by root: \"ip tuntap add dev %s mode %s user %s\"", name,
		strerror(code), name, kind(is_ethernet), me != NULL ? me->pw_name : uid);
}

static enum err no_device(const char *wish, bool is_ethernet, int code, struct fault *f)
{
	char name[IF_NAMESIZE + 1];

	/* Of one that is free nobody can be the owner. */
	snprintf(name, sizeof(name), "%s%s", strchr(wish, '%') != NULL ? kind(is_ethernet) : wish,
		strchr(wish, '%') != NULL ? "0" : "");
	if (code == EPERM)
		return no_right(name, is_ethernet, code, f);
	return fault_set(f, E_SYS, (uint32_t)code, "%s: %s%s", name, strerror(code),
		code == EBUSY	? ": another program has it"
		: code == EINVAL ? ": there is one by that name, of another kind"
				 : "");
}

/* Whether it is to stay is known to the device alone. */
static bool is_lasting(int fd)
{
	struct ifreq got = {0};

	return ioctl(fd, TUNGETIFF, &got) == 0 && (got.ifr_flags & IFF_PERSIST) != 0;
}

enum err tundev_open(bool is_ethernet, uint32_t unit, struct tundev *d, struct fault *f)
{
	struct ifreq wish = {0};
	int fd = open(CLONE_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC), code;

	if (fd < 0)
		return no_clone_device(errno, f);
	wish.ifr_flags = (short)((is_ethernet ? IFF_TAP : IFF_TUN) | IFF_NO_PI);
	if (unit == UINT32_MAX)
		snprintf(wish.ifr_name, sizeof(wish.ifr_name), "%s%%d", kind(is_ethernet));
	else
		snprintf(wish.ifr_name, sizeof(wish.ifr_name), "%s%u", kind(is_ethernet), unit);
	if (ioctl(fd, TUNSETIFF, &wish) != 0) {
		code = errno;
		close(fd);
		return no_device(wish.ifr_name, is_ethernet, code, f);
	}
	*d = (struct tundev){.fd = fd, .was_there = is_lasting(fd)};
	memcpy(d->name, wish.ifr_name, sizeof(d->name));
	d->index = if_nametoindex(d->name);
	return E_OK;
}
