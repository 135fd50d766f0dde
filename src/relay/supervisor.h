/* SPDX-License-Identifier: ISC */
/*
 * The process that decides: it has the configuration and the authorized keys, binds every port, keeps
 * the log of visitors and the control socket, and starts the others. What comes from the network it
 * does not see: connections are the relay process's (relay/serving.h), host keys the signer's.
 *
 *     worker     the relay process: started, briefed, listened to
 *     roster     the sessions whose keys it has approved, and what those keys may
 *     binding    a port that a session asks for: judged, looked up, bound
 *     mooring      the sockets of the ports that are open
 *     ferryman   devices of tunnels, and who has which address
 */
#ifndef RELAY_SUPERVISOR_H
#define RELAY_SUPERVISOR_H

#include <time.h>

#include "conf/relay.h"
#include "io/notify.h"
#include "relay/feed.h"
#include "relay/keeper.h"
#include "relay/keyring.h"
#include "relay/later.h"
#include "relay/listening.h"
#include "relay/roster.h"
#include "relay/mooring.h"
#include "relay/ferryman.h"

struct auditlog;
struct book;
struct control;
struct worker;

struct supervisor {
	uv_loop_t *loop;
	struct relay_conf *conf;
	const struct relay_settings *settings; /* of conf */
	const char *config_path;
	bool may_lack_config;
	struct keyring *keyring;
	struct keeper *keeper; /* NULL: gone */
	struct sandbox_user user; /* who the children are */
	struct worker *worker;	  /* NULL: gone */
	struct roster roster;
	struct moorings moorings;
	struct ferryman ferryman;
	struct list lookups; /* of names, for ports that are asked for */
	unsigned lookups_now; /* all that are under way */
	struct listening listening;
	struct book *book; /* what -R 0 gave to whom */
	struct control *control;
	struct feed feed;	   /* what the relay process tells of, for whoever listens */
	unsigned audience;	   /* those who watch; the audit log is not counted */
	struct auditlog *auditlog; /* NULL: none */
	uint32_t low_end;
	time_t started;
	struct notify notify; /* the service manager */
	uv_timer_t end_timer;
	uv_signal_t sigterm, sigint, sighup;
	bool is_draining, is_ending, is_over;
	bool has_failed; /* the first relay process did, and that was told */
};

/* loop outlives it. conf must be finished; it and keyring are taken over, on failure as well. */
void supervisor_init(struct supervisor *s, uv_loop_t *loop, struct relay_conf *conf,
	struct keyring *keyring);
/* Host keys from these paths, sockets, audit log and book, then the relay process, and waits until
 * it serves. An error: f says why, and supervisor_end is next. */
enum err supervisor_start(struct supervisor *s, const struct keeper_path *paths, size_t count,
	struct fault *f) MUST_USE;
/* From now on signals are heeded. */
void supervisor_serve(struct supervisor *s);
/* Lets nobody in any more and ends when the last visitor has left, or after limit_ms (0: none). */
void supervisor_drain(struct supervisor *s, uint64_t limit_ms, const char *why);
/* The relay process drains, told by somebody else: nobody may knock any more. */
void supervisor_shut(struct supervisor *s);
/* Ends in order; the loop runs dry then. NULL: it never served, and the log is not told. */
void supervisor_end(struct supervisor *s, const char *why);
/* After the loop has run dry. */
void supervisor_fini(struct supervisor *s);

/* Told by the worker. */
void supervisor_worker_ended(struct supervisor *s);
void supervisor_worker_gone(struct supervisor *s);
/* Does anybody want records? */
bool supervisor_has_audience(const struct supervisor *s);

#endif
