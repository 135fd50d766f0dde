/* SPDX-License-Identifier: ISC */
/*
 * The messages of the login method "keyboard-interactive" (RFC 4256), as a client writes and reads
 * them. The server asks as often as it likes, each time with any number of prompts, none among them.
 */
#ifndef AUTH_KBDINT_H
#define AUTH_KBDINT_H

#include "base/bytes.h"
#include "base/err.h"
#include "wire/reader.h"
#include "wire/writer.h"

enum { KBDINT_PROMPTS_MAX = 16, KBDINT_ANSWER_MAX = 1024 };

/* A whole USERAUTH_REQUEST, without wishes about the method behind the method. */
void kbdint_write(struct writer *w, struct bytes user);
size_t kbdint_len(struct bytes user);

/* USERAUTH_INFO_REQUEST. The slices borrow the payload. */
struct kbdint_request {
	struct bytes name, instruction;
	uint32_t left;	  /* prompts not taken yet */
	struct reader at; /* private */
};
/* Checks the whole message. E_LIMIT: more than KBDINT_PROMPTS_MAX prompts. E_FORMAT. */
enum err kbdint_read(struct bytes payload, struct kbdint_request *q) MUST_USE;
/* False at the end. */
bool kbdint_next(struct kbdint_request *q, struct bytes *text, bool *is_echoed);

/* A whole USERAUTH_INFO_RESPONSE; answers: count strings one behind the other. */
void kbdint_write_answers(struct writer *w, uint32_t count, struct bytes answers);

#endif
