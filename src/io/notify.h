/* SPDX-License-Identifier: ISC */
/*
 * What a service manager wants to hear (sd_notify(3)): datagrams to the socket that NOTIFY_SOCKET
 * names, and the watchdog's sign of life from the loop. Without NOTIFY_SOCKET nothing is done.
 */
#ifndef IO_NOTIFY_H
#define IO_NOTIFY_H

#include <uv.h>

struct notify {
	int fd; /* -1: nobody listens; private from here on */
	uv_timer_t watchdog;
};

/* Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment: children of ours are not
 * the service. A name that cannot be used is told to the log. */
void notify_init(struct notify *n, uv_loop_t *loop);
/* Variables like "READY=1\nSTATUS=...", a line each; what is not taken at once is lost. */
void notify_send(const struct notify *n, const char *text);
/* The loop must run once more afterwards. */
void notify_close(struct notify *n);

#endif
