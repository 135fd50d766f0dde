/* SPDX-License-Identifier: ISC */
/*
 * Which ports are privileged here. In sshd the kernel decides by the rights of the user who logged
 * in. Behind a relay's key stands no user: a relay that may bind low ports, because it is root or
 * was given the capability, would hand them to every key. So those go only to whom the
 * configuration names them; see identity_may_listen.
 */
#ifndef RELAY_LOWPORTS_H
#define RELAY_LOWPORTS_H

#include <stdint.h>

/* Ports below this one are ours to guard. 0: none is, since the kernel refuses them to this
 * process, or gives them to everybody. */
uint32_t lowports_end(void);
/* Ports below this one cannot be bound by this process at all. 0: all can. */
uint32_t lowports_barred(void);

#endif
