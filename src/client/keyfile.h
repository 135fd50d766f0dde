/* SPDX-License-Identifier: ISC */
/* What is said about key files, and whose they may be; ssh's words. */
#ifndef CLIENT_KEYFILE_H
#define CLIENT_KEYFILE_H

#include "client/files.h"

/* Others than the owner can read a private key of ours: it is not used, which is said. */
bool keyfile_is_exposed(const char *path, const struct file_content *file);
/* Load key "path": why. */
void keyfile_complain(const char *path, enum err e, const struct fault *f);
/* The public key on the first line of a text. False: there is none. */
bool keyfile_public(struct bytes text, struct span blob, size_t *len);

#endif
