/* SPDX-License-Identifier: ISC */
/*
 * Runs the registered cases and prints TAP version 12: the plan, one line a case, and the failures
 * as comment lines above it. Output is flushed by line, so a crash shows the case it fell in.
 */
#include "harness.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	REPORTS_MAX = 20, /* failures printed a case: a broken property must not flood the log */
	DIFF_ROWS_MAX = 8,
	ROW_BYTES = 16,
	NOTE_TEXT = 160
};

static struct harness_case *first, **last = &first;

static struct {
	jmp_buf leave;
	unsigned checks, failures;
	char note[NOTE_TEXT];
	char skip[NOTE_TEXT];
} now;

void harness_add(struct harness_case *one)
{
	*last = one;
	last = &one->next;
}

void harness_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(now.note, sizeof(now.note), fmt, ap);
	va_end(ap);
}

/* Counts a check; true when it failed and its details should be printed. */
static bool count(struct harness_at at, bool held)
{
	now.checks++;
	if (held)
		return false;
	now.failures++;
	if (now.failures == REPORTS_MAX + 1)
		printf("# more failures follow, not printed\n");
	if (now.failures > REPORTS_MAX)
		return false;
	printf("# %s:%d: failed: %s\n", at.file, at.line, at.what);
	if (now.note[0] != '\0')
		printf("#   with %s\n", now.note);
	return true;
}

bool harness_true(struct harness_at at, bool cond)
{
	count(at, cond);
	return cond;
}

bool harness_eq(struct harness_at at, long long got, long long want)
{
	if (count(at, got == want))
		printf("#   got %lld (%#llx), want %lld (%#llx)\n", got, (unsigned long long)got,
			want, (unsigned long long)want);
	return got == want;
}

static void print_row(const char *label, const uint8_t *p, size_t len, size_t at)
{
	printf("#   %s %06zx ", label, at);
	for (size_t i = at; i < at + ROW_BYTES; i++) {
		if (i < len)
			printf(" %02x", p[i]);
		else
			printf("   ");
	}
	printf("  ");
	for (size_t i = at; i < at + ROW_BYTES && i < len; i++)
		putchar(isprint(p[i]) ? p[i] : '.');
	putchar('\n');
}

static bool row_differs(
	const uint8_t *got, size_t got_len, const uint8_t *want, size_t want_len, size_t at)
{
	size_t n = ROW_BYTES;

	if (at + n > got_len || at + n > want_len) {
		if (got_len != want_len)
			return true;
		n = got_len - at;
	}
	return memcmp(got + at, want + at, n) != 0;
}

static void print_diff(const uint8_t *got, size_t got_len, const uint8_t *want, size_t want_len)
{
	size_t longer = got_len > want_len ? got_len : want_len;
	unsigned rows = 0;

	if (got_len != want_len)
		printf("#   got %zu bytes, want %zu\n", got_len, want_len);
	for (size_t at = 0; at < longer; at += ROW_BYTES) {
		if (!row_differs(got, got_len, want, want_len, at))
			continue;
		if (rows++ == DIFF_ROWS_MAX) {
			printf("#   ...\n");
			return;
		}
		if (at < got_len)
			print_row("got ", got, got_len, at);
		if (at < want_len)
			print_row("want", want, want_len, at);
	}
}

bool harness_mem(
	struct harness_at at, const void *got, size_t got_len, const void *want, size_t want_len)
{
	bool same = got_len == want_len && (got_len == 0 || memcmp(got, want, got_len) == 0);

	if (count(at, same))
		print_diff(got, got_len, want, want_len);
	return same;
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool harness_hex(struct harness_at at, const void *got, size_t len, const char *hex)
{
	uint8_t *want = malloc(strlen(hex) / 2 + 1);
	size_t n = 0, digits = 0;
	bool same;

	for (const char *p = hex; want != NULL && *p != '\0'; p++) {
		if (isspace((unsigned char)*p) || *p == ':')
			continue;
		if (nibble(*p) < 0) {
			digits = 1; /* as an odd count: no expectation to compare with */
			break;
		}
		if (digits % 2 == 0)
			want[n] = (uint8_t)(nibble(*p) << 4);
		else
			want[n++] |= (uint8_t)nibble(*p);
		digits++;
	}
	if (want == NULL || digits % 2 != 0) {
		free(want);
		count(at, false);
		printf("#   the expected value is not hex: %s\n", hex);
		return false;
	}
	same = harness_mem(at, got, len, want, n);
	free(want);
	return same;
}

bool harness_str(struct harness_at at, const char *got, const char *want)
{
	bool same = got == want || (got != NULL && want != NULL && strcmp(got, want) == 0);

	if (count(at, same))
		printf("#   got  \"%s\"\n#   want \"%s\"\n", got != NULL ? got : "(null)",
			want != NULL ? want : "(null)");
	return same;
}

bool harness_aborts(struct harness_at at, void (*body)(void *arg), void *arg)
{
	int status = 0;
	bool aborted;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		struct rlimit no_core = {0, 0};

		setrlimit(RLIMIT_CORE, &no_core);
		fclose(stderr); /* the assertion's words are expected, not news */
		body(arg);
		_exit(0);
	}
	if (child > 0)
		waitpid(child, &status, 0);
	aborted = child > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
	if (count(at, aborted))
		printf("#   wait status %#x\n", (unsigned)status);
	return aborted;
}

void harness_fail(struct harness_at at, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	at.what = text;
	count(at, false);
}

void harness_require(bool held)
{
	if (!held)
		longjmp(now.leave, 1);
}

void harness_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(now.skip, sizeof(now.skip), fmt, ap);
	va_end(ap);
	longjmp(now.leave, 1);
}

static bool run_case(const struct harness_case *one, unsigned number)
{
	bool skipped;

	now.checks = now.failures = 0;
	now.note[0] = now.skip[0] = '\0';
	if (setjmp(now.leave) == 0)
		one->run();
	skipped = now.skip[0] != '\0' && now.failures == 0;
	if (now.checks == 0 && !skipped) {
		printf("# %s made no check\n", one->name);
		now.failures++;
	}
	printf("%s %u - %s", now.failures == 0 ? "ok" : "not ok", number, one->name);
	if (skipped)
		printf(" # SKIP %s", now.skip);
	putchar('\n');
	return now.failures == 0;
}

static bool is_picked(const struct harness_case *one, const char *filter)
{
	return filter == NULL || strstr(one->name, filter) != NULL;
}

int main(int argc, char **argv)
{
	const char *filter = argc > 1 ? argv[1] : NULL;
	bool all_ok = true;
	unsigned count_picked = 0, number = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (filter != NULL && strcmp(filter, "-l") == 0) {
		for (struct harness_case *one = first; one != NULL; one = one->next)
			puts(one->name);
		return EXIT_SUCCESS;
	}
	for (struct harness_case *one = first; one != NULL; one = one->next)
		count_picked += is_picked(one, filter);
	if (count_picked == 0) {
		printf("Bail out! no case to run\n");
		return EXIT_FAILURE;
	}
	printf("1..%u\n", count_picked);
	for (struct harness_case *one = first; one != NULL; one = one->next) {
		if (is_picked(one, filter) && !run_case(one, ++number))
			all_ok = false;
	}
	return all_ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
