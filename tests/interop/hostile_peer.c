/* SPDX-License-Identifier: ISC */
/*
 * A peer on a socket that says any message at any time, under the keys in force:
 *
 *     hostile_peer relay PHASE FIRST STEP USER-KEY HOST-PORT      against a relay on loopback
 *     hostile_peer agent PHASE FIRST STEP HOST-KEY COMMAND...     against agents, started one by
 * one;
 *                                                        @PORT in COMMAND is where it listens
 *
 * For each number from FIRST on, in steps: a connection is brought into the phase, the message is
 * said, and number 255 behind it, which nothing allows. The victim's goodbye names the one that
 * ended it. What it has to be stands in legalmatrix.h. Prints a line for each that differs, and how
 * many were tried; exits 1 when one differs, when the victim says nothing, or when an agent
 * crashes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crypto/cipher.h"
#include "crypto/exchange.h"
#include "keys/privkey.h"
#include "keys/pubkey.h"
#include "session/session.h"
#include "support/legalmatrix.h"
#include "wire/msgs.h"
#include "wire/reader.h"

enum { LIMIT_MS = 60 * 1000, HEARD_MAX = 1 << 20, LAST = 255 };

/* The letters of legalmatrix.h, one a phase; of the first exchange there are two moments. */
static const struct phase {
	const char *name;
	unsigned column;
} phases[] = {
	{"ident", 0},
	{"kex", 1},
	{"kex-strict", 1},
	{"kex-lax", 2},
	{"service", 3},
	{"auth", 4},
	{"open", 5},
	{"rekey", 6},
};

struct peer {
	bool is_server, is_at_key; /* at_key: asked about a key, as a server */
	const struct phase *phase;
	int fd;
	struct session *s; /* NULL in phases without keys */
	struct session_config cfg;
	uint8_t heard[HEARD_MAX];
	size_t heard_len, taken; /* taken: by the session */
	bool is_eof;
	char goodbye[512];
	unsigned unimplemented;
};

static uint8_t in_area[SESSION_IN_AREA], out_area[SESSION_OUT_AREA];
static struct session_env env = {
	.in = {in_area, SESSION_IN_AREA}, .out = {out_area, SESSION_OUT_AREA}};
static struct rng rng;
static struct pk *key;
static uint8_t key_blob[PUBKEY_BLOB_MAX];
static size_t key_blob_len;
static struct auth_identity identity;

static void die(const char *what)
{
	fprintf(stderr, "hostile_peer: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void must(bool ok, const char *what)
{
	if (!ok)
		die(what);
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* --- the socket ------------------------------------------------------------------------------- */

/* The victim may have hung up: what it has said is still there to be read. */
static void put(struct peer *p, const void *mem, size_t len)
{
	const uint8_t *at = mem;

	while (len > 0) {
		ssize_t n = send(p->fd, at, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return;
		at += n;
		len -= (size_t)n;
	}
}

static void flush(struct peer *p)
{
	struct span piece;

	while (session_out_pieces(p->s, &piece, 1) > 0) {
		put(p, piece.ptr, piece.len);
		session_out_sent(p->s, piece.len);
	}
}

/* Waits for more. False at the end. */
static bool hear(struct peer *p)
{
	struct pollfd poll_fd = {.fd = p->fd, .events = POLLIN};
	ssize_t n;

	if (p->is_eof || p->heard_len == HEARD_MAX)
		return false;
	errno = ETIMEDOUT;
	must(poll(&poll_fd, 1, LIMIT_MS) == 1, "the victim neither speaks nor hangs up");
	n = recv(p->fd, p->heard + p->heard_len, HEARD_MAX - p->heard_len, 0);
	p->is_eof = n <= 0;
	p->heard_len += n > 0 ? (size_t)n : 0;
	return !p->is_eof;
}

/* --- our own session, as far as the phase ----------------------------------------------------- */

static void sign(struct peer *p, const struct event *ev)
{
	uint8_t sig[PK_SIGNATURE_MAX];
	size_t len = 0;

	must(pk_sign(key, ev->alg, ev->data, (struct span){sig, sizeof(sig)}, &len) == E_OK,
		"signing");
	session_answer_sign(p->s, bytes_of(sig, len), now_ms());
}

static void on_event(struct peer *p, const struct event *ev)
{
	switch (ev->kind) {
	case EV_HOSTKEY:
		session_answer_hostkey(p->s, VERDICT_GOOD, now_ms());
		break;
	case EV_SIGN_HOST:
	case EV_SIGN_USER:
		sign(p, ev);
		break;
	case EV_KEY:
		p->is_at_key = true;
		if (p->phase->column > 4)
			session_answer_key(p->s, true);
		break;
	case EV_DEAD:
		snprintf(p->goodbye, sizeof(p->goodbye), "too early: %s", ev->fault->text);
		break;
	default:
		break;
	}
}

static bool is_there(const struct peer *p)
{
	const struct transport *t = session_transport(p->s);

	if (p->phase->column >= 5)
		return session_is_logged_in(p->s);
	if (p->phase->column == 4)
		return p->is_server ? p->is_at_key : transport_phase_of(t) == TRANSPORT_READY;
	/* Our keys are in force: as a client behind our NEWKEYS, as a server behind theirs. */
	return p->is_server ? transport_phase_of(t) == TRANSPORT_READY
			    : transport_expects(t) == MSG_NEWKEYS;
}

/* One turn with so many of the heard bytes. */
static void turn(struct peer *p, size_t n)
{
	struct event ev;

	session_turn_begin(p->s);
	if (n > 0)
		memcpy(session_recv_room(p->s).ptr, p->heard + p->taken, n);
	p->taken += n;
	session_recv_done(p->s, n, now_ms());
	while (session_next(p->s, now_ms(), &ev))
		on_event(p, &ev);
	must(session_turn_end(p->s) == E_OK, "a turn");
}

/* A byte at a time, so that no moment is passed over. */
static bool drive(struct peer *p)
{
	must(session_new(&p->cfg, &env, now_ms(), &p->s) == E_OK, "a session");
	turn(p, 0);
	flush(p);
	while (!is_there(p) && !session_is_dead(p->s)) {
		if (p->taken == p->heard_len && !hear(p))
			break;
		turn(p, 1);
		/* What is said behind the message is not said yet. */
		if (!is_there(p) || p->phase->column != 3)
			flush(p);
	}
	return is_there(p);
}

static void configure(struct peer *p)
{
	p->cfg = (struct session_config){.is_server = p->is_server,
		.kex = exchange_default_list(),
		.ciphers = cipher_default_list(),
		.macs = mac_default_list(),
		.host_key_algs = "ssh-ed25519",
		.sig_algs = sig_default_list(),
		.auth_failures_max = 6,
		.auth_unbound = true,
		.user = "hostile",
		.identities = &identity,
		.identity_count = 1};
	if (p->is_server) {
		p->cfg.hostkeys[0] =
			(struct transport_hostkey){PK_ED25519, bytes_of(key_blob, key_blob_len)};
		p->cfg.hostkey_count = 1;
	}
}

/* --- what is said out of turn ----------------------------------------------------------------- */

static size_t write_kexinit(uint8_t *mem, size_t cap, bool is_server, bool is_strict)
{
	const char *kex = !is_strict  ? "curve25519-sha256"
			  : is_server ? "curve25519-sha256,kex-strict-s-v00@openssh.com"
				      : "curve25519-sha256,kex-strict-c-v00@openssh.com";
	const char *lists[] = {kex, "ssh-ed25519", "aes128-ctr,aes128-gcm@openssh.com",
		"aes128-ctr,aes128-gcm@openssh.com", "hmac-sha2-256", "hmac-sha2-256", "none",
		"none", "", ""};
	struct writer w;

	wr_init(&w, (struct span){mem, cap});
	wr_u8(&w, MSG_KEXINIT);
	memset(wr_room(&w, 16), 7, 16);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		wr_cstring(&w, lists[i]);
	wr_bool(&w, false);
	wr_u32(&w, 0);
	must(wr_ok(&w), "KEXINIT");
	return wr_bytes(&w).len;
}

static void say_clear(struct peer *p, const uint8_t *payload, size_t len)
{
	uint8_t frame[1024] = {0};
	size_t pad = 8 - (5 + len) % 8;

	pad += pad < 4 ? 8 : 0;
	store_be32(frame, (uint32_t)(1 + len + pad));
	frame[4] = (uint8_t)pad;
	memcpy(frame + 5, payload, len);
	put(p, frame, 5 + len + pad);
}

static void say(struct peer *p, const uint8_t *payload, size_t len)
{
	struct port port;
	struct writer w;

	if (p->s == NULL) {
		say_clear(p, payload, len);
		return;
	}
	transport_port((struct transport *)session_transport(p->s), &port);
	must(port.begin(port.ctx, len, &w) == E_OK, "a message");
	wr_raw(&w, bytes_of(payload, len));
	must(port.end(port.ctx, &w) == E_OK, "a message");
}

/* --- what the victim says of it --------------------------------------------------------------- */

static void note(struct peer *p, struct bytes payload)
{
	struct reader r;
	struct bytes words;

	rd_init(&r, payload);
	switch (rd_u8(&r)) {
	case MSG_UNIMPLEMENTED:
		p->unimplemented++;
		break;
	case MSG_DISCONNECT:
		rd_u32(&r);
		words = rd_string(&r, LIMIT_STRING);
		snprintf(p->goodbye, sizeof(p->goodbye), "%.*s", (int)words.len,
			(const char *)words.ptr);
		break;
	default:
		break;
	}
}

static void listen_sealed(struct peer *p)
{
	struct transport *t = (struct transport *)session_transport(p->s);
	struct fault f = {0};
	struct span payload;
	size_t used;

	/* As a client the peer's NEWKEYS is still to come; nothing else may come before it. */
	while (transport_phase_of(t) != TRANSPORT_READY && (p->taken < p->heard_len || hear(p)))
		turn(p, 1);
	do
		while (transport_next(t,
			       (struct span){p->heard + p->taken, p->heard_len - p->taken}, &used,
			       &payload, &f) == E_OK) {
			note(p, bytes_of(payload.ptr, payload.len));
			p->taken += used;
		}
	while (f.err == E_OK && hear(p));
}

static void listen_clear(struct peer *p)
{
	uint8_t *end;
	size_t at;

	while (hear(p))
		;
	end = memchr(p->heard, '\n', p->heard_len);
	at = end == NULL ? p->heard_len : (size_t)(end + 1 - p->heard);
	while (p->heard_len - at >= 6) {
		size_t frame = 4 + (size_t)load_be32(p->heard + at);

		if (frame > p->heard_len - at)
			break;
		note(p, bytes_of(p->heard + at + 5, frame - 5));
		at += frame;
	}
}

/* What stands in the matrix against what was said. */
static bool is_right(const struct peer *p, unsigned msg)
{
	const char *row = "";
	char letter, own[64], last[64];

	for (size_t i = 0; i < LEGAL_LINES; i++)
		if (msg >= legal_matrix[i].first && msg <= legal_matrix[i].last)
			row = p->is_server ? legal_matrix[i].client : legal_matrix[i].server;
	letter = row[p->phase->column];
	snprintf(own, sizeof(own), "illegal message %u ", msg);
	snprintf(last, sizeof(last), "illegal message %u ", LAST);
	switch (letter) {
	case '.': /* who has not said its version is told nothing */
		return p->phase->column == 0 ? p->goodbye[0] == '\0'
					     : strncmp(p->goodbye, own, strlen(own)) == 0;
	case 'u':
		return p->unimplemented == 1 && strncmp(p->goodbye, last, strlen(last)) == 0;
	case 'i':
		return p->unimplemented == 0 && strncmp(p->goodbye, last, strlen(last)) == 0;
	case 'b':
		return strncmp(p->goodbye, last, strlen(last)) == 0 ||
		       strcmp(p->goodbye, "malformed EXT_INFO") == 0;
	default: /* its handler has judged it, for better or worse */
		return msg == MSG_DISCONNECT ? p->goodbye[0] == '\0' : p->goodbye[0] != '\0';
	}
}

static bool try_one(struct peer *p, unsigned msg)
{
	uint8_t payload[10] = {(uint8_t)msg}, last[10] = {LAST}, kexinit[512];
	bool is_there = true;

	configure(p);
	if (p->phase->column >= 3) {
		is_there = drive(p);
	} else if (p->phase->column >= 1) {
		put(p, "SSH-2.0-hostile\r\n", 17);
	}
	if (is_there && strncmp(p->phase->name, "kex-", 4) == 0) {
		bool is_strict = strcmp(p->phase->name, "kex-strict") == 0;

		say(p, kexinit, write_kexinit(kexinit, sizeof(kexinit), p->is_server, is_strict));
	}
	if (is_there && p->phase->column == 6)
		say(p, kexinit, write_kexinit(kexinit, sizeof(kexinit), p->is_server, true));
	if (is_there) {
		say(p, payload, msg == MSG_NEWKEYS ? 1 : sizeof(payload));
		say(p, last, sizeof(last));
		if (p->phase->column == 0)
			put(p, "\r\n", 2); /* what is no line yet is waited for */
		if (p->s != NULL) {
			flush(p);
			listen_sealed(p);
		} else {
			listen_clear(p);
		}
	}
	if (!is_there || !is_right(p, msg)) {
		printf("%s %s, message %u: %u times unimplemented, \"%s\"\n",
			p->is_server ? "an agent" : "a relay", p->phase->name, msg,
			p->unimplemented, p->goodbye);
		return false;
	}
	return true;
}

/* --- connections ------------------------------------------------------------------------------ */

static int dial(const char *port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0, "connecting");
	return fd;
}

static int listener(unsigned *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0 && bind(fd, (struct sockaddr *)&at, len) == 0 && listen(fd, 8) == 0 &&
			getsockname(fd, (struct sockaddr *)&at, &len) == 0,
		"listening");
	*port = ntohs(at.sin_port);
	return fd;
}

static pid_t start(char **command, unsigned port)
{
	pid_t child = fork();

	must(child >= 0, "fork");
	if (child > 0)
		return child;
	for (char **word = command; *word != NULL; word++) {
		char *at = strstr(*word, "@PORT");

		if (at != NULL &&
			asprintf(word, "%.*s%u%s", (int)(at - *word), *word, port, at + 5) < 0)
			_exit(126);
	}
	execv(command[0], command);
	_exit(127);
}

static int accept_one(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	errno = ETIMEDOUT;
	must(poll(&poll_fd, 1, LIMIT_MS) == 1, "no agent comes");
	return accept4(fd, NULL, NULL, SOCK_CLOEXEC);
}

/* An agent that was told off ends by itself, or would come again: either way not by a crash. */
static bool has_ended_well(pid_t child)
{
	int status;

	kill(child, SIGTERM);
	must(waitpid(child, &status, 0) == child, "waitpid");
	if (WIFEXITED(status) || WTERMSIG(status) == SIGTERM)
		return true;
	printf("an agent crashed: signal %d\n", WTERMSIG(status));
	return false;
}

static void load_key(const char *path)
{
	uint8_t mem[8192];
	char comment[256];
	FILE *file = fopen(path, "r");
	size_t len;

	must(file != NULL, path);
	len = fread(mem, 1, sizeof(mem), file);
	fclose(file);
	must(privkey_from_text(bytes_of(mem, len), &key, comment, sizeof(comment), NULL) == E_OK,
		path);
	must(pubkey_to_blob(key, (struct span){key_blob, sizeof(key_blob)}, &key_blob_len) == E_OK,
		path);
	identity = (struct auth_identity){.blob = {key_blob, key_blob_len}};
}

int main(int argc, char **argv)
{
	static struct peer p;
	bool is_against_relay = argc > 6 && strcmp(argv[1], "relay") == 0;
	unsigned tried = 0, wrong = 0, port = 0;
	int fd = -1;

	if (argc < 7)
		die("relay|agent PHASE FIRST STEP KEY PORT|COMMAND...");
	rng_system(&rng);
	env.rng = &rng;
	env.pool = pool_new(0);
	load_key(argv[5]);
	if (!is_against_relay)
		fd = listener(&port);
	for (unsigned msg = (unsigned)atoi(argv[3]); msg < 256; msg += (unsigned)atoi(argv[4])) {
		pid_t child = is_against_relay ? -1 : start(argv + 6, port);

		p = (struct peer){.is_server = !is_against_relay};
		for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++)
			if (strcmp(phases[i].name, argv[2]) == 0)
				p.phase = &phases[i];
		errno = EINVAL;
		must(p.phase != NULL, argv[2]);
		p.fd = is_against_relay ? dial(argv[6]) : accept_one(fd);
		wrong += !try_one(&p, msg);
		session_free(p.s);
		close(p.fd);
		if (child > 0)
			wrong += !has_ended_well(child);
		tried++;
	}
	printf("%u tried, %u wrong\n", tried, wrong);
	return wrong > 0;
}
