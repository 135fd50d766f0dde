/* SPDX-License-Identifier: ISC */
#include "relay/worker.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>

#include "io/frameport.h"
#include "io/memfile.h"
#include "relay/binding.h"
#include "relay/book.h"
#include "relay/ipcrecord.h"
#include "relay/ipctun.h"
#include "relay/reload.h"

enum { ANSWER_MAX = 64 * 1024 * 1024 };

struct worker {
	struct supervisor *supervisor;
	struct child *child;
	struct frameport *port; /* NULL: no process, or one that is not listened to */
	pid_t pid;
	uint32_t last_session;
	bool is_briefed, is_ready, has_served, is_stopping;
	struct list asks; /* struct worker_ask */
	uint64_t last_ask;
};

bool worker_is_ready(const struct worker *w)
{
	return w->is_ready;
}

/* Its end of the line closes, and it ends. */
static void turn_away(struct worker *w)
{
	frameport_free(w->port);
	w->port = NULL;
	w->is_ready = w->is_briefed = false;
}

/* --- telling ---------------------------------------------------------------------------------- */

void worker_send(struct worker *w, struct frame *frame)
{
	enum err e = E_CLOSED;

	if (w && w->port)
		e = frameport_send(w->port, frame);
	else
		frame_close_fds(frame);
	if (e == E_OK || !w || !w->port || e == E_CLOSED)
		return;
	/* What it was not told it would not know: another one begins anew. */
	log_write(LOG_LEVEL_ERROR, "the relay process does not listen: %s", err_text(e));
	turn_away(w);
}

void worker_tell(struct worker *w, uint16_t type, uint64_t number, struct bytes payload)
{
	struct frame out = {.type = type, .number = number, .payload = payload};

	worker_send(w, &out);
}

/* Takes fd. */
static void pass(struct worker *w, uint16_t type, uint64_t number, int fd)
{
	struct frame out = {.type = type, .number = number, .fd = {fd}, .fd_count = 1};

	worker_send(w, &out);
}

static void pass_text(struct worker *w, uint16_t type, struct bytes text)
{
	int fd;

	if (memfile_new(text, &fd) == E_OK)
		pass(w, type, 0, fd);
	else
		log_write(LOG_LEVEL_ERROR, "no memory to brief the relay process: %m");
}

void worker_configure(struct worker *w)
{
	struct span packed;

	if (!w || !w->port || !w->is_briefed)
		return;
	if (relay_conf_pack(w->supervisor->conf, &packed) != E_OK) {
		log_write(LOG_LEVEL_ERROR, "no memory for the settings of the relay process");
		return;
	}
	pass_text(w, IPC_CONF, bytes_of(packed.ptr, packed.len));
	free(packed.ptr);
}

static void pass_book(struct worker *w)
{
	char *text = book_text(w->supervisor->book);

	pass_text(w, IPC_BOOK, bytes_str(text ? text : ""));
	free(text);
}

static void pass_listeners(struct worker *w)
{
	const struct listening *l = &w->supervisor->listening;

	for (size_t i = 0; i < l->count; i++) {
		int fd = fcntl(l->fd[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

		if (fd >= 0)
			pass(w, IPC_LISTEN, l->is_lent, fd);
		else
			log_write(LOG_LEVEL_ERROR, "no descriptor for the relay process: %m");
	}
}

static void pass_line(struct worker *w)
{
	pid_t signer;
	int fd;

	if (keeper_connect(w->supervisor->keeper, w->pid, &fd, &signer) == E_OK)
		pass(w, IPC_LINE, (uint64_t)signer, fd);
}

static void say_start(struct worker *w)
{
	const struct supervisor *s = w->supervisor;
	struct ipc_start start = {
		.level = log_level_now(),
		.has_user = s->user.uid != (uid_t)SANDBOX_NO_USER,
		.uid = s->user.uid,
		.gid = s->user.gid,
	};
	struct ipc_brief brief = {
		.low_end = s->low_end,
		.last_number = w->last_session,
		.started = (uint64_t)s->started,
		.has_audience = supervisor_has_audience(s),
	};
	uint8_t room[IPC_SMALL_MAX];
	struct span into = {room, sizeof(room)};

	worker_tell(w, IPC_START, 0, ipc_wr_start(into, &start));
	worker_tell(w, IPC_BRIEF, 0, ipc_wr_brief(into, &brief));
}

static void brief(struct worker *w)
{
	const struct keeper_keys *keys = keeper_keys(w->supervisor->keeper);

	w->is_briefed = true;
	say_start(w);
	worker_configure(w);
	for (size_t i = 0; i < keys->count; i++)
		worker_tell(w, IPC_HOSTKEY, 0, bytes_of(keys->key[i].blob, keys->key[i].blob_len));
	pass_book(w);
	pass_listeners(w);
	pass_line(w);
	worker_tell(w, IPC_GO, 0, bytes_of(NULL, 0));
}

void worker_meet_signer(struct worker *w)
{
	if (!w || !w->port)
		return;
	if (w->is_briefed)
		pass_line(w);
	else
		brief(w);
}

/* --- asking ----------------------------------------------------------------------------------- */

void worker_ask_init(struct worker_ask *a)
{
	*a = (struct worker_ask){.fd = -1};
	list_init(&a->node);
}

void worker_forget(struct worker_ask *a)
{
	list_remove(&a->node);
	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
}

bool worker_ask(struct worker *w, struct worker_ask *a, struct bytes line)
{
	struct frame out = {.type = IPC_COMMAND, .payload = line, .fd_count = 1};

	if (!w || !w->is_ready || line.len > IPC_SMALL_MAX ||
		memfile_new(bytes_of(NULL, 0), &a->fd) != E_OK)
		return false;
	out.fd[0] = fcntl(a->fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (out.fd[0] < 0) {
		worker_forget(a);
		return false;
	}
	a->number = out.number = ++w->last_ask;
	list_append(&w->asks, &a->node);
	worker_send(w, &out);
	return true;
}

static void answer(struct worker_ask *a, bool is_there, bool watches)
{
	struct span text = {NULL, 0};

	if (is_there && memfile_read(a->fd, ANSWER_MAX, &text) != E_OK)
		text = (struct span){NULL, 0};
	worker_forget(a);
	a->answered(a, bytes_of(text.ptr, text.len), watches);
	free(text.ptr);
}

static void on_answered(struct worker *w, const struct frame *in)
{
	for (struct list *n = w->asks.next; n != &w->asks; n = n->next) {
		struct worker_ask *a = list_entry(n, struct worker_ask, node);

		if (a->number == in->number) {
			answer(a, true, in->payload.ptr[0] != 0);
			return;
		}
	}
}

/* Who is answered may ask anew, of nobody. */
static void answer_all(struct worker *w)
{
	while (!list_is_empty(&w->asks))
		answer(list_entry(w->asks.next, struct worker_ask, node), false, false);
}

/* --- what it asks ----------------------------------------------------------------------------- */

static void on_key(struct worker *w, const struct frame *in)
{
	static uint8_t room[IPCKEY_IDENTITY_ROOM];
	struct supervisor *s = w->supervisor;
	struct identity *id = NULL;
	struct bytes payload = {NULL, 0};
	struct fault f = {0};
	struct ipc_key k;
	enum err e = ipckey_rd(in->payload, &k);

	if (e != E_OK) {
		(void)fault_set(&f, e, 0, "the question is malformed");
	} else {
		if (k.session > w->last_session)
			w->last_session = k.session;
		e = roster_admit(&s->roster, s->keyring, s->conf, &k, &id, &f);
	}
	if (e == E_OK) {
		payload = ipckey_wr_identity((struct span){room, sizeof(room)}, id);
		if (payload.len == 0)
			e = fault_set(&f, E_LIMIT, 0, "the line of the key is too long");
	}
	identity_free(id);
	if (e == E_OK)
		worker_tell(w, IPC_ADMITTED, in->number, payload);
	else
		worker_tell(w, IPC_REFUSED, in->number, bytes_str(f.text));
}

static void on_bind(struct worker *w, const struct frame *in)
{
	static const struct ipc_unbound malformed = {.why = "the question is malformed"};
	uint8_t room[IPC_SMALL_MAX];
	struct ipc_bind b;

	if (ipcbind_rd(in->payload, &b) == E_OK)
		binding_ask(w->supervisor, in->number, &b);
	else
		worker_tell(w, IPC_NOT_BOUND, in->number,
			ipcbind_wr_unbound((struct span){room, sizeof(room)}, &malformed));
}

static void on_tun(struct worker *w, const struct frame *in)
{
	struct supervisor *s = w->supervisor;
	struct ferryman_gift gift = {.tundev = {.fd = -1}};
	struct fault f = {0};
	struct ipc_tun t;
	enum err e = ipctun_rd(in->payload, &t);

	if (e != E_OK)
		(void)fault_set(&f, e, 0, "the question is malformed");
	else if (s->is_draining || s->is_ending)
		e = fault_set(&f, E_DENIED, 0, "the relay is about to shut down");
	else
		e = ferryman_ask(&s->ferryman, roster_find(&s->roster, t.session), &t.open, &gift, &f);
	if (e == E_OK) {
		uint8_t room[IPC_SMALL_MAX];
		struct frame out = {.type = IPC_TUN_MADE,
			.number = in->number,
			.payload = ipctun_wr_made((struct span){room, sizeof(room)}, &gift.made),
			.fd = {gift.tundev.fd},
			.fd_count = 1};

		worker_send(w, &out);
	} else {
		worker_tell(w, IPC_NO_TUN, in->number, bytes_str(f.text));
	}
}

static void on_release(struct worker *w, const struct frame *in)
{
	struct mooring *t = mooring_find(&w->supervisor->moorings, in->number);

	if (t && !t->is_left)
		mooring_close(t);
}

static void on_note(struct worker *w, const struct frame *in)
{
	const struct mooring *t = mooring_find(&w->supervisor->moorings, in->number);

	if (t && !t->is_left && t->is_chosen)
		book_note(w->supervisor->book, t->owner, t->set.port);
}

static void on_record(struct worker *w, const struct frame *in)
{
	struct ipc_record r;

	if (in->number > 0)
		log_write(LOG_LEVEL_ERROR, "%llu records are lost: they came too fast",
			(unsigned long long)in->number);
	if (ipcrecord_rd(in->payload, &r))
		feed_say(&w->supervisor->feed, &r.record);
}

static void on_review(struct worker *w, const struct frame *in)
{
	struct member *m = in->number <= UINT32_MAX
				   ? roster_find(&w->supervisor->roster, (uint32_t)in->number)
				   : NULL;

	if (m)
		reload_member(w->supervisor, m);
}

static void on_left(struct worker *w, const struct frame *in)
{
	struct member *m = in->number <= UINT32_MAX
				   ? roster_find(&w->supervisor->roster, (uint32_t)in->number)
				   : NULL;

	if (!m)
		return;
	binding_forget(w->supervisor, m);
	ferryman_leave(&w->supervisor->ferryman, m->session);
	roster_leave(&w->supervisor->roster, m);
}

/* --- its life --------------------------------------------------------------------------------- */

static void fail(struct worker *w, const char *sentence)
{
	turn_away(w);
	if (w->has_served || w->supervisor->has_failed) {
		log_write(LOG_LEVEL_ERROR, "the relay process does not serve: %s", sentence);
		return;
	}
	w->supervisor->has_failed = true;
	fprintf(stderr, "%s\n", sentence);
}

static void on_failed(struct worker *w, const struct frame *in)
{
	char text[IPC_TEXT_MAX + 1];

	if (!bytes_to_cstr(in->payload, text, sizeof(text)))
		strcpy(text, "no reason was given");
	fail(w, text);
}

static void on_ready(struct worker *w)
{
	w->is_ready = w->has_served = true;
}

static void on_frame(void *ctx, struct frame *in)
{
	struct worker *w = ctx;

	switch (in->type) {
	case IPC_READY:
		on_ready(w);
		break;
	case IPC_FAILED:
		on_failed(w, in);
		break;
	case IPC_KEY_ASKED:
		on_key(w, in);
		break;
	case IPC_BIND:
		on_bind(w, in);
		break;
	case IPC_TUN:
		on_tun(w, in);
		break;
	case IPC_TUN_CLOSED:
		ferryman_close(&w->supervisor->ferryman, in->number);
		break;
	case IPC_REVIEW:
		on_review(w, in);
		break;
	case IPC_LEFT:
		on_left(w, in);
		break;
	case IPC_RELEASE:
		on_release(w, in);
		break;
	case IPC_NOTE:
		on_note(w, in);
		break;
	case IPC_RECORD:
		on_record(w, in);
		break;
	default:
		on_answered(w, in);
		break;
	}
}

static void on_over(void *ctx, const struct fault *why)
{
	struct worker *w = ctx;

	if (why->err != E_CLOSED)
		log_write(LOG_LEVEL_ERROR, "the relay process is not listened to any more: %s",
			why->text);
	turn_away(w);
}

static const struct frameport_ops port_ops = {.frame = on_frame, .over = on_over};

static void on_started(void *ctx, int fd, pid_t pid)
{
	struct worker *w = ctx;

	w->pid = pid;
	if (frameport_new(w->supervisor->loop, fd, &ipc_from_relay, pid, &port_ops, w, &w->port) !=
		E_OK) {
		close(fd);
		return;
	}
	if (keeper_is_ready(w->supervisor->keeper))
		brief(w);
}

/* All that it knew is gone with it; the ports stay. */
static void bury(struct worker *w)
{
	struct supervisor *s = w->supervisor;

	frameport_drain(w->port); /* its last words may have come together with its end */
	turn_away(w);
	answer_all(w);
	binding_forget(s, NULL);
	roster_clear(&s->roster);
	ferryman_clear(&s->ferryman);
	moorings_left(&s->moorings,
		s->is_ending || s->is_draining ? 0 : s->settings->forward_lease_ms);
}

static void on_ended(void *ctx)
{
	struct worker *w = ctx;

	bury(w);
	if (!w->has_served && !w->supervisor->has_failed)
		fail(w, "the relay process ended before it was ready");
	supervisor_worker_ended(w->supervisor);
}

static void on_gone(void *ctx)
{
	struct worker *w = ctx;
	struct supervisor *s = w->supervisor;

	bury(w);
	free(w);
	supervisor_worker_gone(s);
}

static const struct child_ops child_ops = {
	.started = on_started, .ended = on_ended, .gone = on_gone};

enum err worker_new(struct supervisor *s, struct worker **out)
{
	struct worker *w = calloc(1, sizeof(*w));
	enum err e;

	if (!w)
		return E_NOMEM;
	w->supervisor = s;
	list_init(&w->asks);
	e = child_new(s->loop, "relay", &child_ops, w, &w->child);
	if (e == E_OK)
		*out = w;
	else
		free(w);
	return e;
}

void worker_stop(struct worker *w)
{
	if (!w || w->is_stopping)
		return;
	w->is_stopping = true;
	child_stop(w->child);
}
