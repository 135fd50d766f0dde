/* SPDX-License-Identifier: ISC */
/*
 * RFC 4256 3.1 to 3.4, the client's half. A request is checked to its end before anybody is asked:
 * the walk over its prompts cannot fail any more.
 */
#include "auth/kbdint.h"

#include "wire/msgs.h"

/* RFC 4256 3.1: language tag (deprecated) and submethods are empty. */
void kbdint_write(struct writer *w, struct bytes user)
{
	wr_u8(w, MSG_USERAUTH_REQUEST);
	wr_string(w, user);
	wr_cstring(w, "ssh-connection");
	wr_cstring(w, "keyboard-interactive");
	wr_cstring(w, "");
	wr_cstring(w, "");
}

size_t kbdint_len(struct bytes user)
{
	return 1 + 4 + user.len + 4 + strlen("ssh-connection") + 4 +
	       strlen("keyboard-interactive") + 4 + 4;
}

enum err kbdint_read(struct bytes payload, struct kbdint_request *q)
{
	struct kbdint_request got = {0}, walk;
	struct bytes text;
	bool is_echoed;

	rd_init(&got.at, payload);
	if (rd_u8(&got.at) != MSG_USERAUTH_INFO_REQUEST)
		return E_FORMAT;
	got.name = rd_string(&got.at, LIMIT_PACKET_LOGIN);
	got.instruction = rd_string(&got.at, LIMIT_PACKET_LOGIN);
	rd_string(&got.at, LIMIT_NAME); /* language tag */
	got.left = rd_u32(&got.at);
	if (!rd_ok(&got.at))
		return E_FORMAT;
	if (got.left > KBDINT_PROMPTS_MAX)
		return E_LIMIT;
	walk = got;
	while (kbdint_next(&walk, &text, &is_echoed))
		;
	if (!rd_end(&walk.at))
		return E_FORMAT;
	*q = got;
	return E_OK;
}

bool kbdint_next(struct kbdint_request *q, struct bytes *text, bool *is_echoed)
{
	if (q->left == 0)
		return false;
	q->left--;
	*text = rd_string(&q->at, LIMIT_PACKET_LOGIN);
	*is_echoed = rd_bool(&q->at);
	return rd_ok(&q->at);
}

void kbdint_write_answers(struct writer *w, uint32_t count, struct bytes answers)
{
	wr_u8(w, MSG_USERAUTH_INFO_RESPONSE);
	wr_u32(w, count);
	wr_raw(w, answers);
}
