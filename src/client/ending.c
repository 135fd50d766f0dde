/* SPDX-License-Identifier: ISC */
#include "client/ending.h"

#include <stdio.h>
#include <string.h>

#include "client/hop.h"

/* sshd's word for keys that it does not want, said by a disconnect. */
static bool is_of_many_keys(const struct uplink_end *end)
{
	return end->stage == UPLINK_LOGIN && end->fault->err == E_CLOSED &&
	       strstr(end->fault->text, "Too many authentication failures") != NULL;
}

enum ending_kind ending_judge(const struct uplink_end *end, bool has_been_up)
{
	enum ending_kind again = end->is_shunned ? ENDING_LATER : ENDING_RETRY;

	switch (end->fault->err) {
	case E_HOSTKEY: /* who stands in between would only see more of us */
	case E_AUTH:	/* and who shuts us out would do it for longer */
		return ENDING_FINAL;
	case E_LIMIT: /* of the settings, or of the relay's words */
		return end->stage == UPLINK_DIAL ? ENDING_FINAL : again;
	case E_NOALG: /* of a relay that served us before, an upgrade under way */
		return has_been_up ? again : ENDING_FINAL;
	case E_CLOSED:
		return is_of_many_keys(end) ? ENDING_FINAL : again;
	case E_DENIED: /* by a jump host that does not forward: its settings, or our words */
		return has_been_up ? again : ENDING_FINAL;
	default:
		return again;
	}
}

const char *ending_reason(const struct uplink_end *end, char out[static ENDING_TEXT])
{
	snprintf(out, ENDING_TEXT, "%s%.250s%s%s", end->through != NULL ? "through jump host " : "",
		end->through != NULL ? end->through : "", end->through != NULL ? ": " : "",
		end->fault->text);
	return out;
}

/* Who has no address that is known here, in the words of ssh. */
static unsigned peer_name(const struct uplink_end *end, char host[static SOCK_TEXT_MAX])
{
	int family = end->peer != NULL ? end->peer->ss.ss_family : AF_UNSPEC;

	if (family == AF_INET || family == AF_INET6) {
		sock_host(end->peer, host);
		return sock_port(end->peer);
	}
	snprintf(host, SOCK_TEXT_MAX, "UNKNOWN");
	return UINT16_MAX;
}

static void say_hostkey(const struct uplink_end *end, enum log_level level)
{
	/* Why a key was not accepted was said when it was judged. */
	if (!end->is_judged)
		log_write(level, "%s", end->fault->text);
	log_write(level, "Host key verification failed.");
}

/* ssh has words of its own for these while it is logged in, and ours are what stands behind. */
static void say_silence(
	const struct client_settings *s, const struct uplink_end *end, enum log_level level)
{
	bool is_up = end->stage == UPLINK_UP;
	char text[ENDING_TEXT];

	if (is_up)
		log_write(level, "Timeout, server %s not responding.", s->hostname);
	log_write(is_up ? LOG_LEVEL_DEBUG1 : level, "%s", ending_reason(end, text));
}

/* The end of a stream and a DISCONNECT are told in words of ours about the peer, a read that failed
 * in those of the kernel. */
static bool is_read_error(const struct fault *f)
{
	return strncmp(f->text, "the peer ", 9) != 0;
}

static void say_closed(
	const struct client_settings *s, const struct uplink_end *end, enum log_level level)
{
	bool is_up = end->stage == UPLINK_UP;
	char host[SOCK_TEXT_MAX], text[ENDING_TEXT];
	unsigned port = peer_name(end, host);

	if (is_up && is_read_error(end->fault)) {
		log_write(level, "Read from remote host %s: %s", s->hostname, end->fault->text);
		return;
	}
	log_write(is_up ? LOG_LEVEL_DEBUG1 : level, "%s", ending_reason(end, text));
	if (is_up)
		log_write(level, "Connection to %s closed by remote host.", s->hostname);
	else
		log_write(level, "Connection closed by %s port %u", host, port);
}

/* What a client of ssh that stands behind a child for this says, next to the child's own words. */
static void say_no_way(const struct uplink_end *end, enum log_level level)
{
	char text[ENDING_TEXT];

	if (end->through == NULL) {
		log_write(level, "sally: %s", end->fault->text);
	} else {
		log_write(level, "%s", ending_reason(end, text));
		log_write(level, "stdio forwarding failed");
	}
}

/* The sentence people search for says nothing of keys, and yet these are nearly always what it is
 * about. */
static void say_next_step(
	const struct client_settings *s, const struct uplink_end *end, enum log_level level)
{
	const struct identities *ids = end->hop != NULL ? end->hop->identities : NULL;

	if (!is_of_many_keys(end) || ids == NULL || ids->count < 2)
		return;
	log_write(level,
		"%zu keys are there to offer, and %s hangs up after a few that it does not know "
		"(its MaxAuthTries). Name the right one: -i FILE -o IdentitiesOnly=yes, where FILE "
		"is the private key, or its .pub file when the key agent has it.",
		ids->count, s->hostname);
}

static void say(const struct client_settings *s, const struct uplink_end *end, enum log_level level)
{
	const struct fault *f = end->fault;
	char host[SOCK_TEXT_MAX];
	unsigned port = peer_name(end, host);

	switch (f->err) {
	case E_HOSTKEY:
		say_hostkey(end, level);
		break;
	case E_AUTH:
		log_write(level, "%s@%s: %s.", s->user, s->hostname, f->text);
		break;
	case E_NOALG:
		log_write(level, "Unable to negotiate with %s port %u: %s", host, port, f->text);
		break;
	case E_TIMEOUT:
		say_silence(s, end, level);
		break;
	case E_CLOSED:
		say_closed(s, end, level);
		break;
	default:
		log_write(level, "Connection to %s port %u: %s", host, port, f->text);
		break;
	}
}

void ending_say(const struct client_settings *s, const struct uplink_end *end, enum log_level level)
{
	if (end->stage == UPLINK_DIAL)
		say_no_way(end, level);
	else
		say(s, end, level);
	say_next_step(s, end, level);
	/* Said by ssh when its child for the way has ended. */
	if (end->is_on_the_way || (end->stage == UPLINK_DIAL && end->is_proxied))
		log_write(level, "Connection closed by UNKNOWN port %u", UINT16_MAX);
}
