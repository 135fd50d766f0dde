/* SPDX-License-Identifier: ISC */
/*
 * Messages of a control socket, in OpenSSH's words (its PROTOCOL.mux, version 4), so that ssh -O speaks
 * to an agent of ours and sally -O to a master of OpenSSH's: a length, then type and fields as SSH has
 * them. And forwards as they stand in such messages.
 */
#ifndef FORWARD_CTLMSG_H
#define FORWARD_CTLMSG_H

#include "forward/spec.h"

enum {
	CTLMSG_VERSION = 4,
	CTLMSG_HEAD = 4,	     /* the length in front */
	CTLMSG_MAX = 256 * 1024,     /* of what follows it; OpenSSH's as well */
	CTLMSG_SMALL = 16 + 2 * 1024 + 64 /* enough for all but CTLMSG_INFO_REPLY */
};

#define CTLMSG_PATH (UINT32_MAX - 1) /* as port: the host is the path of a Unix socket */

enum ctlmsg_type {
	CTLMSG_HELLO = 1,
	/* what is asked; each but the hello has an id that comes back with the answer */
	CTLMSG_NEW_SESSION = 0x10000002, /* three descriptors follow */
	CTLMSG_ALIVE_CHECK = 0x10000004,
	CTLMSG_TERMINATE = 0x10000005,
	CTLMSG_OPEN_FORWARD = 0x10000006,
	CTLMSG_CLOSE_FORWARD = 0x10000007,
	CTLMSG_STDIO_FORWARD = 0x10000008, /* two descriptors follow */
	CTLMSG_STOP = 0x10000009,
	CTLMSG_PROXY = 0x1000000f,
	CTLMSG_INFO = 0x20000001,
};

/* Answers have the highest bit, which no enumeration constant of C11 can have. */
#define CTLMSG_OK 0x80000001u
#define CTLMSG_DENIED 0x80000002u  /* text: why */
#define CTLMSG_FAILURE 0x80000003u /* the same */
#define CTLMSG_EXIT 0x80000004u	   /* id: the session's; number: its status */
#define CTLMSG_ALIVE 0x80000005u   /* number: a process */
#define CTLMSG_OPENED 0x80000006u  /* number: the session's */
#define CTLMSG_PORT 0x80000007u	   /* number: the port that was allocated */
#define CTLMSG_NO_TTY 0x80000008u  /* id: the session's */
#define CTLMSG_INFO_REPLY 0x90000001u /* number: 1 when it is known; text */

/* What CTLMSG_INFO may ask an agent of ours for (docs/control.md). */
#define CTLMSG_STATUS "status@sallyport.dev"
#define CTLMSG_WATCH "watch@sallyport.dev"

enum ctlmsg_kind { CTLMSG_LOCAL = 1, CTLMSG_REMOTE = 2, CTLMSG_DYNAMIC = 3 };

struct ctlmsg {
	uint32_t type, id;
	uint32_t number; /* as said above; HELLO: the version */
	struct bytes text; /* reason, answer, or what INFO asks for */
	bool has_info;	   /* HELLO: knows CTLMSG_INFO */
	bool has_ours;	   /* HELLO: speaks what is ours (docs/control.md) */
	uint32_t kind;	   /* of a forward */
	struct bytes listen, connect; /* STDIO_FORWARD has only the latter */
	uint32_t listen_port, connect_port;
};

/* What stands behind the length. The result borrows it. E_UNKNOWN: a type that is not known here, or
 * one whose body does not matter (NEW_SESSION, PROXY): type and id are set. */
enum err ctlmsg_read(struct bytes body, struct ctlmsg *m) MUST_USE;
/* With its length. E_LIMIT: into is too small; E_UNKNOWN: it is none that is sent from here. */
enum err ctlmsg_write(struct span into, const struct ctlmsg *m, size_t *len) MUST_USE;
/* How long the whole message is, of which at least CTLMSG_HEAD bytes are there. E_LIMIT, E_FORMAT. */
enum err ctlmsg_length(struct bytes in, size_t *len) MUST_USE;
/* How many descriptors come behind a message of this type. */
unsigned ctlmsg_descriptors(uint32_t type);

/* The forward of OPEN_FORWARD or CLOSE_FORWARD. Several targets of ours stand in the host, with commas
 * between. E_VALUE, E_LIMIT: the sentence says what is wrong. */
enum err ctlmsg_to_spec(const struct ctlmsg *m, struct forward_spec *spec, struct fault *f) MUST_USE;
/* The other way. text: memory for the targets, while m is used. */
void ctlmsg_from_spec(const struct forward_spec *spec, bool is_remote,
	char text[static FORWARD_SPEC_MAX], struct ctlmsg *m);
/* The target of STDIO_FORWARD. */
enum err ctlmsg_to_target(
	const struct ctlmsg *m, struct forward_spec *spec, struct fault *f) MUST_USE;

#endif
