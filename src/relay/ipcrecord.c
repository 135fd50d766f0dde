/* SPDX-License-Identifier: ISC */
#include "relay/ipcrecord.h"

#include "base/text.h"
#include "wire/reader.h"
#include "wire/writer.h"

struct bytes ipcrecord_wr(struct span room, const struct record *r)
{
	char text[RECORD_TEXT_MAX];
	struct writer w;

	wr_init(&w, room);
	wr_u64(&w, (uint64_t)r->at.tv_sec);
	wr_u32(&w, (uint32_t)r->at.tv_nsec);
	wr_cstring(&w, r->event);
	for (size_t i = 0; i < r->count; i++) {
		const struct record_field *f = &r->field[i];

		wr_cstring(&w, f->name);
		wr_u8(&w, (uint8_t)f->kind);
		if (f->kind == RECORD_TEXT)
			wr_cstring(&w, text_printable(text, sizeof(text), bytes_str(f->text)));
		else
			wr_u64(&w, f->number);
	}
	return wr_bytes(&w);
}

static bool rd_name(struct reader *r, char out[static RECORD_NAME_MAX])
{
	struct bytes name = rd_text(r, RECORD_NAME_MAX - 1);

	for (size_t i = 0; i < name.len; i++)
		if ((name.ptr[i] < 'a' || name.ptr[i] > 'z') && name.ptr[i] != '_' &&
			name.ptr[i] != '-')
			return false;
	return name.len > 0 && bytes_to_cstr(name, out, RECORD_NAME_MAX);
}

static bool rd_field(struct reader *r, struct ipc_record *out)
{
	size_t i = out->record.count;
	struct record_field *f = &out->record.field[i];
	uint8_t kind;

	if (i == RECORD_FIELDS_MAX || !rd_name(r, out->name[i]))
		return false;
	kind = rd_u8(r);
	if (kind > RECORD_SECONDS)
		return false;
	*f = (struct record_field){.name = out->name[i], .kind = (enum record_kind)kind};
	if (f->kind == RECORD_TEXT) {
		f->text = out->text[i];
		if (!bytes_to_cstr(rd_text(r, RECORD_TEXT_MAX - 1), out->text[i], RECORD_TEXT_MAX))
			return false;
	} else {
		f->number = rd_u64(r);
	}
	out->record.count++;
	return rd_ok(r);
}

bool ipcrecord_rd(struct bytes payload, struct ipc_record *out)
{
	struct timespec at;
	struct reader r;

	rd_init(&r, payload);
	at.tv_sec = (time_t)rd_u64(&r);
	at.tv_nsec = (long)rd_u32(&r);
	if (!rd_name(&r, out->event) || at.tv_nsec >= 1000 * 1000 * 1000)
		return false;
	record_init(&out->record, &at, out->event);
	while (rd_left(&r) > 0)
		if (!rd_field(&r, out))
			return false;
	return rd_end(&r);
}
