/* SPDX-License-Identifier: ISC */
/* The first byte is the role, the rest what the peer sends. Lines must be the same however the
 * bytes are cut. */
#include "fuzz.h"

#include <string.h>

#include "transport/version.h"

struct outcome {
	enum err e;
	size_t taken; /* bytes of all lines */
	struct bytes ident;
};

/* Shows more of the data in steps until the identification or an error. */
static struct outcome run(bool is_server, struct bytes data, size_t step)
{
	struct version v = {.is_server = is_server};
	struct outcome o = {.e = E_AGAIN};
	size_t shown = 0;

	for (;;) {
		struct fault f = {.err = E_OK};
		struct bytes line;
		bool is_ident = false;
		size_t used = 0;

		o.e = version_next(&v, bytes_of(data.ptr + o.taken, shown - o.taken), &used, &line,
			&is_ident, &f);
		if (o.e == E_AGAIN) {
			PROMISE(used > shown - o.taken && used <= LIMIT_IDENT);
			if (shown == data.len)
				return o;
			shown = data.len - shown < step ? data.len : shown + step;
			continue;
		}
		if (o.e != E_OK) {
			PROMISE(f.err == o.e && f.text[0] != '\0');
			return o;
		}
		PROMISE(used > 0 && used <= shown - o.taken && line.len < used);
		PROMISE(memchr(line.ptr, '\n', line.len) == NULL);
		PROMISE(line.len == 0 || memchr(line.ptr, '\0', line.len) == NULL);
		PROMISE(is_ident || !is_server);
		o.taken += used;
		if (is_ident) {
			o.ident = line;
			return o;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole, bits;
	struct bytes rest;

	if (size == 0)
		return 0;
	rest = bytes_of(data + 1, size - 1);
	whole = run(data[0] & 1, rest, size);
	bits = run(data[0] & 1, rest, 1);
	PROMISE(whole.e == bits.e && whole.taken == bits.taken &&
		bytes_eq(whole.ident, bits.ident));
	if (whole.e == E_OK) {
		struct bytes protocol, software;

		PROMISE(version_split(whole.ident, &protocol, &software));
	}
	return 0;
}
