/* SPDX-License-Identifier: ISC */
#include "client/prompt.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { ANSWER_MAX = 256 };

/* Blanks around the answer do not count. */
static char *trim(char *s)
{
	s += strspn(s, " \t\r\n");
	for (size_t len = strlen(s); len > 0 && strchr(" \t\r\n", s[len - 1]) != NULL;)
		s[--len] = '\0';
	return s;
}

bool prompt_confirm(const char *question, const char *fingerprint)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	FILE *answers;
	char line[ANSWER_MAX];
	bool is_yes = false;

	if (fd < 0)
		return false;
	answers = fdopen(fd, "r");
	if (answers == NULL) {
		close(fd);
		return false;
	}
	dprintf(fd, "%s", question);
	while (fgets(line, sizeof(line), answers) != NULL) {
		const char *answer = trim(line);

		is_yes = strcasecmp(answer, "yes") == 0 || strcmp(answer, fingerprint) == 0;
		if (is_yes || answer[0] == '\0' || strcasecmp(answer, "no") == 0)
			break;
		dprintf(fd, "Please type 'yes', 'no' or the fingerprint: ");
	}
	fclose(answers);
	return is_yes;
}
