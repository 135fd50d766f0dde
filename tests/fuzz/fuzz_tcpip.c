/* SPDX-License-Identifier: ISC */
/* The payloads of TCP forwarding: what can be read is written back to the same bytes. */
#include "forward/tcpip.h"

#include "fuzz.h"

static uint8_t out[4096];
static const struct span room = {out, sizeof(out)};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	struct tcpip_listen listen;
	struct tcpip_open open;
	uint32_t port;
	size_t len;

	if (tcpip_read_listen(in, &listen) == E_OK) {
		PROMISE(listen.port <= 65535);
		PROMISE(tcpip_write_listen(room, &listen, &len) == E_OK);
		PROMISE(bytes_eq(bytes_of(out, len), in));
	}
	if (tcpip_read_open(in, &open) == E_OK) {
		PROMISE(open.port <= 65535 && open.originator_port <= 65535);
		PROMISE(tcpip_write_open(room, &open, &len) == E_OK);
		PROMISE(bytes_eq(bytes_of(out, len), in));
	}
	if (tcpip_read_port(in, &port) == E_OK) {
		PROMISE(port >= 1 && port <= 65535);
		PROMISE(tcpip_write_port(room, port, &len) == E_OK);
		PROMISE(bytes_eq(bytes_of(out, len), in));
	}
	return 0;
}
