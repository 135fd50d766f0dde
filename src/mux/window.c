/* SPDX-License-Identifier: ISC */
/*
 * RFC 4254 5.2. Of size bytes granted, left may still come, consumed wait to be given back, and the
 * rest is in the program's hands: left + consumed <= size always.
 */
#include "mux/window.h"

#include <assert.h>

enum err send_window_grow(struct send_window *w, uint32_t n)
{
	if (n > UINT32_MAX - w->left) /* RFC 4254 5.2: MUST NOT be increased above 2^32 - 1 */
		return E_LIMIT;
	w->left += n;
	return E_OK;
}

void send_window_spend(struct send_window *w, uint32_t n)
{
	assert(n <= w->left);
	w->left -= n;
}

void recv_window_init(struct recv_window *w, uint32_t size)
{
	*w = (struct recv_window){.size = size, .left = size};
}

enum err recv_window_take(struct recv_window *w, uint32_t n)
{
	if (n > w->left)
		return E_LIMIT;
	w->left -= n;
	return E_OK;
}

uint32_t recv_window_held(const struct recv_window *w)
{
	return w->size - w->left - w->consumed;
}

void recv_window_consume(struct recv_window *w, uint32_t n)
{
	assert(n <= recv_window_held(w));
	w->consumed += n;
}

uint32_t recv_window_grant(struct recv_window *w)
{
	uint32_t n = w->consumed;

	if (n == 0 || (n < w->size / 4 && w->left >= w->size / 2))
		return 0;
	w->left += n;
	w->consumed = 0;
	return n;
}
