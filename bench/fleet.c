/* SPDX-License-Identifier: ISC */
/*
 * Many light agents in one process, for bench/fleet and the long tests: each keeps a connection to the
 * relay with one -R on a port of the relay's choice, echoes what visitors send, and comes back after a
 * moment when it is refused or cut off. One key for all; host keys are not looked at.
 *
 *     fleet PORT COUNT KEY USER [AT_ONCE]
 *
 * AT_ONCE: connections not yet up at the same time, default all. Prints one JSON line each time that
 * all are up: seconds since the first was started or lost, tries, and how the tries ended. SIGUSR1: the
 * ports they have, one line. Ends with standard input.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bridge/conn.h"
#include "crypto/cipher.h"
#include "crypto/exchange.h"
#include "forward/tcpip.h"
#include "keys/privkey.h"
#include "keys/pubkey.h"
#include "wire/msgs.h"

enum { COUNT_MAX = 100000, BACK_OFF_MIN_MS = 100, BACK_OFF_MAX_MS = 2000, TICK_MS = 20 };

enum state { DOWN, CONNECTING, LOGIN, UP };

struct agent {
	enum state state;
	struct conn *conn;
	uv_poll_t *connecting; /* of its own memory: it closes later than the agent goes on */
	int fd;
	uint32_t port;
	uint64_t next_ms; /* DOWN: not before */
	unsigned failures; /* in a row */
};

static struct {
	uv_loop_t loop;
	struct hub hub;
	uv_timer_t tick;
	uv_signal_t on_usr1;
	uv_poll_t input;
	struct sockaddr_in relay;
	struct session_config config;
	struct auth_identity identity;
	struct pk *key;
	uint8_t blob[PUBKEY_BLOB_MAX];
	struct agent *agents;
	size_t count, at_once, up, under_way;
	uint64_t since_ms, tries, refused_connections, cut_before_login, refused_forwards, lost;
} fleet;

static void die(const char *what, const char *why)
{
	fprintf(stderr, "fleet: %s: %s\n", what, why);
	exit(1);
}

static void report(void)
{
	printf("{\"up\": %zu, \"seconds\": %.3f, \"tries\": %llu, \"refused_connections\": %llu, "
	       "\"cut_before_login\": %llu, \"refused_forwards\": %llu, \"lost\": %llu}\n",
		fleet.up, (double)(hub_now(&fleet.hub) - fleet.since_ms) / 1e3,
		(unsigned long long)fleet.tries, (unsigned long long)fleet.refused_connections,
		(unsigned long long)fleet.cut_before_login,
		(unsigned long long)fleet.refused_forwards, (unsigned long long)fleet.lost);
	fflush(stdout);
	fleet.tries = fleet.refused_connections = fleet.cut_before_login = 0;
	fleet.refused_forwards = fleet.lost = 0;
}

static void go_down(struct agent *a)
{
	uint64_t now = hub_now(&fleet.hub), most = BACK_OFF_MIN_MS;

	if (a->state == UP) {
		if (fleet.up-- == fleet.count)
			fleet.since_ms = now;
		fleet.lost++;
	} else {
		fleet.under_way--;
		for (unsigned i = 0; i < a->failures && most < BACK_OFF_MAX_MS; i++)
			most *= 2;
		a->failures++;
	}
	a->state = DOWN;
	a->conn = NULL;
	a->next_ms = now + (uint64_t)rand() % most;
}

static void go_up(struct agent *a, uint32_t port)
{
	a->state = UP;
	a->port = port;
	a->failures = 0;
	fleet.under_way--;
	if (++fleet.up == fleet.count)
		report();
}

/* --- one agent -------------------------------------------------------------------------------- */

static void ask_for_a_port(struct conn *c)
{
	struct tcpip_listen listen = {bytes_str("localhost"), 0};
	uint8_t data[64];
	size_t len;

	if (tcpip_write_listen((struct span){data, sizeof(data)}, &listen, &len) != E_OK ||
		mux_global(session_mux(conn_session(c)), "tcpip-forward", true, bytes_of(data, len), 0))
		conn_close(c, DISCONNECT_BY_APPLICATION, "the request did not fit");
}

static void echo(struct conn *c, const struct mux_event *ev)
{
	struct mux *m = session_mux(conn_session(c));

	if (mux_write(m, ev->channel, 0, ev->data) != E_OK ||
		mux_consumed(m, ev->channel, (uint32_t)ev->data.len) != E_OK)
		(void)!mux_close(m, ev->channel);
}

static void on_mux(struct agent *a, struct conn *c, const struct mux_event *ev)
{
	struct mux *m = session_mux(conn_session(c));
	enum err e = E_OK;
	uint32_t port;

	switch (ev->kind) {
	case MUX_GLOBAL_REPLY:
		if (ev->is_ok && tcpip_read_port(ev->data, &port) == E_OK) {
			go_up(a, port);
		} else {
			fleet.refused_forwards++;
			conn_close(c, DISCONNECT_BY_APPLICATION, "no port, no use");
		}
		break;
	case MUX_GLOBAL_REQUEST:
		if (ev->want_reply)
			e = mux_global_reply(m, ev->token, false, bytes_str(""), NULL);
		break;
	case MUX_OPEN:
		e = mux_accept(m, ev->channel, NULL);
		break;
	case MUX_DATA:
		echo(c, ev);
		break;
	case MUX_EOF:
		e = mux_close(m, ev->channel);
		break;
	case MUX_REQUEST:
		if (ev->want_reply)
			e = mux_request_reply(m, ev->channel, false);
		break;
	default:
		break;
	}
	if (e != E_OK)
		conn_close(c, DISCONNECT_BY_APPLICATION, err_text(e));
}

static void sign(struct conn *c, const struct event *ev)
{
	uint8_t sig[PK_SIGNATURE_MAX];
	size_t len = 0;

	if (pk_sign(fleet.key, ev->alg, ev->data, (struct span){sig, sizeof(sig)}, &len) != E_OK)
		len = 0;
	session_answer_sign(conn_session(c), bytes_of(sig, len), hub_now(&fleet.hub));
}

static void on_event(void *ctx, struct conn *c, const struct event *ev)
{
	switch (ev->kind) {
	case EV_HOSTKEY:
		session_answer_hostkey(conn_session(c), VERDICT_GOOD, hub_now(&fleet.hub));
		break;
	case EV_SIGN_USER:
		sign(c, ev);
		break;
	case EV_LOGIN:
		ask_for_a_port(c);
		break;
	case EV_MUX:
		on_mux(ctx, c, &ev->mux);
		break;
	default:
		break;
	}
}

static void on_closed(void *ctx, struct conn *c, const struct fault *f)
{
	struct agent *a = ctx;

	if (!session_is_logged_in(conn_session(c)))
		fleet.cut_before_login++;
	go_down(a);
}

static void free_poll(uv_handle_t *handle)
{
	free(handle);
}

static void on_connected(uv_poll_t *poll, int status, int events)
{
	static const struct conn_ops ops = {on_event, on_closed};
	struct agent *a = poll->data;
	int error = 0;
	socklen_t len = sizeof(error);

	getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	uv_close((uv_handle_t *)poll, free_poll);
	a->state = LOGIN;
	if (error == 0 && status == 0 &&
		conn_new(&fleet.hub, a->fd, &fleet.config, &ops, a, &a->conn) == E_OK)
		return;
	if (error != 0 || status != 0)
		close(a->fd);
	fleet.refused_connections++;
	go_down(a);
}

static void start(struct agent *a)
{
	uv_poll_t *poll = malloc(sizeof(*poll));

	fleet.tries++;
	fleet.under_way++;
	a->state = CONNECTING;
	a->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (a->fd < 0 || !poll || uv_poll_init(&fleet.loop, poll, a->fd) != 0)
		die("a connection", "out of descriptors or memory");
	poll->data = a;
	(void)!connect(a->fd, (struct sockaddr *)&fleet.relay, sizeof(fleet.relay));
	uv_poll_start(poll, UV_WRITABLE, on_connected);
}

/* --- all of them ------------------------------------------------------------------------------ */

static void on_tick(uv_timer_t *timer)
{
	uint64_t now = hub_now(&fleet.hub);

	for (size_t i = 0; i < fleet.count && fleet.under_way < fleet.at_once &&
		fleet.up + fleet.under_way < fleet.count; i++)
		if (fleet.agents[i].state == DOWN && fleet.agents[i].next_ms <= now)
			start(&fleet.agents[i]);
}

static void say_ports(uv_signal_t *signal, int number)
{
	for (size_t i = 0; i < fleet.count; i++)
		printf("%s%u", i ? " " : "", fleet.agents[i].state == UP ? fleet.agents[i].port : 0);
	printf("\n");
	fflush(stdout);
}

static void on_input(uv_poll_t *poll, int status, int events)
{
	char sink[256];

	if (read(STDIN_FILENO, sink, sizeof(sink)) <= 0)
		exit(0);
}

static void read_key(const char *path)
{
	static uint8_t text[PRIVKEY_FILE_MAX];
	struct fault f = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	size_t len;

	if (n < 0 || privkey_from_text(bytes_of(text, (size_t)n), &fleet.key, NULL, 0, &f) != E_OK)
		die(path, n < 0 ? "cannot be read" : f.text);
	close(fd);
	if (pubkey_to_blob(fleet.key, (struct span){fleet.blob, sizeof(fleet.blob)}, &len) != E_OK)
		die(path, "no public key");
	fleet.identity.blob = bytes_of(fleet.blob, len);
}

static void configure(const char *user)
{
	fleet.config = (struct session_config){
		.kex = exchange_default_list(),
		.ciphers = cipher_default_list(),
		.macs = mac_default_list(),
		.host_key_algs = keyalg_host_list(),
		.sig_algs = keyalg_login_list(),
		.user = user,
		.identities = &fleet.identity,
		.identity_count = 1,
	};
}

/* As many descriptors as the system gives, one an agent. */
static void raise_limit(void)
{
	struct rlimit all = {(rlim_t)fleet.count + 64, (rlim_t)fleet.count + 64}, now;

	getrlimit(RLIMIT_NOFILE, &now);
	if (now.rlim_max > all.rlim_max)
		all.rlim_max = now.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &all) != 0)
		die("descriptors", "the limit (ulimit -n) is too low for so many agents");
}

int main(int argc, char **argv)
{
	if (argc < 5 || argc > 6) {
		fprintf(stderr, "usage: fleet PORT COUNT KEY USER [AT_ONCE]\n");
		return 2;
	}
	fleet.relay = (struct sockaddr_in){.sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	fleet.count = strtoul(argv[2], NULL, 10);
	fleet.at_once = argc == 6 ? strtoul(argv[5], NULL, 10) : fleet.count;
	if (fleet.relay.sin_port == 0 || fleet.count < 1 || fleet.count > COUNT_MAX || fleet.at_once < 1)
		die("PORT, COUNT, AT_ONCE", "a port, 1 to 100000, 1 or more");
	signal(SIGPIPE, SIG_IGN);
	raise_limit();
	read_key(argv[3]);
	cipher_prepare();
	configure(argv[4]);
	fleet.agents = calloc(fleet.count, sizeof(*fleet.agents));
	if (!fleet.agents || uv_loop_init(&fleet.loop) != 0 ||
		hub_init(&fleet.hub, &fleet.loop, 0) != E_OK)
		die("start", "out of memory");
	fleet.since_ms = hub_now(&fleet.hub);
	uv_timer_init(&fleet.loop, &fleet.tick);
	uv_timer_start(&fleet.tick, on_tick, 0, TICK_MS);
	uv_signal_init(&fleet.loop, &fleet.on_usr1);
	uv_signal_start(&fleet.on_usr1, say_ports, SIGUSR1);
	uv_poll_init(&fleet.loop, &fleet.input, STDIN_FILENO);
	uv_poll_start(&fleet.input, UV_READABLE, on_input);
	return uv_run(&fleet.loop, UV_RUN_DEFAULT);
}
