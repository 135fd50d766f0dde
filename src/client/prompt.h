/* SPDX-License-Identifier: ISC */
/* Asking the person at the terminal. Blocks: only used while nothing else can go on. */
#ifndef CLIENT_PROMPT_H
#define CLIENT_PROMPT_H

#include <stdbool.h>

/* Shows question and wants yes, no or the fingerprint, repeating until it gets one of them. False
 * also when there is no terminal or it is closed. */
bool prompt_confirm(const char *question, const char *fingerprint);

#endif
