/* SPDX-License-Identifier: ISC */
/*
 * Both ends of a bulk transfer, as light as they can be, so that what stands between them is
 * measured.
 *
 *     blast target                      listens on 127.0.0.1, prints its port, serves until killed
 *     blast up   PORT BYTES             sends BYTES of a pattern; the target checks and answers
 *     blast down PORT BYTES             asks for BYTES and checks them
 *     blast ping PORT COUNT             COUNT round trips of 64 bytes, one after the other
 *
 * up, down and ping print one line of JSON. Every byte is part of an order-sensitive checksum that
 * both sides compute; a difference is exit code 1.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 1 << 20, LANES = 4, PING_BYTES = 64 };

struct sum { /* rotated xor in lanes: cheap enough to vanish beside a socket read */
	uint64_t lane[LANES];
	uint8_t rest[8 * LANES];
	size_t rest_len;
};

struct order {	   /* what the client tells the target, in host order: both are this machine */
	char what; /* 'u', 'd', 'p' */
	char pad[7];
	uint64_t count;
};

struct answer {
	uint64_t bytes, sum;
};

static void fold(struct sum *s, const uint8_t *block)
{
	for (size_t i = 0; i < LANES; i++) {
		uint64_t w;

		memcpy(&w, block + 8 * i, 8);
		s->lane[i] = (s->lane[i] << 1 | s->lane[i] >> 63) ^ w;
	}
}

static void sum_add(struct sum *s, const uint8_t *p, size_t n)
{
	const size_t block = sizeof(s->rest);

	while (n > 0 && (s->rest_len > 0 || n < block)) {
		s->rest[s->rest_len++] = *p++;
		n--;
		if (s->rest_len == block) {
			fold(s, s->rest);
			s->rest_len = 0;
		}
	}
	for (; n >= block; p += block, n -= block)
		fold(s, p);
	while (n-- > 0)
		s->rest[s->rest_len++] = *p++;
}

static uint64_t sum_end(struct sum *s)
{
	uint64_t all = 0;

	memset(s->rest + s->rest_len, 0, sizeof(s->rest) - s->rest_len);
	fold(s, s->rest);
	for (size_t i = 0; i < LANES; i++)
		all = all * 0x9e3779b97f4a7c15u + s->lane[i];
	return all;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void write_all(int fd, const void *mem, size_t n)
{
	const uint8_t *p = mem;

	while (n > 0) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			die("write");
		p += k;
		n -= (size_t)k;
	}
}

static void read_all(int fd, void *mem, size_t n)
{
	uint8_t *p = mem;

	while (n > 0) {
		ssize_t k = read(fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			die("read");
		p += k;
		n -= (size_t)k;
	}
}

/* The pattern is a block of noise that is sent again and again, starting one word later each time.
 */
static uint8_t *make_noise(void)
{
	uint8_t *mem = malloc(2 * CHUNK);
	uint64_t x = 88172645463325252u;

	if (mem == NULL)
		die("malloc");
	for (size_t i = 0; i < 2 * CHUNK; i += 8) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(mem + i, &x, 8);
	}
	return mem;
}

static uint64_t send_pattern(int fd, uint64_t bytes)
{
	uint8_t *noise = make_noise();
	struct sum sum = {0};

	for (uint64_t at = 0, turn = 0; at < bytes; turn++) {
		size_t n = bytes - at < CHUNK ? (size_t)(bytes - at) : CHUNK;
		const uint8_t *from = noise + 8 * (turn % (CHUNK / 8));

		write_all(fd, from, n);
		sum_add(&sum, from, n);
		at += n;
	}
	free(noise);
	return sum_end(&sum);
}

static uint64_t take_pattern(int fd, uint64_t bytes)
{
	uint8_t *mem = malloc(CHUNK);
	struct sum sum = {0};

	if (mem == NULL)
		die("malloc");
	for (uint64_t at = 0; at < bytes;) {
		size_t want = bytes - at < CHUNK ? (size_t)(bytes - at) : CHUNK;
		ssize_t n = read(fd, mem, want);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			die("read");
		sum_add(&sum, mem, (size_t)n);
		at += (size_t)n;
	}
	free(mem);
	return sum_end(&sum);
}

static void serve(int fd)
{
	struct order o;
	struct answer a = {0};
	uint8_t ping[PING_BYTES];

	if (read(fd, &o, sizeof(o)) != sizeof(o))
		exit(0); /* somebody who only knocked */
	a.bytes = o.count;
	if (o.what == 'u') {
		a.sum = take_pattern(fd, o.count);
		write_all(fd, &a, sizeof(a));
	} else if (o.what == 'd') {
		a.sum = send_pattern(fd, o.count);
		write_all(fd, &a, sizeof(a));
	} else {
		for (uint64_t i = 0; i < o.count; i++) {
			read_all(fd, ping, sizeof(ping));
			write_all(fd, ping, sizeof(ping));
		}
	}
	shutdown(fd, SHUT_WR);
	while (read(fd, ping, sizeof(ping)) > 0)
		;
	exit(0);
}

static void target(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	signal(SIGCHLD, SIG_IGN);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 1024) < 0 ||
		getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		die("listen");
	printf("%d\n", ntohs(a.sin_port));
	fflush(stdout);
	for (;;) {
		int c = accept(fd, NULL, NULL);

		if (c < 0)
			continue;
		setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (fork() == 0) {
			close(fd);
			serve(c);
		}
		close(c);
	}
}

static int dial(const char *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_port = htons((uint16_t)atoi(port));
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static int bulk(const char *port, char what, uint64_t bytes)
{
	struct order o = {.what = what, .count = bytes};
	struct answer a;
	double start;
	uint64_t sum;
	int fd = dial(port);

	start = now_s();
	write_all(fd, &o, sizeof(o));
	sum = what == 'u' ? send_pattern(fd, bytes) : take_pattern(fd, bytes);
	read_all(fd, &a, sizeof(a));
	printf("{\"seconds\": %.6f, \"bytes\": %" PRIu64 ", \"intact\": %s}\n", now_s() - start,
		a.bytes, a.sum == sum && a.bytes == bytes ? "true" : "false");
	return a.sum == sum && a.bytes == bytes ? 0 : 1;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int ping(const char *port, uint64_t count)
{
	struct order o = {.what = 'p', .count = count};
	double *took = calloc(count, sizeof(*took));
	uint8_t out[PING_BYTES], in[PING_BYTES];
	int fd = dial(port);

	if (took == NULL || count == 0)
		die("ping");
	write_all(fd, &o, sizeof(o));
	for (uint64_t i = 0; i < count; i++) {
		double start = now_s();

		memset(out, (int)(i & 255), sizeof(out));
		write_all(fd, out, sizeof(out));
		read_all(fd, in, sizeof(in));
		took[i] = now_s() - start;
		if (memcmp(out, in, sizeof(out)) != 0)
			return 1;
	}
	qsort(took, count, sizeof(*took), by_value);
	printf("{\"p50_us\": %.1f, \"p99_us\": %.1f, \"count\": %" PRIu64 "}\n",
		took[count / 2] * 1e6, took[count * 99 / 100] * 1e6, count);
	free(took);
	return 0;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (argc == 2 && strcmp(argv[1], "target") == 0)
		target();
	if (argc == 4 && strcmp(argv[1], "up") == 0)
		return bulk(argv[2], 'u', strtoull(argv[3], NULL, 10));
	if (argc == 4 && strcmp(argv[1], "down") == 0)
		return bulk(argv[2], 'd', strtoull(argv[3], NULL, 10));
	if (argc == 4 && strcmp(argv[1], "ping") == 0)
		return ping(argv[2], strtoull(argv[3], NULL, 10));
	fprintf(stderr,
		"usage: blast target | up PORT BYTES | down PORT BYTES | ping PORT COUNT\n");
	return 2;
}
