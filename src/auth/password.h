/* SPDX-License-Identifier: ISC */
/* The messages of the login method "password" (RFC 4252 8), as a client writes and reads them. */
#ifndef AUTH_PASSWORD_H
#define AUTH_PASSWORD_H

#include "base/bytes.h"
#include "base/err.h"
#include "wire/writer.h"

enum { PASSWORD_MAX = 1024 };

/* A whole USERAUTH_REQUEST. */
void password_write(struct writer *w, struct bytes user, struct bytes password);
size_t password_len(struct bytes user, struct bytes password);
/* USERAUTH_PASSWD_CHANGEREQ: the password has expired. The slice borrows the payload. */
enum err password_read_change(struct bytes payload, struct bytes *prompt) MUST_USE;

#endif
