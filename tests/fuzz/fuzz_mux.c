/* SPDX-License-Identifier: ISC */
/*
 * The connection protocol, a hostile peer and a busy program in turns. Input: the role, then steps
 * of an opcode and its numbers: messages built field by field with any number in them, messages as
 * raw bytes, and the program's commands. After each step the promises of mux.h are looked at; now
 * and then the whole is frozen, thawed, and goes on.
 */
#include "fuzz.h"

#include "fakeport.h"
#include "mux/mux.h"
#include "wire/msgs.h"
#include "wire/reader.h"

enum { WINDOW = 4096, BUDGET = 64 * 1024, PACKET_MAX = 512, CHANNELS_MAX = 150, TOKENS = 64 };

struct run {
	struct fakeport *port;
	struct mux_config cfg;
	struct mux *m;
	uint32_t held[CHANNELS_MAX]; /* bytes given to the program and not consumed */
	uint32_t token[TOKENS];
	size_t tokens;
};

/* Small numbers mostly, and the ends of the range. */
static uint32_t number(struct reader *in)
{
	uint8_t b = rd_u8(in);

	if (b < 0xf0)
		return b;
	return b < 0xf8 ? UINT32_MAX - (b & 7) : rd_u32(in);
}

static struct bytes text(struct reader *in)
{
	static const char *const words[] = {"session", "forwarded-tcpip", "tcpip-forward",
		"keepalive@openssh.com", "no-more-sessions@openssh.com", "eow@openssh.com",
		"hostkeys-00@openssh.com", "shell"};
	uint8_t b = rd_u8(in);

	if (b < 0x80)
		return bytes_str(words[b % 8]);
	b &= 0x7f;
	return rd_raw(in, b < rd_left(in) ? b : rd_left(in));
}

/* Fields by message, as in mux_in.c: u number, t text, f flag, d data. */
static const char *fields(uint8_t msg)
{
	static const char *const by_msg[] = {[0] = "tft",
		[1] = "t",
		[2] = "",
		[10] = "tuuut",
		[11] = "uuuut",
		[12] = "uutt",
		[13] = "uu",
		[14] = "ud",
		[15] = "uud",
		[16] = "u",
		[17] = "u",
		[18] = "utft",
		[19] = "u",
		[20] = "u"};
	const char *f = by_msg[(msg - 80) % 21];

	return f != NULL ? f : "";
}

static void build(struct writer *w, uint8_t msg, struct reader *in)
{
	static const uint8_t zeros[2 * PACKET_MAX];
	const char *f = fields(msg);

	wr_u8(w, msg);
	for (; *f != '\0'; f++) {
		if (*f == 'u')
			wr_u32(w, number(in));
		else if (*f == 'f')
			wr_bool(w, rd_u8(in) & 1);
		else if (*f == 'd')
			wr_string(w, bytes_of(zeros, number(in) % (PACKET_MAX + 2)));
		else if (f[1] == '\0' && msg != MSG_CHANNEL_OPEN_FAILURE)
			wr_raw(w, text(in)); /* the rest of the message */
		else
			wr_string(w, text(in));
	}
}

static void on_event(struct run *run, const struct mux_event *ev)
{
	switch (ev->kind) {
	case MUX_OPEN:
		PROMISE(ev->channel < CHANNELS_MAX);
		run->held[ev->channel] = 0;
		break;
	case MUX_DATA:
		PROMISE(ev->data.len > 0 && ev->data.len <= PACKET_MAX);
		run->held[ev->channel] += (uint32_t)ev->data.len;
		PROMISE(run->held[ev->channel] <= WINDOW);
		break;
	case MUX_WINDOW:
		PROMISE(mux_can_send(run->m, ev->channel) > 0);
		break;
	case MUX_CLOSED:
	case MUX_REFUSED:
		PROMISE(mux_user(run->m, ev->channel) == NULL);
		break;
	case MUX_GLOBAL_REQUEST:
		if (ev->want_reply) {
			PROMISE(run->tokens < LIMIT_REPLIES);
			run->token[run->tokens++] = ev->token;
		}
		break;
	default:
		break;
	}
}

/* False: the peer broke a rule, and it is over. */
static bool receive(struct run *run, struct bytes payload)
{
	struct mux_event ev;
	struct fault f = {0};
	enum err e = mux_on(run->m, payload, &ev, &f);

	PROMISE((e == E_OK) == (f.err == E_OK));
	PROMISE(e == E_OK || ev.kind == MUX_NOTHING);
	PROMISE(e != E_STATE && e != E_NOMEM);
	on_event(run, &ev);
	return e == E_OK;
}

static bool receive_built(struct run *run, uint8_t msg, struct reader *in)
{
	static uint8_t mem[8192];
	struct writer w;

	wr_init(&w, (struct span){mem, sizeof(mem)});
	build(&w, msg, in);
	return receive(run, wr_bytes(&w));
}

static void send_bulk(struct run *run, uint32_t id, struct reader *in)
{
	struct span pieces[8];
	size_t count = mux_lend(run->m, id, number(in), pieces, 8), total = 0;

	for (size_t i = 0; i < count; i++) {
		memset(pieces[i].ptr, 'x', pieces[i].len);
		total += pieces[i].len;
	}
	PROMISE(total <= mux_can_send(run->m, id));
	if (total > 0)
		PROMISE(mux_commit(run->m, id, number(in) % (total + 1)) == E_OK);
}

static void consume(struct run *run, uint32_t id, uint32_t n)
{
	struct mux_channel_info info;

	if (!mux_channel_info(run->m, id, &info)) {
		PROMISE(mux_consumed(run->m, id, n) == E_STATE);
		return;
	}
	if (info.sent_close) /* what came after it is not counted here */
		return;
	PROMISE(mux_consumed(run->m, id, run->held[id] + 1) == E_STATE);
	n = n < run->held[id] ? n : run->held[id];
	PROMISE(mux_consumed(run->m, id, n) == E_OK);
	run->held[id] -= n;
}

static void reply_global(struct run *run, uint32_t pick, bool is_ok)
{
	if (run->tokens == 0)
		return;
	pick %= (uint32_t)run->tokens;
	PROMISE(mux_global_reply(run->m, run->token[pick], is_ok, bytes_str("data"),
			is_ok ? NULL : "reason") == E_OK);
	run->token[pick] = run->token[--run->tokens];
}

/* A command may be refused (E_STATE, E_LIMIT, E_AGAIN), and then sends nothing. */
static void check_command(const struct run *run, enum err e, size_t sent_before)
{
	PROMISE(e == E_OK || e == E_STATE || e == E_LIMIT || e == E_AGAIN);
	PROMISE(e == E_OK || run->port->count == sent_before);
}

static void freeze_and_thaw(struct run *run)
{
	static uint8_t one[64 * 1024], two[64 * 1024];
	struct writer w, again;
	struct reader r;
	struct mux *m;

	wr_init(&w, (struct span){one, sizeof(one)});
	PROMISE(mux_freeze(run->m, &w) == E_OK);
	rd_init(&r, wr_bytes(&w));
	PROMISE(mux_thaw(&run->cfg, &r, &m) == E_OK && rd_end(&r));
	wr_init(&again, (struct span){two, sizeof(two)});
	PROMISE(mux_freeze(m, &again) == E_OK);
	PROMISE(bytes_eq(wr_bytes(&w), wr_bytes(&again)));
	mux_free(run->m);
	run->m = m;
}

/* A frozen form with bytes of the input in it: refused, or something that can be frozen. */
static void thaw_broken(struct run *run, struct reader *in)
{
	static uint8_t mem[64 * 1024];
	struct writer w;
	struct reader r;
	struct mux *m;
	struct bytes frozen;

	wr_init(&w, (struct span){mem, sizeof(mem)});
	PROMISE(mux_freeze(run->m, &w) == E_OK);
	frozen = wr_bytes(&w);
	for (int i = rd_u8(in) % 8; i >= 0; i--)
		mem[number(in) % frozen.len] = rd_u8(in);
	rd_init(&r, frozen);
	if (mux_thaw(&run->cfg, &r, &m) != E_OK)
		return;
	wr_init(&w, (struct span){mem, sizeof(mem)});
	PROMISE(mux_freeze(m, &w) == E_OK);
	mux_free(m);
}

static void command(struct run *run, uint8_t op, struct reader *in)
{
	uint32_t id = number(in), opened;
	size_t before = run->port->count;
	enum err e = E_OK;

	switch (op % 16) {
	case 0:
		e = mux_open(run->m, "t", text(in), run, &opened);
		if (e == E_OK)
			run->held[opened] = 0;
		break;
	case 1:
		e = mux_accept(run->m, id, run);
		break;
	case 2:
		e = mux_refuse(run->m, id, 1, "reason");
		break;
	case 3:
		send_bulk(run, id, in);
		return;
	case 4:
		e = mux_write(run->m, id, rd_u8(in) & 1, text(in));
		break;
	case 5:
		consume(run, id, number(in));
		return;
	case 6:
		e = mux_eof(run->m, id);
		break;
	case 7:
		e = mux_close(run->m, id);
		break;
	case 8:
		e = mux_request(run->m, id, "x", rd_u8(in) & 1, text(in));
		break;
	case 9:
		e = mux_request_reply(run->m, id, rd_u8(in) & 1);
		break;
	case 10:
		e = mux_global(run->m, "x", rd_u8(in) & 1, text(in), id);
		break;
	case 11:
		reply_global(run, id, rd_u8(in) & 1);
		return;
	case 12:
		e = mux_keepalive(run->m);
		break;
	case 13:
		freeze_and_thaw(run);
		return;
	case 14:
		thaw_broken(run, in);
		return;
	default:
		run->port->is_full = id & 1;
		return;
	}
	check_command(run, e, before);
}

static void check(const struct run *run)
{
	struct mux_channel_info info;
	uint32_t count = 0;
	size_t credit = 0;

	for (uint32_t id = 0; mux_channel_next(run->m, &id); id++) {
		PROMISE(mux_channel_info(run->m, id, &info));
		PROMISE(info.id == id && info.recv_left <= WINDOW);
		PROMISE(info.is_open || mux_can_send(run->m, id) == 0);
		PROMISE(!(info.sent_eof || info.sent_close) || mux_can_send(run->m, id) == 0);
		credit += info.recv_left + run->held[id];
		count++;
	}
	PROMISE(credit <= BUDGET);
	PROMISE(count == mux_channel_count(run->m) && count <= CHANNELS_MAX);
}

static bool step(struct run *run, struct reader *in)
{
	uint8_t op = rd_u8(in);
	size_t n;

	if (op < 64) {
		command(run, op, in);
		return true;
	}
	if (op < 240) {
		static const uint8_t msgs[] = {
			80, 81, 82, 90, 90, 91, 92, 93, 94, 94, 95, 96, 97, 98, 99, 100};

		return receive_built(run, msgs[op % 16], in);
	}
	n = rd_u8(in);
	return receive(run, rd_raw(in, n < rd_left(in) ? n : rd_left(in)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run run;
	struct reader in;

	rd_init(&in, bytes_of(data, size));
	run = (struct run){.port = fakeport_again()};
	run.cfg = (struct mux_config){.is_server = rd_u8(&in) & 1,
		.window = WINDOW,
		.budget = BUDGET,
		.packet_max = PACKET_MAX,
		.channels_max = CHANNELS_MAX,
		.port = fakeport_port(run.port)};
	PROMISE(mux_new(&run.cfg, &run.m) == E_OK);
	while (rd_left(&in) > 0 && step(&run, &in)) {
		check(&run);
		fakeport_clear(run.port);
	}
	mux_free(run.m);
	return 0;
}
