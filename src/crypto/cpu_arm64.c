/* SPDX-License-Identifier: ISC */
/* AES instructions on 64-bit ARM: GCM needs the polynomial multiplication as well. */
#include "crypto/cipher.h"

#include <asm/hwcap.h>
#include <sys/auxv.h>

bool cpu_has_aes(void)
{
	unsigned long need = HWCAP_AES | HWCAP_PMULL;
	return (getauxval(AT_HWCAP) & need) == need;
}
