/* SPDX-License-Identifier: ISC */
/*
 * Network devices whose other end is a descriptor (tun(4)): a packet a read, a packet a write. A device
 * goes when its descriptor does, unless somebody made it beforehand to stay.
 */
#ifndef IO_TUNDEV_H
#define IO_TUNDEV_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

struct tundev {
	int fd; /* non-blocking, close-on-exec; the caller's */
	char name[IF_NAMESIZE];
	unsigned index;
	bool was_there; /* made beforehand: it stays */
};

/* The device tun<unit> (packets of IP) or tap<unit> (frames); UINT32_MAX: one that is free. It is made
 * unless it is there. E_DENIED: the right is missing, f says what helps; E_SYS otherwise. f->code is errno. */
enum err tundev_open(bool is_ethernet, uint32_t unit, struct tundev *d, struct fault *f) MUST_USE;

#endif
