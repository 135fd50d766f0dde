/* SPDX-License-Identifier: ISC */
/*
 * One question to a running relay: a JSON object in a line to its control socket, one back. Nothing
 * waits longer than ASK_TIMEOUT_S for a relay that does not answer.
 */
#ifndef CTL_ASK_H
#define CTL_ASK_H

#include <jansson.h>

#include "base/err.h"

enum { ASK_REQUEST_MAX = 4096, ASK_TIMEOUT_S = 5, ASK_ANSWER_MAX = 64 * 1024 * 1024 };

/* A new reference. E_CLOSED: no relay is there. E_DENIED: it said no, f holds its words. E_FORMAT:
 * what came back is no answer of a relay. */
enum err ask(const char *socket_path, const json_t *request, json_t **answer, struct fault *f) MUST_USE;
/* The same, and all the lines that follow, each of them given to each until it returns false. E_CLOSED
 * at their end. */
enum err ask_stream(const char *socket_path, const json_t *request,
	bool (*each)(void *ctx, json_t *line), void *ctx, struct fault *f) MUST_USE;

#endif
