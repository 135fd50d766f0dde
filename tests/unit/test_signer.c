/* SPDX-License-Identifier: ISC */
/* A real signer in a process of its own, behind its fence, and questions it should not answer. */
#include "relay/signer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/pk.h"
#include "datafile.h"
#include "harness.h"
#include "keys/pubkey.h"
#include "relay/ipc.h"
#include "tmpdir.h"
#include "wire/writer.h"

struct bench {
	struct tmpdir dir;
	pid_t pid;
	int parent, client; /* our ends */
	uint8_t room[FRAME_MAX];
	struct frame in;
};

static void say(struct bench *b, int fd, uint16_t type, uint64_t number, struct bytes payload)
{
	struct frame out = {.type = type, .number = number, .payload = payload};

	REQUIRE_EQ(frame_send_all(fd, &out), E_OK);
}

static enum err hear(struct bench *b, int fd, const struct frame_kinds *kinds)
{
	return frame_wait(fd, kinds, b->pid, b->room, &b->in, NULL);
}

static void start(struct bench *b)
{
	struct ipc_start how = {.level = LOG_LEVEL_QUIET};
	uint8_t mem[IPC_SMALL_MAX];
	struct span into = {mem, sizeof(mem)};
	int pair[2];

	tmpdir_init(&b->dir);
	REQUIRE_EQ(frame_pair(pair, NULL), E_OK);
	fflush(NULL);
	b->pid = fork();
	REQUIRE(b->pid >= 0);
	if (b->pid == 0) {
		close(pair[0]);
		_exit(signer_run(pair[1]));
	}
	close(pair[1]);
	b->parent = pair[0];
	say(b, b->parent, IPC_START, 0, ipc_wr_start(into, &how));
}

static void load(struct bench *b, const char *name, const char *data)
{
	uint8_t mem[IPC_SMALL_MAX];
	size_t len;
	char *text = datafile_read(data, &len);

	tmpdir_write(&b->dir, name, text, 0600);
	free(text);
	say(b, b->parent, IPC_LOAD, 0,
		ipc_wr_load((struct span){mem, sizeof(mem)}, b->dir.file, false));
}

static void add_client(struct bench *b)
{
	struct frame out = {.type = IPC_CLIENT, .number = (uint64_t)getpid(), .fd_count = 1};
	int pair[2];

	REQUIRE_EQ(frame_pair(pair, NULL), E_OK);
	out.fd[0] = pair[0];
	REQUIRE_EQ(frame_send_all(b->parent, &out), E_OK);
	close(pair[0]);
	b->client = pair[1];
}

static void finish(struct bench *b, int code)
{
	int status = -1;

	close(b->parent);
	REQUIRE_EQ(waitpid(b->pid, &status, 0), b->pid);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), code);
	tmpdir_fini(&b->dir);
}

static void ask(
	struct bench *b, uint32_t index, const char *alg, struct bytes hash, uint64_t number)
{
	uint8_t mem[IPC_SMALL_MAX];
	struct ipc_sign q = {index, bytes_str(alg), hash};

	say(b, b->client, IPC_SIGN, number, ipc_wr_sign((struct span){mem, sizeof(mem)}, &q));
}

TEST(it_signs_with_the_key_that_is_named)
{
	static struct bench b;
	uint8_t blob[2][LIMIT_BLOB];
	size_t len[2];
	struct bytes hash = bytes_str("12345678901234567890123456789012");
	static const char *const algs[] = {"ssh-ed25519", "rsa-sha2-512"};

	start(&b);
	load(&b, "a", "tests/data/keys/ed25519");
	load(&b, "b", "tests/data/keys/rsa2048");
	say(&b, b.parent, IPC_GO, 0, bytes_of(NULL, 0));
	for (int i = 0; i < 2; i++) {
		REQUIRE_EQ(hear(&b, b.parent, &ipc_from_signer), E_OK);
		REQUIRE_EQ(b.in.type, IPC_KEY);
		len[i] = b.in.payload.len;
		memcpy(blob[i], b.in.payload.ptr, len[i]);
	}
	REQUIRE_EQ(hear(&b, b.parent, &ipc_from_signer), E_OK);
	REQUIRE_EQ(b.in.type, IPC_READY);
	add_client(&b);
	for (uint32_t i = 0; i < 2; i++) {
		struct pk *pub;

		ask(&b, i, algs[i], hash, 100 + i);
		REQUIRE_EQ(hear(&b, b.client, &ipc_to_client), E_OK);
		CHECK_EQ(b.in.number, 100 + i);
		REQUIRE_EQ(pubkey_from_blob(bytes_of(blob[i], len[i]), &pub), E_OK);
		CHECK_EQ(pk_verify(pub, sig_alg_find(bytes_str(algs[i])), hash, b.in.payload),
			VERDICT_GOOD);
		pk_free(pub);
	}
	/* No such key, no such algorithm, the algorithm of another key: an answer without one. */
	ask(&b, 2, "ssh-ed25519", hash, 1);
	REQUIRE_EQ(hear(&b, b.client, &ipc_to_client), E_OK);
	CHECK_EQ(b.in.payload.len, 0);
	ask(&b, 0, "ssh-rsa", hash, 2);
	REQUIRE_EQ(hear(&b, b.client, &ipc_to_client), E_OK);
	CHECK_EQ(b.in.payload.len, 0);
	ask(&b, 0, "rsa-sha2-256", hash, 3);
	REQUIRE_EQ(hear(&b, b.client, &ipc_to_client), E_OK);
	CHECK_EQ(b.in.payload.len, 0);
	close(b.client);
	finish(&b, 0);
}

/* OpenSSH's PROTOCOL 2.5: the text is of the signer's making, only the session's id comes from
 * outside. */
TEST(it_proves_that_it_has_a_key)
{
	static struct bench b;
	static uint8_t blob[LIMIT_BLOB], mem[IPC_SMALL_MAX], text[1024];
	struct ipc_sign q = {
		0, bytes_str("ssh-ed25519"), bytes_str("12345678901234567890123456789012")};
	struct writer w;
	struct pk *pub;
	size_t len;

	start(&b);
	load(&b, "a", "tests/data/keys/ed25519");
	say(&b, b.parent, IPC_GO, 0, bytes_of(NULL, 0));
	REQUIRE_EQ(hear(&b, b.parent, &ipc_from_signer), E_OK);
	len = b.in.payload.len;
	memcpy(blob, b.in.payload.ptr, len);
	REQUIRE_EQ(hear(&b, b.parent, &ipc_from_signer), E_OK);
	add_client(&b);
	say(&b, b.client, IPC_PROVE, 5, ipc_wr_sign((struct span){mem, sizeof(mem)}, &q));
	REQUIRE_EQ(hear(&b, b.client, &ipc_to_client), E_OK);
	CHECK_EQ(b.in.number, 5);
	wr_init(&w, (struct span){text, sizeof(text)});
	wr_cstring(&w, "hostkeys-prove-00@openssh.com");
	wr_string(&w, q.hash);
	wr_string(&w, bytes_of(blob, len));
	REQUIRE_EQ(pubkey_from_blob(bytes_of(blob, len), &pub), E_OK);
	CHECK_EQ(pk_verify(pub, sig_alg_find(q.alg), wr_bytes(&w), b.in.payload), VERDICT_GOOD);
	CHECK(pk_verify(pub, sig_alg_find(q.alg), q.hash, b.in.payload) != VERDICT_GOOD);
	pk_free(pub);
	q.index = 1;
	say(&b, b.client, IPC_PROVE, 6, ipc_wr_sign((struct span){mem, sizeof(mem)}, &q));
	REQUIRE_EQ(hear(&b, b.client, &ipc_to_client), E_OK);
	CHECK_EQ(b.in.payload.len, 0);
	close(b.client);
	finish(&b, 0);
}

TEST(r58_cve_2015_6563_cve_2015_6564_who_asks_for_more_than_a_hash_is_hung_up_on)
{
	static struct bench b;
	uint8_t head[FRAME_HEAD] = {0};

	start(&b);
	load(&b, "a", "tests/data/keys/ed25519");
	say(&b, b.parent, IPC_GO, 0, bytes_of(NULL, 0));
	REQUIRE_EQ(hear(&b, b.parent, &ipc_from_signer), E_OK);
	REQUIRE_EQ(hear(&b, b.parent, &ipc_from_signer), E_OK);
	add_client(&b);
	ask(&b, 0, "ssh-ed25519", bytes_str("a text of one's own"), 1);
	CHECK_EQ(hear(&b, b.client, &ipc_to_client), E_CLOSED);
	close(b.client);
	add_client(&b);
	REQUIRE_EQ(write(b.client, head, sizeof(head)), (ssize_t)sizeof(head));
	CHECK_EQ(hear(&b, b.client, &ipc_to_client), E_CLOSED);
	close(b.client);
	/* The others are served. */
	add_client(&b);
	ask(&b, 0, "ssh-ed25519", bytes_str("12345678901234567890123456789012"), 2);
	REQUIRE_EQ(hear(&b, b.client, &ipc_to_client), E_OK);
	CHECK(b.in.payload.len > 64);
	close(b.client);
	finish(&b, 0);
}

TEST(a_key_that_is_none_is_told)
{
	static struct bench b;
	char text[IPC_TEXT_MAX + 1];

	start(&b);
	load(&b, "a", "tests/data/keys/ed25519.pub");
	REQUIRE_EQ(hear(&b, b.parent, &ipc_from_signer), E_OK);
	CHECK_EQ(b.in.type, IPC_FAILED);
	REQUIRE(bytes_to_cstr(b.in.payload, text, sizeof(text)));
	CHECK(strstr(text, "host key /") == text);
	finish(&b, 1);
}
