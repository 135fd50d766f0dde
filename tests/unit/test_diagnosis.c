/* SPDX-License-Identifier: ISC */
/* What was seen of a forward, and what is made of it, where no server can be made to do it. */
#include "client/diagnosis.h"

#include <stdio.h>
#include <string.h>

#include "harness.h"

static struct client_settings settings = {.hostname = (char *)"relay.example"};
static struct forward_spec spec;
static struct forward forward;
static struct finding last;

static void keep_last(void *ctx, const struct finding *one)
{
	last = *one;
}

static struct diagnosis seen(enum forward_state state, const char *bind, const char *remark)
{
	spec = (struct forward_spec){.has_bind = true, .listen_port = 8080, .host = "a", .port = 1};
	snprintf(spec.bind, sizeof(spec.bind), "%s", bind);
	forward = (struct forward){.spec = &spec, .port = 8080, .state = state};
	return (struct diagnosis){.settings = &settings,
		.forward = &forward,
		.remark = remark,
		.place = "relay.example:8080"};
}

static enum finding_id found(
	void (*judge)(struct findings *, const struct diagnosis *, const char *),
	const struct diagnosis *d)
{
	struct findings f;

	last.id = FINDING_IDS;
	findings_init(&f, keep_last, NULL);
	judge(&f, d, "-R");
	findings_fini(&f);
	return last.id;
}

static struct diagnosis_visit visit(enum knock_end end, bool has_come)
{
	return (struct diagnosis_visit){
		.is_tried = true, .knock = {.end = end}, .has_come = has_come};
}

TEST(a_refusal_is_explained_by_what_is_known_of_it)
{
	struct diagnosis d = seen(FORWARD_REFUSED, "", "key options: pty");

	CHECK(diagnosis_is_open_question(&d)); /* these words are about something else */
	CHECK_EQ(found(diagnosis_answer, &d), FORWARD_UNEXPLAINED);
	forward.port = 80;
	CHECK_EQ(found(diagnosis_answer, &d), FORWARD_LOW);
	d.outside = visit(KNOCK_OPEN, false);
	CHECK_EQ(found(diagnosis_answer, &d), FORWARD_TAKEN);
	d.remark = "Server has disabled port forwarding.";
	CHECK(!diagnosis_is_open_question(&d));
	CHECK_EQ(found(diagnosis_answer, &d), FORWARD_DISABLED);
	d.remark = "port forwarding refused";
	CHECK_EQ(found(diagnosis_answer, &d), FORWARD_DENIED);
	CHECK(strstr(last.cure, "\":8080\"") != NULL);
}

TEST(a_relay_of_ours_is_taken_at_its_word)
{
	struct diagnosis d = seen(FORWARD_REFUSED, "", "");

	d.is_sallyd = true;
	snprintf(forward.reason, sizeof(forward.reason),
		"port 80 needs root or CAP_NET_BIND_SERVICE here");
	CHECK_EQ(found(diagnosis_answer, &d), FORWARD_LOW);
	snprintf(forward.reason, sizeof(forward.reason), "port 8080 on 0.0.0.0 is taken");
	CHECK_EQ(found(diagnosis_answer, &d), FORWARD_TAKEN);
	CHECK(strstr(last.text, forward.reason) != NULL);
	snprintf(forward.reason, sizeof(forward.reason), "your key may not");
	CHECK_EQ(found(diagnosis_answer, &d), FORWARD_DENIED);
}

TEST(no_answer_is_a_finding)
{
	struct diagnosis d = seen(FORWARD_ASKED, "", "");

	CHECK_EQ(found(diagnosis_answer, &d), FORWARD_SILENT);
}

static const struct {
	const char *bind;
	bool is_tried;
	enum knock_end end;
	bool has_come;
	enum finding_id want;
} reaches[] = {
	{"", false, KNOCK_OPEN, false, REACH_UNSEEN},
	{"", true, KNOCK_OPEN, true, REACH_OPEN},
	{"", true, KNOCK_OPEN, false, REACH_STRANGER},
	{"", true, KNOCK_REFUSED, false, REACH_LOOPBACK},
	{"", true, KNOCK_SILENT, false, REACH_FILTERED},
	{"", true, KNOCK_UNREACHABLE, false, REACH_FILTERED},
	{"::", true, KNOCK_REFUSED, false, REACH_LOOPBACK},
	{"192.0.2.1", true, KNOCK_REFUSED, false, REACH_LOOPBACK},
	{"192.0.2.1", true, KNOCK_OPEN, true, REACH_OPEN},
	{"localhost", true, KNOCK_REFUSED, false, REACH_LOCAL},
	{"localhost", true, KNOCK_SILENT, false, REACH_LOCAL},
	{"localhost", true, KNOCK_OPEN, true, REACH_WIDE},
	{"localhost", true, KNOCK_OPEN, false, REACH_LOCAL}, /* somebody else's, not ours */
	{"127.0.0.1", false, KNOCK_OPEN, false, REACH_LOCAL},
};

TEST(who_can_reach_it_follows_from_the_visit)
{
	for (size_t i = 0; i < sizeof(reaches) / sizeof(*reaches); i++) {
		struct diagnosis d = seen(FORWARD_UP, reaches[i].bind, "");

		d.outside = visit(reaches[i].end, reaches[i].has_come);
		d.outside.is_tried = reaches[i].is_tried;
		harness_note("case %zu: %s", i, reaches[i].bind);
		CHECK_EQ(found(diagnosis_reach, &d), reaches[i].want);
	}
}

TEST(only_a_relay_of_ours_can_say_that_it_narrowed)
{
	struct diagnosis d = seen(FORWARD_UP, "", "narrowed to loopback");

	CHECK_EQ(found(diagnosis_reach, &d), REACH_UNSEEN);
	d.is_sallyd = true;
	CHECK_EQ(found(diagnosis_reach, &d), REACH_LOOPBACK);
}

static const struct {
	enum knock_end end;
	bool has_come;
	enum finding_id want;
} insides[] = {{KNOCK_OPEN, true, INSIDE_OPEN}, {KNOCK_OPEN, false, INSIDE_STRANGER},
	{KNOCK_REFUSED, false, INSIDE_CLOSED}, {KNOCK_SILENT, false, INSIDE_CLOSED},
	{KNOCK_DENIED, false, INSIDE_UNSEEN}};

TEST(what_a_visitor_on_the_relay_meets)
{
	for (size_t i = 0; i < sizeof(insides) / sizeof(*insides); i++) {
		struct diagnosis d = seen(FORWARD_UP, "localhost", "");

		d.inside = visit(insides[i].end, insides[i].has_come);
		CHECK_EQ(found(diagnosis_inside, &d), insides[i].want);
	}
}

TEST(the_whole_way_is_judged_by_the_words)
{
	struct diagnosis d = seen(FORWARD_UP, "", "");

	CHECK_EQ(found(diagnosis_trip, &d), FINDING_IDS); /* nobody came */
	d.outside = visit(KNOCK_OPEN, true);
	CHECK_EQ(found(diagnosis_trip, &d), TRIP_BROKEN);
	d.outside.is_taken = true;
	CHECK_EQ(found(diagnosis_trip, &d), TRIP_OPEN);
	greeting_add(&d.target.words, bytes_str("hello\n"));
	CHECK_EQ(found(diagnosis_trip, &d), TRIP_BROKEN);
	greeting_add(&d.outside.knock.words, bytes_str("hello\r\n"));
	CHECK_EQ(found(diagnosis_trip, &d), TRIP_WHOLE);
	d.outside.knock.words.len = 0;
	d.outside.knock.words.is_whole = false;
	greeting_add(&d.outside.knock.words, bytes_str("other\n"));
	CHECK_EQ(found(diagnosis_trip, &d), TRIP_DIFFERS);
}
