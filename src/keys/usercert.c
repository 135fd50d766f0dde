/* SPDX-License-Identifier: ISC */
#include "keys/usercert.h"

#include "base/text.h"
#include "keys/addrmatch.h"
#include "keys/authoptions.h"
#include "wire/msgs.h"
#include "wire/reader.h"

/* The words of an option's value: one string, and nothing behind it. */
static enum err read_value(struct bytes data, struct bytes *value, bool *is_there, struct fault *f)
{
	struct reader r;
	struct bytes text;

	rd_init(&r, data);
	text = rd_text(&r, rd_left(&r));
	if (!rd_end(&r) || *is_there)
		return fault_set(f, E_FORMAT, 0,
			*is_there ? "Certificate has an option twice"
				  : "Certificate option corrupt");
	*value = text;
	*is_there = true;
	return E_OK;
}

static enum err take_critical(
	struct usercert *c, struct bytes name, struct bytes data, struct fault *f)
{
	char shown[80];
	enum err e;

	if (bytes_is(name, "verify-required")) {
		c->must_be_verified = true;
		return data.len == 0 ? E_OK
				     : fault_set(f, E_FORMAT, 0, "Certificate option corrupt");
	}
	if (bytes_is(name, "force-command"))
		return read_value(data, &c->command, &c->has_command, f);
	if (!bytes_is(name, "source-address"))
		return fault_set(f, E_DENIED, 0,
			"Certificate critical option \"%s\" is not supported",
			text_escape(shown, sizeof(shown), name));
	e = read_value(data, &c->source, &c->has_source, f);
	if (e == E_OK && !addrmatch_is_networks(c->source))
		return fault_set(f, E_FORMAT, 0, "Certificate source-address contents invalid");
	return e;
}

/* What is not known here permits nothing, and does no harm. */
static enum err take_extension(
	struct usercert *c, struct bytes name, struct bytes data, struct fault *f)
{
	static const char *const others[] = {
		"permit-X11-forwarding", "permit-agent-forwarding", "permit-pty", "permit-user-rc"};
	bool is_known = true;

	if (bytes_is(name, "permit-port-forwarding"))
		c->may_forward = true;
	else if (bytes_is(name, "no-touch-required"))
		c->may_be_untouched = true;
	else
		is_known = false;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		is_known = is_known || bytes_is(name, others[i]);
	return data.len == 0 || !is_known ? E_OK
					  : fault_set(f, E_FORMAT, 0, "Certificate option corrupt");
}

/* Pairs of strings, each name as it comes. */
static enum err read_options(struct usercert *c, struct bytes list,
	enum err (*take)(struct usercert *, struct bytes, struct bytes, struct fault *),
	struct fault *f)
{
	struct reader r;

	rd_init(&r, list);
	while (rd_left(&r) > 0) {
		struct bytes name = rd_text(&r, rd_left(&r));
		struct bytes data = rd_string(&r, rd_left(&r));
		enum err e;

		if (!rd_ok(&r))
			return fault_set(f, E_FORMAT, 0, "Invalid certificate options");
		e = take(c, name, data, f);
		if (e != E_OK)
			return e;
	}
	return E_OK;
}

enum err usercert_read(struct bytes blob, struct usercert *out, struct fault *f)
{
	struct usercert c = {.may_forward = false};
	enum err e = cert_parse(blob, &c.cert);

	if (e == E_UNKNOWN)
		return fault_set(f, e, 0, "certificates of this kind are not spoken here");
	if (e != E_OK)
		return fault_set(f, E_FORMAT, 0, "the certificate is damaged");
	if (c.cert.kind != CERT_USER)
		return fault_set(f, E_DENIED, 0, "Certificate invalid: not a user certificate");
	e = read_options(&c, c.cert.critical, take_critical, f);
	if (e == E_OK)
		e = read_options(&c, c.cert.extensions, take_extension, f);
	if (e == E_OK)
		*out = c;
	return e;
}

static bool has_one(const struct usercert *c, struct bytes name)
{
	struct reader r;

	rd_init(&r, c->cert.principals);
	while (rd_left(&r) > 0)
		if (bytes_eq(rd_text(&r, LIMIT_STRING), name))
			return true;
	return false;
}

/* As sshd reads it: an empty name ends the list. */
bool usercert_has_principal(const struct usercert *c, const char *list)
{
	while (*list != '\0') {
		size_t len = strcspn(list, ",");

		if (len == 0)
			return false;
		if (has_one(c, bytes_of(list, len)))
			return true;
		list += len + (list[len] == ',');
	}
	return false;
}

static enum verdict refuse(struct fault *f, enum err e, const char *why)
{
	fault_set(f, e, 0, "%s", why);
	return VERDICT_BAD;
}

enum verdict usercert_check(const struct usercert *c, const char *user, const char *address,
	uint64_t now_s, const char *algs, struct fault *f)
{
	if (now_s < c->cert.after_s)
		return refuse(f, E_DENIED, "Certificate invalid: not yet valid");
	if (now_s >= c->cert.before_s)
		return refuse(f, E_DENIED, "Certificate invalid: expired");
	if (c->cert.principals.len == 0)
		return refuse(f, E_DENIED, "Certificate lacks principal list");
	if (user != NULL && (user[0] == '\0' || !has_one(c, bytes_str(user))))
		return refuse(f, E_DENIED, "Certificate invalid: name is not a listed principal");
	if (c->has_source && !addrmatch_allows(c->source, address))
		return refuse(f, E_DENIED,
			"the address is not one from which the certificate may be used "
			"(source-address)");
	return cert_verify(&c->cert, algs, f);
}

enum err usercert_merge(
	const struct usercert *c, const struct authkey *line, struct authkey *out, struct fault *f)
{
	struct authkey k;

	authoptions_init(&k);
	if (line != NULL)
		k = *line;
	else
		k.no_touch = true;
	if (c->has_command && k.command != NULL && !bytes_is(c->command, k.command))
		return fault_set(f, E_DENIED, 0, "forced command options do not match");
	k.cert_authority = false;
	k.port_forwarding = k.port_forwarding && c->may_forward;
	k.no_touch = k.no_touch && c->may_be_untouched;
	k.verify_required = k.verify_required || c->must_be_verified;
	*out = k;
	return E_OK;
}
