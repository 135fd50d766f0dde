/* SPDX-License-Identifier: ISC */
/*
 * The times of expiry-time= (sshd(8)): YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, local or, with Z
 * or UTC behind it, in UTC. No clock and no time zone here: times of one kind compare as text.
 */
#ifndef KEYS_EXPIRY_H
#define KEYS_EXPIRY_H

#include "base/bytes.h"

enum { EXPIRY_DIGITS = 14, EXPIRY_TEXT = EXPIRY_DIGITS + 1 };

/* Brings a time into the form with 14 digits. False for another form and for a day or an hour that
 * does not exist. */
bool expiry_parse(struct bytes text, char out[static EXPIRY_TEXT], bool *is_utc);
/* Whether expiry (as made above) lies before now, of the same kind; true when now is NULL or not of
 * 14 digits. */
bool expiry_is_past(const char *expiry, const char *now);

#endif
