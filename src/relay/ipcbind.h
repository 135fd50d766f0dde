/* SPDX-License-Identifier: ISC */
/*
 * A port that is asked for, and what became of it, as frames between the relay process and the
 * supervisor (relay/ipc.h). The sockets themselves come as descriptors with IPC_BOUND.
 */
#ifndef RELAY_IPCBIND_H
#define RELAY_IPCBIND_H

#include "bridge/binder.h"

struct ipc_bind {
	uint32_t session;
	bool is_chosen; /* the agent asked for port 0 */
	uint16_t port;	/* 0: the kernel's choice */
	char host[256]; /* as the agent has it */
};

struct ipc_unbound {
	uint32_t code; /* errno; EADDRINUSE: somebody is there */
	char why[FAULT_TEXT];
	struct sock_addr addr[BINDER_MAX]; /* where it would have been, as far as that is known */
	size_t count;
};

/* Into IPC_SMALL_MAX; empty when it does not fit. */
struct bytes ipcbind_wr(struct span room, const struct ipc_bind *b);
enum err ipcbind_rd(struct bytes payload, struct ipc_bind *b) MUST_USE;
struct bytes ipcbind_wr_unbound(struct span room, const struct ipc_unbound *u);
enum err ipcbind_rd_unbound(struct bytes payload, struct ipc_unbound *u) MUST_USE;
/* The number by which IPC_RELEASE and IPC_NOTE name the sockets. */
struct bytes ipcbind_wr_bound(struct span room, uint64_t id);
uint64_t ipcbind_rd_bound(struct bytes payload);

#endif
