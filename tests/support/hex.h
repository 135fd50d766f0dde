/* SPDX-License-Identifier: ISC */
/* Hex text to bytes for test vectors; blanks and colons are skipped. A vector that is not hex, or
 * too long for its place, aborts the test program. */
#ifndef SUPPORT_HEX_H
#define SUPPORT_HEX_H

#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline uint8_t hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = strchr(digits, tolower((unsigned char)c));

	if (c == '\0' || at == NULL) {
		fprintf(stderr, "not a hex digit: '%c'\n", c);
		abort();
	}
	return (uint8_t)(at - digits);
}

/* Fills dst and returns the number of bytes. */
static inline size_t hex_to(const char *hex, uint8_t *dst, size_t cap)
{
	size_t digits = 0;

	for (; *hex != '\0'; hex++) {
		if (isspace((unsigned char)*hex) || *hex == ':')
			continue;
		if (digits / 2 >= cap)
			abort();
		if (digits % 2 == 0)
			dst[digits / 2] = (uint8_t)(hex_digit(*hex) << 4);
		else
			dst[digits / 2] |= hex_digit(*hex);
		digits++;
	}
	if (digits % 2 != 0)
		abort();
	return digits / 2;
}

#endif
