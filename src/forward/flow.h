/* SPDX-License-Identifier: ISC */
/*
 * Which packets belong together: a number that is the same for all of one flow (addresses, protocol,
 * ports) and, by its salt, not to be foreseen by whoever would like to share it with others. Looks at
 * IPv4, IPv6 and Ethernet frames with or without one VLAN tag; of what it does not know it takes the
 * addresses of the frame.
 */
#ifndef FORWARD_FLOW_H
#define FORWARD_FLOW_H

#include "forward/tun.h"

uint32_t flow_of(enum tun_mode mode, struct bytes packet, uint32_t salt);

#endif
