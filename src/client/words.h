/* SPDX-License-Identifier: ISC */
/*
 * What sally says to people about the four roles, in the languages it knows. Logs and errors stay
 * English, for they are searched for; the names of settings and commands are the same everywhere.
 *
 * A message has places {1} to {9} for values, in whatever order its language wants them.
 */
#ifndef CLIENT_WORDS_H
#define CLIENT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

enum words_language { WORDS_ENGLISH, WORDS_CHINESE, WORDS_LANGUAGES };

enum word {
	/* the picture */
	WORD_VISITOR,
	WORD_RELAY,
	WORD_AGENT,
	WORD_TARGET,
	WORD_THIS_MACHINE,
	WORD_ANY_PROGRAM,
	WORD_THIS_COMMAND,
	WORD_DIALS_PORT,     /* {1} port */
	WORD_DIALS_PATH,     /* {1} path */
	WORD_LISTENS_PORT,   /* {1} port */
	WORD_LISTENS_PATH,   /* {1} path */
	WORD_LISTENS_CHOSEN,
	WORD_PORT,	     /* {1} port */
	WORD_SOCKET,	     /* {1} path */
	WORD_SAID_BY_VISITOR,
	WORD_BY_SOCKS,
	WORD_STDIO,
	WORD_NETWORK_HERE,
	WORD_NETWORK_THERE,
	WORD_ANY_DEVICE,
	/* the sentences; their heads */
	WORD_LISTENS,
	WORD_CONNECTS,
	WORD_ENCRYPTED,
	WORD_TYPE,
	WORD_DECIDES,
	WORD_THROUGH,	     /* {1} forward {2} relay {3} port */
	/* who listens where */
	WORD_RELAY_LOOPBACK, /* {1} port text */
	WORD_RELAY_WILD,     /* {1} */
	WORD_RELAY_ADDRESS,  /* {1} {2} address */
	WORD_RELAY_PATH,     /* {1} path */
	WORD_RELAY_CHOOSES,
	WORD_RELAY_LOW,	     /* {1} port */
	WORD_AGENT_LOOPBACK, /* {1} port */
	WORD_AGENT_WILD,     /* {1} */
	WORD_AGENT_ADDRESS,  /* {1} {2} address */
	WORD_AGENT_PATH,     /* {1} path */
	WORD_NOBODY_LISTENS,
	WORD_DEVICE_HERE,    /* {1} device {2} what it gets */
	WORD_DEVICE_PLAIN,   /* {1} device */
	WORD_DEVICE_THERE,   /* {1} device */
	WORD_DEVICE_CHOSEN,
	/* who connects to whom */
	WORD_AGENT_DIALS,    /* {1} relay {2} port */
	WORD_AGENT_LOGS_IN,  /* {1} relay {2} port */
	WORD_VIA_JUMP,	     /* {1} jump hosts */
	WORD_VIA_COMMAND,
	WORD_AGENT_TO,	     /* {1} target */
	WORD_AGENT_TO_SELF,  /* {1} target */
	WORD_AGENT_TO_SOCKS,
	WORD_RELAY_TO,	     /* {1} target */
	WORD_RELAY_TO_SELF,  /* {1} target */
	WORD_RELAY_TO_SOCKS,
	/* what is encrypted */
	WORD_ENCRYPTED_BETWEEN,
	/* what the visitor types: {1} the command */
	WORD_TYPE_ON_RELAY,
	WORD_TYPE_ANYWHERE,
	WORD_TYPE_HERE,
	WORD_TYPE_NEAR,
	WORD_TYPE_PORT_LATER,
	WORD_TYPE_ADDRESSES, /* {1} device */
	/* which setting decides */
	WORD_DECIDES_REMOTE,
	WORD_DECIDES_REMOTE_PATH,
	WORD_DECIDES_LOCAL,
	WORD_DECIDES_LOCAL_PATH,
	WORD_DECIDES_STDIO,
	WORD_DECIDES_TUNNEL,
	WORD_NOTHING_ASKED,
	WORDS_COUNT
};

/* The language and character set that the environment asks for (LC_ALL, LC_MESSAGES or LC_CTYPE,
 * LANG, the first that is set): of a variable env tells the value or NULL. Chinese needs UTF-8. */
enum words_language words_language(const char *(*env)(const char *name));
bool words_is_utf8(const char *(*env)(const char *name));
/* The message with its values in place, cut at cap. values: as many as it has places. Returns out. */
const char *words_fill(char *out, size_t cap, enum words_language language, enum word word,
	const char *const *values);
/* A message without places. */
const char *words(enum words_language language, enum word word);

#endif
