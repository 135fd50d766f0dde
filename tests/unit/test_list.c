/* SPDX-License-Identifier: ISC */
#include "base/list.h"

#include "harness.h"

struct item {
	int value;
	struct list link;
};

static struct list *at(struct list *head, int n)
{
	struct list *l = head->next;

	while (n-- > 0)
		l = l->next;
	return l;
}

TEST(list_starts_empty)
{
	struct list head;

	list_init(&head);
	CHECK(list_is_empty(&head));
	CHECK(head.prev == &head);
}

TEST(list_keeps_order)
{
	struct item items[3] = {{.value = 10}, {.value = 20}, {.value = 30}};
	struct list head;

	list_init(&head);
	for (int i = 0; i < 3; i++)
		list_append(&head, &items[i].link);
	CHECK(!list_is_empty(&head));
	for (int i = 0; i < 3; i++)
		CHECK_EQ(list_entry(at(&head, i), struct item, link)->value, items[i].value);
	CHECK(at(&head, 3) == &head);
	CHECK(head.prev == &items[2].link);
}

TEST(list_remove_leaves_a_lone_node)
{
	struct item items[3] = {{.value = 1}, {.value = 2}, {.value = 3}};
	struct list head;

	list_init(&head);
	for (int i = 0; i < 3; i++)
		list_append(&head, &items[i].link);
	list_remove(&items[1].link);
	CHECK(list_is_empty(&items[1].link));
	CHECK(head.next == &items[0].link && items[0].link.next == &items[2].link);
	CHECK(items[2].link.prev == &items[0].link);

	/* A lone node may be removed again. */
	list_remove(&items[1].link);
	list_remove(&items[0].link);
	list_remove(&items[2].link);
	CHECK(list_is_empty(&head));
}

TEST(list_takes_a_node_again)
{
	struct item items[2] = {{.value = 1}, {.value = 2}};
	struct list head;

	list_init(&head);
	list_append(&head, &items[0].link);
	list_append(&head, &items[1].link);
	list_remove(&items[0].link);
	list_append(&head, &items[0].link);
	CHECK(head.next == &items[1].link);
	CHECK(head.prev == &items[0].link);
}
