/* SPDX-License-Identifier: ISC */
/* What every program of ours asks of the system before it serves anybody. */
#ifndef IO_PROCESS_H
#define IO_PROCESS_H

/* SIGPIPE is ignored (a socket that is gone is an errno), and the soft limit of descriptors is raised
 * to the hard one: a visitor is a descriptor at each end. */
void process_prepare(void);
/* For a child that ends when its parent's socket does: what a terminal or a service manager sends to
 * all of a group (SIGINT, SIGTERM, SIGHUP, SIGQUIT) is for the parent to hear. */
void process_leave_ends_to_parent(void);

#endif
