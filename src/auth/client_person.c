/* SPDX-License-Identifier: ISC */
/*
 * Password and keyboard-interactive: one question to the person at a time, and what they answer on
 * its way to the server. Answers are wiped as soon as they were sent; they are sent only here, and
 * this machine starts only after the host key was accepted.
 */
#include "auth/client_impl.h"

#include "auth/password.h"
#include "wire/msgs.h"

#include <stdlib.h>

enum { ROUNDS_MAX = 64 };

static enum err ask(struct auth_client *a, enum auth_client_event *ev)
{
	client_move(a, CLIENT_ASKS);
	*ev = AUTH_CLIENT_ASKS;
	return E_OK;
}

/* --- password (RFC 4252 8) ------------------------------------------------------------------- */

enum err client_try_password(struct auth_client *a, enum auth_client_event *ev)
{
	if (a->tries[METHOD_PASSWORD] >= a->cfg.prompts_max)
		return E_AGAIN;
	a->prompt = (struct auth_prompt){
		.is_password = true, .is_again = a->tries[METHOD_PASSWORD]++ > 0};
	return ask(a, ev);
}

static enum err send_password(struct auth_client *a, struct bytes password)
{
	struct bytes user = bytes_str(a->cfg.user);
	struct writer w;
	enum err e;

	if (password.len > PASSWORD_MAX)
		return E_LIMIT;
	e = a->cfg.port.begin(a->cfg.port.ctx, password_len(user, password), &w);
	if (e != E_OK)
		return e;
	password_write(&w, user, password);
	e = a->cfg.port.end(a->cfg.port.ctx, &w);
	if (e == E_OK) {
		a->has_proof = true;
		client_move(a, CLIENT_AWAITS_PASSWORD);
	}
	return e;
}

enum err client_on_change(struct auth_client *a, struct bytes payload, struct fault *f)
{
	struct bytes prompt;

	if (password_read_change(payload, &prompt) != E_OK)
		return fault_set(f, E_FORMAT, DISCONNECT_PROTOCOL_ERROR,
			"malformed request for a new password");
	return fault_set(f, E_AUTH, DISCONNECT_AUTH_CANCELLED,
		"The password has expired; set a new one with ssh first");
}

/* --- keyboard-interactive (RFC 4256) -----------------------------------------------------------
 */

static void forget_request(struct auth_client *a)
{
	client_drop(&a->asked);
	client_drop(&a->answers);
	a->prompt = (struct auth_prompt){0};
}

enum err client_try_kbdint(struct auth_client *a)
{
	struct bytes user = bytes_str(a->cfg.user);
	struct writer w;
	enum err e;

	/* A server that refuses without asking anything would do so again. */
	if (a->tries[METHOD_KBDINT] >= a->cfg.prompts_max ||
		(a->tries[METHOD_KBDINT] > 0 && !a->was_asked))
		return E_AGAIN;
	a->tries[METHOD_KBDINT]++;
	a->was_asked = false;
	e = a->cfg.port.begin(a->cfg.port.ctx, kbdint_len(user), &w);
	if (e != E_OK)
		return e;
	kbdint_write(&w, user);
	e = a->cfg.port.end(a->cfg.port.ctx, &w);
	if (e == E_OK)
		client_move(a, CLIENT_AWAITS_INFO);
	return e;
}

static enum err send_answers(struct auth_client *a)
{
	struct bytes answers = wr_bytes(&a->answered);
	struct writer w;
	enum err e = a->cfg.port.begin(a->cfg.port.ctx, 1 + 4 + answers.len, &w);

	if (e == E_OK) {
		kbdint_write_answers(&w, a->prompts, answers);
		e = a->cfg.port.end(a->cfg.port.ctx, &w);
	}
	if (e == E_OK && a->prompts > 0)
		a->has_proof = true;
	forget_request(a);
	if (e == E_OK)
		client_move(a, CLIENT_AWAITS_INFO);
	return e;
}

/* The next prompt of the request, or all answers away. */
static enum err ask_next(struct auth_client *a, enum auth_client_event *ev)
{
	struct auth_prompt *p = &a->prompt;
	bool is_first = a->request.left == a->prompts;

	*p = (struct auth_prompt){.is_again = a->tries[METHOD_KBDINT] > 1};
	if (is_first) {
		p->name = a->request.name;
		p->instruction = a->request.instruction;
	}
	if (kbdint_next(&a->request, &p->text, &p->is_echoed))
		return ask(a, ev);
	return send_answers(a);
}

/* Words without a question are shown as a banner is; the payload holds until the next message. */
static enum err no_question(
	struct auth_client *a, const struct kbdint_request *q, enum auth_client_event *ev)
{
	a->banner = q->instruction.len > 0 ? q->instruction : q->name;
	if (a->banner.len > LIMIT_BANNER)
		a->banner.len = LIMIT_BANNER;
	if (a->banner.len > 0)
		*ev = AUTH_CLIENT_BANNER;
	a->prompts = 0;
	wr_init(&a->answered, (struct span){0});
	return send_answers(a);
}

/* Room for the answers before anybody is asked. */
static enum err prepare(struct auth_client *a, struct bytes payload, uint32_t prompts)
{
	size_t room = prompts * (4 + (size_t)KBDINT_ANSWER_MAX);
	enum err e = client_keep(&a->asked, payload);

	if (e != E_OK)
		return e;
	e = kbdint_read(bytes_of(a->asked.ptr, a->asked.len), &a->request);
	if (e != E_OK)
		return e;
	client_drop(&a->answers);
	a->answers.ptr = malloc(room);
	if (a->answers.ptr == NULL)
		return E_NOMEM;
	a->answers.len = room;
	wr_init(&a->answered, a->answers);
	a->prompts = prompts;
	return E_OK;
}

enum err client_on_info(
	struct auth_client *a, struct bytes payload, enum auth_client_event *ev, struct fault *f)
{
	struct kbdint_request q;
	enum err e = kbdint_read(payload, &q);

	if (e == E_LIMIT)
		return fault_set(f, e, DISCONNECT_PROTOCOL_ERROR,
			"the server asks more than %d questions at once", KBDINT_PROMPTS_MAX);
	if (e != E_OK)
		return fault_set(f, e, DISCONNECT_PROTOCOL_ERROR, "malformed question");
	if (++a->rounds > ROUNDS_MAX)
		return fault_set(f, E_LIMIT, DISCONNECT_PROTOCOL_ERROR,
			"the server asked more than %d times", ROUNDS_MAX);
	a->was_asked = true;
	if (q.left == 0)
		return no_question(a, &q, ev);
	e = prepare(a, payload, q.left);
	return e == E_OK ? ask_next(a, ev) : e;
}

static enum err add_answer(struct auth_client *a, struct bytes answer, enum auth_client_event *ev)
{
	if (answer.len > KBDINT_ANSWER_MAX)
		return E_LIMIT;
	wr_string(&a->answered, answer);
	return ask_next(a, ev);
}

/* --- the answer ------------------------------------------------------------------------------- */

enum err auth_client_reply(struct auth_client *a, struct bytes answer, bool is_given,
	enum auth_client_event *ev, struct fault *f)
{
	enum err e;

	*ev = AUTH_CLIENT_GOES_ON;
	a->banner = (struct bytes){0};
	if (a->state != CLIENT_ASKS)
		return fault_set(f, E_STATE, 0, "nobody was asked");
	if (!is_given) {
		/* RFC 4252 5: the next request ends this one without an answer. */
		a->is_spent[a->method] = true;
		forget_request(a);
		e = client_try_next(a, ev);
	} else if (a->method == METHOD_PASSWORD) {
		e = send_password(a, answer);
	} else {
		e = add_answer(a, answer, ev);
	}
	if (e != E_OK)
		return fault_set(f, e, DISCONNECT_AUTH_CANCELLED, "login failed: %s", err_text(e));
	return E_OK;
}

const struct auth_prompt *auth_client_prompt(const struct auth_client *a)
{
	return &a->prompt;
}
