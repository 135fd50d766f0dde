/* SPDX-License-Identifier: ISC */
/*
 * Replies of a key agent: the input as what its socket gave. What is accepted lies inside the
 * input, is within the limits, and adds up to the whole message.
 */
#include "fuzz.h"

#include "keys/agent.h"
#include "wire/msgs.h"

static bool is_inside(struct bytes part, const uint8_t *data, size_t size)
{
	return part.len <= size &&
	       (part.len == 0 || (part.ptr >= data && part.ptr + part.len <= data + size));
}

static void list(struct bytes message)
{
	struct agent_list l;
	struct bytes blob, comment;
	size_t total = 1 + 4, keys = 0;

	if (agent_list_init(&l, message) != E_OK)
		return;
	while (agent_list_next(&l, &blob, &comment)) {
		PROMISE(is_inside(blob, message.ptr, message.len));
		PROMISE(is_inside(comment, message.ptr, message.len));
		PROMISE(blob.len <= LIMIT_BLOB && comment.len <= AGENT_COMMENT_MAX);
		total += 4 + blob.len + 4 + comment.len;
		keys++;
	}
	PROMISE(total == message.len && keys <= AGENT_KEYS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes message = {0}, signature = {0};
	size_t want = 0;
	enum err e = agent_next(bytes_of(data, size), &message, &want);

	PROMISE(want <= 4 + AGENT_MESSAGE_MAX);
	PROMISE((e == E_AGAIN) == (want > size));
	if (e != E_OK)
		return 0;
	PROMISE(message.len > 0 && is_inside(message, data, size));
	list(message);
	if (agent_read_signature(message, &signature) == E_OK) {
		PROMISE(is_inside(signature, message.ptr, message.len));
		PROMISE(signature.len + 5 == message.len && signature.len <= LIMIT_BLOB);
	}
	PROMISE((agent_read_done(message) == E_OK) == (message.len == 1 && message.ptr[0] == 6));
	return 0;
}
