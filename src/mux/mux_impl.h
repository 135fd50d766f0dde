/* SPDX-License-Identifier: ISC */
/* The connection's state, shared by the files of mux.h: what comes in, what goes out, freezing. */
#ifndef MUX_MUX_IMPL_H
#define MUX_MUX_IMPL_H

#include "base/idmap.h"
#include "mux/channel.h"
#include "mux/credit.h"
#include "mux/global.h"
#include "mux/mux.h"

enum { DATA_HEAD = 9 }; /* number, channel and length in front of the bytes of CHANNEL_DATA */

struct mux_lent { /* what mux_lend gave and mux_commit may take */
	uint32_t channel, piece_max;
	size_t bytes;
};

struct mux {
	struct mux_config cfg;
	struct idmap channels; /* of struct channel */
	struct global global;
	struct credit credit; /* of all channels' recv */
	uint32_t ids_given; /* no number from here on was ever in use */
	unsigned opening_ours, opening_theirs;
	bool has_no_more_sessions;
	struct mux_lent lent;
};

/* The one look-up of a number (R13): bound and liveness. */
struct channel *mux_find(const struct mux *m, uint32_t channel);
/* How many channels of each side may wait to be opened. */
unsigned mux_opening_max(const struct mux *m);
/* Puts c into the table. E_LIMIT, E_NOMEM. */
enum err mux_add(struct mux *m, struct channel *c, uint32_t *channel) MUST_USE;
/* Puts c at its number (thaw). E_FORMAT when it cannot stand there; E_NOMEM. */
enum err mux_add_at(struct mux *m, uint32_t channel, struct channel *c) MUST_USE;
/* Takes the channel out and frees it. */
void mux_drop(struct mux *m, uint32_t channel);
/* EOF, CLOSE, SUCCESS, FAILURE: messages that carry the peer's number alone. */
enum err mux_send_plain(struct mux *m, uint8_t msg, const struct channel *c) MUST_USE;
/* FAILUREs decided here whose turn has come. */
enum err mux_send_refused(struct mux *m, struct channel *c) MUST_USE;
/* What mux_on does, once the number is known to be legal. */
enum err mux_take(struct mux *m, uint8_t msg, struct reader *r, struct mux_event *ev,
	struct fault *f) MUST_USE;

#endif
