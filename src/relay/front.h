/* SPDX-License-Identifier: ISC */
/*
 * Where agents knock: the listening sockets that the supervisor passed, and who of those that knock
 * is let in before login (MaxStartups).
 */
#ifndef RELAY_FRONT_H
#define RELAY_FRONT_H

#include "io/sock.h"
#include "relay/relay.h"

enum { FRONT_MAX = 128 };

struct front *front_new(struct relay *r); /* NULL when memory is short */
/* Takes fd, which listens, on success. is_lent: a service manager's, in which agents may queue while
 * there is no relay. */
enum err front_add(struct front *t, int fd, bool is_lent) MUST_USE;
/* Stops listening for good, whoever else has the sockets, but for those that are lent. NULL ok. */
void front_free(struct front *t);
size_t front_count(const struct front *t);
const struct sock_addr *front_addr(const struct front *t, size_t i); /* with the real port */

#endif
