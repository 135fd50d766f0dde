/* SPDX-License-Identifier: ISC */
#include "io/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"

enum { USEC_A_MS = 1000, SIGNS_A_PERIOD = 2 };

void notify_send(const struct notify *n, const char *text)
{
	if (n->fd >= 0 && send(n->fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		log_write(LOG_LEVEL_DEBUG1, "NOTIFY_SOCKET: %s", strerror(errno));
}

static void on_watchdog(uv_timer_t *timer)
{
	notify_send(timer->data, "WATCHDOG=1");
}

/* A path, or with '@' a name in the abstract namespace. 0: neither. */
static socklen_t make_address(const char *name, struct sockaddr_un *a)
{
	size_t len = strlen(name);

	*a = (struct sockaddr_un){.sun_family = AF_UNIX};
	if ((name[0] != '/' && name[0] != '@') || len < 2 || len >= sizeof(a->sun_path))
		return 0;
	memcpy(a->sun_path, name, len);
	if (name[0] == '@')
		a->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (name[0] == '/'));
}

static int open_socket(const char *name)
{
	struct sockaddr_un address;
	socklen_t len = make_address(name, &address);
	int fd;

	if (len == 0) {
		log_write(LOG_LEVEL_ERROR, "NOTIFY_SOCKET is neither a path nor begins with '@'");
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)&address, len) != 0) {
		log_write(LOG_LEVEL_ERROR, "NOTIFY_SOCKET %s: %m", name);
		close(fd);
		return -1;
	}
	return fd;
}

/* 0: no signs of life are wanted of this process. */
static uint64_t watchdog_period_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t us, whose;

	if (usec == NULL || !text_to_u64(bytes_str(usec), UINT64_MAX, &us))
		return 0;
	if (pid != NULL &&
		(!text_to_u64(bytes_str(pid), INT32_MAX, &whose) || whose != (uint64_t)getpid()))
		return 0;
	return us / USEC_A_MS / SIGNS_A_PERIOD;
}

void notify_init(struct notify *n, uv_loop_t *loop)
{
	const char *name = getenv("NOTIFY_SOCKET");
	uint64_t period_ms = watchdog_period_ms();

	n->fd = name != NULL ? open_socket(name) : -1;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	uv_timer_init(loop, &n->watchdog);
	n->watchdog.data = n;
	uv_unref((uv_handle_t *)&n->watchdog);
	if (n->fd >= 0 && period_ms > 0)
		uv_timer_start(&n->watchdog, on_watchdog, period_ms, period_ms);
}

void notify_close(struct notify *n)
{
	uv_close((uv_handle_t *)&n->watchdog, NULL);
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
}
