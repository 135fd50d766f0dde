/* SPDX-License-Identifier: ISC */
/*
 * Our verdicts on keys, for comparison with ssh-keygen -Q:
 *
 *     revoked_probe LIST KEYFILE...     "ok" or "REVOKED" a line; "REVOKED" too when the list is
 * damaged
 */
#include "keys/pubkey.h"
#include "keys/revoked.h"

#include <stdio.h>
#include <stdlib.h>

static char *read_file(const char *path, size_t *len)
{
	FILE *in = fopen(path, "r");
	char *text = NULL;
	FILE *out = open_memstream(&text, len);
	int c;

	if (in == NULL || out == NULL)
		exit(2);
	while ((c = getc(in)) != EOF)
		putc(c, out);
	fclose(in);
	fclose(out);
	return text;
}

int main(int argc, char **argv)
{
	size_t list_len, len;
	char *list = argc > 1 ? read_file(argv[1], &list_len) : NULL;

	if (list == NULL)
		return 2;
	for (int i = 2; i < argc; i++) {
		uint8_t mem[8192];
		struct bytes rest;
		char *text = read_file(argv[i], &len);
		struct fault f = {0};
		size_t blob_len;

		if (pubkey_from_text(bytes_of(text, len), (struct span){mem, sizeof(mem)},
			    &blob_len, &rest) != E_OK)
			return 2;
		puts(revoked_check(bytes_of(list, list_len), bytes_of(mem, blob_len), &f) ==
					VERDICT_GOOD
				? "ok"
				: "REVOKED");
		free(text);
	}
	free(list);
	return 0;
}
