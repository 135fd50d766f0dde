/* SPDX-License-Identifier: ISC */
/* AES instructions on x86: GCM needs the carry-less multiplication as well. */
#include "crypto/cipher.h"

bool cpu_has_aes(void)
{
	return __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
}
