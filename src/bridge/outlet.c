/* SPDX-License-Identifier: ISC */
#include "bridge/outlet.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

void outlet_init(struct outlet *o, int fd, struct pool *pool, size_t limit)
{
	o->fd = fd;
	o->is_stream = false;
	chunkq_init_bulk(&o->queue, pool, limit);
}

void outlet_fini(struct outlet *o)
{
	chunkq_fini(&o->queue);
}

ssize_t outlet_send(int fd, const struct span *pieces, size_t count)
{
	struct msghdr m = {.msg_iov = (struct iovec *)(uintptr_t)pieces, .msg_iovlen = count};
	ssize_t n;

	do
		n = sendmsg(fd, &m, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n;
}

static ssize_t put(const struct outlet *o, const struct span *pieces, size_t count)
{
	ssize_t n;

	if (!o->is_stream)
		return outlet_send(o->fd, pieces, count);
	do
		n = writev(o->fd, (const struct iovec *)pieces, (int)count);
	while (n < 0 && errno == EINTR);
	return n;
}

size_t outlet_sum(const struct span *pieces, size_t count)
{
	size_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += pieces[i].len;
	return sum;
}

/* What is left of the pieces behind their first skip bytes. */
static enum err keep(struct outlet *o, const struct span *pieces, size_t count, size_t skip)
{
	enum err e = E_OK;

	for (size_t i = 0; i < count && e == E_OK; i++) {
		size_t cut = skip < pieces[i].len ? skip : pieces[i].len;

		skip -= cut;
		if (cut < pieces[i].len)
			e = chunkq_append(
				&o->queue, bytes_of(pieces[i].ptr + cut, pieces[i].len - cut));
	}
	return e;
}

enum err outlet_write(
	struct outlet *o, const struct span *pieces, size_t count, size_t *taken, int *code)
{
	ssize_t n = 0;

	assert(count <= OUTLET_PIECES);
	*taken = 0;
	/* A socket that was full a moment ago need not be asked: it says when it is writable. */
	if (outlet_len(o) == 0) {
		n = put(o, pieces, count);
		if (n < 0 && errno != EAGAIN) {
			*code = errno;
			return E_SYS;
		}
		if (n < 0)
			n = 0;
	}
	*taken = (size_t)n;
	return keep(o, pieces, count, (size_t)n);
}

enum err outlet_flush(struct outlet *o, size_t *taken, int *code)
{
	struct span pieces[OUTLET_PIECES];
	size_t count, asked;
	ssize_t n;

	*taken = 0;
	while ((count = chunkq_pieces(&o->queue, pieces, OUTLET_PIECES)) > 0) {
		asked = outlet_sum(pieces, count);
		n = put(o, pieces, count);
		if (n < 0 && errno != EAGAIN) {
			*code = errno;
			return E_SYS;
		}
		if (n > 0) {
			chunkq_consume(&o->queue, (size_t)n);
			*taken += (size_t)n;
		}
		if (n < 0 || (size_t)n < asked)
			return E_OK;
	}
	return E_OK;
}
