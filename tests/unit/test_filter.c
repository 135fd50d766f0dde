/* SPDX-License-Identifier: ISC */
/*
 * Every call that a role has no business with is tried in a process of that role. A call that is on
 * no list of the role has to end the process; one that libraries try in passing has to fail.
 */
#include "sandbox/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "sandbox_child.h"

enum { SIGNER = 1, RELAY = 2, SUPERVISOR = 4, CHILDREN = SIGNER | RELAY };

static long try_open(void)
{
	return open("/etc/passwd", O_RDONLY);
}

static long try_create(void)
{
	return open("/tmp/sallyport-must-not-be", O_WRONLY | O_CREAT | O_EXCL, 0600);
}

static long try_openat2(void)
{
	uint64_t how[3] = {O_RDONLY, 0, 0};

	return syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", how, sizeof(how));
}

static long try_stat(void)
{
	struct stat st;

	return stat("/etc/passwd", &st);
}

static long try_unlink(void)
{
	return unlink("/tmp/sallyport-is-not-there");
}

static long try_rename(void)
{
	return rename("/tmp/sallyport-is-not-there", "/tmp/sallyport-neither");
}

static long try_mkdir(void)
{
	return mkdir("/tmp/sallyport-must-not-be", 0700);
}

static long try_chmod(void)
{
	return chmod("/tmp/sallyport-is-not-there", 0600);
}

static long try_chdir(void)
{
	return chdir("/");
}

static long try_exec(void)
{
	char *argv[] = {(char *)"true", NULL};

	return execve("/bin/true", argv, NULL);
}

static long try_execveat(void)
{
	char *argv[] = {(char *)"true", NULL};

	return syscall(SYS_execveat, AT_FDCWD, "/bin/true", argv, NULL, 0);
}

static long try_fork(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, 0L, 0L, 0L, 0L);

	if (pid == 0)
		_exit(0);
	return pid;
}

static long try_clone3(void)
{
	uint64_t args[11] = {[4] = SIGCHLD};
	long pid = syscall(SYS_clone3, args, sizeof(args));

	if (pid == 0)
		_exit(0);
	return pid;
}

static long try_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static long try_socket_unix(void)
{
	return socket(AF_UNIX, SOCK_DGRAM, 0);
}

static long try_socketpair(void)
{
	int fd[2];

	return socketpair(AF_UNIX, SOCK_STREAM, 0, fd);
}

static long try_bind(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	return bind(have.tcp, (struct sockaddr *)&a, sizeof(a));
}

static long try_listen(void)
{
	return listen(have.tcp, 1);
}

static long try_connect(void)
{
	return connect(have.tcp, (struct sockaddr *)&have.addr, sizeof(have.addr));
}

static long try_connect_udp(void)
{
	return connect(have.udp, (struct sockaddr *)&have.addr, sizeof(have.addr));
}

static long try_sendto(void)
{
	return sendto(have.udp, "x", 1, 0, (struct sockaddr *)&have.addr, sizeof(have.addr));
}

static long try_fastopen(void)
{
	return sendto(
		have.tcp, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&have.addr, sizeof(have.addr));
}

static long try_socket_filter(void)
{
	return setsockopt(have.tcp, SOL_SOCKET, SO_REUSEPORT, &(int){1}, sizeof(int));
}

static long try_accept(void)
{
	return accept4(have.listener, NULL, NULL, SOCK_NONBLOCK);
}

static long try_ptrace(void)
{
	return ptrace(PTRACE_ATTACH, have.other, NULL, NULL);
}

static long try_read_memory(void)
{
	char into;
	struct iovec local = {&into, 1}, remote = {(void *)&have, 1};

	return process_vm_readv(have.other, &local, 1, &remote, 1, 0);
}

static long try_kill(void)
{
	return kill(have.other, 0);
}

static long try_tgkill(void)
{
	return syscall(SYS_tgkill, have.other, have.other, 0);
}

static long try_pidfd(void)
{
	return syscall(SYS_pidfd_open, have.other, 0);
}

static long try_prctl(void)
{
	return prctl(PR_SET_DUMPABLE, 1UL, 0UL, 0UL, 0UL);
}

static long try_setuid(void)
{
	return setresuid(0, 0, 0) == 0 ? 0 : -1;
}

static long try_rlimit(void)
{
	struct rlimit limit = {1, 1};

	return setrlimit(RLIMIT_CORE, &limit);
}

static long try_seccomp(void)
{
	uint32_t action = 0; /* SECCOMP_RET_KILL_THREAD: is it there? */

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action);
}

static long try_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -1 : 0;
}

static long try_make_code(void)
{
	static char page[8192];

	return mprotect(
		(void *)(((uintptr_t)page + 4095) & ~(uintptr_t)4095), 4096, PROT_READ | PROT_EXEC);
}

static long try_memfd(void)
{
	return (long)syscall(SYS_memfd_create, "x", 0);
}

static long try_unshare(void)
{
	return unshare(CLONE_NEWUSER);
}

static long try_mount(void)
{
	return syscall(SYS_mount, "none", "/mnt", "tmpfs", 0, NULL);
}

static long try_uring(void)
{
	char params[128] = {0};

	return syscall(SYS_io_uring_setup, 1, params);
}

static long try_bpf(void)
{
	return syscall(SYS_bpf, 0, NULL, 0);
}

static long try_keyctl(void)
{
	return syscall(SYS_keyctl, 0, 0, 0, 0, 0);
}

static long try_perf(void)
{
	return syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0);
}

static long try_chroot(void)
{
	return chroot("/");
}

static long try_module(void)
{
	return syscall(SYS_init_module, NULL, 0UL, "");
}

static const struct {
	const char *name;
	long (*call)(void);
	int roles;
	bool is_soft;	 /* may fail instead of ending the process */
	bool sanitizers; /* a build for them lets it through */
} forbidden[] = {
	{"open", try_open, CHILDREN, true, true},
	{"open to create", try_create, CHILDREN, true, true},
	{"openat2", try_openat2, CHILDREN, false, false},
	{"stat", try_stat, CHILDREN, true, true},
	{"unlink", try_unlink, CHILDREN, false, false},
	{"rename", try_rename, CHILDREN, false, false},
	{"mkdir", try_mkdir, CHILDREN, false, false},
	{"chmod", try_chmod, CHILDREN, false, false},
	{"chdir", try_chdir, CHILDREN, false, false},
	{"execve", try_exec, CHILDREN, false, false},
	{"execveat", try_execveat, CHILDREN, false, false},
	{"fork", try_fork, CHILDREN, false, false},
	{"clone3", try_clone3, CHILDREN, false, false},
	{"socket", try_socket, CHILDREN, true, false},
	{"socket of AF_UNIX", try_socket_unix, CHILDREN, true, false},
	{"socketpair", try_socketpair, CHILDREN, false, false},
	{"bind", try_bind, CHILDREN, false, false},
	{"listen", try_listen, CHILDREN, false, false},
	{"connect", try_connect, CHILDREN, false, false},
	{"connect of UDP", try_connect_udp, CHILDREN, false, false},
	{"sendto with an address", try_sendto, CHILDREN, false, false},
	{"sendto with MSG_FASTOPEN", try_fastopen, CHILDREN, false, false},
	{"an option of sockets that is not listed", try_socket_filter, CHILDREN, true, false},
	{"accept", try_accept, SIGNER, false, false},
	{"ptrace", try_ptrace, CHILDREN, false, false},
	{"ptrace, supervisor", try_ptrace, SUPERVISOR, false, true},
	{"process_vm_readv", try_read_memory, CHILDREN, false, false},
	{"process_vm_readv, supervisor", try_read_memory, SUPERVISOR, false, false},
	{"kill", try_kill, CHILDREN, false, false},
	{"tgkill of another", try_tgkill, CHILDREN, false, false},
	{"pidfd_open", try_pidfd, CHILDREN, false, false},
	{"prctl", try_prctl, CHILDREN, false, true},
	{"setresuid", try_setuid, CHILDREN, false, false},
	{"setrlimit", try_rlimit, CHILDREN, true, true},
	{"seccomp", try_seccomp, CHILDREN, true, false},
	{"mmap of code", try_code, CHILDREN, false, true},
	{"mprotect into code", try_make_code, CHILDREN, false, true},
	{"memfd_create", try_memfd, CHILDREN, false, false},
	{"unshare", try_unshare, CHILDREN | SUPERVISOR, false, false},
	{"mount", try_mount, CHILDREN | SUPERVISOR, false, false},
	{"io_uring_setup", try_uring, CHILDREN | SUPERVISOR, true, false},
	{"bpf", try_bpf, CHILDREN | SUPERVISOR, false, false},
	{"keyctl", try_keyctl, CHILDREN | SUPERVISOR, false, false},
	{"perf_event_open", try_perf, CHILDREN | SUPERVISOR, false, false},
	{"chroot", try_chroot, CHILDREN | SUPERVISOR, false, false},
	{"init_module", try_module, CHILDREN | SUPERVISOR, false, false},
};

static const struct {
	enum sandbox_role role;
	int bit;
	const char *name;
} roles[] = {
	{SANDBOX_SIGNER, SIGNER, "signer"},
	{SANDBOX_RELAY, RELAY, "relay"},
	{SANDBOX_SUPERVISOR, SUPERVISOR, "supervisor"},
};

static int attempt(long (*call)(void))
{
	if (call() >= 0)
		return ALLOWED;
	/* Refused by the fence, not by chance. */
	return errno == EACCES || errno == EPERM ? DENIED : ALLOWED;
}

static bool is_killed(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

TEST(r50_cve_2023_38408_what_a_role_may_not_do_ends_it)
{
	if (strcmp(sandbox_answer(), "kill") != 0)
		SKIP("built with -Dseccomp=%s", sandbox_answer());
	set_up();
	for (size_t r = 0; r < sizeof(roles) / sizeof(roles[0]); r++) {
		for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
			int status;

			if (!(forbidden[i].roles & roles[r].bit) ||
				(forbidden[i].sanitizers && sandbox_is_loosened()))
				continue;
			harness_note("%s: %s", roles[r].name, forbidden[i].name);
			status = in_role(roles[r].role, &same, attempt, forbidden[i].call);
			if (forbidden[i].is_soft && WIFEXITED(status))
				CHECK_EQ(WEXITSTATUS(status), DENIED);
			else
				CHECK(is_killed(status));
		}
	}
	tear_down();
}

/* Without a fence none of them is killed: the test above does not pass by accident. */
static int unfenced(long (*call)(void))
{
	int status = -1;
	pid_t pid = fork();

	REQUIRE(pid >= 0);
	if (pid == 0)
		_exit(attempt(call));
	REQUIRE_EQ(waitpid(pid, &status, 0), pid);
	return status;
}

TEST(without_a_fence_nothing_is_killed)
{
	set_up();
	unlink("/tmp/sallyport-must-not-be");
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		/* Not as root: it might work. */
		if ((forbidden[i].roles & SUPERVISOR) || forbidden[i].call == try_exec ||
			forbidden[i].call == try_execveat)
			continue;
		harness_note("%s", forbidden[i].name);
		CHECK(WIFEXITED(unfenced(forbidden[i].call)));
	}
	unlink("/tmp/sallyport-must-not-be");
	rmdir("/tmp/sallyport-must-not-be");
	tear_down();
}
