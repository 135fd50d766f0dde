/* SPDX-License-Identifier: ISC */
/*
 * Text that came from somewhere else: made printable before it reaches a log or a terminal, and
 * numbers, sizes and times in words read from option text.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/bytes.h"
#include "base/err.h"

/* Writes src as printable ASCII: other bytes and backslash become \xNN, \n, \t, \r, \\. Cuts at cap
 * with "..." and always terminates (cap >= 4). Returns dst. */
const char *text_escape(char *dst, size_t cap, struct bytes src);
/* The same, but backslashes stay as they are: for lines whose peer parts were escaped before. */
const char *text_printable(char *dst, size_t cap, struct bytes src);

/* Whole decimal number in [0, max]; nothing else around it. */
bool text_to_u64(struct bytes s, uint64_t max, uint64_t *out);
/* 512, 4K, 1M, 2G, 1T (powers of 1024, either case). */
bool text_to_size(struct bytes s, uint64_t *out);
/* sshd_config(5) TIME FORMATS: 90, 90s, 1h30m, 2d, 1w; in milliseconds, at most 2^31 seconds. */
bool text_to_time_ms(struct bytes s, uint64_t *out);
/* OpenSSH pattern: * and ?; case kept. At most pattern.len * s.len steps, no recursion. */
bool text_match(struct bytes pattern, struct bytes s);
/* Comma list of patterns with ! negation, as in match_pattern_list: 1 match, 0 none, -1 negated match. */
int text_match_list(struct bytes patterns, struct bytes s, bool fold_case);
/* RFC 4648 base64. Decoding wants exact padding and nothing else; encoding always pads. Both return
 * the length written; decode returns false on any other input, set bits behind the data among them, or
 * when cap is too small, and may work in place (dst == text.ptr). Encoding terminates dst and does not
 * count that; it returns 0 when cap is too small. */
bool text_unbase64(struct bytes text, uint8_t *dst, size_t cap, size_t *len);
size_t text_base64(struct bytes data, char *dst, size_t cap);

#endif
