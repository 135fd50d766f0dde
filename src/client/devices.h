/* SPDX-License-Identifier: ISC */
/*
 * Tunnels of networks (-w): a device here, one at the relay, and a channel of packets between them, over
 * any number of connections. Devices and their addresses stay when a connection is lost; one that vanishes
 * is made anew. Says what ssh says.
 */
#ifndef CLIENT_DEVICES_H
#define CLIENT_DEVICES_H

#include "bridge/devconf.h"
#include "bridge/ferry.h"
#include "conf/client.h"

enum device_state {
	DEVICE_WANTED,
	DEVICE_MISSING, /* there is no device here */
	DEVICE_ASKED, /* the channel waits to be opened */
	DEVICE_UP,
	DEVICE_REFUSED
};

struct device {
	const struct client_tunnel *want; /* of the settings */
	struct devices *all;
	enum device_state state;
	bool is_open; /* the device is there */
	struct tundev dev;
	struct devconf_wish given; /* addresses and routes it is to have */
	bool has_offer; /* the first address of given is the relay's offer */
	struct devconf conf;
	struct ferry *ferry;
	struct sink sink;     /* of a channel without a device */
	uint32_t channel;     /* ASKED, or UP without a device */
	char trouble[FAULT_TEXT]; /* MISSING, REFUSED: why, printable; "": there was none since it was up */
};

struct devices_ops {
	/* A tunnel is up or refused, or its device is there again. */
	void (*answered)(void *ctx, const struct device *one);
	/* One cannot be had now. */
	void (*failed)(void *ctx, const char *text);
};

struct devices {
	const struct client_settings *settings; /* private from here on */
	const struct devices_ops *ops;
	void *ctx;
	struct hub *hub;
	struct conn *conn; /* NULL: there is none now */
	struct device items[CLIENT_TUNNELS_MAX];
	size_t count;
};

void devices_init(struct devices *d, struct hub *hub, const struct client_settings *s,
	const struct devices_ops *ops, void *ctx);
/* Makes the devices that are missing and asks for the tunnels that are not up. False: some device could
 * not be had, which was said once. */
bool devices_ask(struct devices *d, struct conn *c);
/* The connection is gone. */
void devices_on_down(struct devices *d);
size_t devices_count(const struct devices *d, enum device_state state);
/* None waits for an answer. */
bool devices_are_answered(const struct devices *d);
/* Gives all devices back as they were. The loop must run once more afterwards. */
void devices_close(struct devices *d);

#endif
