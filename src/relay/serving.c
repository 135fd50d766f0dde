/* SPDX-License-Identifier: ISC */
#include "relay/serving.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "crypto/cipher.h"
#include "io/memfile.h"
#include "relay/berth.h"
#include "relay/book.h"
#include "relay/child.h"
#include "relay/command.h"
#include "relay/front.h"
#include "relay/ipckey.h"
#include "relay/link.h"
#include "relay/policy.h"
#include "relay/relay.h"
#include "relay/signing.h"
#include "sandbox/sandbox.h"

enum { EXIT_BAD = 1, BOOK_MAX = 8 * 1024 * 1024 };

struct serving {
	int parent;
	pid_t parent_pid;
	uv_loop_t loop;
	struct sandbox_user user;
	struct relay relay;
	uint8_t room[FRAME_MAX];
};

static struct relay *relay_of(struct serving *s)
{
	return &s->relay;
}

/* --- what it is told -------------------------------------------------------------------------- */

static enum err read_all(const struct frame *in, size_t max, struct span *out, struct fault *f)
{
	enum err e = memfile_read(in->fd[0], max, out);

	return e == E_OK ? E_OK : fault_set(f, e, 0, "what the supervisor passed: %s", err_text(e));
}

static enum err take_conf(struct relay *r, const struct frame *in, struct fault *f)
{
	struct relay_conf *conf;
	struct span text;
	enum err e = read_all(in, RELAY_PACKED_MAX, &text, f);

	if (e != E_OK)
		return e;
	e = relay_conf_unpack(bytes_of(text.ptr, text.len), &conf, f);
	free(text.ptr);
	if (e == E_OK)
		relay_take_conf(r, conf);
	return e;
}

static enum err take_book(struct relay *r, const struct frame *in, struct fault *f)
{
	struct span text;
	unsigned line;
	enum err e = read_all(in, BOOK_MAX, &text, f);

	if (e != E_OK)
		return e;
	(void)book_take(r->book, bytes_of(text.ptr, text.len), &line);
	free(text.ptr);
	return E_OK;
}

static enum err take_hostkey(struct relay *r, struct bytes blob, struct fault *f)
{
	enum err e = relay_add_hostkey(r, blob);

	return e == E_OK ? E_OK : fault_set(f, e, 0, "a host key: %s", err_text(e));
}

static enum err take_listener(struct relay *r, struct frame *in, struct fault *f)
{
	enum err e = front_add(r->front, in->fd[0], in->number == 1);

	if (e != E_OK)
		return fault_set(f, e, 0, "cannot listen: %s", err_text(e));
	in->fd_count = 0;
	return E_OK;
}

static void take_line(struct relay *r, struct frame *in)
{
	in->fd_count = 0;
	if (signing_connect(r->signing, in->fd[0], (pid_t)in->number) != E_OK)
		log_write(LOG_LEVEL_ERROR, "no line to the signer");
}

/* --- before the fence ------------------------------------------------------------------------- */

static enum err take_brief(struct relay *r, const struct frame *in, struct fault *f)
{
	struct ipc_brief b;
	enum err e = ipc_rd_brief(in->payload, &b);

	if (e != E_OK)
		return fault_set(f, e, 0, "the briefing is malformed");
	r->low_end = b.low_end;
	r->last_number = b.last_number;
	r->started = (time_t)b.started;
	uplink_listen(r->uplink, b.has_audience);
	return E_OK;
}

static enum err take(struct serving *s, struct frame *in, struct fault *f)
{
	struct relay *r = relay_of(s);

	switch (in->type) {
	case IPC_START:
		return child_be(in->payload, &s->user, f);
	case IPC_BRIEF:
		return take_brief(r, in, f);
	case IPC_CONF:
		return take_conf(r, in, f);
	case IPC_HOSTKEY:
		return take_hostkey(r, in->payload, f);
	case IPC_BOOK:
		return take_book(r, in, f);
	case IPC_LISTEN:
		return take_listener(r, in, f);
	case IPC_LINE:
		take_line(r, in);
		return E_OK;
	default:
		return E_CLOSED; /* IPC_END: it was not to be */
	}
}

/* Until IPC_GO. */
static enum err hear_briefing(struct serving *s, struct fault *f)
{
	for (;;) {
		struct frame in;
		enum err e = frame_wait(
			s->parent, &ipc_to_relay, s->parent_pid, s->room, &in, f);

		if (e != E_OK)
			return e;
		if (in.type == IPC_GO)
			return E_OK;
		e = take(s, &in, f);
		frame_close_fds(&in);
		if (e != E_OK)
			return e;
	}
}

/* --- behind it -------------------------------------------------------------------------------- */

static struct link *find_link(struct relay *r, uint64_t session)
{
	for (struct list *n = r->links.next; n != &r->links; n = n->next) {
		struct link *l = list_entry(n, struct link, node);

		if (l->number == session)
			return l->identity && !l->is_over ? l : NULL;
	}
	return NULL;
}

static void on_reviewed(struct relay *r, const struct frame *in)
{
	struct link *l = find_link(r, in->number);
	struct identity *id;
	char why[IPC_TEXT_MAX + 1];

	if (in->type == IPC_DENIED) {
		if (!bytes_to_cstr(in->payload, why, sizeof(why)))
			why[0] = '\0';
		if (l)
			policy_deny(l, why);
		else
			berths_drop(r, (uint32_t)in->number, why);
	} else if (!l) {
		return; /* over, and its ports are kept for the same key */
	} else if (ipckey_rd_identity(in->payload, &id) == E_OK) {
		policy_renew(l, id);
	} else {
		policy_deny(l, "out of memory");
	}
}

static void on_command(struct relay *r, const struct frame *in)
{
	bool watches;
	json_t *answer = command_answer(r, in->payload, &watches);
	char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
	uint8_t flag = watches;

	json_decref(answer);
	if (text && memfile_write(in->fd[0], bytes_str(text)) != E_OK)
		log_write(LOG_LEVEL_ERROR, "an answer could not be given: %m");
	free(text);
	uplink_tell(r->uplink, IPC_ANSWERED, in->number, bytes_of(&flag, 1));
}

static const char *why_of(struct relay *r, const struct frame *in)
{
	if (!bytes_to_cstr(in->payload, r->end_why, sizeof(r->end_why)))
		r->end_why[0] = '\0';
	return r->end_why[0] ? r->end_why : NULL;
}

static void on_frame(struct relay *r, struct frame *in)
{
	struct fault f = {0};

	switch (in->type) {
	case IPC_CONF:
		if (take_conf(r, in, &f) != E_OK)
			log_write(LOG_LEVEL_ERROR, "settings: %s", f.text);
		break;
	case IPC_LINE:
		take_line(r, in);
		break;
	case IPC_REVIEWED:
	case IPC_DENIED:
		on_reviewed(r, in);
		break;
	case IPC_COMMAND:
		on_command(r, in);
		break;
	case IPC_AUDIENCE:
		uplink_listen(r->uplink, in->payload.ptr[0] != 0);
		break;
	case IPC_DRAIN:
		relay_drain(r, in->number, why_of(r, in));
		break;
	case IPC_END:
		relay_end(r, why_of(r, in));
		break;
	default:
		log_write(LOG_LEVEL_ERROR, "the supervisor says what it may not now");
		break;
	}
	frame_close_fds(in);
}

/* Opens a file: behind a fence it would be too late. */
static void prepare_ciphers(void)
{
	const char *why = cipher_prepare();

	log_write(LOG_LEVEL_DEBUG1, why ? "AES-GCM by libcrypto: %s" : "AES-GCM by the multi-buffer library",
		why);
}

static enum err start(struct serving *s, struct fault *f)
{
	struct relay *r = relay_of(s);
	enum err e;

	tzset(); /* reads a file */
	if (uv_loop_init(&s->loop) != 0)
		return fault_set(f, E_SYS, 0, "cannot make an event loop");
	e = relay_init(r, &s->loop, f);
	if (e != E_OK)
		return e;
	e = uplink_new(r, s->parent, s->parent_pid, on_frame, &r->uplink);
	if (e != E_OK)
		return fault_set(f, e, 0, "no line to the supervisor");
	e = hear_briefing(s, f);
	if (e == E_OK)
		prepare_ciphers();
	if (e == E_OK)
		e = sandbox_enter(SANDBOX_RELAY, &s->user, f);
	return e;
}

int serving_run(int fd)
{
	static struct serving s;
	struct fault f = {0};
	enum err e;

	s = (struct serving){.parent = fd, .parent_pid = getppid()};
	s.user.uid = (uid_t)SANDBOX_NO_USER;
	e = start(&s, &f);
	if (e == E_CLOSED)
		return 0;
	if (e != E_OK) {
		struct frame out = {
			.type = IPC_FAILED, .payload = bytes_str(f.text[0] ? f.text : err_text(e))};

		return frame_send_all(fd, &out) == E_OK ? EXIT_BAD : 0;
	}
	uplink_tell(s.relay.uplink, IPC_READY, 0, bytes_of(NULL, 0));
	uv_run(&s.loop, UV_RUN_DEFAULT);
	if (s.relay.uplink && uplink_is_lost(s.relay.uplink))
		return EXIT_BAD;
	uplink_free(s.relay.uplink);
	relay_fini(&s.relay);
	return 0;
}
