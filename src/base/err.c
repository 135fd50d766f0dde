/* SPDX-License-Identifier: ISC */
/* The words of the errors, and the fault record that keeps the first explanation. */
#include "base/err.h"

#include "base/text.h"

#include <stdio.h>

static const char *const texts[E_COUNT] = {
	[E_OK] = "no error",
	[E_AGAIN] = "not yet",
	[E_NOMEM] = "out of memory",
	[E_LIMIT] = "limit exceeded",
	[E_SHORT] = "input too short",
	[E_TRAILING] = "unexpected bytes at the end",
	[E_FORMAT] = "invalid format",
	[E_VALUE] = "value out of range",
	[E_UNKNOWN] = "unknown name or number",
	[E_PROTO] = "message not allowed at this point",
	[E_MAC] = "message authentication failed",
	[E_CRYPTO] = "cryptographic operation failed",
	[E_SIG] = "invalid signature",
	[E_NOALG] = "no algorithm in common",
	[E_HOSTKEY] = "host key not accepted",
	[E_AUTH] = "authentication failed",
	[E_DENIED] = "denied by policy",
	[E_CLOSED] = "closed by the other side",
	[E_TIMEOUT] = "timed out",
	[E_STATE] = "not possible in this state",
	[E_SYS] = "system call failed",
};

const char *err_text(enum err e)
{
	if ((unsigned)e >= E_COUNT)
		return "unknown error";
	return texts[e];
}

enum err fault_set(struct fault *f, enum err e, uint32_t code, const char *fmt, ...)
{
	char raw[2 * FAULT_TEXT]; /* longer than the record, so that a cut shows */
	va_list ap;
	int n;

	if (f == NULL || f->err != E_OK)
		return e;
	va_start(ap, fmt);
	n = vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	f->err = e;
	f->code = code;
	text_escape(f->text, sizeof(f->text), n < 0 ? bytes_str(err_text(e)) : bytes_str(raw));
	return e;
}
