/* SPDX-License-Identifier: ISC */
/*
 * Every message number, protocol limit and default in one place (RFC 4250, 4252, 4253, 4254, 5656,
 * 8308). Nothing is parsed here.
 */
#ifndef WIRE_MSGS_H
#define WIRE_MSGS_H

enum {
	MSG_DISCONNECT = 1,
	MSG_IGNORE = 2,
	MSG_UNIMPLEMENTED = 3,
	MSG_DEBUG = 4,
	MSG_SERVICE_REQUEST = 5,
	MSG_SERVICE_ACCEPT = 6,
	MSG_EXT_INFO = 7,
	MSG_KEXINIT = 20,
	MSG_NEWKEYS = 21,
	MSG_KEX_FIRST = 30, /* 30..49 belong to the exchange method */
	MSG_KEX_ECDH_INIT = 30,
	MSG_KEX_ECDH_REPLY = 31,
	MSG_KEX_LAST = 49,
	MSG_USERAUTH_REQUEST = 50,
	MSG_USERAUTH_FAILURE = 51,
	MSG_USERAUTH_SUCCESS = 52,
	MSG_USERAUTH_BANNER = 53,
	MSG_USERAUTH_PK_OK = 60, /* 60..79 belong to the login method */
	MSG_USERAUTH_PASSWD_CHANGEREQ = 60,
	MSG_USERAUTH_INFO_REQUEST = 60,
	MSG_USERAUTH_INFO_RESPONSE = 61,
	MSG_GLOBAL_REQUEST = 80,
	MSG_REQUEST_SUCCESS = 81,
	MSG_REQUEST_FAILURE = 82,
	MSG_CHANNEL_OPEN = 90,
	MSG_CHANNEL_OPEN_CONFIRMATION = 91,
	MSG_CHANNEL_OPEN_FAILURE = 92,
	MSG_CHANNEL_WINDOW_ADJUST = 93,
	MSG_CHANNEL_DATA = 94,
	MSG_CHANNEL_EXTENDED_DATA = 95,
	MSG_CHANNEL_EOF = 96,
	MSG_CHANNEL_CLOSE = 97,
	MSG_CHANNEL_REQUEST = 98,
	MSG_CHANNEL_SUCCESS = 99,
	MSG_CHANNEL_FAILURE = 100,
	MSG_PING = 192, /* ping@openssh.com */
	MSG_PONG = 193
};

enum { /* RFC 4253 11.1 */
	DISCONNECT_HOST_NOT_ALLOWED = 1,
	DISCONNECT_PROTOCOL_ERROR = 2,
	DISCONNECT_KEX_FAILED = 3,
	DISCONNECT_MAC_ERROR = 5,
	DISCONNECT_SERVICE_NOT_AVAILABLE = 7,
	DISCONNECT_VERSION_NOT_SUPPORTED = 8,
	DISCONNECT_HOST_KEY_NOT_VERIFIABLE = 9,
	DISCONNECT_CONNECTION_LOST = 10,
	DISCONNECT_BY_APPLICATION = 11,
	DISCONNECT_TOO_MANY_CONNECTIONS = 12,
	DISCONNECT_AUTH_CANCELLED = 13,
	DISCONNECT_NO_MORE_AUTH_METHODS = 14
};

enum { /* RFC 4254 5.1 */
	OPEN_ADMINISTRATIVELY_PROHIBITED = 1,
	OPEN_CONNECT_FAILED = 2,
	OPEN_UNKNOWN_CHANNEL_TYPE = 3,
	OPEN_RESOURCE_SHORTAGE = 4
};

enum { /* limits on what a peer may send, and on what we send */
	LIMIT_IDENT = 255,                /* one identification line with CR LF, RFC 4253 4.2 */
	LIMIT_PRE_LINES = 1024,           /* lines before it that a client skips */
	LIMIT_PACKET_LOGIN = 35000,       /* packet_length before login */
	LIMIT_PACKET_OPEN = 256 * 1024,   /* packet_length after login */
	LIMIT_NAMELIST = 8192,
	LIMIT_NAME = 64,
	LIMIT_STRING = 1024,              /* text fields: hosts, reasons, types */
	LIMIT_BLOB = 8192,                /* keys and signatures */
	LIMIT_BANNER = 2048,
	LIMIT_CHANNELS = 4096,
	LIMIT_OPENING = 128,              /* channels not confirmed yet, each direction: a server */
	LIMIT_OPENING_CLIENT = 1024,      /* a client: stock servers do not wait with a crowd */
	LIMIT_REPLIES = 288,              /* global requests of the peer that wait for our answer: 256 forwards and more */
	LIMIT_HOLD = 4 * 1024 * 1024,     /* plain packets held back while a rekey is open */
	LIMIT_QUEUED = 32 * 1024 * 1024,  /* sealed bytes the socket did not take */
	LIMIT_AUTH_FAILURES = 6,
	LIMIT_AUTH_QUERIES = 20,
	LIMIT_AUTH_REQUESTS = 64,
	LIMIT_STRAY = 100                 /* unknown messages or unasked replies before we hang up */
};

enum { /* what we grant and use; see RFC 4254 5.2 */
	WINDOW_START = 2 * 1024 * 1024,   /* the first channel; and the most of any */
	WINDOW_BUDGET = 64 * 1024 * 1024, /* all channels of a connection: half of it for floors, 8 KiB each */
	DATA_MAX = 32 * 1024,             /* data bytes a packet, ours and the one we advertise */
	PADDING_MIN = 4,
	PADDING_MAX = 255
};

#define IDENT_SOFTWARE "Sallyport_0.1"

#endif
