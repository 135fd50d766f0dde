/* SPDX-License-Identifier: ISC */
/* Opens, packets and words of tunnels: what can be read is written back to the same bytes. */
#include "forward/tun.h"

#include "fuzz.h"

static void try_open(struct bytes in)
{
	uint8_t out[TUN_OPEN_LEN];
	struct tun_open open;
	size_t len;

	if (tun_read_open(in, &open) != E_OK)
		return;
	PROMISE(tun_write_open((struct span){out, sizeof(out)}, &open, &len) == E_OK);
	PROMISE(bytes_eq(bytes_of(out, len), in));
}

static void try_packet(enum tun_mode mode, struct bytes in)
{
	static uint8_t copy[TUN_DATA_MAX];
	size_t head = tun_head_len(mode);
	struct bytes packet;

	if (tun_read_packet(mode, in, &packet) != E_OK)
		return;
	PROMISE(packet.ptr == in.ptr + head && packet.len == in.len - head && packet.len > 0);
	memcpy(copy + head, packet.ptr, packet.len);
	PROMISE(tun_write_head(mode, (struct span){copy, in.len}) == E_OK);
	PROMISE(bytes_eq(bytes_of(copy, in.len), in));
}

static void try_words(struct bytes in)
{
	char text[64], again[TUN_SPEC_TEXT];
	struct tun_spec spec, twin;

	if (!bytes_to_cstr(in, text, sizeof(text)) || !tun_spec_parse(text, &spec))
		return;
	tun_spec_print(&spec, again);
	PROMISE(tun_spec_parse(again, &twin));
	PROMISE(spec.local == twin.local && spec.remote == twin.remote);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);

	try_open(in);
	try_packet(TUN_POINT_TO_POINT, in);
	try_packet(TUN_ETHERNET, in);
	try_words(in);
	return 0;
}
