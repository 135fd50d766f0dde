/* SPDX-License-Identifier: ISC */
/* Addresses of a peer's choice in a header for somebody else: never more than a header, and no line
 * of the peer's. The input is version, both ports, the length of the first address, and the
 * addresses. */
#include "forward/proxyproto.h"

#include "fuzz.h"
#include "wire/reader.h"

static const char magic[] = "\r\n\r\n\0\r\nQUIT\n";

static void check_text(const char *line, size_t n)
{
	PROMISE(n >= 15 && n < PROXYPROTO_MAX);
	PROMISE(memcmp(line, "PROXY ", 6) == 0 && memcmp(line + n - 2, "\r\n", 2) == 0);
	for (size_t i = 0; i < n - 2; i++)
		PROMISE(line[i] >= ' ' && line[i] < 0x7f);
	PROMISE(memcmp(line + 6, "TCP4 ", 5) == 0 || memcmp(line + 6, "TCP6 ", 5) == 0 ||
		memcmp(line + 6, "UNKNOWN\r\n", 9) == 0);
}

static void check_binary(const uint8_t *out, size_t n)
{
	PROMISE(n >= 16 && memcmp(out, magic, sizeof(magic) - 1) == 0);
	PROMISE(out[12] == 0x20 || out[12] == 0x21);
	PROMISE(n == 16u + (size_t)(out[14] << 8 | out[15]));
	PROMISE(out[13] == 0x11 ? n == 28 : out[13] == 0x21 ? n == 52 : out[13] == 0 && n == 16);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t out[PROXYPROTO_MAX];
	struct proxyproto_ends ends;
	enum proxy_version version;
	struct reader r;
	size_t n;

	rd_init(&r, bytes_of(data, size));
	version = (enum proxy_version)(rd_u8(&r) % 3);
	ends.from_port = rd_u32(&r);
	ends.to_port = rd_u32(&r);
	ends.from = rd_raw(&r, rd_u8(&r));
	ends.to = rd_raw(&r, rd_left(&r));
	if (!rd_ok(&r))
		return 0;
	n = proxyproto_write(version, &ends, out);
	PROMISE(n <= sizeof(out));
	if (version == PROXY_V1)
		check_text((const char *)out, n);
	else if (version == PROXY_V2)
		check_binary(out, n);
	else
		PROMISE(n == 0);
	return 0;
}
