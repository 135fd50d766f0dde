/* SPDX-License-Identifier: ISC */
/*
 * What a fuzz target is: one function that takes any bytes and must return 0. It aborts when a
 * promise of the unit does not hold; sanitizers see to the rest.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A promise of the unit under test; holds in release builds as well, where assert would be gone. */
#define PROMISE(cond) \
	do { \
		if (!(cond)) { \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #cond); \
			abort(); \
		} \
	} while (0)

#endif
