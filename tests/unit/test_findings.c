/* SPDX-License-Identifier: ISC */
#include "client/findings.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

static void keep_last(void *ctx, const struct finding *one)
{
	*(struct finding *)ctx = *one;
}

TEST(every_id_has_a_name_of_its_own)
{
	for (unsigned i = 0; i < FINDING_IDS; i++) {
		REQUIRE(finding_name(i) != NULL);
		for (unsigned k = 0; k < i; k++)
			CHECK(strcmp(finding_name(i), finding_name(k)) != 0);
	}
}

/* What scripts rely on is written down. */
TEST(the_manual_has_every_id_and_what_it_amounts_to)
{
	char line[512], want[64];
	FILE *manual;

	for (unsigned i = 0; i < FINDING_IDS; i++) {
		bool is_there = false;

		manual = fopen("man/sally.1", "r");
		REQUIRE(manual != NULL);
		snprintf(want, sizeof(want), ".It Li %s Pq %s\n", finding_name(i),
			finding_status_word(finding_status(i)));
		while (fgets(line, sizeof(line), manual) != NULL)
			is_there |= strcmp(line, want) == 0;
		fclose(manual);
		harness_note("%s", want);
		CHECK(is_there);
	}
}

TEST(findings_are_told_as_they_come_and_faults_counted)
{
	struct finding last = {.id = FINDING_IDS};
	struct findings f;

	findings_init(&f, keep_last, &last);
	findings_add(&f, ROUTE_OPEN, NULL, NULL, "port %u", 22u);
	CHECK_EQ(last.id, ROUTE_OPEN);
	CHECK_STR(last.text, "port 22");
	CHECK_STR(last.cure, "");
	CHECK_EQ(findings_faults(&f), 0);
	findings_add(&f, KEEPALIVE_OFF, NULL, "do", "a warning");
	CHECK_EQ(findings_faults(&f), 0);
	findings_add(&f, FORWARD_TAKEN, "-R 1:a:2", "another", "taken");
	CHECK_STR(last.subject, "-R 1:a:2");
	CHECK_STR(last.cure, "another");
	CHECK_EQ(findings_faults(&f), 1);
	findings_fini(&f);
}

TEST(nothing_unprintable_is_kept)
{
	struct finding last;
	struct findings f;

	findings_init(&f, keep_last, &last);
	findings_add(&f, ROUTE_OPEN, "\x1b[1m", "a\nb", "%s", "x\x1b]0;y\x07\xff");
	CHECK_STR(last.text, "x\\x1b]0;y\\x07\\xff");
	CHECK_STR(last.subject, "\\x1b[1m");
	CHECK_STR(last.cure, "a\\nb");
	findings_fini(&f);
}

TEST(what_is_too_long_is_cut)
{
	char text[4 * FINDING_TEXT];
	struct finding last;
	struct findings f;

	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	findings_init(&f, keep_last, &last);
	findings_add(&f, ROUTE_OPEN, text, text, "%s", text);
	CHECK_EQ(strlen(last.text), FINDING_TEXT - 1);
	CHECK_EQ(strlen(last.cure), FINDING_TEXT - 1);
	CHECK_EQ(strlen(last.subject), FINDING_SUBJECT - 1);
	findings_fini(&f);
}

TEST(the_document_has_all_of_it)
{
	struct findings f;
	json_t *whole, *list, *one;
	char *text;

	findings_init(&f, NULL, NULL);
	for (int i = 0; i < 100; i++)
		findings_add(&f, ROUTE_OPEN, NULL, NULL, "number %d", i);
	findings_add(&f, FORWARD_TAKEN, "-R 1:a:2", "a \"cure\"", "taken");
	text = findings_json(&f, "relay.example", 2200);
	REQUIRE(text != NULL);
	CHECK(strchr(text, '\n') == NULL);
	whole = json_loads(text, 0, NULL);
	REQUIRE(whole != NULL);
	CHECK_STR(json_string_value(json_object_get(whole, "relay")), "relay.example");
	CHECK_EQ(json_integer_value(json_object_get(whole, "port")), 2200);
	CHECK(json_is_false(json_object_get(whole, "well")));
	CHECK_EQ(json_integer_value(json_object_get(whole, "faults")), 1);
	list = json_object_get(whole, "findings");
	CHECK_EQ(json_array_size(list), 101);
	one = json_array_get(list, 99);
	CHECK_STR(json_string_value(json_object_get(one, "text")), "number 99");
	CHECK(json_object_get(one, "forward") == NULL);
	CHECK(json_object_get(one, "cure") == NULL);
	one = json_array_get(list, 100);
	CHECK_STR(json_string_value(json_object_get(one, "id")), "forward.taken");
	CHECK_STR(json_string_value(json_object_get(one, "status")), "fault");
	CHECK_STR(json_string_value(json_object_get(one, "forward")), "-R 1:a:2");
	CHECK_STR(json_string_value(json_object_get(one, "cure")), "a \"cure\"");
	json_decref(whole);
	free(text);
	findings_fini(&f);
}
