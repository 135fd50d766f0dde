/* SPDX-License-Identifier: ISC */
/*
 * ssh_config texts. A text that includes "/self" meets itself again, so that depth is tried as
 * well. What was taken can be shown, whole and in lines.
 */
#include "conf/client.h"

#include "fuzz.h"

static struct bytes self;

static enum err read_self(void *ctx, const char *path, char **text, size_t *len, struct fault *f)
{
	*text = malloc(self.len + 1);
	if (*text == NULL)
		return E_NOMEM;
	if (self.len > 0)
		memcpy(*text, self.ptr, self.len);
	*len = self.len;
	return E_OK;
}

static void glob_self(
	void *ctx, const char *pattern, void (*found)(void *arg, const char *path), void *arg)
{
	if (strcmp(pattern, "/self") == 0)
		found(arg, pattern);
}

static const char *env(void *ctx, const char *name)
{
	return name[0] == 'A' ? "value" : NULL;
}

static void take_line(void *ctx, const char *text)
{
	PROMISE(strchr(text, ' ') != NULL && strchr(text, '\n') == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct conf_reader reader = {.read = read_self, .glob = glob_self, .env = env};
	static const struct conf_local local = {"me", "/home/me", "box.example", 1000};
	struct client_conf *c = client_conf_new("host", &reader, &local);
	const struct client_settings *s;
	struct fault f = {0};
	enum err e;

	if (c == NULL)
		return 0;
	self = bytes_of(data, size);
	e = client_conf_file(c, "FILE", self, true, &f);
	PROMISE((e == E_OK) == (f.err == E_OK));
	if (e == E_OK && client_conf_finish(c, &s, &f) == E_OK) {
		PROMISE(s->port != 0 && s->connection_attempts != 0);
		PROMISE(s->identity_count <= CLIENT_FILES_MAX);
		PROMISE(s->ciphers[0] != '\0' && s->host_key_algorithms[0] != '\0');
		client_conf_dump(s, take_line, NULL);
	}
	client_conf_free(c);
	return 0;
}
