/* SPDX-License-Identifier: ISC */
/* Builds that have no second AES-GCM: libcrypto does it all. */
#include "crypto/cipher_impl.h"

const struct cipher_ops cipher_gcm_vaes;

bool cipher_gcm_vaes_is_ready(void)
{
	return false;
}

const char *cipher_gcm_vaes_load(void)
{
	return "this build has no other";
}
