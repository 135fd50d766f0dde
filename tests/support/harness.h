/* SPDX-License-Identifier: ISC */
/*
 * The test harness: cases register themselves, run in the order they are written, and report as TAP.
 *
 *	TEST(name_of_case)
 *	{
 *		CHECK(cond);                    goes on after a failure
 *		REQUIRE(cond);                  ends the case on failure
 *	}
 *
 * No main is needed. An argument picks the cases whose name contains it; -l lists them. The program
 * exits non-zero when a check failed, when a case made no check at all and when no case was run, so
 * that a test which tests nothing is seen. Libc only: it links with every layer.
 *
 * All CHECK macros are expressions of type bool, true when the check held, and evaluate each argument
 * once. The REQUIRE and SKIP macros leave the case by longjmp, also out of helpers it called.
 */
#ifndef SUPPORT_HARNESS_H
#define SUPPORT_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct harness_case {
	const char *name;
	void (*run)(void);
	struct harness_case *next;
};

struct harness_at {
	const char *file;
	int line;
	const char *what; /* the text of the expression */
};

#define TEST(id) \
	static void test_##id(void); \
	__attribute__((constructor)) static void register_##id(void) \
	{ \
		static struct harness_case one = {#id, test_##id, NULL}; \
		harness_add(&one); \
	} \
	static void test_##id(void)

#define HARNESS_AT(text) ((struct harness_at){__FILE__, __LINE__, text})

#define CHECK(cond) harness_true(HARNESS_AT(#cond), (cond))
/* Integers, enums and bools of any width. */
#define CHECK_EQ(got, want) \
	harness_eq(HARNESS_AT(#got " == " #want), (long long)(got), (long long)(want))
/* len bytes at got against len bytes at want. */
#define CHECK_MEM(got, len, want) \
	({ \
		size_t harness_len = (len); \
		harness_mem( \
			HARNESS_AT(#got " == " #want), (got), harness_len, (want), harness_len); \
	})
/* Two slices: anything with .ptr and .len (struct bytes, struct span). */
#define CHECK_BYTES(got, want) \
	({ \
		__auto_type harness_got = (got); \
		__auto_type harness_want = (want); \
		harness_mem(HARNESS_AT(#got " == " #want), harness_got.ptr, harness_got.len, \
			harness_want.ptr, harness_want.len); \
	})
/* len bytes at got against hex digits; blanks and colons among them are skipped. */
#define CHECK_HEX(got, len, hex) harness_hex(HARNESS_AT(#got), (got), (len), (hex))
/* C strings; NULL equals only NULL. */
#define CHECK_STR(got, want) harness_str(HARNESS_AT(#got " == " #want), (got), (want))
/* A failure in words of the test's own, printf-like. */
#define FAIL(...) harness_fail(HARNESS_AT("FAIL"), __VA_ARGS__)

#define REQUIRE(cond) harness_require(CHECK(cond))
#define REQUIRE_EQ(got, want) harness_require(CHECK_EQ(got, want))
#define REQUIRE_MEM(got, len, want) harness_require(CHECK_MEM(got, len, want))
#define REQUIRE_STR(got, want) harness_require(CHECK_STR(got, want))
/* Ends the case as skipped, for what this machine cannot do (printf-like reason). */
#define SKIP(...) harness_skip(__VA_ARGS__)

/* What stands in every failure report from here to the end of the case: the round of a loop, a
 * seed. */
void harness_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Whether body(arg), run in a child process, dies by abort: for assertions. Counts as a check. */
#define CHECK_ABORTS(body, arg) harness_aborts(HARNESS_AT(#body " aborts"), (body), (arg))

/* The functions behind the macros. */
void harness_add(struct harness_case *one);
bool harness_true(struct harness_at at, bool cond);
bool harness_eq(struct harness_at at, long long got, long long want);
bool harness_mem(
	struct harness_at at, const void *got, size_t got_len, const void *want, size_t want_len);
bool harness_hex(struct harness_at at, const void *got, size_t len, const char *hex);
bool harness_str(struct harness_at at, const char *got, const char *want);
bool harness_aborts(struct harness_at at, void (*body)(void *arg), void *arg);
void harness_fail(struct harness_at at, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void harness_require(bool held);
void harness_skip(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
