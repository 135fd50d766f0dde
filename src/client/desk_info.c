/* SPDX-License-Identifier: ISC */
/* conninfo and channels, in the manner of OpenSSH 10. */
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "client/desk.h"

enum { LINE_TEXT = 2048, NAME_TEXT = 256 };

PRINTF(2, 3) static bool add(struct buf *out, const char *fmt, ...)
{
	char line[LINE_TEXT];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	return n >= 0 && (size_t)n < sizeof(line) &&
	       buf_append(out, bytes_of(line, (size_t)n)) == E_OK;
}

static bool add_algorithms(struct buf *out, const struct transport *t)
{
	struct transport_names n;

	transport_names(t, &n);
	return add(out, "  kexalgorithm %s\r\n  hostkeyalgorithm %s\r\n", n.kex, n.host_key) &&
	       add(out, "  cipher %s\r\n  mac %s\r\n  compression none\r\n", n.cipher_out,
		       n.mac_out != NULL && n.mac_out[0] != '\0' ? n.mac_out : "<implicit>");
}

bool desk_info_connection(const struct desk *d, struct buf *out)
{
	struct conn *c = tunnel_conn(d->tunnel);
	char host[NAME_TEXT] = "unknown", local[SOCK_TEXT_MAX], peer[SOCK_TEXT_MAX];

	if (gethostname(host, sizeof(host) - 1) != 0)
		snprintf(host, sizeof(host), "unknown");
	if (!add(out, "Connection information for %s pid %ld\r\n", host, (long)getpid()))
		return false;
	if (c == NULL)
		return add(out, "  no connection to %s now: %s%s%s\r\n", d->settings->hostname,
			herald_word(d->herald->state), d->herald->reason[0] != '\0' ? ": " : "",
			d->herald->reason);
	sock_text(conn_local(c), local);
	sock_text(conn_peer(c), peer);
	return add(out, "  tcp %s -> %s\r\n  duration %lld seconds\r\n", local, peer,
		       (long long)(time(NULL) - d->herald->since)) &&
	       add_algorithms(out, session_transport(conn_session(c)));
}

static bool add_traffic(
	struct buf *out, const struct traffic *t, const char *kind, unsigned *number)
{
	bool is_good = true;

	for (struct list *n = t->passages.next; is_good && n != &t->passages; n = n->next) {
		const struct passage *p = list_entry(n, struct passage, link);
		uint64_t to, from;

		passage_bytes(p, &to, &from);
		is_good = add(out, "  #%u %s (%s to %s, %llu bytes to the relay, %llu from it)\r\n",
			(*number)++, kind, p->from, p->to[0] != '\0' ? p->to : "its target",
			(unsigned long long)to, (unsigned long long)from);
	}
	return is_good;
}

bool desk_info_channels(const struct desk *d, struct buf *out)
{
	const struct forwards *f = d->herald->forwards;
	const struct locals *l = d->herald->locals;
	unsigned number = 0;
	bool is_good = add(out, "The following connections are open:\r\n");

	for (size_t i = 0; is_good && i < f->count; i++)
		is_good = add_traffic(out, &f->items[i].traffic, "forwarded-tcpip", &number);
	for (size_t i = 0; is_good && i < l->count; i++)
		is_good = add_traffic(out, &l->items[i].traffic, "direct-tcpip", &number);
	return is_good;
}
