/* SPDX-License-Identifier: ISC */
/*
 * Where agents knock: the listening sockets of the relay, and who of those that knock is let in
 * before login (MaxStartups).
 */
#ifndef RELAY_FRONT_H
#define RELAY_FRONT_H

#include "io/sock.h"
#include "relay/relay.h"

enum { FRONT_MAX = 128 };

/* Listens on everything the settings name, or on nothing: f says what is in the way. */
enum err front_new(struct relay *r, struct front **out, struct fault *f) MUST_USE;
void front_free(struct front *t); /* stops listening; NULL ok */
size_t front_count(const struct front *t);
const struct sock_addr *front_addr(const struct front *t, size_t i); /* with the real port */

#endif
