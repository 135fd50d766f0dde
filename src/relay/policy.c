/* SPDX-License-Identifier: ISC */
#include "relay/policy.h"

#include <stdio.h>
#include <stdlib.h>

#include "relay/auditlog.h"
#include "relay/door.h"
#include "relay/file.h"
#include "relay/notice.h"

const struct relay_settings *policy_of(const struct link *l)
{
	return relay_conf_settings(l->policy);
}

enum err policy_make(struct link *l, struct fault *f)
{
	const struct identity *id = l->identity;
	const struct sock_addr *at = conn_local(l->conn);
	char local[SOCK_TEXT_MAX];
	struct relay_facts facts = {.user = id->user,
		.address = l->peer_host,
		.local_address = local,
		.local_port = sock_port(at),
		.key_name = id->is_named ? id->key_name : "",
		.fingerprint = id->fingerprint};
	struct relay_conf *made;
	enum err e;

	sock_host(at, local);
	e = relay_conf_for(l->relay->conf, &facts, &made, f);
	if (e != E_OK)
		return e;
	relay_conf_free(l->policy);
	l->policy = made;
	return E_OK;
}

/* --- judged anew ------------------------------------------------------------------------------ */

/* One that the relay chose may stay when any may be chosen, or when this one may be had. */
static bool may_keep(const struct link *l, const struct door *d, struct fault *f)
{
	const struct relay_settings *s = policy_of(l);
	struct bytes host = bytes_str(d->requested);
	struct fault unused = {0};

	return (d->is_chosen && identity_may_listen(l->identity, s, l->relay->low_end, host, 0,
					&unused) == E_OK) ||
	       identity_may_listen(l->identity, s, l->relay->low_end, host, d->port, f) == E_OK;
}

/* Ports that were opened under rules which hold no more. */
static void review_doors(struct link *l)
{
	struct list *n, *next;

	for (n = l->doors.next; n != &l->doors; n = next) {
		struct door *d = list_entry(n, struct door, node);
		struct fault f = {0};

		next = n->next;
		if (d->berth && !may_keep(l, d, &f))
			door_shut(d, f.text);
	}
}

/* The line of the key as it stands now. */
static enum err renew_identity(struct link *l, struct fault *f)
{
	struct relay *r = l->relay;
	struct identity *old = l->identity, *made;
	struct keyring_place at;
	enum err e = keyring_admit(r->keyring, old->user, bytes_of(old->blob, old->blob_len),
		l->peer_host, time(NULL), &at, f);

	if (e == E_OK)
		e = identity_new(old->user, bytes_of(old->blob, old->blob_len), &at, &made, f);
	if (e != E_OK)
		return e;
	if (made->rate_bytes > 0 && account_limit(l->account, &r->hub, made->rate_bytes) != E_OK) {
		identity_free(made);
		return fault_set(f, E_NOMEM, 0, "out of memory");
	}
	l->identity = made;
	identity_free(old);
	return E_OK;
}

void policy_review(struct link *l)
{
	struct fault f = {0};
	enum err e;

	if (!l->identity || l->is_over)
		return;
	e = renew_identity(l, &f);
	if (e == E_OK)
		e = policy_make(l, &f);
	if (e != E_OK) {
		link_log(l, LOG_LEVEL_INFO, "the key is not admitted any more: %s", f.text);
		link_end(l, "your key is not admitted any more");
		return;
	}
	review_doors(l);
	link_watch_expiry(l);
}

/* --- SIGHUP ----------------------------------------------------------------------------------- */

enum { CONFIG_MAX = 1024 * 1024 };

struct fixed {
	char text[8192];
	size_t len;
};

/* Of the dump, what is done once at start. */
static void add_fixed(void *ctx, const char *line)
{
	static const char *const words[] = {"listenaddress ", "addressfamily ", "hostkey ",
		"pidfile ", "controlsocket ", "authorizedkeysfile ", "revokedkeys ", "auditlog ",
		"auditformat "};
	struct fixed *f = ctx;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strncmp(line, words[i], strlen(words[i])) == 0 && f->len < sizeof(f->text))
			f->len += (size_t)snprintf(
				f->text + f->len, sizeof(f->text) - f->len, "%s\n", line);
}

static void tell_fixed(const struct relay_settings *old, const struct relay_settings *new)
{
	struct fixed was = {.len = 0}, is = {.len = 0};

	relay_conf_dump(old, add_fixed, &was);
	relay_conf_dump(new, add_fixed, &is);
	if (strcmp(was.text, is.text) != 0)
		log_write(LOG_LEVEL_INFO,
			"Port, ListenAddress, AddressFamily, HostKey, PidFile, ControlSocket, "
			"AuthorizedKeysFile, RevokedKeys, AuditLog and AuditFormat take effect "
			"when "
			"the relay starts, not now");
}

static enum err read_again(struct relay *r, struct relay_conf **made, struct fault *f)
{
	const struct relay_settings *unused;
	struct file_text text;
	struct bytes bytes;
	enum err e = file_read(r->config.path, CONFIG_MAX, &text, f);

	if (e == E_UNKNOWN && r->config.may_be_missing) {
		e = relay_conf_again(r->conf, r->config.path, NULL, made, f);
	} else if (e == E_OK) {
		bytes = file_bytes(&text);
		e = relay_conf_again(r->conf, r->config.path, &bytes, made, f);
		file_text_fini(&text);
	}
	if (e != E_OK)
		return e;
	e = relay_conf_finish(*made, &unused, f);
	if (e != E_OK)
		relay_conf_free(*made);
	return e;
}

enum err policy_reload(struct relay *r, const char *who, struct fault *f)
{
	struct relay_conf *made;
	struct list *n, *next;
	enum err e;

	log_write(LOG_LEVEL_INFO, "%s: configuration and keys are read again", who);
	e = read_again(r, &made, f);
	if (e == E_OK) {
		tell_fixed(r->settings, relay_conf_settings(made));
		relay_take_conf(r, made);
	} else {
		log_write(LOG_LEVEL_ERROR, "%s; the configuration read before stays in force",
			f->text);
	}
	keyring_refresh(r->keyring, NULL);
	auditlog_reopen(r->auditlog);
	for (n = r->links.next; n != &r->links; n = next) {
		next = n->next;
		policy_review(list_entry(n, struct link, node));
	}
	return e;
}
