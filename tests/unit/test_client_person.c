/* SPDX-License-Identifier: ISC */
/* The agent's side of login where a person is asked, against servers made by hand. */
#include "auth/client.h"

#include "authkey.h"
#include "failalloc.h"
#include "fakeport.h"
#include "harness.h"
#include "wire/msgs.h"
#include "wire/reader.h"

#define ALL "publickey,keyboard-interactive,password"

struct bench {
	struct fakeport *port;
	struct auth_identity id;
	struct auth_client *a;
	struct fault f;
	enum auth_client_event ev;
};

static enum err feed(struct bench *b, struct bytes payload)
{
	b->f = (struct fault){0};
	return auth_client_on(b->a, payload, &b->ev, &b->f);
}

static enum err feed_failure(struct bench *b, const char *methods, bool is_partial)
{
	uint8_t mem[256];
	struct writer w;

	wr_init(&w, (struct span){mem, sizeof(mem)});
	wr_u8(&w, MSG_USERAUTH_FAILURE);
	wr_cstring(&w, methods);
	wr_bool(&w, is_partial);
	return feed(b, wr_bytes(&w));
}

static enum err feed_success(struct bench *b)
{
	return feed(b, bytes_of("\x34", 1));
}

/* texts: one a prompt, a bar between; echo for those that begin with '+'. */
static enum err feed_info(struct bench *b, const char *instruction, const char *texts)
{
	static uint8_t mem[1024]; /* prompts may not borrow it: it is overwritten below */
	char copy[256];
	struct writer w;
	uint32_t count = 0;
	enum err e;

	for (const char *c = texts; *c != '\0'; c++)
		count += *c == '|' || c == texts;
	wr_init(&w, (struct span){mem, sizeof(mem)});
	wr_u8(&w, MSG_USERAUTH_INFO_REQUEST);
	wr_cstring(&w, "PAM");
	wr_cstring(&w, instruction);
	wr_cstring(&w, "");
	wr_u32(&w, count);
	strcpy(copy, texts);
	for (char *t = strtok(copy, "|"); t != NULL; t = strtok(NULL, "|")) {
		wr_cstring(&w, t);
		wr_bool(&w, t[0] == '+');
	}
	e = feed(b, wr_bytes(&w));
	if (count > 0)
		memset(mem, '#', sizeof(mem));
	return e;
}

static void start(struct bench *b, const char *methods, size_t keys, bool asks_first)
{
	static const uint8_t session_id[32] = {1};
	struct authkey_pair *k = authkey_pair_at(0);
	struct auth_client_config cfg = {.user = "bob",
		.sig_algs = sig_default_list(),
		.identity_count = keys,
		.methods = methods,
		.prompts_max = 2,
		.session_id = bytes_of(session_id, sizeof(session_id))};

	*b = (struct bench){.port = fakeport_new()};
	b->id = (struct auth_identity){k->blob, asks_first};
	cfg.identities = &b->id;
	cfg.port = fakeport_port(b->port);
	REQUIRE_EQ(auth_client_new(&cfg, &b->a), E_OK);
	REQUIRE_EQ(auth_client_start(b->a), E_OK);
	fakeport_take(b->port);
	REQUIRE_EQ(feed(b, bytes_of("\6\0\0\0\14ssh-userauth", 17)), E_OK);
}

static void stop(struct bench *b)
{
	CHECK_EQ(b->port->count, 0);
	auth_client_free(b->a);
	fakeport_free(b->port);
}

static void check_request(struct bench *b, const char *method)
{
	struct reader r;

	rd_init(&r, fakeport_take(b->port));
	CHECK_EQ(rd_u8(&r), MSG_USERAUTH_REQUEST);
	CHECK(bytes_is(rd_string(&r, 64), "bob"));
	CHECK(bytes_is(rd_string(&r, 64), "ssh-connection"));
	CHECK(bytes_is(rd_string(&r, 64), method));
}

static enum err reply(struct bench *b, const char *answer)
{
	b->f = (struct fault){0};
	return auth_client_reply(
		b->a, bytes_str(answer != NULL ? answer : ""), answer != NULL, &b->ev, &b->f);
}

TEST(password_is_asked_for_and_tried_twice)
{
	struct bench b;
	struct bytes m;

	start(&b, ALL, 0, false);
	check_request(&b, "none");
	CHECK_EQ(auth_client_expects(b.a), 0);
	REQUIRE_EQ(feed_failure(&b, "publickey,password", false), E_OK);
	REQUIRE_EQ(b.ev, AUTH_CLIENT_ASKS);
	CHECK(auth_client_prompt(b.a)->is_password && !auth_client_prompt(b.a)->is_again);
	CHECK_EQ(b.port->count, 0);
	CHECK_EQ(feed_success(&b), E_AUTH); /* not while the person thinks */
	REQUIRE_EQ(reply(&b, "first"), E_OK);
	CHECK_EQ(b.ev, AUTH_CLIENT_GOES_ON);
	CHECK_EQ(auth_client_expects(b.a), 60);
	check_request(&b, "password");
	REQUIRE_EQ(feed_failure(&b, "publickey,password", false), E_OK);
	REQUIRE_EQ(b.ev, AUTH_CLIENT_ASKS);
	CHECK(auth_client_prompt(b.a)->is_again);
	REQUIRE_EQ(reply(&b, "second"), E_OK);
	m = fakeport_take(b.port);
	CHECK_HEX(m.ptr + m.len - 11, 11, "00 00000006 7365636f6e64");
	CHECK_EQ(reply(&b, "third"), E_STATE);
	REQUIRE_EQ(feed_failure(&b, "publickey,password", false), E_OK);
	CHECK_EQ(b.ev, AUTH_CLIENT_REFUSED);
	stop(&b);
}

TEST(password_logs_in)
{
	struct bench b;

	start(&b, "password", 1, false);
	check_request(&b, "none"); /* keys are not wanted */
	REQUIRE_EQ(feed_failure(&b, ALL, false), E_OK);
	REQUIRE_EQ(reply(&b, ""), E_OK);
	fakeport_take(b.port);
	REQUIRE_EQ(feed_success(&b), E_OK);
	CHECK_EQ(b.ev, AUTH_CLIENT_LOGIN);
	CHECK_STR(auth_client_method(b.a), "password");
	stop(&b);
}

TEST(password_that_expired)
{
	struct bench b;

	start(&b, ALL, 0, false);
	fakeport_take(b.port);
	REQUIRE_EQ(feed_failure(&b, "password", false), E_OK);
	REQUIRE_EQ(reply(&b, "old"), E_OK);
	fakeport_take(b.port);
	CHECK_EQ(feed(&b, bytes_of("\74\0\0\0\1x\0\0\0\0", 10)), E_AUTH);
	CHECK(strstr(b.f.text, "expired") != NULL);
	CHECK_EQ(feed(&b, bytes_of("\74\0\0\0\1x\0\0\0", 9)), E_FORMAT);
	stop(&b);
}

TEST(kbdint_asks_one_by_one)
{
	const struct auth_prompt *p;
	struct bench b;
	struct bytes m;

	start(&b, ALL, 0, false);
	fakeport_take(b.port);
	REQUIRE_EQ(feed_failure(&b, ALL, false), E_OK);
	check_request(&b, "keyboard-interactive");
	CHECK_EQ(auth_client_expects(b.a), 60);
	REQUIRE_EQ(feed_info(&b, "Welcome", "Password: |+Code: "), E_OK);
	REQUIRE_EQ(b.ev, AUTH_CLIENT_ASKS);
	CHECK_EQ(auth_client_expects(b.a), 0);
	p = auth_client_prompt(b.a);
	CHECK(!p->is_password && !p->is_echoed && bytes_is(p->text, "Password: "));
	CHECK(bytes_is(p->name, "PAM") && bytes_is(p->instruction, "Welcome"));
	REQUIRE_EQ(reply(&b, "a"), E_OK);
	REQUIRE_EQ(b.ev, AUTH_CLIENT_ASKS);
	CHECK_EQ(b.port->count, 0);
	CHECK(p->is_echoed && bytes_is(p->text, "+Code: ") && p->instruction.len == 0);
	REQUIRE_EQ(reply(&b, "bc"), E_OK);
	m = fakeport_take(b.port);
	CHECK_HEX(m.ptr, m.len, "3d 00000002 00000001 61 00000002 6263");
	/* Words only. */
	REQUIRE_EQ(feed_info(&b, "Nearly", ""), E_OK);
	CHECK_EQ(b.ev, AUTH_CLIENT_BANNER);
	CHECK(bytes_is(auth_client_banner(b.a), "Nearly"));
	m = fakeport_take(b.port);
	CHECK_HEX(m.ptr, m.len, "3d 00000000");
	REQUIRE_EQ(feed_success(&b), E_OK);
	CHECK_EQ(b.ev, AUTH_CLIENT_LOGIN);
	CHECK_STR(auth_client_method(b.a), "keyboard-interactive");
	stop(&b);
}

/* R51, CVE-2021-36367: who asked for nothing let us in without checking anything. */
TEST(kbdint_without_a_question_is_no_login)
{
	struct bench b;

	start(&b, ALL, 0, false);
	fakeport_take(b.port);
	REQUIRE_EQ(feed_failure(&b, ALL, false), E_OK);
	fakeport_take(b.port);
	CHECK_EQ(feed_success(&b), E_AUTH);
	REQUIRE_EQ(feed_info(&b, "", ""), E_OK);
	fakeport_take(b.port);
	CHECK_EQ(feed_success(&b), E_AUTH);
	/* What was refused is no proof either. */
	REQUIRE_EQ(feed_info(&b, "", "Password: "), E_OK);
	REQUIRE_EQ(reply(&b, "x"), E_OK);
	fakeport_take(b.port);
	REQUIRE_EQ(feed_failure(&b, ALL, false), E_OK);
	check_request(&b, "keyboard-interactive");
	CHECK_EQ(feed_success(&b), E_AUTH);
	stop(&b);
}

TEST(kbdint_tries_and_the_next_method)
{
	struct bench b;

	start(&b, ALL, 0, false);
	fakeport_take(b.port);
	REQUIRE_EQ(feed_failure(&b, ALL, false), E_OK);
	check_request(&b, "keyboard-interactive");
	/* Refused without a question: not again. */
	REQUIRE_EQ(feed_failure(&b, ALL, false), E_OK);
	REQUIRE_EQ(b.ev, AUTH_CLIENT_ASKS);
	CHECK(auth_client_prompt(b.a)->is_password);
	/* Nobody to answer: nothing is left. */
	REQUIRE_EQ(reply(&b, NULL), E_OK);
	CHECK_EQ(b.ev, AUTH_CLIENT_REFUSED);
	stop(&b);
	start(&b, ALL, 0, false);
	fakeport_take(b.port);
	REQUIRE_EQ(feed_failure(&b, ALL, false), E_OK);
	for (int i = 0; i < 2; i++) {
		check_request(&b, "keyboard-interactive");
		REQUIRE_EQ(feed_info(&b, "", "Password: "), E_OK);
		CHECK_EQ(auth_client_prompt(b.a)->is_again, i > 0);
		REQUIRE_EQ(reply(&b, "x"), E_OK);
		fakeport_take(b.port);
		REQUIRE_EQ(feed_failure(&b, ALL, false), E_OK);
	}
	CHECK(auth_client_prompt(b.a)->is_password);
	stop(&b);
	/* Given up in the middle: the next method starts at once. */
	start(&b, ALL, 0, false);
	fakeport_take(b.port);
	REQUIRE_EQ(feed_failure(&b, "keyboard-interactive,password", false), E_OK);
	fakeport_take(b.port);
	REQUIRE_EQ(feed_info(&b, "", "One: |Two: "), E_OK);
	REQUIRE_EQ(reply(&b, "1"), E_OK);
	REQUIRE_EQ(reply(&b, NULL), E_OK);
	REQUIRE_EQ(b.ev, AUTH_CLIENT_ASKS);
	CHECK(auth_client_prompt(b.a)->is_password && auth_client_prompt(b.a)->text.len == 0);
	stop(&b);
}

TEST(kbdint_limits)
{
	struct bench b;

	start(&b, ALL, 0, false);
	fakeport_take(b.port);
	REQUIRE_EQ(feed_failure(&b, ALL, false), E_OK);
	fakeport_take(b.port);
	CHECK_EQ(feed_info(&b, "", "1|2|3|4|5|6|7|8|9|a|b|c|d|e|f|g|h"), E_LIMIT);
	CHECK_EQ(feed(&b, bytes_of("\74", 1)), E_FORMAT);
	for (int i = 0; i < 64; i++) {
		REQUIRE_EQ(feed_info(&b, "", ""), E_OK);
		fakeport_take(b.port);
	}
	CHECK_EQ(feed_info(&b, "", ""), E_LIMIT);
	stop(&b);
}

/* A key first and a password on top; the key was the proof, so the second step may ask nothing. */
TEST(two_steps)
{
	uint8_t sig[PK_SIGNATURE_MAX];
	struct bench b;
	size_t len;

	start(&b, ALL, 1, false);
	REQUIRE_EQ(b.ev, AUTH_CLIENT_SIGNS);
	REQUIRE_EQ(pk_sign(authkey_pair_at(0)->key,
			   sig_alg_find(bytes_str(auth_client_alg(b.a)->sig_name)),
			   auth_client_to_sign(b.a), (struct span){sig, sizeof(sig)}, &len),
		E_OK);
	REQUIRE_EQ(auth_client_answer(b.a, bytes_of(sig, len), &b.ev, &b.f), E_OK);
	fakeport_take(b.port);
	REQUIRE_EQ(feed_failure(&b, "keyboard-interactive", true), E_OK);
	check_request(&b, "keyboard-interactive");
	REQUIRE_EQ(feed_success(&b), E_OK);
	CHECK_EQ(b.ev, AUTH_CLIENT_LOGIN);
	stop(&b);
}

TEST(a_key_that_costs_is_asked_about_first)
{
	struct bench b;

	start(&b, NULL, 1, true);
	CHECK_EQ(b.ev, AUTH_CLIENT_GOES_ON);
	check_request(&b, "publickey");
	CHECK_EQ(auth_client_expects(b.a), MSG_USERAUTH_PK_OK);
	REQUIRE_EQ(feed_failure(&b, ALL, false), E_OK);
	CHECK_EQ(b.ev, AUTH_CLIENT_REFUSED); /* without methods only keys are tried */
	stop(&b);
}

TEST(memory_runs_short)
{
	for (unsigned n = 1;; n++) {
		struct bench b;
		enum err e;

		start(&b, ALL, 0, false);
		fakeport_take(b.port);
		REQUIRE_EQ(feed_failure(&b, ALL, false), E_OK);
		fakeport_take(b.port);
		failalloc_arm(n);
		e = feed_info(&b, "", "Password: ");
		if (!failalloc_disarm()) {
			CHECK_EQ(e, E_OK);
			stop(&b);
			break;
		}
		CHECK_EQ(e, E_NOMEM);
		stop(&b);
	}
}
