/* SPDX-License-Identifier: ISC */
/* One tunnel of networks (-w), judged by what was seen of it. Facts in, findings out. */
#ifndef CLIENT_DIAGNOSIS_TUNNEL_H
#define CLIENT_DIAGNOSIS_TUNNEL_H

#include "client/devices.h"
#include "client/findings.h"
#include "client/knock.h"

enum { DIAGNOSIS_TUNNEL_PORT = 9 }; /* discard: hardly anybody listens there, so nobody is disturbed */

/* The device and the relay's answer. */
void diagnosis_tunnel(struct findings *f, const struct device *one, const char *subject);
/* Who is at the other end and can be knocked at; false: the tunnel is not up, or nobody is known. */
bool diagnosis_tunnel_peer(const struct device *one, char host[static TUNADDR_TEXT]);
/* The knock there; NULL: there was none. */
void diagnosis_tunnel_trip(struct findings *f, const struct device *one, const struct knock_result *r,
	const char *subject);

#endif
