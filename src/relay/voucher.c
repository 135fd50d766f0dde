/* SPDX-License-Identifier: ISC */
#include "relay/voucher.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "keys/principals.h"
#include "relay/file.h"
#include "relay/paths.h"

enum err voucher_init(
	struct voucher *v, const char *authorities, const char *principals, const char *algs)
{
	*v = (struct voucher){.algs = strdup(algs), .texts = malloc(sizeof(*v->texts))};
	if (v->texts)
		arena_init(v->texts);
	if (authorities)
		v->authorities = keyfile_new(authorities, false);
	if (principals)
		v->principals = strdup(principals);
	if (v->algs && v->texts && !v->authorities == !authorities &&
		!v->principals == !principals) {
		if (v->authorities)
			v->authorities->is_authorities = true;
		return E_OK;
	}
	voucher_fini(v);
	return E_NOMEM;
}

void voucher_fini(struct voucher *v)
{
	keyfile_free(v->authorities);
	free(v->principals);
	free(v->algs);
	if (v->texts)
		arena_fini(v->texts);
	free(v->texts);
	*v = (struct voucher){.authorities = NULL};
}

void voucher_look(struct voucher *v)
{
	if (v->authorities)
		keyfile_look(v->authorities);
}

/* Why a certificate was not taken, in sshd's words first, then which one and by what line. */
static enum err refuse(
	const struct usercert *c, const char *path, unsigned line, const char *why, struct fault *f)
{
	char id[60];

	return fault_set(f, E_DENIED, 0, "%s: certificate ID \"%s\" (serial %llu), %s line %u", why,
		text_escape(id, sizeof(id), c->cert.key_id), (unsigned long long)c->cert.serial,
		path, line);
}

static enum err check(const struct voucher *v, const struct usercert *c, const char *user,
	const struct candidate *who, struct fault *why)
{
	return usercert_check(c, user, who->address, (uint64_t)who->since, v->algs, why) ==
			       VERDICT_GOOD
		       ? E_OK
		       : E_DENIED;
}

/* --- a line with cert-authority --------------------------------------------------------------- */

static enum err try_line(const struct voucher *v, const struct authkey *line,
	const struct usercert *c, const struct candidate *who, struct authkey *out,
	struct fault *why)
{
	enum err e = usercert_merge(c, line, out, why);

	if (e == E_OK && line->principals && !usercert_has_principal(c, line->principals))
		e = fault_set(
			why, E_DENIED, 0, "Certificate does not contain an authorized principal");
	if (e == E_OK)
		e = check(v, c, line->principals ? NULL : who->user, who, why);
	return e;
}

enum err voucher_on_line(const struct voucher *v, const struct keyfile *kf,
	const struct usercert *c, const struct candidate *who, struct authkey *out, struct fault *f)
{
	const struct authkey *line =
		kf->set ? authkeys_find_authority(kf->set, c->cert.authority) : NULL;
	enum err e = E_UNKNOWN;

	for (; line; line = authkeys_next(kf->set, line)) {
		struct fault why = {0};

		e = keyfile_judge(kf->path, line, who, f);
		if (e == E_OK && try_line(v, line, c, who, out, &why) != E_OK)
			e = refuse(c, kf->path, line->line, why.text, f);
		if (e == E_OK)
			return e;
	}
	return e;
}

/* --- TrustedUserCAKeys ------------------------------------------------------------------------ */

static const struct authkey *find_trusted(const struct voucher *v, const struct usercert *c)
{
	const struct authkey *k = v->authorities && v->authorities->set
					  ? authkeys_find(v->authorities->set, c->cert.authority)
					  : NULL;

	while (k && k->has_options)
		k = authkeys_next(v->authorities->set, k);
	return k;
}

static void complain(void *ctx, unsigned line, const char *sentence)
{
	log_write(LOG_LEVEL_ERROR, "%s line %u: %s", (const char *)ctx, line, sentence);
}

/* The line of AuthorizedPrincipalsFile that has a name of the certificate's. */
static enum err find_principal(const struct voucher *v, const struct usercert *c,
	const struct candidate *who, char path[static PLACES_PATH_MAX], struct authkey *line,
	struct fault *why)
{
	struct file_text text;
	enum err e;

	if (!paths_for_user(v->principals, who->user, path))
		return fault_set(why, E_DENIED, 0, "the user's name stands for no file");
	e = file_read(path, AUTHKEYS_FILE_MAX, &text, why);
	if (e != E_OK)
		return e;
	e = file_check_modes(path, &text.st, why);
	if (e == E_OK) {
		arena_fini(v->texts);
		arena_init(v->texts);
		e = principals_find(file_bytes(&text), c, v->texts, complain, path, line);
	}
	file_text_fini(&text);
	if (e == E_OK && (line->cert_authority || line->principals))
		e = fault_set(why, E_DENIED, 0,
			"%s line %u: cert-authority and principals= have no place there", path,
			line->line);
	if (e == E_OK)
		e = keyfile_judge(path, line, who, why);
	return e == E_OK ? e
			 : fault_set(why, e, 0,
				   "Certificate does not contain an authorized principal");
}

enum err voucher_trusted(const struct voucher *v, const struct usercert *c,
	const struct candidate *who, struct authkey *out, struct fault *f)
{
	const struct authkey *authority = find_trusted(v, c);
	char path[PLACES_PATH_MAX];
	struct fault why = {0};
	struct authkey line;
	enum err e = E_OK;

	if (!authority)
		return E_UNKNOWN;
	if (v->principals)
		e = find_principal(v, c, who, path, &line, &why);
	if (e == E_OK)
		e = check(v, c, v->principals ? NULL : who->user, who, &why);
	if (e == E_OK)
		e = usercert_merge(c, v->principals ? &line : NULL, out, &why);
	if (e != E_OK)
		return refuse(c, v->authorities->path, authority->line, why.text, f);
	out->line = authority->line;
	out->comment = authority->comment;
	return E_OK;
}
