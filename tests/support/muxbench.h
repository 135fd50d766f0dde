/* SPDX-License-Identifier: ISC */
/* One end of the connection protocol with its port, and messages to it in one line each. */
#ifndef SUPPORT_MUXBENCH_H
#define SUPPORT_MUXBENCH_H

#include "fakeport.h"
#include "harness.h"
#include "mux/mux.h"
#include "wire/msgs.h"
#include "wire/reader.h"

#include <stdarg.h>

struct muxbench {
	struct fakeport *out;
	struct mux_config cfg;
	struct mux *m;
	struct mux_event ev;
	struct fault f;
};

static inline void muxbench_start(struct muxbench *b, bool is_server)
{
	*b = (struct muxbench){.out = fakeport_new()};
	b->cfg = (struct mux_config){.is_server = is_server,
		.window = 1000,
		.packet_max = 100,
		.channels_max = 200,
		.port = fakeport_port(b->out)};
	REQUIRE_EQ(mux_new(&b->cfg, &b->m), E_OK);
}

static inline void muxbench_stop(struct muxbench *b)
{
	mux_free(b->m);
	fakeport_free(b->out);
}

/* Writes by format: b byte, u uint32, s C string as string, r C string as raw bytes, z n zero bytes
 * as a string. */
static inline void muxbench_write(struct writer *w, const char *format, va_list ap)
{
	static const uint8_t zeros[300 * 1024];

	for (; *format != '\0'; format++) {
		switch (*format) {
		case 'b':
			wr_u8(w, (uint8_t)va_arg(ap, int));
			break;
		case 'u':
			wr_u32(w, va_arg(ap, uint32_t));
			break;
		case 's':
			wr_cstring(w, va_arg(ap, const char *));
			break;
		case 'r':
			wr_raw(w, bytes_str(va_arg(ap, const char *)));
			break;
		case 'z':
			wr_string(w, bytes_of(zeros, va_arg(ap, uint32_t)));
			break;
		default:
			abort();
		}
	}
}

/* Gives the mux a message. */
static inline enum err muxbench_feed(struct muxbench *b, const char *format, ...)
{
	static uint8_t mem[301 * 1024];
	struct writer w;
	va_list ap;

	wr_init(&w, (struct span){mem, sizeof(mem)});
	va_start(ap, format);
	muxbench_write(&w, format, ap);
	va_end(ap);
	REQUIRE(wr_ok(&w));
	b->f = (struct fault){0};
	return mux_on(b->m, wr_bytes(&w), &b->ev, &b->f);
}

/* The next message that left is exactly this; format NULL: none left. */
static inline void muxbench_took(struct muxbench *b, const char *format, ...)
{
	static uint8_t mem[301 * 1024];
	struct bytes got = fakeport_take(b->out), want;
	struct writer w;
	va_list ap;

	if (format == NULL) {
		CHECK_EQ(got.len, 0);
		return;
	}
	wr_init(&w, (struct span){mem, sizeof(mem)});
	va_start(ap, format);
	muxbench_write(&w, format, ap);
	va_end(ap);
	want = wr_bytes(&w);
	CHECK_BYTES(got, want);
}

/* A channel of the peer, accepted; the peer calls it peer_id. Returns our number. */
static inline uint32_t muxbench_accepted(struct muxbench *b, uint32_t peer_id)
{
	REQUIRE_EQ(muxbench_feed(b, "bsuuu", MSG_CHANNEL_OPEN, "t", peer_id, 1000U, 100U), E_OK);
	REQUIRE_EQ(b->ev.kind, MUX_OPEN);
	REQUIRE_EQ(mux_accept(b->m, b->ev.channel, b), E_OK);
	fakeport_clear(b->out);
	return b->ev.channel;
}

/* A channel of ours, confirmed; the peer calls it peer_id. */
static inline uint32_t muxbench_opened(struct muxbench *b, uint32_t peer_id)
{
	uint32_t id;

	REQUIRE_EQ(mux_open(b->m, "t", (struct bytes){0}, b, &id), E_OK);
	REQUIRE_EQ(
		muxbench_feed(b, "buuuu", MSG_CHANNEL_OPEN_CONFIRMATION, id, peer_id, 1000U, 100U),
		E_OK);
	REQUIRE_EQ(b->ev.kind, MUX_OPENED);
	fakeport_clear(b->out);
	return id;
}

/* Messages of RFC 4254 5.2 to 5.4 by number: independent of the names in src/. */
enum { ADJUST = 93, DATA, EXTENDED, EOF_, CLOSE, REQUEST, SUCCESS, FAILURE };

/* A step that must end the connection, in words, and without an event. */
static inline void muxbench_breaks(struct muxbench *b, enum err got, enum err want)
{
	CHECK_EQ(got, want);
	CHECK_EQ(b->ev.kind, MUX_NOTHING);
	CHECK_EQ(b->f.err, want);
	CHECK_EQ(b->f.code, DISCONNECT_PROTOCOL_ERROR);
	CHECK(b->f.text[0] != '\0');
}

#endif
