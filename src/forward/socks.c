/* SPDX-License-Identifier: ISC */
/*
 * Each step says how many bytes it needs or that it runs up to a NUL; the bytes of a step are
 * collected before it is taken, so a cut may fall anywhere.
 *
 *     SOCKS 4    version command port(2) address(4) user NUL [name NUL, if the address is 0.0.0.x]
 *     SOCKS 5    version count methods, then version command 0 type address port(2)
 */
#include "forward/socks.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include "wire/msgs.h"

enum step {
	VERSION,
	V4_HEAD,
	V4_USER,
	V4_NAME,
	V5_COUNT,
	V5_METHODS,
	V5_HEAD,
	V5_LENGTH,
	V5_TARGET
};
enum { CONNECT = 1, NO_AUTH = 0, NO_METHOD = 0xff };
enum { TYPE_IPV4 = 1, TYPE_NAME = 3, TYPE_IPV6 = 4 };
enum { V4_GRANTED = 90, V4_REJECTED = 91, V4_REPLY = 8, IPV4_LEN = 4, IPV6_LEN = 16 };

static enum socks_verdict expect(struct socks *s, enum step step, size_t need)
{
	s->step = (uint8_t)step;
	s->need = need;
	s->have = 0;
	return SOCKS_MORE;
}

void socks_init(struct socks *s)
{
	memset(s, 0, sizeof(*s));
	expect(s, VERSION, 1);
}

static void put_reply(struct socks *s, const void *bytes, size_t len)
{
	memcpy(s->reply + s->reply_len, bytes, len);
	s->reply_len += len;
}

/* No address of ours is told: which one it is over there nobody says. */
static void put_answer(struct socks *s, enum socks_result result)
{
	uint8_t v4[V4_REPLY] = {0, result == SOCKS_CONNECTED ? V4_GRANTED : V4_REJECTED};
	uint8_t v5[SOCKS_REPLY_MAX] = {5, (uint8_t)result, 0, TYPE_IPV4};

	if (s->version == 4)
		put_reply(s, v4, sizeof(v4));
	else
		put_reply(s, v5, sizeof(v5));
}

struct bytes socks_answer(struct socks *s, enum socks_result result)
{
	s->reply_len = 0;
	put_answer(s, result);
	return bytes_of(s->reply, s->reply_len);
}

static enum socks_verdict fail(struct socks *s, enum socks_result result)
{
	put_answer(s, result);
	return SOCKS_BAD;
}

/* No host has blanks or control characters in it; other bytes are for the resolver to judge. */
static bool is_name(const uint8_t *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] == 0x7f)
			return false;
	return len > 0 && len < SOCKS_HOST_MAX;
}

static enum socks_verdict take_name(struct socks *s, const uint8_t *name, size_t len)
{
	if (!is_name(name, len))
		return fail(s, SOCKS_FAILED);
	memcpy(s->host, name, len);
	s->host[len] = '\0';
	return SOCKS_TARGET;
}

static uint16_t port_at(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* --- version 4 ----------------------------------------------------------------------------------
 */

static enum socks_verdict take_v4_head(struct socks *s)
{
	const uint8_t *a = s->got + 3;

	if (s->got[0] != CONNECT)
		return fail(s, SOCKS_NO_SUCH_COMMAND);
	s->port = port_at(s->got + 1);
	s->is_named = a[0] == 0 && a[1] == 0 && a[2] == 0 && a[3] != 0;
	snprintf(s->host, sizeof(s->host), "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
	return expect(s, V4_USER, SOCKS_USER_MAX + 1);
}

/* Steps that end with a NUL, which stands behind the bytes that were collected. */
static enum socks_verdict take_v4_text(struct socks *s)
{
	if (s->got[s->have - 1] != '\0')
		return fail(s, SOCKS_FAILED); /* it does not end */
	if (s->step == V4_USER)
		return s->is_named ? expect(s, V4_NAME, SOCKS_HOST_MAX) : SOCKS_TARGET;
	return take_name(s, s->got, s->have - 1);
}

/* --- version 5 ----------------------------------------------------------------------------------
 */

static enum socks_verdict take_v5_methods(struct socks *s)
{
	bool has_none = memchr(s->got, NO_AUTH, s->need) != NULL;
	uint8_t choice[] = {5, has_none ? NO_AUTH : NO_METHOD};

	put_reply(s, choice, sizeof(choice));
	return has_none ? expect(s, V5_HEAD, 4) : SOCKS_BAD;
}

static enum socks_verdict take_v5_head(struct socks *s)
{
	if (s->got[0] != 5 || s->got[2] != 0)
		return fail(s, SOCKS_FAILED);
	if (s->got[1] != CONNECT)
		return fail(s, SOCKS_NO_SUCH_COMMAND);
	s->is_named = s->got[3] == TYPE_NAME;
	switch (s->got[3]) {
	case TYPE_IPV4:
		return expect(s, V5_TARGET, IPV4_LEN + 2);
	case TYPE_IPV6:
		return expect(s, V5_TARGET, IPV6_LEN + 2);
	case TYPE_NAME:
		return expect(s, V5_LENGTH, 1);
	default:
		return fail(s, SOCKS_NO_SUCH_ADDRESS);
	}
}

static enum socks_verdict take_v5_target(struct socks *s)
{
	size_t len = s->need - 2;

	s->port = port_at(s->got + len);
	if (s->is_named)
		return take_name(s, s->got, len);
	inet_ntop(len == IPV6_LEN ? AF_INET6 : AF_INET, s->got, s->host, sizeof(s->host));
	return SOCKS_TARGET;
}

/* --- both ---------------------------------------------------------------------------------------
 */

static enum socks_verdict take_version(struct socks *s)
{
	s->version = s->got[0];
	if (s->version == 4)
		return expect(s, V4_HEAD, 7);
	if (s->version == 5)
		return expect(s, V5_COUNT, 1);
	return SOCKS_BAD; /* who knows what it would make of a reply */
}

static enum socks_verdict take_step(struct socks *s)
{
	switch ((enum step)s->step) {
	case VERSION:
		return take_version(s);
	case V4_HEAD:
		return take_v4_head(s);
	case V4_USER:
	case V4_NAME:
		return take_v4_text(s);
	case V5_COUNT:
		if (s->got[0] > 0)
			return expect(s, V5_METHODS, s->got[0]);
		s->need = 0;
		return take_v5_methods(s);
	case V5_METHODS:
		return take_v5_methods(s);
	case V5_HEAD:
		return take_v5_head(s);
	case V5_LENGTH:
		return expect(s, V5_TARGET, s->got[0] + 2u);
	case V5_TARGET:
		return take_v5_target(s);
	}
	return SOCKS_BAD;
}

static bool is_complete(const struct socks *s)
{
	bool is_text = s->step == V4_USER || s->step == V4_NAME;

	return s->have == s->need || (is_text && s->have > 0 && s->got[s->have - 1] == '\0');
}

enum socks_verdict socks_take(struct socks *s, struct bytes in, size_t *used, struct bytes *reply)
{
	enum socks_verdict v = SOCKS_MORE;

	s->reply_len = 0;
	*used = 0;
	while (v == SOCKS_MORE && *used < in.len) {
		s->got[s->have++] = in.ptr[(*used)++];
		if (is_complete(s))
			v = take_step(s);
	}
	*reply = bytes_of(s->reply, s->reply_len);
	return v;
}

/* --- results ------------------------------------------------------------------------------------
 */

enum socks_result socks_result_of_errno(int code)
{
	switch (code) {
	case ECONNREFUSED:
		return SOCKS_REFUSED;
	case ENETUNREACH:
		return SOCKS_NET_UNREACHABLE;
	case 0: /* no such host */
	case EHOSTUNREACH:
	case ETIMEDOUT:
		return SOCKS_HOST_UNREACHABLE;
	case EACCES:
	case EPERM:
		return SOCKS_NOT_ALLOWED;
	default:
		return SOCKS_FAILED;
	}
}

static bool has(struct bytes text, const char *words)
{
	size_t len = strlen(words);

	for (size_t i = 0; i + len <= text.len; i++)
		if (memcmp(text.ptr + i, words, len) == 0)
			return true;
	return false;
}

enum socks_result socks_result_of_open(uint32_t reason, struct bytes text)
{
	static const struct {
		const char *words;
		enum socks_result result;
	} table[] = {{"refused", SOCKS_REFUSED}, {"etwork is unreachable", SOCKS_NET_UNREACHABLE},
		{"o route to host", SOCKS_HOST_UNREACHABLE}, {"timed out", SOCKS_HOST_UNREACHABLE},
		{"ame", SOCKS_HOST_UNREACHABLE} /* all errors of lookups speak of names */};

	if (reason == OPEN_ADMINISTRATIVELY_PROHIBITED)
		return SOCKS_NOT_ALLOWED;
	if (reason != OPEN_CONNECT_FAILED)
		return SOCKS_FAILED;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (has(text, table[i].words))
			return table[i].result;
	return SOCKS_REFUSED;
}
