/* SPDX-License-Identifier: ISC */
/* The login as far as it concerns keys and people: signing, banners, what is said about it. */
#ifndef CLIENT_LOGIN_H
#define CLIENT_LOGIN_H

#include "bridge/conn.h"
#include "client/identities.h"

/* EV_SIGN_USER: answers with a signature, or with none when the key cannot make it. */
void login_on_sign(struct conn *c, const struct identities *ids, const struct event *ev);
/* EV_BANNER: the relay's text, line by line, escaped. */
void login_on_banner(const struct event *ev);
/* EV_LOGIN */
void login_on_success(const struct conn *c, const struct client_settings *s);

#endif
