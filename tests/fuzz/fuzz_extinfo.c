/* SPDX-License-Identifier: ISC */
/* A whole EXT_INFO payload. */
#include "fuzz.h"

#include "transport/extinfo.h"
#include "wire/msgs.h"
#include "wire/namelist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct extinfo info = {.bits = 0};
	enum err e = extinfo_parse(bytes_of(data, size), &info);

	PROMISE(e == E_OK || (info.bits == 0 && !info.has_sig_algs));
	if (e != E_OK)
		return 0;
	PROMISE(data[0] == MSG_EXT_INFO && size >= 5);
	if (info.has_sig_algs)
		PROMISE(namelist_is_valid(info.sig_algs) && info.sig_algs.len <= size - 5);
	return 0;
}
