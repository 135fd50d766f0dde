/* SPDX-License-Identifier: ISC */
#include "keys/keyalg.h"

#include "crypto/pk.h"
#include "wire/namelist.h"
#include "wire/reader.h"

#define CERT "-cert-v01@openssh.com"
#define SK_ED25519 "sk-ssh-ed25519@openssh.com"
#define SK_ECDSA "sk-ecdsa-sha2-nistp256@openssh.com"
/* Certificates first, as OpenSSH has it: whoever has one has it to be used. */
#define PLAIN_CERTS \
	"ssh-ed25519" CERT ",ecdsa-sha2-nistp256" CERT ",ecdsa-sha2-nistp384" CERT \
	",ecdsa-sha2-nistp521" CERT
#define RSA_CERTS "rsa-sha2-512" CERT ",rsa-sha2-256" CERT
#define SK_CERTS "sk-ssh-ed25519" CERT ",sk-ecdsa-sha2-nistp256" CERT
#define CURVES "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521"
#define RSA "rsa-sha2-512,rsa-sha2-256"

static const struct keyalg algs[] = {
	{"ssh-ed25519" CERT, "ssh-ed25519" CERT, "ssh-ed25519", "ED25519-CERT", true, false},
	{"ecdsa-sha2-nistp256" CERT, "ecdsa-sha2-nistp256" CERT, "ecdsa-sha2-nistp256",
		"ECDSA-CERT", true, false},
	{"ecdsa-sha2-nistp384" CERT, "ecdsa-sha2-nistp384" CERT, "ecdsa-sha2-nistp384",
		"ECDSA-CERT", true, false},
	{"ecdsa-sha2-nistp521" CERT, "ecdsa-sha2-nistp521" CERT, "ecdsa-sha2-nistp521",
		"ECDSA-CERT", true, false},
	{"sk-ssh-ed25519" CERT, "sk-ssh-ed25519" CERT, SK_ED25519, "ED25519-SK-CERT", true, true},
	{"sk-ecdsa-sha2-nistp256" CERT, "sk-ecdsa-sha2-nistp256" CERT, SK_ECDSA, "ECDSA-SK-CERT",
		true, true},
	{"rsa-sha2-512" CERT, "ssh-rsa" CERT, "rsa-sha2-512", "RSA-CERT", true, false},
	{"rsa-sha2-256" CERT, "ssh-rsa" CERT, "rsa-sha2-256", "RSA-CERT", true, false},
	{"ssh-ed25519", "ssh-ed25519", "ssh-ed25519", "ED25519", false, false},
	{"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", "ECDSA", false,
		false},
	{"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384", "ECDSA", false,
		false},
	{"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521", "ECDSA", false,
		false},
	{SK_ED25519, SK_ED25519, SK_ED25519, "ED25519-SK", false, true},
	{SK_ECDSA, SK_ECDSA, SK_ECDSA, "ECDSA-SK", false, true},
	{"rsa-sha2-512", "ssh-rsa", "rsa-sha2-512", "RSA", false, false},
	{"rsa-sha2-256", "ssh-rsa", "rsa-sha2-256", "RSA", false, false},
};

const struct keyalg *keyalg_find(struct bytes name)
{
	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
		if (bytes_is(name, algs[i].name))
			return &algs[i];
	return NULL;
}

const char *keyalg_word(struct bytes key_name)
{
	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
		if (bytes_is(key_name, algs[i].key_name))
			return algs[i].word;
	return "unknown";
}

bool keyalg_is_cert_type(struct bytes key_name)
{
	size_t len = strlen(CERT);

	return key_name.len > len && memcmp(key_name.ptr + key_name.len - len, CERT, len) == 0;
}

struct bytes keyalg_of_signature(struct bytes signature)
{
	const struct keyalg *alg;
	struct reader r;
	struct bytes name;

	rd_init(&r, signature);
	name = rd_string(&r, rd_left(&r));
	rd_string(&r, PK_SIGNATURE_MAX);
	alg = keyalg_find(name);
	if (alg != NULL && alg->is_sk) {
		rd_u8(&r);
		rd_u32(&r);
	}
	return rd_end(&r) ? name : bytes_of(NULL, 0);
}

const char *keyalg_login_list(void)
{
	return PLAIN_CERTS "," SK_CERTS "," RSA_CERTS "," CURVES "," SK_ED25519 "," SK_ECDSA
			   "," RSA;
}

const char *keyalg_host_list(void)
{
	return PLAIN_CERTS "," RSA_CERTS "," CURVES "," RSA;
}

const char *keyalg_authority_list(void)
{
	return CURVES "," SK_ED25519 "," SK_ECDSA "," RSA;
}

void keyalg_sig_list(const char *list, char out[static KEYALG_SIG_LIST_MAX])
{
	struct bytes rest = bytes_str(list), name;
	size_t len = 0;

	out[0] = '\0';
	while (namelist_next(&rest, &name)) {
		const struct keyalg *alg = keyalg_find(name);
		size_t more = alg != NULL ? strlen(alg->sig_name) : 0;

		if (more == 0 || namelist_has(bytes_of(out, len), alg->sig_name) ||
			len + 1 + more >= KEYALG_SIG_LIST_MAX)
			continue;
		if (len > 0)
			out[len++] = ',';
		memcpy(out + len, alg->sig_name, more + 1);
		len += more;
	}
}
