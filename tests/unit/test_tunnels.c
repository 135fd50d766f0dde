/* SPDX-License-Identifier: ISC */
#include "ctl/tunnels.h"

#include <stdlib.h>
#include <string.h>

#include "harness.h"

static struct tunnels all;

static void take(const char *text)
{
	json_t *ls = json_loads(text, 0, NULL);

	REQUIRE(ls != NULL);
	tunnels_take(&all, ls);
	json_decref(ls);
}

/* Three tunnels of two agents. */
static void three(void)
{
	all = (struct tunnels){0};
	take("{\"agents\":["
	     "{\"number\":1,\"user\":\"me\",\"key\":\"Lab\",\"peer\":\"192.0.2.1:5\",\"rtt_ms\":2."
	     "5,\"forwards\":["
	     "{\"port\":2222,\"since\":7,\"visitors_now\":1,\"rate_in\":10,\"rate_out\":500,"
	     "\"limits\":{\"idle\":1}},"
	     "{\"port\":8080,\"since\":7,\"visitors_now\":9,\"rate_in\":300,\"rate_out\":0,"
	     "\"limits\":{\"target\":2,\"window\":7}}]},"
	     "{\"number\":2,\"user\":\"you\",\"key\":\"office\",\"peer\":\"192.0.2.2:6\",\"rtt_"
	     "ms\":-1,\"silent\":true,"
	     "\"forwards\":[{\"port\":443,\"since\":8,\"standby\":true}]}]}");
}

/* The ports that are shown, in their order. */
static void shows(enum tunnels_order order, bool is_reversed, const char *filter, const char *ports)
{
	size_t count, used = 0;
	const struct tunnel **view = tunnels_view(&all, order, is_reversed, filter, &count);
	char text[256] = "";

	REQUIRE(view != NULL);
	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%lld ", view[i]->port);
	CHECK_STR(text, ports);
	free(view);
}

TEST(tunnels_in_every_order)
{
	three();
	CHECK_EQ(all.agents, 2);
	CHECK_EQ(all.visitors, 10);
	CHECK_EQ(all.rate_in, 310);
	shows(BY_RATE, false, "", "2222 8080 443 ");
	shows(BY_RATE, true, "", "443 8080 2222 ");
	shows(BY_IN, false, "", "8080 2222 443 ");
	shows(BY_OUT, false, "", "2222 443 8080 "); /* equal ones by port */
	shows(BY_VISITORS, false, "", "8080 2222 443 ");
	shows(BY_ROUND_TRIP, false, "", "2222 8080 443 ");
	shows(BY_LIMIT, false, "", "8080 443 2222 ");
	shows(BY_PORT, false, "", "443 2222 8080 ");
	shows(BY_KEY, false, "", "2222 8080 443 ");
	tunnels_fini(&all);
}

TEST(tunnels_that_match)
{
	three();
	shows(BY_PORT, false, "222", "2222 ");
	shows(BY_PORT, false, "LAB", "2222 8080 ");
	shows(BY_PORT, false, "you#2", "443 ");
	shows(BY_PORT, false, "192.0.2.2", "443 ");
	shows(BY_PORT, false, "window 7, target 2", "8080 ");
	shows(BY_PORT, false, "nothing like it", "");
	tunnels_fini(&all);
}

TEST(tunnels_keep_their_history_as_long_as_they_are_there)
{
	const struct tunnel **view;
	size_t count;

	three();
	take("{\"agents\":[{\"number\":1,\"user\":\"me\",\"key\":\"Lab\",\"forwards\":["
	     "{\"port\":2222,\"since\":7,\"rate_in\":1,\"rate_out\":1},"
	     "{\"port\":8080,\"since\":9,\"rate_in\":4,\"rate_out\":0}]}]}"); /* opened anew */
	CHECK_EQ(all.count, 2);
	view = tunnels_view(&all, BY_PORT, false, "", &count);
	REQUIRE(view != NULL && count == 2);
	CHECK_EQ(view[0]->spark.value[0], 510);
	CHECK_EQ(view[0]->spark.value[1], 2);
	CHECK_EQ(view[1]->spark.value[0], 4);
	free(view);
	take("{}");
	CHECK_EQ(all.count, 0);
	tunnels_fini(&all);
}

TEST(tunnels_of_an_answer_that_is_none)
{
	all = (struct tunnels){0};
	take("{\"agents\":[3,null,{\"forwards\":[1,{\"limits\":5,\"rate_in\":\"x\",\"port\":{}}]}]"
	     "}");
	CHECK_EQ(all.count, 2);
	shows(BY_RATE, false, "", "0 0 ");
	tunnels_fini(&all);
}
