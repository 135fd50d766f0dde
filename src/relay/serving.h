/* SPDX-License-Identifier: ISC */
/*
 * The process that has the connections. It is briefed by the supervisor (settings, public halves of
 * the host keys, listening sockets), goes behind its fence, and serves: it can open nothing, bind
 * nothing, dial nobody and start no program.
 */
#ifndef RELAY_SERVING_H
#define RELAY_SERVING_H

/* fd: frames of the supervisor. Returns an exit code when all is over or that one is gone. */
int serving_run(int fd);

#endif
