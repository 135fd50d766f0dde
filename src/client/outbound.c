/* SPDX-License-Identifier: ISC */
#include "client/outbound.h"

#include <stdio.h>

#include "base/log.h"
#include "base/text.h"
#include "forward/streamlocal.h"
#include "forward/tcpip.h"
#include "wire/msgs.h"

enum { EXTRA_MAX = 16 + FORWARD_HOST_MAX + SOCK_TEXT_MAX };

struct outbound_target outbound_target_of(const struct forward_spec *spec)
{
	return (struct outbound_target){
		spec->path[0] != '\0' ? spec->path : NULL, spec->host, spec->port};
}

static enum err write_extra(const struct outbound_target *to, const struct sock_addr *from,
	struct span into, size_t *len)
{
	bool has_address = from != NULL && from->ss.ss_family != AF_UNIX;
	/* What OpenSSH says of those that have none: some servers look at it. */
	char host[SOCK_TEXT_MAX] = "127.0.0.1";
	uint16_t port = UINT16_MAX;

	if (has_address) {
		sock_host(from, host);
		port = sock_port(from);
	}
	if (to->path != NULL)
		return streamlocal_write_open(into,
			&(struct streamlocal_open){bytes_str(to->path), bytes_str(host), port},
			len);
	return tcpip_write_open(into,
		&(struct tcpip_open){bytes_str(to->host), to->port, bytes_str(host), port}, len);
}

enum err outbound_open(struct conn *c, const struct outbound_target *to,
	const struct sock_addr *from, struct sink *sink, uint32_t *channel)
{
	struct mux *m = c != NULL ? session_mux(conn_session(c)) : NULL;
	uint8_t extra[EXTRA_MAX];
	size_t len = 0;
	enum err e = write_extra(to, from, (struct span){extra, sizeof(extra)}, &len);

	if (e == E_OK && m == NULL)
		e = E_STATE;
	if (e == E_OK)
		e = mux_open(m,
			to->path != NULL ? "direct-streamlocal@openssh.com" : "direct-tcpip",
			bytes_of(extra, len), sink, channel);
	if (e == E_OK)
		conn_wake(c);
	return e;
}

void outbound_close(struct conn *c, uint32_t channel)
{
	struct mux *m = session_mux(conn_session(c));
	enum err e;

	conn_disown(c, channel);
	if (m == NULL)
		return;
	e = mux_close(m, channel);
	if (e != E_OK)
		session_fail(conn_session(c), e, "closing a channel");
	conn_wake(c);
}

static const char *reason_text(uint32_t reason)
{
	switch (reason) {
	case OPEN_ADMINISTRATIVELY_PROHIBITED:
		return "administratively prohibited";
	case OPEN_CONNECT_FAILED:
		return "connect failed";
	case OPEN_UNKNOWN_CHANNEL_TYPE:
		return "unknown channel type";
	case OPEN_RESOURCE_SHORTAGE:
		return "resource shortage";
	default:
		return "unknown reason";
	}
}

const char *outbound_refusal(const struct mux_event *ev, char out[static FAULT_TEXT])
{
	char text[FAULT_TEXT];

	text_escape(text, sizeof(text), ev->data);
	snprintf(out, FAULT_TEXT, "channel %u: open failed: %s%s%.160s", ev->channel,
		reason_text(ev->code), text[0] != '\0' ? ": " : "", text);
	return out;
}

void outbound_say_refusal(const struct mux_event *ev)
{
	char text[FAULT_TEXT];

	log_write(LOG_LEVEL_INFO, "%s", outbound_refusal(ev, text));
}
