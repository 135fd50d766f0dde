/* SPDX-License-Identifier: ISC */
/*
 * Asking the person who started the program, one question at a time: at the terminal, or through the
 * program SSH_ASKPASS where there is no terminal or SSH_ASKPASS_REQUIRE wants it so (ssh(1),
 * ENVIRONMENT). Keepalives and deadlines go on meanwhile.
 */
#ifndef CLIENT_ASK_H
#define CLIENT_ASK_H

#include <stdbool.h>
#include <uv.h>

enum { ASK_ANSWER_MAX = 1024, ASK_TEXT_MAX = 8 * 1024 };

/* answer: NULL when nobody gave one. It is wiped when this returns; the next question may be asked
 * in it. */
typedef void (*ask_fn)(void *ctx, const char *answer);

struct ask {
	uv_loop_t *loop; /* private from here on */
	bool is_barred;
	struct terminal *terminal;
	struct askpass *askpass;
	ask_fn done; /* NULL: no question is open */
	void *ctx;
};

void ask_init(struct ask *a, uv_loop_t *loop);
/* From now on nobody is asked, or somebody again. */
void ask_bar(struct ask *a, bool is_barred);
/* No question is open. False: there is nobody to ask. Never calls back before it returns. The text is
 * shown as it is: what came from elsewhere is escaped. */
bool ask_person(struct ask *a, const char *text, bool is_echoed, ask_fn done, void *ctx);
/* Takes an open question back: no callback any more. */
void ask_cancel(struct ask *a);

#endif
