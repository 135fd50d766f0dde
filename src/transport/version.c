/* SPDX-License-Identifier: ISC */
/*
 * RFC 4253 4.2 and 5.1. A line ends with LF, a CR before it is dropped; it has no NUL and at most
 * LIMIT_IDENT bytes, the ones before the identification as well.
 */
#include "transport/version.h"

static const char prefix[] = "SSH-";
enum { PREFIX_LEN = sizeof(prefix) - 1 };

static bool is_ident_line(struct bytes line)
{
	return line.len >= PREFIX_LEN && memcmp(line.ptr, prefix, PREFIX_LEN) == 0;
}

bool version_split(struct bytes line, struct bytes *protocol, struct bytes *software)
{
	const uint8_t *minus;

	if (!is_ident_line(line))
		return false;
	line = bytes_of(line.ptr + PREFIX_LEN, line.len - PREFIX_LEN);
	if (line.len == 0)
		return false;
	minus = memchr(line.ptr, '-', line.len);
	if (minus == NULL)
		return false;
	*protocol = bytes_of(line.ptr, (size_t)(minus - line.ptr));
	*software = bytes_of(minus + 1, line.len - protocol->len - 1);
	return software->len > 0;
}

static enum err judge_ident(struct bytes line, struct fault *f)
{
	struct bytes protocol, software;

	if (!version_split(line, &protocol, &software))
		return fault_set(f, E_FORMAT, DISCONNECT_PROTOCOL_ERROR,
			"the peer's SSH identification is malformed");
	/* RFC 4253 5.1: 1.99 is a server that speaks 2.0 as well */
	if (!bytes_is(protocol, "2.0") && !bytes_is(protocol, "1.99"))
		return fault_set(f, E_FORMAT, DISCONNECT_VERSION_NOT_SUPPORTED,
			"the peer speaks SSH protocol version %.*s, only 2.0 is supported",
			(int)protocol.len, (const char *)protocol.ptr);
	return E_OK;
}

static enum err judge_other(struct version *v, struct fault *f)
{
	if (v->is_server)
		return fault_set(
			f, E_FORMAT, DISCONNECT_PROTOCOL_ERROR, "the peer does not speak SSH");
	if (v->skipped >= LIMIT_PRE_LINES)
		return fault_set(f, E_LIMIT, DISCONNECT_PROTOCOL_ERROR,
			"more than %d lines before the SSH identification", LIMIT_PRE_LINES);
	v->skipped++;
	return E_OK;
}

enum err version_next(struct version *v, struct bytes data, size_t *used, struct bytes *line,
	bool *is_ident, struct fault *f)
{
	size_t look = data.len < LIMIT_IDENT ? data.len : LIMIT_IDENT;
	const uint8_t *lf = look > 0 ? memchr(data.ptr, '\n', look) : NULL;
	size_t len;

	if (lf == NULL && look < LIMIT_IDENT) {
		*used = data.len + 1;
		return E_AGAIN;
	}
	if (lf == NULL)
		return fault_set(f, E_LIMIT, DISCONNECT_PROTOCOL_ERROR,
			"no SSH identification line within %d bytes", LIMIT_IDENT);
	len = (size_t)(lf - data.ptr);
	*used = len + 1;
	if (len > 0 && data.ptr[len - 1] == '\r')
		len--;
	if (memchr(data.ptr, '\0', len) != NULL)
		return fault_set(f, E_FORMAT, DISCONNECT_PROTOCOL_ERROR,
			"a NUL byte stands in the SSH identification");
	*line = bytes_of(data.ptr, len);
	*is_ident = is_ident_line(*line);
	return *is_ident ? judge_ident(*line, f) : judge_other(v, f);
}
