/* SPDX-License-Identifier: ISC */
/*
 * RFC 8308 2.3: uint32 count, then so many pairs of string name, string value. The count is the
 * peer's word: the loop ends at the first pair that is not there (CVE-2026-55199).
 */
#include "transport/extinfo.h"

#include "transport/transport.h"
#include "wire/msgs.h"
#include "wire/namelist.h"
#include "wire/reader.h"

static const struct {
	const char *name;
	enum transport_ext bit;
} known[] = {
	{"ping@openssh.com", TRANSPORT_EXT_PING},
	{"publickey-hostbound@openssh.com", TRANSPORT_EXT_HOSTBOUND},
	{"forward-reason@sallyport.dev", TRANSPORT_EXT_FORWARD_REASON},
	{"tunnel-pool@sallyport.dev", TRANSPORT_EXT_TUNNEL_POOL},
};

static uint32_t count_names(struct bytes list)
{
	struct bytes name;
	uint32_t n = 0;

	while (namelist_next(&list, &name))
		n++;
	return n;
}

void extinfo_build(struct writer *w, const char *sig_algs, const char *extensions)
{
	struct bytes rest = bytes_str(extensions != NULL ? extensions : ""), item;

	wr_u8(w, MSG_EXT_INFO);
	wr_u32(w, (sig_algs != NULL) + count_names(rest));
	if (sig_algs != NULL) {
		wr_cstring(w, "server-sig-algs"); /* RFC 8308 3.1 */
		wr_cstring(w, sig_algs);
	}
	while (namelist_next(&rest, &item)) {
		const uint8_t *equals = memchr(item.ptr, '=', item.len);
		size_t name_len = equals == NULL ? item.len : (size_t)(equals - item.ptr);
		size_t skip = equals == NULL ? item.len : name_len + 1;

		wr_string(w, bytes_of(item.ptr, name_len));
		wr_string(w, bytes_of(item.ptr + skip, item.len - skip));
	}
}

static void learn(struct extinfo *info, struct bytes name, struct bytes value)
{
	if (bytes_is(name, "server-sig-algs") && namelist_is_valid(value)) {
		info->has_sig_algs = true;
		info->sig_algs = value;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		/* All of them are at version 0; another one would mean something else. */
		if (bytes_is(name, known[i].name) && bytes_is(value, "0"))
			info->bits |= known[i].bit;
	}
}

enum err extinfo_parse(struct bytes payload, struct extinfo *out)
{
	struct extinfo info = {.bits = 0};
	struct reader r;
	uint32_t count;

	rd_init(&r, payload);
	if (rd_u8(&r) != MSG_EXT_INFO)
		return E_FORMAT;
	count = rd_u32(&r);
	for (uint32_t i = 0; i < count; i++) {
		struct bytes name = rd_string(&r, payload.len);
		struct bytes value = rd_string(&r, payload.len);

		if (!rd_ok(&r))
			return E_SHORT;
		learn(&info, name, value);
	}
	if (!rd_ok(&r))
		return E_SHORT;
	if (!rd_end(&r))
		return E_TRAILING;
	*out = info;
	return E_OK;
}
