/* SPDX-License-Identifier: ISC */
/* From root to another user, for good. */
#ifndef SANDBOX_DROP_H
#define SANDBOX_DROP_H

#include "sandbox/sandbox.h"

/* Takes all three ids and leaves all groups but the user's first one. Checks that there is no way
 * back. */
enum err drop_to(const struct sandbox_user *user, struct fault *f) MUST_USE;

#endif
