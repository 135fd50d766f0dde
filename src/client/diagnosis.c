/* SPDX-License-Identifier: ISC */
#include "client/diagnosis.h"

#include <stdio.h>

#include "client/reach.h"

enum {
	CURE_TEXT = 640,
	PLACE_TEXT = FORWARD_HOST_MAX + 16,
	LOW_PORTS = 1024,
	LISTEN_TEXT = FORWARD_PATH_MAX + 16
};

static const char *asked_bind(const struct diagnosis *d)
{
	return forward_spec_wire_bind(d->forward->spec);
}

static bool wants_loopback(const struct diagnosis *d)
{
	return reach_is_loopback(asked_bind(d));
}

/* What was asked for, in words: "port 8080", or the path of a Unix socket. */
static const char *listens_at(const struct diagnosis *d, char out[static LISTEN_TEXT])
{
	if (d->forward->spec->listen_path[0] != '\0')
		snprintf(out, LISTEN_TEXT, "the socket %s", d->forward->spec->listen_path);
	else
		snprintf(out, LISTEN_TEXT, "port %u", d->forward->port);
	return out;
}

/* As sshd_config and authorized_keys name it. */
static const char *asked_place(const struct diagnosis *d, char out[static PLACE_TEXT])
{
	reach_place(asked_bind(d), d->forward->spec->listen_port, out, PLACE_TEXT);
	return out;
}

/* --- the answer ---------------------------------------------------------------------------------
 */

/* sshd tells of other things as well, the options of the key among them, and not always of this:
 * only what it is known to say of a refusal counts. */
static const char *reason(const struct diagnosis *d)
{
	static const char *const known[] = {
		"Server has disabled port forwarding.", "port forwarding refused"};

	if (d->is_sallyd)
		return d->forward->reason;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(d->remark, known[i]) == 0)
			return known[i];
	return "";
}

static bool says(const struct diagnosis *d, const char *words)
{
	return strstr(reason(d), words) != NULL;
}

bool diagnosis_is_open_question(const struct diagnosis *d)
{
	return d->forward->state == FORWARD_REFUSED && reason(d)[0] == '\0';
}

static void add_taken(
	struct findings *f, const struct diagnosis *d, const char *subject, const char *by_whom)
{
	findings_add(f, FORWARD_TAKEN, subject,
		"Choose another port (0 lets the relay choose), or end what holds it. A dead agent "
		"lets go of it once the relay notices: ClientAliveInterval 15 in sshd_config.",
		"The relay refused port %u, which is taken: %s.", d->forward->port, by_whom);
}

/* Who answers at a port that was refused to us is who holds it. */
static bool add_holder(struct findings *f, const struct diagnosis *d, const char *subject)
{
	const struct diagnosis_visit *v =
		d->inside.is_tried && d->inside.knock.end == KNOCK_OPEN ? &d->inside : &d->outside;
	char words[GREETING_TEXT], who[FAULT_TEXT] = "something takes connections there";

	if (!v->is_tried || v->knock.end != KNOCK_OPEN)
		return false;
	if (!greeting_is_empty(&v->knock.words))
		snprintf(who, sizeof(who), "what listens there says \"%s\"",
			greeting_text(&v->knock.words, words));
	add_taken(f, d, subject, who);
	return true;
}

static void add_disabled(struct findings *f, const struct diagnosis *d, const char *subject)
{
	findings_add(f, FORWARD_DISABLED, subject,
		"In sshd_config: AllowTcpForwarding yes (or remote), and no DisableForwarding; in "
		"the key's line of authorized_keys no no-port-forwarding, and with restrict also "
		"port-forwarding.",
		"The relay forwards no ports for this user or key: %s", reason(d));
}

static void add_denied(struct findings *f, const struct diagnosis *d, const char *subject)
{
	char place[PLACE_TEXT], cure[CURE_TEXT], listen[LISTEN_TEXT];

	snprintf(cure, sizeof(cure),
		"PermitListen in sshd_config and permitlisten= in the key's line, where there are "
		"any, have to name \"%s\" as it was asked for.",
		asked_place(d, place));
	findings_add(f, FORWARD_DENIED, subject, cure, "The relay does not give %s: %s.",
		listens_at(d, listen), reason(d));
}

static void add_low(struct findings *f, const struct diagnosis *d, const char *subject)
{
	findings_add(f, FORWARD_LOW, subject,
		"Take a port from 1024 on, or log in as root, or lower "
		"net.ipv4.ip_unprivileged_port_start on the relay.",
		"The relay refused port %u%s%s: ports below 1024 are for root there.",
		d->forward->port, reason(d)[0] != '\0' ? ", " : "", reason(d));
}

static void add_unexplained(struct findings *f, const struct diagnosis *d, const char *subject)
{
	char listen[LISTEN_TEXT];

	findings_add(f, FORWARD_UNEXPLAINED, subject,
		d->forward->spec->listen_path[0] != '\0'
			? "Its log knows. Most often the socket of an earlier run is still there, "
			  "since sshd never takes it away: remove it, or StreamLocalBindUnlink yes "
			  "in sshd_config."
			: "Its log knows. Most often the port is taken at an address that cannot "
			  "be "
			  "tried from here: try another one (0 lets the relay choose).",
		"The relay refused %s and does not say why.", listens_at(d, listen));
}

static void judge_refusal(struct findings *f, const struct diagnosis *d, const char *subject)
{
	unsigned port = d->forward->port;

	if (says(d, "is taken") || says(d, "Address already in use"))
		add_taken(f, d, subject, reason(d));
	else if (says(d, "needs root"))
		add_low(f, d, subject);
	else if (says(d, "disabled port forwarding"))
		add_disabled(f, d, subject);
	else if (reason(d)[0] != '\0')
		add_denied(f, d, subject);
	else if (add_holder(f, d, subject))
		return;
	else if (port > 0 && port < LOW_PORTS)
		add_low(f, d, subject);
	else
		add_unexplained(f, d, subject);
}

void diagnosis_answer(struct findings *f, const struct diagnosis *d, const char *subject)
{
	char listen[LISTEN_TEXT];

	if (d->forward->state == FORWARD_UP)
		findings_add(f, FORWARD_GRANTED, subject, NULL, "The relay opened %s.",
			listens_at(d, listen));
	else if (d->forward->state == FORWARD_REFUSED)
		judge_refusal(f, d, subject);
	else
		findings_add(f, FORWARD_SILENT, subject,
			"The relay hangs, or looks up a name: look at it from there.",
			"The relay did not answer the request for %s in time.",
			listens_at(d, listen));
}

/* --- the target ---------------------------------------------------------------------------------
 */

static void judge_open(struct findings *f, const struct knock_result *target, const char *place,
	const char *where, const char *subject)
{
	char words[GREETING_TEXT];

	if (!greeting_is_empty(&target->words))
		findings_add(f, TARGET_SPEAKS, subject, NULL,
			"The target %s takes connections %s and says \"%s\".", place, where,
			greeting_text(&target->words, words));
	else if (target->is_over)
		findings_add(f, TARGET_CLOSES, subject,
			"Does it refuse connections from this address, or wait for TLS or a PROXY "
			"header? Its log tells.",
			"The target %s takes connections %s and closes them without a word.", place,
			where);
	else
		findings_add(f, TARGET_OPEN, subject, NULL,
			"The target %s takes connections %s and waits to be spoken to.", place,
			where);
}

void diagnosis_target(struct findings *f, const struct knock_result *target, const char *place,
	const char *where, const char *subject)
{
	switch (target->end) {
	case KNOCK_OPEN:
		judge_open(f, target, place, where, subject);
		break;
	case KNOCK_REFUSED:
		findings_add(f, TARGET_REFUSED, subject,
			"Start the service, or name the address and port it listens on: ss -ltn "
			"shows them.",
			"Nobody listens at the target %s, seen %s: %s.", place, where,
			target->text);
		break;
	case KNOCK_SILENT:
		findings_add(f, TARGET_SILENT, subject,
			"Is the host up? Does a firewall in front of it drop the packets? A "
			"service "
			"that hangs looks like this, too.",
			"The target %s does not answer, seen %s: %s.", place, where, target->text);
		break;
	case KNOCK_UNREACHABLE:
		findings_add(f, TARGET_UNREACHABLE, subject,
			"Look at the network there: ip route get ADDRESS.",
			"The target %s cannot be reached %s: %s.", place, where, target->text);
		break;
	case KNOCK_UNKNOWN:
		findings_add(f, TARGET_UNKNOWN, subject,
			"Check the spelling; the name is looked up here and not on the relay.",
			"The target %s has a name that stands for no address: %s.", place,
			target->text);
		break;
	case KNOCK_DENIED:
		findings_add(f, TARGET_DENIED, subject,
			"In sshd_config: AllowTcpForwarding yes (or local), and PermitOpen or "
			"permitopen=, where there are any, have to name the target.",
			"The relay opens no way to %s: %s.", place, target->text);
		break;
	}
}

/* --- who can reach it ---------------------------------------------------------------------------
 */

bool diagnosis_is_narrowed(const struct diagnosis *d)
{
	if (wants_loopback(d))
		return false;
	return (d->is_sallyd && strstr(d->remark, "narrowed to loopback") != NULL) ||
	       (d->outside.is_tried && d->outside.knock.end == KNOCK_REFUSED);
}

static void add_local(struct findings *f, const struct diagnosis *d, const char *subject)
{
	char target[PLACE_TEXT], cure[CURE_TEXT];

	forward_spec_print_target(d->forward->spec, target, sizeof(target));
	snprintf(cure, sizeof(cure),
		"If others are to come as well: -R '*:%u:%s', and GatewayPorts clientspecified in "
		"sshd_config.",
		d->forward->spec->listen_port, target);
	findings_add(f, REACH_LOCAL, subject, cure,
		"Only visitors on the relay itself can use port %u, as it was asked for.",
		d->forward->port);
}

static void add_loopback(struct findings *f, const struct diagnosis *d, const char *subject)
{
	findings_add(f, REACH_LOOPBACK, subject,
		d->is_sallyd ? "In sallyd_config on the relay: GatewayPorts clientspecified"
			     : "In sshd_config on the relay, then reload sshd: GatewayPorts "
			       "clientspecified",
		"The port was granted, and %s is closed: the relay bound port %u to its loopback "
		"only, so nobody but the relay itself can use it.",
		d->place, d->forward->port);
}

static void judge_loopback_wish(struct findings *f, const struct diagnosis *d, const char *subject)
{
	bool is_seen_open = d->outside.is_tried && d->outside.has_come;

	if (is_seen_open || strstr(d->remark, "overridden by server GatewayPorts") != NULL)
		findings_add(f, REACH_WIDE, subject,
			"If that is not wanted, in sshd_config on the relay: GatewayPorts "
			"clientspecified",
			"Only the relay's loopback was asked for, and the relay opened port %u on "
			"all its addresses (GatewayPorts yes): everybody who reaches it can come "
			"in.",
			d->forward->port);
	else
		add_local(f, d, subject);
}

static void judge_wide_wish(struct findings *f, const struct diagnosis *d, const char *subject)
{
	const struct diagnosis_visit *v = &d->outside;

	if (diagnosis_is_narrowed(d))
		add_loopback(f, d, subject);
	else if (!v->is_tried)
		findings_add(f, REACH_UNSEEN, subject, "Try it from another machine.",
			"Whether visitors from elsewhere can come to %s cannot be seen from here, "
			"which is the relay itself.",
			d->place);
	else if (v->knock.end == KNOCK_OPEN && v->has_come)
		findings_add(f, REACH_OPEN, subject, NULL,
			"A visitor from here came to %s and through the tunnel.", d->place);
	else if (v->knock.end == KNOCK_OPEN)
		findings_add(f, REACH_STRANGER, subject,
			"Look on the relay who listens there (ss -ltnp), and at what stands in "
			"front of it.",
			"Something takes connections at %s, and they do not come through this "
			"tunnel: another program listens there, or a proxy in front.",
			d->place);
	else
		findings_add(f, REACH_FILTERED, subject,
			"Let the port in at the firewall of the relay, and at that of its provider "
			"(security group).",
			"The port was granted, and a visitor from here gets no answer at %s (%s): "
			"a "
			"firewall stands in front of the relay.",
			d->place, v->knock.text);
}

void diagnosis_reach(struct findings *f, const struct diagnosis *d, const char *subject)
{
	if (wants_loopback(d))
		judge_loopback_wish(f, d, subject);
	else
		judge_wide_wish(f, d, subject);
}

void diagnosis_inside(struct findings *f, const struct diagnosis *d, const char *subject)
{
	const struct diagnosis_visit *v = &d->inside;
	unsigned port = d->forward->port;

	if (!v->is_tried)
		return;
	if (v->knock.end == KNOCK_DENIED)
		findings_add(f, INSIDE_UNSEEN, subject, NULL,
			"The port cannot be tried from inside the relay, which makes no "
			"connections "
			"for this user: %s.",
			v->knock.text);
	else if (v->knock.end != KNOCK_OPEN)
		findings_add(f, INSIDE_CLOSED, subject,
			"Look on the relay who listens (ss -ltn), and at its firewall for lo.",
			"The port was granted, and localhost:%u on the relay takes no connection: "
			"%s.",
			port, v->knock.text);
	else if (v->has_come)
		findings_add(f, INSIDE_OPEN, subject, NULL,
			"A visitor on the relay came to localhost:%u and through the tunnel.",
			port);
	else
		findings_add(f, INSIDE_STRANGER, subject,
			"Choose another port, or end the other program (ss -ltnp on the relay). "
			"sshd "
			"says yes when it got one of 127.0.0.1 and ::1.",
			"Another program on the relay takes the connections to localhost:%u; they "
			"do "
			"not come through this tunnel.",
			port);
}

/* --- the whole way ------------------------------------------------------------------------------
 */

static void judge_words(struct findings *f, const struct diagnosis *d,
	const struct diagnosis_visit *v, const char *subject)
{
	char words[GREETING_TEXT];

	if (greeting_is_same(&v->knock.words, &d->target.words))
		findings_add(f, TRIP_WHOLE, subject, NULL,
			"The whole way works: the target's \"%s\" arrived at the visitor.",
			greeting_text(&v->knock.words, words));
	else
		findings_add(f, TRIP_DIFFERS, subject, NULL,
			"The target's words arrived at the visitor, other ones than before: "
			"\"%s\".",
			greeting_text(&v->knock.words, words));
}

void diagnosis_trip(struct findings *f, const struct diagnosis *d, const char *subject)
{
	const struct diagnosis_visit *v = d->outside.has_come ? &d->outside : &d->inside;
	bool is_mute = greeting_is_empty(&d->target.words);

	if (!v->has_come)
		return;
	if (!greeting_is_empty(&v->knock.words))
		judge_words(f, d, v, subject);
	else if (is_mute && (v->is_taken || (d->target.is_over && v->knock.is_over)))
		findings_add(f, TRIP_OPEN, subject, NULL,
			"The whole way works as far as it can be seen: the target took the "
			"visitor's connection.");
	else
		findings_add(f, TRIP_BROKEN, subject,
			"Does the target serve only some at a time, or only some addresses? Run it "
			"with -v to see what became of the visitor.",
			"A visitor came through the tunnel, and %s.",
			is_mute ? "the target did not take the connection"
				: "nothing of what the target says first arrived there in time");
}
