/* SPDX-License-Identifier: ISC */
/*
 * A tunnel's device that is asked for, and what became of it, as frames between the relay process and
 * the supervisor (relay/ipc.h). The device itself comes as a descriptor with IPC_TUN_MADE.
 */
#ifndef RELAY_IPCTUN_H
#define RELAY_IPCTUN_H

#include "forward/tun.h"
#include "forward/tunaddr.h"

struct ipc_tun {
	uint32_t session;
	struct tun_open open;
};

struct ipc_made {
	uint64_t id; /* by which IPC_TUN_CLOSED names it */
	char name[16];
	char offer[TUNADDR_TEXT]; /* an address for the agent's device, in the words of TunnelAddress; "": none */
};

/* Into IPC_SMALL_MAX. */
struct bytes ipctun_wr(struct span room, const struct ipc_tun *t);
enum err ipctun_rd(struct bytes payload, struct ipc_tun *t) MUST_USE;
struct bytes ipctun_wr_made(struct span room, const struct ipc_made *m);
enum err ipctun_rd_made(struct bytes payload, struct ipc_made *m) MUST_USE;

#endif
