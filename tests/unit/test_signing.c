/* SPDX-License-Identifier: ISC */
/* Questions against a signer of the test's own: slow, gone, and replaced. */
#include "relay/signing.h"

#include <unistd.h>

#include "harness.h"
#include "relay/ipc.h"

struct asked {
	struct signing_ask ask;
	unsigned answers, late;
	size_t len;
};

struct bench {
	uv_loop_t loop;
	struct signing *signing;
	int signer; /* the other end */
	uint8_t room[FRAME_MAX];
	struct frame in;
};

static void on_answer(struct signing_ask *a, struct bytes signature, bool is_late)
{
	struct asked *one = list_entry(a, struct asked, ask);

	one->answers++;
	one->late += is_late;
	one->len = signature.len;
}

static void put(struct bench *b, struct asked *one, uint64_t wait_ms)
{
	*one = (struct asked){.ask = {.alg = sig_alg_find(bytes_str("ssh-ed25519")),
				      .hash_len = 32,
				      .answered = on_answer}};
	signing_ask_init(&one->ask);
	signing_put(b->signing, &one->ask, wait_ms);
}

static void connect_signer(struct bench *b)
{
	int pair[2];

	REQUIRE_EQ(frame_pair(pair, NULL), E_OK);
	b->signer = pair[1];
	REQUIRE_EQ(signing_connect(b->signing, pair[0], getpid()), E_OK);
}

static void start(struct bench *b)
{
	REQUIRE_EQ(uv_loop_init(&b->loop), 0);
	REQUIRE_EQ(signing_new(&b->loop, &b->signing), E_OK);
}

static void finish(struct bench *b)
{
	signing_free(b->signing);
	uv_run(&b->loop, UV_RUN_DEFAULT);
	CHECK_EQ(uv_loop_close(&b->loop), 0);
}

static enum err next_question(struct bench *b)
{
	return frame_recv(b->signer, &ipc_from_client, getpid(), b->room, &b->in, NULL);
}

static void give(struct bench *b, uint64_t number)
{
	struct frame out = {
		.type = IPC_SIGNED, .number = number, .payload = bytes_str("signature")};

	REQUIRE_EQ(frame_send(b->signer, &out), E_OK);
}

TEST(each_answer_finds_its_question)
{
	static struct bench b;
	struct asked one, two;
	uint64_t first;

	start(&b);
	connect_signer(&b);
	put(&b, &one, 60000);
	put(&b, &two, 60000);
	REQUIRE_EQ(next_question(&b), E_OK);
	first = b.in.number;
	REQUIRE_EQ(next_question(&b), E_OK);
	give(&b, b.in.number);
	while (two.answers == 0)
		uv_run(&b.loop, UV_RUN_ONCE);
	CHECK_EQ(one.answers, 0);
	give(&b, b.in.number); /* once more: nobody is there for it */
	give(&b, first);
	while (one.answers == 0)
		uv_run(&b.loop, UV_RUN_ONCE);
	CHECK_EQ(two.answers, 1);
	CHECK_EQ(one.len, strlen("signature"));
	close(b.signer);
	finish(&b);
}

TEST(without_a_signer_a_deadline_passes)
{
	static struct bench b;
	struct asked soon, later;

	start(&b);
	put(&b, &later, 60);
	put(&b, &soon, 20);
	while (soon.answers == 0)
		uv_run(&b.loop, UV_RUN_ONCE);
	CHECK_EQ(soon.late, 1);
	CHECK_EQ(later.answers, 0);
	while (later.answers == 0)
		uv_run(&b.loop, UV_RUN_ONCE);
	CHECK_EQ(later.late, 1);
	finish(&b);
}

TEST(a_new_signer_gets_what_the_old_one_left)
{
	static struct bench b;
	struct asked one;

	start(&b);
	connect_signer(&b);
	put(&b, &one, 60000);
	close(b.signer);
	uv_run(&b.loop, UV_RUN_ONCE);
	connect_signer(&b);
	REQUIRE_EQ(next_question(&b), E_OK);
	give(&b, b.in.number);
	while (one.answers == 0)
		uv_run(&b.loop, UV_RUN_ONCE);
	CHECK_EQ(one.late, 0);
	close(b.signer);
	finish(&b);
}

TEST(who_is_gone_is_not_answered)
{
	static struct bench b;
	struct asked gone, stays;

	start(&b);
	connect_signer(&b);
	put(&b, &gone, 1);
	put(&b, &stays, 60000);
	signing_cancel(&gone.ask);
	signing_cancel(&gone.ask);
	for (int i = 0; i < 2; i++) {
		REQUIRE_EQ(next_question(&b), E_OK);
		give(&b, b.in.number);
	}
	while (stays.answers == 0)
		uv_run(&b.loop, UV_RUN_ONCE);
	CHECK_EQ(gone.answers, 0);
	close(b.signer);
	finish(&b);
}
