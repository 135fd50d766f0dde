/* SPDX-License-Identifier: ISC */
/*
 * Two rings. Small streams go first, and after SCHED_SMALL_RUN of them in a row a bulk stream gets
 * a turn if one waits, so that no number of small ones starves it. Within a ring it goes round;
 * turns of bulk streams are of equal size while they compete, which shares the line by bytes.
 */
#include "mux/sched.h"

void sched_init(struct sched *s)
{
	list_init(&s->small);
	list_init(&s->bulk);
	s->waiting = 0;
	s->small_run = 0;
}

void sched_node_init(struct sched_node *n)
{
	list_init(&n->link);
	n->turn = SCHED_TURN_MIN;
	n->is_small = true;
	n->was_alone = false;
}

static bool is_waiting(const struct sched_node *n)
{
	return !list_is_empty(&n->link);
}

void sched_add(struct sched *s, struct sched_node *n)
{
	if (is_waiting(n))
		return;
	list_append(n->is_small ? &s->small : &s->bulk, &n->link);
	s->waiting++;
}

void sched_remove(struct sched *s, struct sched_node *n)
{
	if (!is_waiting(n))
		return;
	list_remove(&n->link);
	s->waiting--;
}

/* The ring whose turn it is; one of them is not empty. */
static struct list *ring_of_turn(struct sched *s)
{
	bool is_small_due = !list_is_empty(&s->small) &&
			    (list_is_empty(&s->bulk) || s->small_run < SCHED_SMALL_RUN);

	if (!is_small_due) {
		s->small_run = 0;
		return &s->bulk;
	}
	/* Counts only what goes before a bulk stream that waits. */
	s->small_run = list_is_empty(&s->bulk) ? 0 : s->small_run + 1;
	return &s->small;
}

struct sched_node *sched_next(struct sched *s, size_t *turn_bytes)
{
	struct sched_node *n;

	if (s->waiting == 0)
		return NULL;
	n = list_entry(ring_of_turn(s)->next, struct sched_node, link);
	n->was_alone = s->waiting == 1;
	sched_remove(s, n);
	*turn_bytes = n->was_alone ? n->turn : SCHED_TURN_MIN;
	return n;
}

void sched_moved(struct sched_node *n, size_t bytes, bool is_full)
{
	n->is_small = bytes < SCHED_SMALL;
	if (!is_full || !n->was_alone)
		n->turn = SCHED_TURN_MIN;
	else if (n->turn < SCHED_TURN_MAX)
		n->turn *= 2;
}
