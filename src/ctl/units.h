/* SPDX-License-Identifier: ISC */
/* Numbers as people read them. Each returns out. */
#ifndef CTL_UNITS_H
#define CTL_UNITS_H

enum { UNITS_TEXT = 32 };

/* 0 B, 1023 B, 1.0 KiB, 12.3 GiB */
const char *units_bytes(long long n, char out[static UNITS_TEXT]);
/* The same a second; "-" for 0, so that what moves stands out. */
const char *units_rate(long long n, char out[static UNITS_TEXT]);
/* 7s, 3m 20s, 5h 03m, 12d 04h */
const char *units_time(long long seconds, char out[static UNITS_TEXT]);
/* 0.3 ms, 48 ms, 1.2 s; "-" below 0 */
const char *units_ms(double ms, char out[static UNITS_TEXT]);

#endif
