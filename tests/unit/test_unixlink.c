/* SPDX-License-Identifier: ISC */
/* One request and one answer over a Unix socket, with services that behave and ones that do not. */
#include "io/unixlink.h"

#include "harness.h"
#include "tmpdir.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FRAME_MAX = 1000 };

/* One byte of length, then so many bytes. 0xff: too long; 0: nonsense. */
static enum err framing(struct bytes in, struct bytes *message, size_t *want)
{
	*want = 1;
	if (in.len < 1)
		return E_AGAIN;
	if (in.ptr[0] == 0xff)
		return E_LIMIT;
	if (in.ptr[0] == 0)
		return E_FORMAT;
	*want = 1 + (size_t)in.ptr[0];
	if (in.len < *want)
		return E_AGAIN;
	*message = bytes_of(in.ptr + 1, in.ptr[0]);
	return E_OK;
}

struct bench {
	uv_loop_t loop;
	char path[160];
	int listener, peer;
	struct unixlink *link;
	unsigned answers;
	enum err e;
	char answer[FRAME_MAX], why[FAULT_TEXT];
	bool frees; /* in the callback */
};

static void on_answer(void *ctx, enum err e, struct bytes answer, const struct fault *f)
{
	struct bench *b = ctx;

	b->answers++;
	b->e = e;
	snprintf(b->answer, sizeof(b->answer), "%.*s", (int)answer.len, (const char *)answer.ptr);
	snprintf(b->why, sizeof(b->why), "%s", e == E_OK ? "" : f->text);
	if (b->frees) {
		unixlink_free(b->link);
		b->link = NULL;
	}
}

static void start(struct bench *b, struct tmpdir *folder)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct fault f = {0};

	*b = (struct bench){.peer = -1};
	REQUIRE_EQ(uv_loop_init(&b->loop), 0);
	snprintf(b->path, sizeof(b->path), "%s", tmpdir_file(folder, "sock"));
	REQUIRE(bytes_to_cstr(bytes_str(b->path), a.sun_path, sizeof(a.sun_path)));
	unlink(b->path);
	b->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	REQUIRE_EQ(bind(b->listener, (struct sockaddr *)&a, sizeof(a)), 0);
	REQUIRE_EQ(listen(b->listener, 1), 0);
	REQUIRE_EQ(unixlink_new(&b->loop, b->path, framing, &b->link, &f), E_OK);
	b->peer = accept(b->listener, NULL, NULL);
	REQUIRE(b->peer >= 0);
}

static void stop(struct bench *b)
{
	unixlink_free(b->link);
	uv_run(&b->loop, UV_RUN_DEFAULT);
	CHECK_EQ(uv_loop_close(&b->loop), 0);
	close(b->listener);
	if (b->peer >= 0)
		close(b->peer);
	unlink(b->path);
}

static void ask(struct bench *b, uint64_t timeout_ms)
{
	b->answers = 0;
	REQUIRE_EQ(unixlink_ask(b->link, bytes_str("request"), timeout_ms, on_answer, b), E_OK);
	CHECK_EQ(unixlink_ask(b->link, bytes_str("two"), timeout_ms, on_answer, b), E_STATE);
	CHECK_EQ(b->answers, 0);
}

static void expect_request(struct bench *b)
{
	char got[16] = "";

	uv_run(&b->loop, UV_RUN_ONCE);
	REQUIRE_EQ(recv(b->peer, got, 7, MSG_WAITALL), 7);
	CHECK_STR(got, "request");
}

static void give(struct bench *b, const char *bytes, size_t len)
{
	REQUIRE_EQ(write(b->peer, bytes, len), (ssize_t)len);
}

static void wait_answer(struct bench *b)
{
	while (b->answers == 0)
		uv_run(&b->loop, UV_RUN_ONCE);
	CHECK_EQ(b->answers, 1);
}

TEST(unixlink_answers)
{
	struct tmpdir folder;
	struct bench b;

	tmpdir_init(&folder);
	start(&b, &folder);
	for (int i = 0; i < 3; i++) {
		ask(&b, 10000);
		expect_request(&b);
		/* In pieces. */
		give(&b, "\5he", 3);
		uv_run(&b.loop, UV_RUN_ONCE);
		CHECK_EQ(b.answers, 0);
		give(&b, "llo", 3);
		wait_answer(&b);
		CHECK_EQ(b.e, E_OK);
		CHECK_STR(b.answer, "hello");
		CHECK(!unixlink_has_ended(b.link));
	}
	stop(&b);
	tmpdir_fini(&folder);
}

TEST(unixlink_ends_at_nonsense)
{
	static const struct {
		const char *answer;
		size_t len;
		enum err e;
		const char *why;
	} rows[] = {
		{"\xff", 1, E_LIMIT, "its answer is too long"},
		{"\0", 1, E_FORMAT, "invalid format"},
		{"\1ab", 3, E_PROTO, "it answered more than it was asked"},
		{NULL, 0, E_CLOSED, "it closed the connection"},
	};
	struct tmpdir folder;

	tmpdir_init(&folder);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bench b;

		start(&b, &folder);
		ask(&b, 10000);
		expect_request(&b);
		if (rows[i].answer != NULL) {
			give(&b, rows[i].answer, rows[i].len);
		} else {
			close(b.peer);
			b.peer = -1;
		}
		wait_answer(&b);
		CHECK_EQ(b.e, rows[i].e);
		CHECK_STR(b.why, rows[i].why);
		CHECK(unixlink_has_ended(b.link));
		CHECK_EQ(unixlink_ask(b.link, bytes_str("x"), 1, on_answer, &b), E_STATE);
		stop(&b);
	}
	tmpdir_fini(&folder);
}

TEST(unixlink_silence)
{
	struct tmpdir folder;
	struct bench b;

	tmpdir_init(&folder);
	start(&b, &folder);
	b.frees = true;
	ask(&b, 20);
	wait_answer(&b);
	CHECK_EQ(b.e, E_TIMEOUT);
	CHECK_STR(b.why, "it does not answer");
	stop(&b);
	/* Nobody is told when it is freed meanwhile. */
	start(&b, &folder);
	ask(&b, 20);
	unixlink_free(b.link);
	b.link = NULL;
	uv_run(&b.loop, UV_RUN_DEFAULT);
	CHECK_EQ(b.answers, 0);
	stop(&b);
	tmpdir_fini(&folder);
}

TEST(unixlink_nobody_there)
{
	struct unixlink *l;
	char path[300];
	struct fault f = {0};
	uv_loop_t loop;

	REQUIRE_EQ(uv_loop_init(&loop), 0);
	CHECK_EQ(unixlink_new(&loop, "/nothing/here", framing, &l, &f), E_UNKNOWN);
	CHECK(l == NULL);
	CHECK_STR(f.text, "No such file or directory");
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	f = (struct fault){0};
	CHECK_EQ(unixlink_new(&loop, path, framing, &l, &f), E_LIMIT);
	CHECK_EQ(uv_loop_close(&loop), 0);
}
