/* SPDX-License-Identifier: ISC */
/* AddressFamily as the socket layer has it. */
#ifndef CLIENT_FAMILY_H
#define CLIENT_FAMILY_H

#include <sys/socket.h>

#include "conf/client.h"

static inline int family_of(const struct client_settings *s)
{
	switch (s->family) {
	case FAMILY_INET:
		return AF_INET;
	case FAMILY_INET6:
		return AF_INET6;
	case FAMILY_ANY:
		break;
	}
	return AF_UNSPEC;
}

#endif
