/* SPDX-License-Identifier: ISC */
/* Names that are slow by our own getaddrinfo, which stands in front of libc's. */
#include "io/lookup.h"

#include <dlfcn.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"

typedef int (*getaddrinfo_fn)(
	const char *, const char *, const struct addrinfo *, struct addrinfo **);

static sem_t gate; /* slow.test waits for it */
static sem_t passed;
static uv_loop_t loop;
static unsigned found, failed;
static char reason[FAULT_TEXT];

int getaddrinfo(const char *restrict host, const char *restrict port,
	const struct addrinfo *restrict hints, struct addrinfo **restrict list)
{
	getaddrinfo_fn real = (getaddrinfo_fn)(uintptr_t)dlsym(RTLD_NEXT, "getaddrinfo");
	int status;

	if (host == NULL || strncmp(host, "slow", 4) != 0)
		return real(host, port, hints, list);
	sem_wait(&gate);
	status = real("127.0.0.1", port, hints, list);
	sem_post(&passed);
	return status;
}

static void on_done(void *ctx, const struct addrinfo *list, const struct fault *f)
{
	CHECK(ctx == &loop);
	CHECK((list != NULL) == (f == NULL));
	if (list != NULL)
		found++;
	else
		failed++;
	if (f != NULL)
		snprintf(reason, sizeof(reason), "%s", f->text);
}

static struct lookup *start(const char *host)
{
	struct lookup *l = NULL;
	struct fault f = {0};

	REQUIRE_EQ(lookup_start(&loop, host, "80", AF_UNSPEC, on_done, &loop, &l, &f), E_OK);
	return l;
}

static void begin(void)
{
	found = failed = 0;
	sem_init(&gate, 0, 0);
	sem_init(&passed, 0, 0);
	REQUIRE_EQ(uv_loop_init(&loop), 0);
}

static void end(void)
{
	uv_run(&loop, UV_RUN_DEFAULT);
	CHECK_EQ(uv_loop_close(&loop), 0);
}

TEST(lookup_finds_and_says_why_not)
{
	begin();
	start("localhost");
	start("no-such-host.invalid");
	CHECK_EQ(found + failed, 0); /* never before it returns */
	end();
	CHECK_EQ(found, 1);
	CHECK_EQ(failed, 1);
	CHECK(strstr(reason, "Could not resolve hostname no-such-host.invalid: ") == reason);
}

TEST(slow_lookups_hold_up_nobody)
{
	begin();
	for (int i = 0; i < 16; i++)
		start("slow.test");
	start("localhost");
	while (found == 0)
		uv_run(&loop, UV_RUN_ONCE);
	CHECK_EQ(found, 1);
	for (int i = 0; i < 16; i++)
		sem_post(&gate);
	end();
	CHECK_EQ(found, 17);
}

TEST(a_lookup_that_was_cancelled_keeps_neither_loop_nor_memory)
{
	begin();
	lookup_cancel(start("slow.test"));
	lookup_cancel(NULL);
	end(); /* while the thread still waits */
	CHECK_EQ(found + failed, 0);
	sem_post(&gate);
	sem_wait(&passed);
}

TEST(a_lookup_that_is_found_and_not_told_can_be_cancelled)
{
	struct lookup *l;

	begin();
	l = start("slow.test");
	sem_post(&gate);
	sem_wait(&passed);
	lookup_cancel(l);
	end();
	CHECK_EQ(found + failed, 0);
}

TEST(a_name_that_is_too_long_is_none)
{
	char name[2000];
	struct lookup *l;
	struct fault f = {0};

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	begin();
	CHECK_EQ(lookup_start(&loop, name, "80", AF_UNSPEC, on_done, &loop, &l, &f), E_LIMIT);
	end();
}
