/* SPDX-License-Identifier: ISC */
/*
 * inject PID NUMBER ARGUMENT...: makes another process do a system call, where it stands just now, and
 * says what came of it. An argument is a number, or '=' and a text, of which the call gets the address.
 * For tests of fences, which cannot be tried from outside.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#ifdef __x86_64__
#include <sys/user.h>

enum { ARGS_MAX = 6, BELOW_STACK = 1024, TEXT_MAX = 64 };

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return 1;
}

static int put(pid_t pid, unsigned long long at, const char *text)
{
	char room[TEXT_MAX] = {0};
	long word;

	strncpy(room, text, sizeof(room) - 1);
	for (size_t i = 0; i < sizeof(room); i += sizeof(word)) {
		memcpy(&word, room + i, sizeof(word));
		if (ptrace(PTRACE_POKEDATA, pid, at + i, word) != 0)
			return -1;
	}
	return 0;
}

static int set_args(pid_t pid, struct user_regs_struct *r, char **words, int count)
{
	unsigned long long *const arg[ARGS_MAX] = {&r->rdi, &r->rsi, &r->rdx, &r->r10, &r->r8, &r->r9};
	unsigned long long at = (r->rsp - BELOW_STACK - ARGS_MAX * TEXT_MAX) & ~15ULL;

	for (int i = 0; i < count && i < ARGS_MAX; i++, at += TEXT_MAX) {
		*arg[i] = words[i][0] == '=' ? at : (unsigned long long)strtoll(words[i], NULL, 0);
		if (words[i][0] == '=' && put(pid, at, words[i] + 1) != 0)
			return -1;
	}
	return 0;
}

/* Steps over one instruction, which is put where it stands: 0f 05, syscall. */
static int call(pid_t pid, char **words, int count)
{
	struct user_regs_struct before, now;
	int status;
	long code;

	if (ptrace(PTRACE_GETREGS, pid, 0, &before) != 0)
		return fail("PTRACE_GETREGS");
	now = before;
	errno = 0;
	code = ptrace(PTRACE_PEEKTEXT, pid, before.rip, 0);
	if (errno != 0 || set_args(pid, &now, words + 1, count - 1) != 0)
		return fail("its memory");
	now.rax = strtoull(words[0], NULL, 0);
	now.orig_rax = (unsigned long long)-1; /* no call is to be begun again */
	if (ptrace(PTRACE_POKETEXT, pid, before.rip, (code & ~0xffffL) | 0x050f) != 0 ||
		ptrace(PTRACE_SETREGS, pid, 0, &now) != 0 ||
		ptrace(PTRACE_SINGLESTEP, pid, 0, 0) != 0 || waitpid(pid, &status, __WALL) != pid)
		return fail("the call");
	if (WIFSIGNALED(status)) {
		printf("ended by signal %d\n", WTERMSIG(status));
		return 0;
	}
	if (ptrace(PTRACE_GETREGS, pid, 0, &now) != 0)
		return fail("PTRACE_GETREGS");
	printf("returned %lld\n", (long long)now.rax);
	if (ptrace(PTRACE_POKETEXT, pid, before.rip, code) != 0 ||
		ptrace(PTRACE_SETREGS, pid, 0, &before) != 0 ||
		ptrace(PTRACE_DETACH, pid, 0, 0) != 0)
		return fail("to go on");
	return 0;
}

int main(int argc, char **argv)
{
	pid_t pid = argc > 2 ? (pid_t)atoi(argv[1]) : 0;
	int status;

	if (argc < 3 || argc > 3 + ARGS_MAX) {
		fprintf(stderr, "usage: inject PID NUMBER [ARGUMENT...]\n");
		return 2;
	}
	if (ptrace(PTRACE_ATTACH, pid, 0, 0) != 0 || waitpid(pid, &status, __WALL) != pid)
		return fail("PTRACE_ATTACH");
	return call(pid, argv + 2, argc - 2);
}
#else
int main(void)
{
	fprintf(stderr, "not on this machine\n");
	return 1;
}
#endif
