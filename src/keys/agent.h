/* SPDX-License-Identifier: ISC */
/*
 * The messages between an SSH client and a key agent (draft-ietf-sshm-ssh-agent, formerly
 * draft-miller-ssh-agent), as far as a client needs them to log in: which keys are there, and sign
 * with one of them. Bytes in, bytes out; the socket is the program's.
 *
 * A message is uint32 length, byte type, contents. Replies come in the order of requests.
 */
#ifndef KEYS_AGENT_H
#define KEYS_AGENT_H

#include "base/bytes.h"
#include "base/err.h"
#include "wire/reader.h"
#include "wire/writer.h"

enum {
	AGENT_MESSAGE_MAX = 256 * 1024, /* of a reply, its length field not counted */
	AGENT_KEYS_MAX = 2048,
	AGENT_COMMENT_MAX = 1024
};

enum { AGENT_LIST_LEN = 5 }; /* of what agent_write_list writes */

/* Whole requests with their length in front. */
void agent_write_list(struct writer *w); /* REQUEST_IDENTITIES */
/* SIGN_REQUEST; alg names the algorithm of the signature that is wanted. */
void agent_write_sign(struct writer *w, struct bytes blob, struct bytes data, const char *alg);
size_t agent_sign_len(struct bytes blob, struct bytes data); /* of what agent_write_sign writes */
/* session-bind@openssh.com (PROTOCOL.agent of OpenSSH): what is signed from now on is for the session
 * that this host key proved with this signature. The agent may hold keys that it uses for some hosts
 * only. */
struct agent_bind {
	struct bytes host_key, session_id, signature;
};
void agent_write_bind(struct writer *w, const struct agent_bind *b);
size_t agent_bind_len(const struct agent_bind *b);

/* The first message of in, without its length. E_AGAIN: not whole yet, *want is how many bytes in
 * has to have (the length field's at first). E_LIMIT: it is too long. E_FORMAT: it is empty. */
enum err agent_next(struct bytes in, struct bytes *message, size_t *want) MUST_USE;

/* Walks over the keys of IDENTITIES_ANSWER; what the list lends borrows the message. */
struct agent_list {
	struct reader r; /* private */
	uint32_t left;
};
/* Checks the whole message first. E_DENIED: the agent answered FAILURE (it is locked, perhaps).
 * E_LIMIT: too many keys, or one too long. E_FORMAT. */
enum err agent_list_init(struct agent_list *l, struct bytes message) MUST_USE;
/* False at the end. The comment is as the agent has it, not escaped. */
bool agent_list_next(struct agent_list *l, struct bytes *blob, struct bytes *comment);

/* An answer without contents. E_DENIED: the agent would or could not. E_FORMAT. */
enum err agent_read_done(struct bytes message) MUST_USE;
/* The signature blob of SIGN_RESPONSE. E_DENIED: the agent answered FAILURE. E_FORMAT. */
enum err agent_read_signature(struct bytes message, struct bytes *signature) MUST_USE;

#endif
