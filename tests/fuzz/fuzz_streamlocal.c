/* SPDX-License-Identifier: ISC */
/* The payloads of forwarding Unix sockets: what can be read is written back to the same bytes. */
#include "forward/streamlocal.h"

#include "fuzz.h"

static uint8_t out[4096];
static const struct span room = {out, sizeof(out)};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size), path, again;
	struct streamlocal_open open;
	size_t len;

	if (streamlocal_read_listen(in, &path) == E_OK) {
		PROMISE(path.len == 0 || memchr(path.ptr, 0, path.len) == NULL);
		PROMISE(streamlocal_write_listen(room, path, &len) == E_OK);
		PROMISE(bytes_eq(bytes_of(out, len), in));
	}
	if (streamlocal_read_open(in, &open) == E_OK) {
		PROMISE(streamlocal_write_open(room, &open, &len) == E_OK);
		PROMISE(bytes_eq(bytes_of(out, len), in));
	}
	/* What is reserved is not kept. */
	if (streamlocal_read_forwarded(in, &path) == E_OK) {
		PROMISE(streamlocal_write_forwarded(room, path, &len) == E_OK);
		PROMISE(streamlocal_read_forwarded(bytes_of(out, len), &again) == E_OK);
		PROMISE(bytes_eq(path, again));
	}
	return 0;
}
