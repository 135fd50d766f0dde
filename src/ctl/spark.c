/* SPDX-License-Identifier: ISC */
#include "ctl/spark.h"

#include <string.h>

#include "ctl/cells.h"

enum { HEIGHTS = 8 };

void spark_take(struct spark *s, uint64_t value)
{
	s->value[s->next] = value;
	s->next = (s->next + 1) % SPARK_VALUES;
}

/* 0: blank; 1 to HEIGHTS. */
static size_t height(uint64_t value, uint64_t most)
{
	double h = most > 0 ? (double)value / (double)most * HEIGHTS : 0;
	size_t n = (size_t)h;

	if ((double)n < h)
		n++;
	return n <= HEIGHTS ? n : HEIGHTS;
}

const char *spark_text(const struct spark *s, char out[static SPARK_TEXT_MAX])
{
	static const char *const blocks[] = {" ", "\u2581", "\u2582", "\u2583", "\u2584", "\u2585",
		"\u2586", "\u2587", "\u2588"};
	static const char *const ascii[] = {" ", ".", ".", ":", "-", "=", "+", "*", "#"};
	const char *const *signs = cells_has_signs() ? blocks : ascii;
	uint64_t most = 0;
	char *to = out;

	for (size_t i = 0; i < SPARK_VALUES; i++)
		if (s->value[i] > most)
			most = s->value[i];
	for (size_t i = 0; i < SPARK_VALUES; i++)
		to = stpcpy(to, signs[height(s->value[(s->next + i) % SPARK_VALUES], most)]);
	return out;
}
