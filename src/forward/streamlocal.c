/* SPDX-License-Identifier: ISC */
/* Each message in field order. Paths are text of at most LIMIT_STRING bytes; whether a socket of
 * this machine can have such a path is for others to say. */
#include "forward/streamlocal.h"

#include "wire/msgs.h"
#include "wire/reader.h"
#include "wire/writer.h"

enum err streamlocal_read_listen(struct bytes payload, struct bytes *path)
{
	struct bytes got;
	struct reader r;
	enum err e;

	rd_init(&r, payload);
	got = rd_text(&r, LIMIT_STRING);
	e = rd_finish(&r);
	if (e == E_OK)
		*path = got;
	return e;
}

enum err streamlocal_write_listen(struct span into, struct bytes path, size_t *len)
{
	struct writer w;

	wr_init(&w, into);
	wr_string(&w, path);
	return wr_finish(&w, len);
}

enum err streamlocal_read_forwarded(struct bytes payload, struct bytes *path)
{
	struct bytes got;
	struct reader r;
	enum err e;

	rd_init(&r, payload);
	got = rd_text(&r, LIMIT_STRING);
	(void)rd_string(&r, LIMIT_STRING);
	e = rd_finish(&r);
	if (e == E_OK)
		*path = got;
	return e;
}

enum err streamlocal_write_forwarded(struct span into, struct bytes path, size_t *len)
{
	struct writer w;

	wr_init(&w, into);
	wr_string(&w, path);
	wr_cstring(&w, "");
	return wr_finish(&w, len);
}

enum err streamlocal_read_open(struct bytes payload, struct streamlocal_open *out)
{
	struct streamlocal_open got;
	struct reader r;
	enum err e;

	rd_init(&r, payload);
	got.path = rd_text(&r, LIMIT_STRING);
	got.originator = rd_text(&r, LIMIT_STRING);
	got.originator_port = rd_u32(&r);
	e = rd_finish(&r);
	if (e == E_OK)
		*out = got;
	return e;
}

enum err streamlocal_write_open(struct span into, const struct streamlocal_open *in, size_t *len)
{
	struct writer w;

	wr_init(&w, into);
	wr_string(&w, in->path);
	wr_string(&w, in->originator);
	wr_u32(&w, in->originator_port);
	return wr_finish(&w, len);
}
