/* SPDX-License-Identifier: ISC */
#include "client/login.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/text.h"
#include "client/unlock.h"
#include "keys/pubkey.h"

enum {
	LINE_TEXT = 1024,
	KEY_TEXT = 512,
	AGENT_LIST_MS = 5 * 1000,
	AGENT_SIGN_MS = 2 * 60 * 1000 /* it may ask its user, or wait for a touch */
};

void login_init(struct login *l, const struct client_settings *s, struct identities *ids,
	struct ask *ask, uv_loop_t *loop)
{
	*l = (struct login){.settings = s, .identities = ids, .ask = ask, .loop = loop};
}

static void drop_agent(struct login *l)
{
	unixlink_free(l->agent);
	l->agent = NULL;
}

static void forget_signing(struct login *l)
{
	free(l->to_sign.ptr);
	l->to_sign = (struct span){0};
}

void login_stop(struct login *l)
{
	unlock_cancel(l->unlock);
	l->unlock = NULL;
	ask_cancel(l->ask);
	drop_agent(l);
	forget_signing(l);
	l->conn = NULL;
}

static struct session *session_of(const struct login *l)
{
	return conn_session(l->conn);
}

static uint64_t now(const struct login *l)
{
	return hub_now(conn_hub(l->conn));
}

/* --- what the agent has -------------------------------------------------------------------------
 */

static void arrange(struct login *l, const struct agent_list *list)
{
	enum err e = identities_arrange(l->identities, list, l->settings->identities_only);

	if (e != E_OK)
		log_write(LOG_LEVEL_ERROR, "arranging the keys: %s", err_text(e));
	l->ready(l->ctx, l->conn);
}

/* What follows from an agent that cannot be spoken with. */
static void do_without(struct login *l, const char *what, const char *why)
{
	log_write(LOG_LEVEL_ERROR, "key agent %s: %s%s; going on without it",
		l->settings->agent_socket, what, why);
	drop_agent(l);
	arrange(l, NULL);
}

static void on_list(void *ctx, enum err e, struct bytes answer, const struct fault *f)
{
	struct login *l = ctx;
	struct agent_list list;

	if (e != E_OK) {
		do_without(l, "", f->text);
		return;
	}
	e = agent_list_init(&list, answer);
	if (e != E_OK) {
		do_without(l, "the list of its keys: ",
			e == E_DENIED ? "agent refused operation" : err_text(e));
		return;
	}
	log_write(LOG_LEVEL_DEBUG1, "get_agent_identities: agent returned %u keys", list.left);
	arrange(l, &list);
}

static void ask_for_list(struct login *l)
{
	uint8_t request[AGENT_LIST_LEN];
	struct writer w;
	enum err e;

	wr_init(&w, (struct span){request, sizeof(request)});
	agent_write_list(&w);
	e = unixlink_ask(l->agent, wr_bytes(&w), AGENT_LIST_MS, on_list, l);
	if (e != E_OK)
		do_without(l, "", err_text(e));
}

/* Many agents do not know this; those that do may have keys for this host alone. */
static void on_bound(void *ctx, enum err e, struct bytes answer, const struct fault *f)
{
	struct login *l = ctx;

	if (e != E_OK) {
		do_without(l, "", f->text);
		return;
	}
	if (agent_read_done(answer) == E_OK)
		log_write(LOG_LEVEL_DEBUG1, "get_agent_identities: bound agent to hostkey");
	ask_for_list(l);
}

static enum err ask_to_bind(struct login *l)
{
	const struct transport *t = session_transport(session_of(l));
	struct agent_bind b = {
		transport_host_key(t), transport_session_id(t), transport_host_signature(t)};
	struct span mem = {malloc(agent_bind_len(&b)), agent_bind_len(&b)};
	struct writer w;
	enum err e;

	if (mem.ptr == NULL)
		return E_NOMEM;
	wr_init(&w, mem);
	agent_write_bind(&w, &b);
	e = unixlink_ask(l->agent, wr_bytes(&w), AGENT_LIST_MS, on_bound, l);
	free(mem.ptr);
	return e;
}

static enum err call_agent(struct login *l, struct fault *f)
{
	enum err e = unixlink_new(l->loop, l->settings->agent_socket, agent_next, &l->agent, f);

	if (e != E_OK)
		return e;
	e = ask_to_bind(l);
	if (e == E_OK)
		return E_OK;
	drop_agent(l);
	return fault_set(f, e, 0, "%s", err_text(e));
}

void login_prepare(struct login *l, struct conn *c, login_ready_fn ready, void *ctx)
{
	struct fault f = {0};

	l->conn = c;
	l->ready = ready;
	l->ctx = ctx;
	if (l->settings->agent_socket != NULL && l->settings->pubkey_auth != PUBKEY_NO) {
		if (call_agent(l, &f) == E_OK)
			return;
		/* As in ssh: an agent that is not there is no news. */
		log_write(LOG_LEVEL_DEBUG1, "get_agent_identities: %s: %s",
			l->settings->agent_socket, f.text);
	}
	arrange(l, NULL);
}

/* --- signatures ---------------------------------------------------------------------------------
 */

static void answer_sign(struct login *l, struct bytes signature)
{
	forget_signing(l);
	session_answer_sign(session_of(l), signature, now(l));
	conn_wake(l->conn);
}

static void fail_sign(struct login *l, const char *why)
{
	const struct identity *id = identities_at(l->identities, l->index)->signer;

	log_write(LOG_LEVEL_ERROR, "sign_and_send_pubkey: signing failed for %s \"%s\"%s: %s",
		keyalg_word(pubkey_blob_type(bytes_of(id->blob.ptr, id->blob.len))),
		id->path != NULL ? id->path : id->comment, id->is_in_agent ? " from agent" : "",
		why);
	answer_sign(l, (struct bytes){0});
}

static void sign_with(struct login *l, const struct pk *key)
{
	uint8_t signature[PK_SIGNATURE_MAX];
	size_t len = 0;
	enum err e = pk_sign(key, l->alg, bytes_of(l->to_sign.ptr, l->to_sign.len),
		(struct span){signature, sizeof(signature)}, &len);

	if (e == E_OK)
		answer_sign(l, bytes_of(signature, len));
	else
		fail_sign(l, err_text(e));
}

static void on_agent_signature(void *ctx, enum err e, struct bytes answer, const struct fault *f)
{
	struct login *l = ctx;
	struct bytes signature;

	if (e != E_OK) {
		fail_sign(l, f->text);
		return;
	}
	e = agent_read_signature(answer, &signature);
	if (e == E_DENIED)
		fail_sign(l, "agent refused operation");
	else if (e != E_OK)
		fail_sign(l, err_text(e));
	else if (!bytes_is(keyalg_of_signature(signature), l->alg_name))
		fail_sign(l, "agent signed with another algorithm");
	else
		answer_sign(l, signature);
}

static void sign_by_agent(struct login *l, const struct identity *id)
{
	struct bytes blob = bytes_of(id->blob.ptr, id->blob.len);
	struct bytes data = bytes_of(l->to_sign.ptr, l->to_sign.len);
	size_t len = agent_sign_len(blob, data);
	uint8_t *request = malloc(len);
	struct writer w;
	enum err e = E_NOMEM;

	if (request != NULL) {
		wr_init(&w, (struct span){request, len});
		agent_write_sign(&w, blob, data, l->alg_name);
		e = l->agent != NULL ? unixlink_ask(l->agent, wr_bytes(&w), AGENT_SIGN_MS,
					       on_agent_signature, l)
				     : E_CLOSED;
		free(request);
	}
	if (e != E_OK)
		fail_sign(l, e == E_NOMEM ? err_text(e) : "the agent is gone");
}

static void on_unlocked_to_sign(void *ctx, struct pk *key)
{
	struct login *l = ctx;

	l->unlock = NULL;
	if (key != NULL && identities_opened(l->identities, l->index, key))
		sign_with(l, identities_at(l->identities, l->index)->signer->key);
	else
		answer_sign(l, (struct bytes){0});
}

static bool keep_to_sign(struct login *l, struct bytes data)
{
	l->to_sign = (struct span){malloc(data.len), data.len};
	if (l->to_sign.ptr == NULL)
		return false;
	memcpy(l->to_sign.ptr, data.ptr, data.len);
	return true;
}

static void start_unlock(struct login *l, unlock_fn done)
{
	const struct identity *id = identities_at(l->identities, l->index)->signer;

	l->unlock = unlock_start(l->ask, id->path, l->settings->password_prompts, done, l);
	if (l->unlock == NULL)
		done(l, NULL);
}

static void on_sign(struct login *l, const struct event *ev)
{
	const struct identity *id = identities_at(l->identities, ev->index)->signer;
	char what[KEY_TEXT];

	identities_describe(l->identities, ev->index, what, sizeof(what));
	log_write(LOG_LEVEL_DEBUG1, "Signing with public key: %s", what);
	l->index = ev->index;
	l->alg = ev->alg;
	l->alg_name = ev->text;
	if (!keep_to_sign(l, ev->data))
		fail_sign(l, err_text(E_NOMEM));
	else if (id->key != NULL && l->alg != NULL)
		sign_with(l, id->key);
	else if (id->is_in_agent)
		sign_by_agent(l, id);
	else
		start_unlock(l, on_unlocked_to_sign);
}

/* --- keys that are known only once they are open ------------------------------------------------
 */

static void on_unlocked_to_offer(void *ctx, struct pk *key)
{
	struct login *l = ctx;

	l->unlock = NULL;
	if (key != NULL)
		(void)identities_opened(l->identities, l->index, key);
	session_answer_load(session_of(l), now(l));
	conn_wake(l->conn);
}

static void on_load(struct login *l, const struct event *ev)
{
	const struct identity *id = identities_at(l->identities, ev->index);

	log_write(LOG_LEVEL_DEBUG1, "Trying private key: %s", id->path);
	l->index = ev->index;
	start_unlock(l, on_unlocked_to_offer);
}

/* --- questions of the server --------------------------------------------------------------------
 */

/* Text of the server, line by line. */
static void say_lines(struct bytes rest)
{
	while (rest.len > 0) {
		const uint8_t *end = memchr(rest.ptr, '\n', rest.len);
		size_t len = end != NULL ? (size_t)(end - rest.ptr) : rest.len;
		size_t shown = len > 0 && rest.ptr[len - 1] == '\r' ? len - 1 : len;
		char line[LINE_TEXT];

		log_write(LOG_LEVEL_INFO, "%s",
			text_escape(line, sizeof(line), bytes_of(rest.ptr, shown)));
		rest = bytes_of(rest.ptr + len, rest.len - len);
		if (rest.len > 0)
			rest = bytes_of(rest.ptr + 1, rest.len - 1);
	}
}

/* A question may have several lines; nothing else of it that is no plain text reaches a terminal.
 */
static void escape_lines(char *out, size_t cap, struct bytes text)
{
	size_t used = 0;

	out[0] = '\0';
	while (text.len > 0 && used + LINE_TEXT < cap) {
		const uint8_t *end = memchr(text.ptr, '\n', text.len);
		size_t len = end != NULL ? (size_t)(end - text.ptr) : text.len;
		size_t shown = len > 0 && text.ptr[len - 1] == '\r' ? len - 1 : len;

		text_escape(out + used, LINE_TEXT, bytes_of(text.ptr, shown));
		used += strlen(out + used);
		text = bytes_of(text.ptr + len, text.len - len);
		if (end != NULL) {
			out[used++] = '\n';
			out[used] = '\0';
			text = bytes_of(text.ptr + 1, text.len - 1);
		}
	}
}

static void on_answer(void *ctx, const char *answer)
{
	struct login *l = ctx;

	session_answer_prompt(
		session_of(l), bytes_str(answer != NULL ? answer : ""), answer != NULL, now(l));
	conn_wake(l->conn);
}

static void on_prompt(struct login *l, const struct auth_prompt *p)
{
	const struct client_settings *s = l->settings;
	const char *host = s->host_key_alias != NULL ? s->host_key_alias : s->hostname;
	char text[ASK_TEXT_MAX], question[ASK_TEXT_MAX / 2];

	if (p->is_password && p->is_again)
		log_write(LOG_LEVEL_ERROR, "Permission denied, please try again.");
	say_lines(p->name);
	say_lines(p->instruction);
	escape_lines(question, sizeof(question), p->text);
	if (p->is_password)
		snprintf(text, sizeof(text), "%.200s@%.200s's password: ", s->user, host);
	else
		snprintf(text, sizeof(text), "(%.200s@%.200s) %s", s->user, host, question);
	if (!ask_person(l->ask, text, p->is_echoed, on_answer, l))
		on_answer(l, NULL);
}

bool login_on_event(struct login *l, struct conn *c, const struct event *ev)
{
	l->conn = c;
	switch (ev->kind) {
	case EV_SIGN_USER:
		on_sign(l, ev);
		return true;
	case EV_LOAD:
		on_load(l, ev);
		return true;
	case EV_PROMPT:
		on_prompt(l, ev->prompt);
		return true;
	case EV_BANNER:
		say_lines(ev->data);
		return true;
	default:
		return false;
	}
}
