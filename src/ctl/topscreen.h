/* SPDX-License-Identifier: ISC */
/* The screen of top, over ncurses: one picture of what there is. Knows no relay. */
#ifndef CTL_TOPSCREEN_H
#define CTL_TOPSCREEN_H

#include <time.h>

#include "ctl/tunnels.h"

enum { FILTER_MAX = 64 };

struct topscreen {
	enum tunnels_order order;
	bool is_reversed, is_paused, is_typing; /* typing: the filter */
	char filter[FILTER_MAX];
	size_t first;  /* row at the top */
	char trouble[256]; /* why the picture is old; "": it is not */
	time_t seen;   /* when the relay was looked at last */
};

/* False: the terminal cannot do it, and was left as it is. */
bool topscreen_begin(void);
void topscreen_end(void);
/* Rows of tunnels that fit now, at least 1. */
size_t topscreen_rows(void);
void topscreen_draw(struct topscreen *s, const struct tunnels *t);

#endif
