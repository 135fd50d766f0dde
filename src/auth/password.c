/* SPDX-License-Identifier: ISC */
/*
 * RFC 4252 8, the client's half. A password is never changed here: the request of a new one is read
 * only so that it can be told from nonsense.
 */
#include "auth/password.h"

#include "wire/msgs.h"
#include "wire/reader.h"

void password_write(struct writer *w, struct bytes user, struct bytes password)
{
	wr_u8(w, MSG_USERAUTH_REQUEST);
	wr_string(w, user);
	wr_cstring(w, "ssh-connection");
	wr_cstring(w, "password");
	wr_bool(w, false); /* no new password behind it */
	wr_string(w, password);
}

size_t password_len(struct bytes user, struct bytes password)
{
	return 1 + 4 + user.len + 4 + strlen("ssh-connection") + 4 + strlen("password") + 1 + 4 +
	       password.len;
}

enum err password_read_change(struct bytes payload, struct bytes *prompt)
{
	struct reader r;
	struct bytes text;

	rd_init(&r, payload);
	if (rd_u8(&r) != MSG_USERAUTH_PASSWD_CHANGEREQ)
		rd_fail(&r);
	text = rd_string(&r, LIMIT_PACKET_LOGIN);
	rd_string(&r, LIMIT_NAME); /* language tag */
	if (!rd_end(&r))
		return E_FORMAT;
	*prompt = text;
	return E_OK;
}
