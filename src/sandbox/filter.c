/* SPDX-License-Identifier: ISC */
/*
 * Two filters, of which the kernel obeys the stricter answer at each call. The outer one kills what
 * is on no list. The inner one refuses (EACCES) what is on the list of the soft ones, or on the list
 * of the role with arguments that are not. The supervisor has one filter, of what it may not do.
 *
 * Calls without conditions on their arguments are let through by a bitmap that the kernel makes of
 * the filters; read, write and epoll cost nothing more than without.
 */
#include "sandbox/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "sandbox/sanitized.h"

/* --- what each role may ----------------------------------------------------------------------- */

struct call {
	int nr;
	unsigned args;
	struct scmp_arg_cmp arg[2];
	bool is_soft; /* with other arguments it is refused, not deadly */
};

/* libseccomp's own macros leave datum_b out where a comparison has no use for it. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define CALL(name) {.nr = SCMP_SYS(name)}
#define CALL_IF(name, ...) {.nr = SCMP_SYS(name), .args = 1, .arg = {__VA_ARGS__}}
#define CALL_SOFT(name, ...) {.nr = SCMP_SYS(name), .args = 1, .arg = {__VA_ARGS__}, .is_soft = true}
#define SOCKOPT(level, option) \
	{.nr = SCMP_SYS(setsockopt), .args = 2, .is_soft = true, \
		.arg = {SCMP_A1_32(SCMP_CMP_EQ, level), SCMP_A2_32(SCMP_CMP_EQ, option)}}

/* Memory, time, locks, signals to oneself, descriptors one has. */
static const struct call for_all[] = {
	CALL(read), CALL(write), CALL(readv), CALL(writev), CALL(close),
	CALL(recvmsg), CALL(sendmsg), CALL(poll), CALL(ppoll),
	CALL(brk), CALL(munmap), CALL(mremap), CALL(madvise),
	CALL_IF(mmap, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)),
	CALL_IF(mprotect, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)),
	CALL(futex), CALL(sched_yield), CALL(restart_syscall),
	CALL(clock_gettime), CALL(clock_nanosleep), CALL(nanosleep), CALL(gettimeofday), CALL(time),
	CALL(getrandom), CALL(getpid), CALL(gettid), CALL(getppid), CALL(getuid), CALL(geteuid),
	CALL(getgid), CALL(getegid), CALL(sysinfo), CALL(uname), CALL(sched_getaffinity), CALL(getcpu),
	CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(rt_sigreturn), CALL(sigaltstack),
	CALL(fstat), CALL(lseek), CALL(exit), CALL(exit_group),
	CALL_SOFT(fcntl, SCMP_A1_32(SCMP_CMP_EQ, F_GETFL)), CALL_SOFT(fcntl, SCMP_A1_32(SCMP_CMP_EQ, F_SETFL)),
	CALL_SOFT(fcntl, SCMP_A1_32(SCMP_CMP_EQ, F_GETFD)), CALL_SOFT(fcntl, SCMP_A1_32(SCMP_CMP_EQ, F_SETFD)),
	CALL_SOFT(prlimit64, SCMP_A2(SCMP_CMP_EQ, 0)), /* asking only */
};

/* A loop with sockets. None can be made, bound or connected; a datagram with an address cannot be
 * sent. */
static const struct call for_relay[] = {
	CALL(epoll_ctl), CALL(epoll_wait), CALL(epoll_pwait), CALL(epoll_pwait2),
	CALL(accept), CALL(accept4), CALL(shutdown), CALL(recvfrom), CALL(getsockopt), CALL(getsockname),
	CALL(getpeername),
	CALL_IF(sendto, SCMP_A4(SCMP_CMP_EQ, 0)),
	CALL_SOFT(ioctl, SCMP_A1_32(SCMP_CMP_EQ, FIONREAD)), CALL_SOFT(ioctl, SCMP_A1_32(SCMP_CMP_EQ, FIONBIO)),
	CALL_SOFT(ioctl, SCMP_A1_32(SCMP_CMP_EQ, FIOCLEX)), CALL_SOFT(ioctl, SCMP_A1_32(SCMP_CMP_EQ, SIOCOUTQ)),
	SOCKOPT(SOL_SOCKET, SO_KEEPALIVE), SOCKOPT(SOL_SOCKET, SO_LINGER), SOCKOPT(SOL_SOCKET, SO_RCVBUF),
	SOCKOPT(SOL_SOCKET, SO_SNDBUF), SOCKOPT(SOL_SOCKET, SO_RCVLOWAT), SOCKOPT(SOL_SOCKET, SO_PRIORITY),
	SOCKOPT(IPPROTO_TCP, TCP_NODELAY), SOCKOPT(IPPROTO_TCP, TCP_KEEPIDLE),
	SOCKOPT(IPPROTO_TCP, TCP_KEEPINTVL), SOCKOPT(IPPROTO_TCP, TCP_KEEPCNT), SOCKOPT(IPPROTO_TCP, TCP_CORK),
	SOCKOPT(IPPROTO_TCP, TCP_QUICKACK), SOCKOPT(IPPROTO_TCP, TCP_USER_TIMEOUT),
	SOCKOPT(IPPROTO_TCP, TCP_NOTSENT_LOWAT), SOCKOPT(IPPROTO_TCP, TCP_WINDOW_CLAMP),
	SOCKOPT(IPPROTO_IP, IP_TOS), SOCKOPT(IPPROTO_IPV6, IPV6_TCLASS),
};

/* Tried by libraries in passing: the zone of a clock, the name of an interface, is this a terminal;
 * libuv from 1.45 on asks for a ring, and does without where it gets none. */
static const int soft[] = {
	SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(newfstatat),
	SCMP_SYS(statx), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink),
	SCMP_SYS(readlinkat), SCMP_SYS(ioctl), SCMP_SYS(socket), SCMP_SYS(setsockopt), SCMP_SYS(seccomp),
	SCMP_SYS(io_uring_setup),
};

/* The reports of the sanitizers read maps and programs. */
static const struct call for_sanitizers[] = {
	CALL(open), CALL(openat), CALL(stat), CALL(newfstatat), CALL(access), CALL(readlink),
	CALL(readlinkat), CALL(prctl), CALL(prlimit64), CALL(ioctl), CALL(mmap), CALL(mprotect),
};

/* No part of the supervisor's work, whoever it is started by. */
static const int not_for_supervisor[] = {
	SCMP_SYS(acct), SCMP_SYS(add_key), SCMP_SYS(adjtimex), SCMP_SYS(bpf), SCMP_SYS(chroot),
	SCMP_SYS(clock_adjtime), SCMP_SYS(clock_settime), SCMP_SYS(delete_module), SCMP_SYS(finit_module),
	SCMP_SYS(fsmount), SCMP_SYS(fsopen), SCMP_SYS(init_module), SCMP_SYS(io_uring_enter),
	SCMP_SYS(io_uring_register), SCMP_SYS(ioperm), SCMP_SYS(iopl),
	SCMP_SYS(kcmp), SCMP_SYS(kexec_file_load), SCMP_SYS(kexec_load), SCMP_SYS(keyctl),
	SCMP_SYS(mount), SCMP_SYS(mount_setattr), SCMP_SYS(move_mount), SCMP_SYS(name_to_handle_at),
	SCMP_SYS(nfsservctl), SCMP_SYS(open_by_handle_at), SCMP_SYS(open_tree), SCMP_SYS(perf_event_open),
	SCMP_SYS(personality), SCMP_SYS(pivot_root), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
	SCMP_SYS(ptrace), SCMP_SYS(quotactl), SCMP_SYS(reboot), SCMP_SYS(request_key),
	SCMP_SYS(setdomainname), SCMP_SYS(sethostname), SCMP_SYS(setns), SCMP_SYS(settimeofday),
	SCMP_SYS(swapoff), SCMP_SYS(swapon), SCMP_SYS(umount), SCMP_SYS(umount2), SCMP_SYS(unshare),
	SCMP_SYS(userfaultfd), SCMP_SYS(vhangup),
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* --- filters ---------------------------------------------------------------------------------- */

enum answer { ANSWER_KILL, ANSWER_LOG, ANSWER_OFF };

static const char *const answer_names[] = {"kill", "log", "off"};

static uint32_t deadly(void)
{
	return SECCOMP_ANSWER == ANSWER_LOG ? SCMP_ACT_LOG : SCMP_ACT_KILL_PROCESS;
}

/* The inner filter holds every condition; the outer one those whose breach is deadly. */
static int add_calls(scmp_filter_ctx ctx, const struct call *calls, size_t count, bool is_inner)
{
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++) {
		const struct call *c = &calls[i];
		unsigned args = is_inner || !c->is_soft ? c->args : 0;

		rc = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, c->nr, args, c->arg);
	}
	return rc;
}

static int add_numbers(scmp_filter_ctx ctx, uint32_t action, const int *numbers, size_t count)
{
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++)
		rc = seccomp_rule_add(ctx, action, numbers[i], 0);
	return rc;
}

static int add_role(scmp_filter_ctx ctx, enum sandbox_role role, bool is_inner)
{
	/* abort() ends this process and no other. */
	struct call own[] = {
		CALL_IF(tgkill, SCMP_A0_32(SCMP_CMP_EQ, (uint32_t)getpid())),
	};
	int rc = 0;

	if (SANITIZED)
		rc = add_calls(ctx, for_sanitizers, COUNT(for_sanitizers), is_inner);
	if (rc == 0)
		rc = add_calls(ctx, own, COUNT(own), is_inner);
	if (rc == 0)
		rc = add_calls(ctx, for_all, COUNT(for_all), is_inner);
	if (rc == 0 && role == SANDBOX_RELAY)
		rc = add_calls(ctx, for_relay, COUNT(for_relay), is_inner);
	if (rc == 0 && !is_inner)
		rc = add_numbers(ctx, SCMP_ACT_ALLOW, soft, COUNT(soft));
	return rc;
}

static int load(scmp_filter_ctx ctx)
{
	int rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 0); /* it is set, and prctl forbidden */

	if (rc == 0)
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	if (rc == 0)
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (rc == 0)
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return rc == 0 ? seccomp_load(ctx) : rc;
}

static int enter_child(enum sandbox_role role, bool is_inner)
{
	scmp_filter_ctx ctx = seccomp_init(is_inner ? SCMP_ACT_ERRNO(EACCES) : deadly());
	int rc = ctx ? add_role(ctx, role, is_inner) : -ENOMEM;

	if (rc == 0)
		rc = load(ctx);
	seccomp_release(ctx);
	return rc;
}

static int enter_supervisor(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int rc = ctx ? 0 : -ENOMEM;

	for (size_t i = 0; i < COUNT(not_for_supervisor) && rc == 0; i++)
		if (!SANITIZED || not_for_supervisor[i] != SCMP_SYS(ptrace))
			rc = seccomp_rule_add(ctx, deadly(), not_for_supervisor[i], 0);
	if (rc == 0) /* see soft */
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(io_uring_setup), 0);
	if (rc == 0)
		rc = load(ctx);
	seccomp_release(ctx);
	return rc;
}

enum err filter_enter(enum sandbox_role role, struct fault *f)
{
	bool is_child = role != SANDBOX_SUPERVISOR && role != SANDBOX_TUNNELLER;
	int rc;

	if (SECCOMP_ANSWER == ANSWER_OFF) {
		log_write(LOG_LEVEL_INFO, "built without seccomp: system calls are not filtered");
		return E_OK;
	}
	rc = is_child ? enter_child(role, false) : enter_supervisor();
	/* What would be refused is let through and logged as well. */
	if (rc == 0 && is_child && SECCOMP_ANSWER != ANSWER_LOG)
		rc = enter_child(role, true);
	return rc == 0 ? E_OK : fault_set(f, E_SYS, (uint32_t)-rc, "seccomp: %s", strerror(-rc));
}

const char *filter_answer(void)
{
	return answer_names[SECCOMP_ANSWER];
}
