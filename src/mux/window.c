/* SPDX-License-Identifier: ISC */
/* RFC 4254 5.2. */
#include "mux/window.h"

#include <assert.h>

void send_window_start(struct send_window *w, uint32_t n)
{
	*w = (struct send_window){.left = n, .most = n};
}

enum err send_window_grow(struct send_window *w, uint32_t n)
{
	if (n > UINT32_MAX - w->left) /* RFC 4254 5.2: MUST NOT be increased above 2^32 - 1 */
		return E_LIMIT;
	w->left += n;
	if (w->left > w->most)
		w->most = w->left;
	return E_OK;
}

void send_window_spend(struct send_window *w, uint32_t n)
{
	assert(n <= w->left);
	w->left -= n;
}

enum err recv_window_take(struct recv_window *w, uint32_t n)
{
	if (n > w->left)
		return E_LIMIT;
	w->left -= n;
	w->held += n;
	return E_OK;
}

void recv_window_consume(struct recv_window *w, uint32_t n)
{
	assert(n <= w->held);
	w->held -= n;
}

uint32_t recv_window_grant(struct recv_window *w, uint64_t room)
{
	uint32_t out = w->left + w->held;
	uint32_t n = w->size > out ? w->size - out : 0;
	uint32_t goal;

	if (n > room)
		n = (uint32_t)room;
	goal = out + n;
	if (n == 0 || (n < goal / 4 && w->left >= goal / 2))
		return 0;
	w->left += n;
	return n;
}
