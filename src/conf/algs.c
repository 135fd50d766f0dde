/* SPDX-License-Identifier: ISC */
/*
 * Editing of algorithm lists. The result holds names of our default list only, each once, in the
 * order the setting asks for.
 */
#include "conf/algs.h"

#include "base/text.h"
#include "crypto/cipher.h"
#include "crypto/exchange.h"
#include "crypto/pk.h"
#include "keys/keyalg.h"
#include "wire/namelist.h"

struct kind {
	const char *complaint;	       /* ssh's words for a bad list */
	const char *(*defaults)(void); /* all we speak */
	/* Patterns for the names OpenSSH speaks as well; see ssh -Q. */
	const char *elsewhere;
	bool has_patterns; /* * and ? may stand in a list that is not subtracted */
};

#define CERT "-cert-v01@openssh.com"
#define KEY_NAMES \
	"ssh-rsa,ssh-dss,sk-ssh-ed25519@openssh.com,sk-ecdsa-sha2-nistp256@openssh.com," \
	"webauthn-sk-ecdsa-sha2-nistp256@openssh.com,ssh-xmss@openssh.com," \
	"ssh-mldsa44-ed25519@openssh.com,ssh-ed25519" CERT ",ecdsa-sha2-nistp256" CERT \
	",ecdsa-sha2-nistp384" CERT ",ecdsa-sha2-nistp521" CERT ",rsa-sha2-256" CERT \
	",rsa-sha2-512" CERT ",ssh-rsa" CERT ",ssh-dss" CERT ",sk-ssh-ed25519" CERT \
	",sk-ecdsa-sha2-nistp256" CERT ",ssh-xmss" CERT ",ssh-mldsa44-ed25519" CERT

static const struct kind kinds[ALGS_COUNT] = {
	[ALGS_CIPHERS] = {"Bad SSH2 cipher spec", cipher_default_list,
		"3des-cbc,aes128-cbc,aes192-cbc,aes256-cbc,rijndael-cbc@lysator.liu.se,"
		"aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com,"
		"chacha20-poly1305@openssh.com",
		false},
	[ALGS_MACS] = {"Bad SSH2 MAC spec", mac_default_list,
		"hmac-md5,hmac-md5-96,hmac-md5-etm@openssh.com,hmac-md5-96-etm@openssh.com,"
		"hmac-sha1,hmac-sha1-96,hmac-sha1-etm@openssh.com,hmac-sha1-96-etm@openssh.com,"
		"hmac-sha2-256,hmac-sha2-512,hmac-sha2-256-etm@openssh.com,"
		"hmac-sha2-512-etm@openssh.com,umac-64@openssh.com,umac-128@openssh.com,"
		"umac-64-etm@openssh.com,umac-128-etm@openssh.com",
		false},
	[ALGS_KEX] = {"Bad SSH2 KexAlgorithms", exchange_default_list,
		"diffie-hellman-group1-sha1,diffie-hellman-group14-sha1,"
		"diffie-hellman-group14-sha256,diffie-hellman-group16-sha512,"
		"diffie-hellman-group18-sha512,diffie-hellman-group-exchange-sha1,"
		"diffie-hellman-group-exchange-sha256,sntrup761x25519-sha512,"
		"sntrup761x25519-sha512@openssh.com,mlkem768x25519-sha256,gss-*",
		false},
	[ALGS_HOST_KEYS] = {"Bad key types", sig_default_list, KEY_NAMES, true},
	[ALGS_HOSTS] = {"Bad key types", keyalg_host_list, KEY_NAMES, true},
	[ALGS_AUTHORITIES] = {"Bad key types", keyalg_authority_list, KEY_NAMES, true},
	[ALGS_LOGIN] = {"Bad key types", keyalg_login_list, KEY_NAMES, true},
};

/* A list under construction. Names come from our default lists, whose sum is far below the cap. */
struct list {
	char *text;
	size_t len;
};

static void add(struct list *l, struct bytes name)
{
	/* A name once; a list that is full takes no more. */
	for (struct bytes rest = bytes_of(l->text, l->len), one; namelist_next(&rest, &one);)
		if (bytes_eq(one, name))
			return;
	if (l->len + name.len + 2 > ALGS_LIST_MAX)
		return;
	if (l->len > 0)
		l->text[l->len++] = ',';
	memcpy(l->text + l->len, name.ptr, name.len);
	l->len += name.len;
	l->text[l->len] = '\0';
}

static bool is_pattern(struct bytes name)
{
	return memchr(name.ptr, '*', name.len) != NULL || memchr(name.ptr, '?', name.len) != NULL;
}

/* Adds what one name of the setting stands for; false when nobody has such a name. */
static bool add_name(struct list *l, const struct kind *kind, struct bytes name)
{
	bool is_known = false;

	if (is_pattern(name) && !kind->has_patterns)
		return false;
	for (struct bytes rest = bytes_str(kind->defaults()), one; namelist_next(&rest, &one);) {
		if (text_match(name, one)) {
			add(l, one);
			is_known = true;
		}
	}
	if (is_known)
		return true;
	if (!is_pattern(name))
		return text_match_list(bytes_str(kind->elsewhere), name, false) == 1;
	for (struct bytes rest = bytes_str(kind->elsewhere), one; namelist_next(&rest, &one);)
		if (text_match(name, one))
			return true;
	return false;
}

/* names: the setting without its sign. */
static enum err add_setting(struct list *l, const struct kind *kind, const struct conf_at *at,
	const char *setting, const char *names)
{
	for (struct bytes rest = bytes_str(names), name; namelist_next(&rest, &name);)
		if (!add_name(l, kind, name))
			return conf_bad(at, E_VALUE, "%s '%.80s': there is no '%.*s'",
				kind->complaint, setting, (int)name.len, (const char *)name.ptr);
	return E_OK;
}

/* The default list without what the patterns match. */
static void add_defaults(struct list *l, const struct kind *kind, const char *without)
{
	for (struct bytes rest = bytes_str(kind->defaults()), one; namelist_next(&rest, &one);)
		if (text_match_list(bytes_str(without), one, false) != 1)
			add(l, one);
}

enum err algs_make(const struct conf_at *at, enum algs_kind which, const char *setting,
	char out[static ALGS_LIST_MAX])
{
	const struct kind *kind = &kinds[which];
	struct list l = {out, 0};
	enum err e = E_OK;

	out[0] = '\0';
	switch (setting[0]) {
	case '-':
		add_defaults(&l, kind, setting + 1);
		break;
	case '+':
		add_defaults(&l, kind, "");
		e = add_setting(&l, kind, at, setting, setting + 1);
		break;
	case '^':
		e = add_setting(&l, kind, at, setting, setting + 1);
		add_defaults(&l, kind, "");
		break;
	default:
		e = add_setting(&l, kind, at, setting, setting);
	}
	if (e == E_OK && l.len == 0)
		e = conf_bad(at, E_NOALG,
			"%s '%.80s': nothing of it is supported, supported are %s", kind->complaint,
			setting, kind->defaults());
	return e;
}

void algs_left_out(enum algs_kind which, const char *setting, char out[static ALGS_LIST_MAX])
{
	const struct kind *kind = &kinds[which];
	struct list l = {out, 0};
	bool has_sign = setting[0] == '+' || setting[0] == '^';

	out[0] = '\0';
	if (setting[0] == '-')
		return;
	for (struct bytes rest = bytes_str(setting + has_sign), name;
		namelist_next(&rest, &name);) {
		char known[ALGS_LIST_MAX];
		struct list found = {known, 0};

		known[0] = '\0';
		if (!is_pattern(name) && add_name(&found, kind, name) && found.len == 0)
			add(&l, name);
	}
}

enum err algs_complete(char **const lists[static ALGS_COUNT], struct arena *arena, struct fault *f)
{
	for (size_t i = 0; i < ALGS_COUNT; i++) {
		if (lists[i] == NULL)
			continue;
		if (*lists[i] == NULL)
			*lists[i] = arena_text(arena, bytes_str(kinds[i].defaults()));
		if (*lists[i] == NULL)
			return fault_set(f, E_NOMEM, 0, "%s", err_text(E_NOMEM));
	}
	return E_OK;
}
