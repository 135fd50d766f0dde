/* SPDX-License-Identifier: ISC */
#include "bridge/inner.h"

#include <sys/socket.h>
#include <unistd.h>

enum err inner_join(struct conn *outer, uint32_t channel, pump_done_fn done, void *ctx,
	struct pump **p, int *fd)
{
	int ends[2];
	enum err e;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
		return E_SYS;
	e = pump_join(outer, channel, ends[0], NULL, done, ctx, p);
	if (e == E_OK)
		*fd = ends[1];
	else
		close(ends[1]);
	return e;
}
