/* SPDX-License-Identifier: ISC */
/*
 * Capabilities given up for good, in every set that a process can get them back from. Who has none
 * loses none: as a plain user both calls work.
 */
#ifndef SANDBOX_CAPS_H
#define SANDBOX_CAPS_H

#include "base/err.h"

/* Nothing this process starts gets any. While it still may: before a change of user. */
enum err caps_bound_none(struct fault *f) MUST_USE;
enum err caps_keep_none(struct fault *f) MUST_USE;
/* What the supervisor needs of root: low ports, files of others, children of another user; and with_net
 * network devices and their addresses. */
enum err caps_keep_some(bool with_net, struct fault *f) MUST_USE;

#endif
