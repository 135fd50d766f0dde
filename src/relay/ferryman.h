/* SPDX-License-Identifier: ISC */
/*
 * Devices of tunnels, which the supervisor makes for sessions whose keys may have them, and the addresses
 * of TunnelPool: the relay has the first of the network on every device, each device's agent one of the
 * others, the same one each time as long as nobody else has it. Devices go when the relay process closes
 * them; here is only who has which address. A device that was made beforehand is given as it is.
 */
#ifndef RELAY_FERRYMAN_H
#define RELAY_FERRYMAN_H

#include "io/tundev.h"
#include "relay/ipctun.h"
#include "relay/roster.h"

enum { FERRYMAN_TUNNELS_MAX = 16 }; /* of a session */

struct ferryman {
	struct list all; /* struct ferryman_seat; private */
	uint64_t last_id;
};

struct ferryman_gift {
	struct tundev tundev; /* its descriptor is the receiver's */
	struct ipc_made made;
};

void ferryman_init(struct ferryman *f);
/* m: NULL: nobody. E_DENIED and others: fault is a sentence for the agent. */
enum err ferryman_ask(struct ferryman *f, const struct member *m, const struct tun_open *open,
	struct ferryman_gift *gift, struct fault *fault) MUST_USE;
void ferryman_close(struct ferryman *f, uint64_t id);
void ferryman_leave(struct ferryman *f, uint32_t session);
void ferryman_clear(struct ferryman *f);

/* The host of the pool that a key would have if nobody else had it, and the next ones when tries grow:
 * 2 and up, since 1 is the relay's. */
uint32_t ferryman_host(const struct tunaddr *pool, const char *fingerprint, uint32_t tries);

#endif
