/* SPDX-License-Identifier: ISC */
/*
 * Liveness: after a time of silence a probe is due; when count_max probes in a row were not
 * answered by anything the peer is dead. Whatever arrives counts as life.
 */
#ifndef SESSION_ALIVE_H
#define SESSION_ALIVE_H

#include <stdbool.h>
#include <stdint.h>

struct alive {
	uint64_t interval_ms; /* 0: never probes */
	unsigned count_max;   /* 0: never gives up (as sshd's ClientAliveCountMax 0) */
	uint64_t heard_ms, probed_ms;
	unsigned unanswered;
};

enum alive_action { ALIVE_FINE, ALIVE_PROBE, ALIVE_DEAD };

void alive_init(struct alive *a, uint64_t interval_ms, unsigned count_max, uint64_t now_ms);
void alive_heard(struct alive *a, uint64_t now_ms);
/* PROBE: the caller sends one now (it counts as sent). DEAD comes one interval after the last
 * probe. */
enum alive_action alive_tick(struct alive *a, uint64_t now_ms);
uint64_t alive_deadline(const struct alive *a); /* UINT64_MAX: none */

#endif
