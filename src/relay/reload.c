/* SPDX-License-Identifier: ISC */
#include "relay/reload.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "relay/auditlog.h"
#include "relay/file.h"
#include "relay/worker.h"

enum { CONFIG_MAX = 1024 * 1024 };

struct fixed {
	char text[8192];
	size_t len;
};

/* Of the dump, what is done once at start. */
static void add_fixed(void *ctx, const char *line)
{
	static const char *const words[] = {"listenaddress ", "addressfamily ", "hostkey ",
		"pidfile ", "controlsocket ", "authorizedkeysfile ", "revokedkeys ",
		"trustedusercakeys ", "authorizedprincipalsfile ", "casignaturealgorithms ",
		"auditlog ", "auditformat "};
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
			"AuthorizedKeysFile, RevokedKeys, TrustedUserCAKeys, "
			"AuthorizedPrincipalsFile, CASignatureAlgorithms, AuditLog and "
			"AuditFormat take effect when the relay starts, not now");
}

static enum err read_again(const struct supervisor *s, struct relay_conf **made, struct fault *f)
{
	const struct relay_settings *unused;
	struct file_text text;
	struct bytes bytes;
	enum err e = file_read(s->config_path, CONFIG_MAX, &text, f);

	if (e == E_UNKNOWN && s->may_lack_config) {
		e = relay_conf_again(s->conf, s->config_path, NULL, made, f);
	} else if (e == E_OK) {
		bytes = file_bytes(&text);
		e = relay_conf_again(s->conf, s->config_path, &bytes, made, f);
		file_text_fini(&text);
	}
	if (e != E_OK)
		return e;
	e = relay_conf_finish(*made, &unused, f);
	if (e != E_OK)
		relay_conf_free(*made);
	return e;
}

void reload_member(struct supervisor *s, struct member *m)
{
	static uint8_t room[IPCKEY_IDENTITY_ROOM];
	uint32_t session = m->session;
	struct bytes payload = {NULL, 0};
	struct fault f = {0};
	enum err e = roster_review(&s->roster, s->keyring, s->conf, m, &f);

	if (e == E_OK) {
		payload = ipckey_wr_identity((struct span){room, sizeof(room)}, m->identity);
		if (payload.len == 0) {
			e = fault_set(&f, E_LIMIT, 0, "the line of the key is too long");
			roster_leave(&s->roster, m);
		}
	}
	if (e == E_OK)
		worker_tell(s->worker, IPC_REVIEWED, session, payload);
	else
		worker_tell(s->worker, IPC_DENIED, session,
			bytes_str(f.text[0] ? f.text : err_text(e)));
}

static void take_conf(struct supervisor *s, struct relay_conf *made)
{
	enum log_level before = s->settings->log_level;

	tell_fixed(s->settings, relay_conf_settings(made));
	relay_conf_free(s->conf);
	s->conf = made;
	s->settings = relay_conf_settings(made);
	if (s->settings->log_level != before)
		log_set_level(s->settings->log_level);
	worker_configure(s->worker);
}

enum err reload_all(struct supervisor *s, const char *who, struct fault *f)
{
	struct relay_conf *made;
	struct list *n, *next;
	enum err e;

	log_write(LOG_LEVEL_INFO, "%s: configuration and keys are read again", who);
	e = read_again(s, &made, f);
	if (e == E_OK)
		take_conf(s, made);
	else
		log_write(LOG_LEVEL_ERROR, "%s; the configuration read before stays in force",
			f->text);
	keyring_refresh(s->keyring, NULL);
	auditlog_reopen(s->auditlog);
	for (n = s->roster.members.next; n != &s->roster.members; n = next) {
		next = n->next;
		reload_member(s, list_entry(n, struct member, node));
	}
	return e;
}

json_t *reload_report(const struct supervisor *s)
{
	json_t *files = json_array();

	for (size_t i = 0; i < keyring_files(s->keyring); i++) {
		struct keyring_file k;

		keyring_file_info(s->keyring, i, &k);
		json_array_append_new(files,
			json_pack("{ss sI sI ss}", "path", k.path, "keys", (json_int_t)k.keys,
				"bad_lines", (json_int_t)k.bad_lines, "trouble",
				!k.why	   ? ""
				: k.why[0] ? k.why
					   : "there is no such file"));
	}
	return json_pack("{sb so}", "reloaded", true, "files", files);
}
