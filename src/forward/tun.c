/* SPDX-License-Identifier: ISC */
#include "forward/tun.h"

#include <stdio.h>
#include <strings.h>

#include "base/text.h"
#include "wire/reader.h"
#include "wire/writer.h"

enum { IPV4_HEAD = 20, IPV6_HEAD = 40, FRAME_HEAD = 14 };

/* --- the open ------------------------------------------------------------------------------------
 */

enum err tun_read_open(struct bytes payload, struct tun_open *out)
{
	struct reader r;
	uint32_t mode, unit;
	bool has_more, wants_address;
	enum err e;

	rd_init(&r, payload);
	mode = rd_u32(&r);
	unit = rd_u32(&r);
	has_more = rd_left(&r) > 0;
	wants_address = has_more && rd_u8(&r) == 1;
	e = rd_finish(&r);
	if (e != E_OK)
		return e;
	if (has_more && !wants_address)
		return E_VALUE;
	if ((mode != TUN_POINT_TO_POINT && mode != TUN_ETHERNET) || unit > TUN_UNIT_ANY)
		return E_VALUE;
	*out = (struct tun_open){(enum tun_mode)mode, unit, wants_address};
	return E_OK;
}

enum err tun_write_open(struct span into, const struct tun_open *in, size_t *len)
{
	struct writer w;

	wr_init(&w, into);
	wr_u32(&w, in->mode);
	wr_u32(&w, in->unit);
	if (in->wants_address)
		wr_u8(&w, 1);
	return wr_finish(&w, len);
}

/* --- packets -------------------------------------------------------------------------------------
 */

/* What an IP packet has to be led in by; 0: it is none. */
static uint32_t family_of(struct bytes packet)
{
	unsigned version = packet.len > 0 ? packet.ptr[0] >> 4 : 0;

	if (version == 4 && packet.len >= IPV4_HEAD)
		return TUN_INET;
	return version == 6 && packet.len >= IPV6_HEAD ? TUN_INET6 : 0;
}

size_t tun_head_len(enum tun_mode mode)
{
	return mode == TUN_POINT_TO_POINT ? TUN_FAMILY : 0;
}

enum err tun_read_packet(enum tun_mode mode, struct bytes data, struct bytes *packet)
{
	size_t head = tun_head_len(mode);
	struct bytes got = bytes_of(data.ptr + head, data.len - head);

	if (data.len <= head || data.len > TUN_DATA_MAX)
		return E_FORMAT;
	if (mode == TUN_ETHERNET ? got.len < FRAME_HEAD
				 : family_of(got) == 0 || family_of(got) != load_be32(data.ptr))
		return E_FORMAT;
	*packet = got;
	return E_OK;
}

enum err tun_write_head(enum tun_mode mode, struct span data)
{
	size_t head = tun_head_len(mode);
	uint32_t family;

	if (data.len <= head || data.len > TUN_DATA_MAX)
		return E_FORMAT;
	if (mode == TUN_ETHERNET)
		return data.len < FRAME_HEAD ? E_FORMAT : E_OK;
	family = family_of(bytes_of(data.ptr + head, data.len - head));
	if (family == 0)
		return E_FORMAT;
	store_be32(data.ptr, family);
	return E_OK;
}

/* --- words ---------------------------------------------------------------------------------------
 */

bool tun_unit_parse(const char *text, uint32_t *unit)
{
	uint64_t n;

	if (strcasecmp(text, "any") == 0) {
		*unit = TUN_UNIT_ANY;
		return true;
	}
	if (!text_to_u64(bytes_str(text), TUN_UNIT_MAX, &n))
		return false;
	*unit = (uint32_t)n;
	return true;
}

bool tun_spec_parse(const char *text, struct tun_spec *out)
{
	const char *colon = strchr(text, ':');
	struct tun_spec got = {TUN_UNIT_ANY, TUN_UNIT_ANY};
	char local[TUN_SPEC_TEXT];

	if (!bytes_to_cstr(bytes_of(text, colon != NULL ? (size_t)(colon - text) : strlen(text)),
		    local, sizeof(local)) ||
		!tun_unit_parse(local, &got.local) ||
		(colon != NULL && !tun_unit_parse(colon + 1, &got.remote)))
		return false;
	*out = got;
	return true;
}

void tun_unit_print(uint32_t unit, char *out, size_t cap)
{
	if (unit == TUN_UNIT_ANY)
		snprintf(out, cap, "any");
	else
		snprintf(out, cap, "%u", unit);
}

void tun_spec_print(const struct tun_spec *spec, char out[static TUN_SPEC_TEXT])
{
	char local[TUN_SPEC_TEXT / 2], remote[TUN_SPEC_TEXT / 2];

	tun_unit_print(spec->local, local, sizeof(local));
	tun_unit_print(spec->remote, remote, sizeof(remote));
	snprintf(out, TUN_SPEC_TEXT, "%s:%s", local, remote);
}
