/* SPDX-License-Identifier: ISC */
/*
 * The legality table. Rows are ranges of message numbers; columns are the phases. Entries that are
 * not written are LEGAL_NO, so a forgotten case is a disconnect and never a handler.
 */
#include "session/legal.h"

#include <assert.h>
#include <stddef.h>
#include "wire/msgs.h"

struct row {
	uint8_t first, last;
	enum legal phase[PHASE_COUNT];
};

/* The same for both roles: transport (RFC 4253 11, 12) and what is unknown once the session is
 * open. */
#define EVERYWHERE_BUT_IDENT(v) \
	{ \
		[PHASE_KEX] = (v), [PHASE_KEX_LAX] = (v), [PHASE_SERVICE] = (v), \
		[PHASE_AUTH] = (v), [PHASE_OPEN] = (v), [PHASE_REKEY] = (v) \
	}

/* Strict key exchange knows no noise: PHASE_KEX stays LEGAL_NO (CVE-2023-48795). */
#define NOISE \
	{ \
		[PHASE_KEX_LAX] = LEGAL_BOUNDED, [PHASE_SERVICE] = LEGAL_BOUNDED, \
		[PHASE_AUTH] = LEGAL_BOUNDED, [PHASE_OPEN] = LEGAL_BOUNDED, \
		[PHASE_REKEY] = LEGAL_BOUNDED \
	}

/* A re-exchange before login is refused: nobody needs one, and it doubles the states before login.
 */
#define EXCHANGE \
	{ \
		[PHASE_KEX] = LEGAL_EXPECTED, [PHASE_KEX_LAX] = LEGAL_EXPECTED, \
		[PHASE_REKEY] = LEGAL_EXPECTED \
	}

#define CONNECTION \
	{ \
		[PHASE_OPEN] = LEGAL_YES \
	}
#define UNKNOWN \
	{ \
		[PHASE_OPEN] = LEGAL_UNKNOWN \
	}

static const struct row common[] = {
	{MSG_DISCONNECT, MSG_DISCONNECT, EVERYWHERE_BUT_IDENT(LEGAL_YES)},
	{MSG_IGNORE, MSG_DEBUG, NOISE},
	{8, 19, UNKNOWN},
	{MSG_KEXINIT, MSG_KEXINIT,
		{[PHASE_KEX] = LEGAL_EXPECTED,
			[PHASE_KEX_LAX] = LEGAL_EXPECTED,
			[PHASE_OPEN] = LEGAL_YES}},
	{MSG_NEWKEYS, MSG_NEWKEYS, EXCHANGE},
	{MSG_KEX_FIRST, MSG_KEX_LAST, EXCHANGE},
	{54, 59, UNKNOWN},
	{MSG_GLOBAL_REQUEST, MSG_REQUEST_FAILURE, CONNECTION},
	{MSG_CHANNEL_OPEN, MSG_CHANNEL_FAILURE, CONNECTION},
	{101, 191, UNKNOWN},
	{MSG_PING, MSG_PING,
		{[PHASE_SERVICE] = LEGAL_IGNORE,
			[PHASE_AUTH] = LEGAL_IGNORE,
			[PHASE_OPEN] = LEGAL_YES}},
	{MSG_PONG, MSG_PONG,
		{[PHASE_SERVICE] = LEGAL_IGNORE,
			[PHASE_AUTH] = LEGAL_IGNORE,
			[PHASE_OPEN] = LEGAL_IGNORE}},
};

/* What only a server may be sent. */
static const struct row to_server[] = {
	/* paramiko repeats SERVICE_REQUEST before every try; the login machine counts them. */
	{MSG_SERVICE_REQUEST, MSG_SERVICE_REQUEST,
		{[PHASE_SERVICE] = LEGAL_YES, [PHASE_AUTH] = LEGAL_YES}},
	/* RFC 8308 2.4: after NEWKEYS. Once would do; what repeats it is noise. */
	{MSG_EXT_INFO, MSG_EXT_INFO, {[PHASE_SERVICE] = LEGAL_BOUNDED}},
	/* Requests that crossed our SUCCESS are dropped: RFC 4252 5.1. */
	{MSG_USERAUTH_REQUEST, MSG_USERAUTH_REQUEST,
		{[PHASE_AUTH] = LEGAL_YES, [PHASE_OPEN] = LEGAL_IGNORE}},
};

/* What only a client may be sent. */
static const struct row to_client[] = {
	{MSG_SERVICE_ACCEPT, MSG_SERVICE_ACCEPT, {[PHASE_SERVICE] = LEGAL_YES}},
	/* RFC 8308 2.4: after NEWKEYS, and once more before USERAUTH_SUCCESS. */
	{MSG_EXT_INFO, MSG_EXT_INFO,
		{[PHASE_SERVICE] = LEGAL_BOUNDED, [PHASE_AUTH] = LEGAL_BOUNDED}},
	{MSG_USERAUTH_FAILURE, MSG_USERAUTH_BANNER, {[PHASE_AUTH] = LEGAL_YES}},
	/* 60 says three things by method. 61 is an answer, which nobody sends to a client. */
	{MSG_USERAUTH_PK_OK, MSG_USERAUTH_PK_OK, {[PHASE_AUTH] = LEGAL_EXPECTED}},
};

static const struct row *find(const struct row *rows, size_t count, uint8_t msg)
{
	for (size_t i = 0; i < count; i++)
		if (msg >= rows[i].first && msg <= rows[i].last)
			return &rows[i];
	return NULL;
}

enum legal legal_verdict(enum role role, enum phase phase, uint8_t msg)
{
	const struct row *row;

	assert(role < ROLE_COUNT && phase < PHASE_COUNT);
	row = find(common, sizeof(common) / sizeof(common[0]), msg);
	if (row == NULL && role == ROLE_SERVER)
		row = find(to_server, sizeof(to_server) / sizeof(to_server[0]), msg);
	if (row == NULL && role == ROLE_CLIENT)
		row = find(to_client, sizeof(to_client) / sizeof(to_client[0]), msg);
	return row == NULL ? LEGAL_NO : row->phase[phase];
}

const char *legal_phase_name(enum phase phase)
{
	static const char *const names[PHASE_COUNT] = {
		[PHASE_IDENT] = "before the version line",
		[PHASE_KEX] = "during the first key exchange",
		[PHASE_KEX_LAX] = "during the first key exchange",
		[PHASE_SERVICE] = "before a service was asked for",
		[PHASE_AUTH] = "before login",
		[PHASE_OPEN] = "after login",
		[PHASE_REKEY] = "during key re-exchange",
	};

	assert(phase < PHASE_COUNT);
	return names[phase];
}
