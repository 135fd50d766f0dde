/* SPDX-License-Identifier: ISC */
/* Whom the supervisor believes what: keys of tests/data/keys, and what a relay process might say of them. */
#include "relay/roster.h"

#include <stdlib.h>

#include "auth/publickey.h"
#include "base/log.h"
#include "datafile.h"
#include "harness.h"
#include "keys/privkey.h"
#include "tmpdir.h"
#include "wire/msgs.h"

struct stage {
	struct tmpdir tmp;
	struct keyring *ring;
	struct relay_conf *conf;
	struct roster roster;
	struct pk *key;
	uint8_t blob[1024], text[2048], signature[PK_SIGNATURE_MAX];
	size_t blob_len, signature_len;
	struct span proof;
	char *line;
	struct fault f;
};

static void make_key(struct stage *s)
{
	const struct sig_alg *alg = sig_alg_find(bytes_str("ssh-ed25519"));
	static const uint8_t id[32] = {1, 2, 3};
	struct publickey p = {.user = bytes_str("bob"),
		.service = bytes_str("ssh-connection"),
		.alg = bytes_str("ssh-ed25519"),
		.is_signed = true};

	REQUIRE_EQ(pk_generate(&s->key, PK_ED25519, 0), E_OK);
	REQUIRE_EQ(pubkey_to_blob(s->key, (struct span){s->blob, sizeof(s->blob)}, &s->blob_len),
		E_OK);
	p.blob = bytes_of(s->blob, s->blob_len);
	REQUIRE_EQ(publickey_to_sign(bytes_of(id, sizeof(id)), &p, 0, &s->proof), E_OK);
	REQUIRE_EQ(pk_sign(s->key, alg, bytes_of(s->proof.ptr, s->proof.len),
			   (struct span){s->signature, sizeof(s->signature)}, &s->signature_len),
		E_OK);
}

static void write_keys(struct stage *s, const char *options)
{
	char text[1200], line[1400];

	REQUIRE_EQ(pubkey_to_text(bytes_of(s->blob, s->blob_len), text, sizeof(text)), E_OK);
	snprintf(line, sizeof(line), "%s%s%s\n", options, options[0] ? " " : "", text);
	tmpdir_write(&s->tmp, "keys", line, 0600);
	keyring_refresh(s->ring, NULL);
}

static void stage_init(struct stage *s)
{
	const struct relay_settings *unused;
	char *path;

	*s = (struct stage){0};
	log_setup(LOG_LEVEL_QUIET, log_to_stderr, NULL);
	tmpdir_init(&s->tmp);
	make_key(s);
	path = strdup(tmpdir_file(&s->tmp, "keys"));
	REQUIRE_EQ(keyring_new(&path, 1, &s->ring), E_OK);
	free(path);
	s->conf = relay_conf_new();
	REQUIRE_EQ(relay_conf_finish(s->conf, &unused, &s->f), E_OK);
	roster_init(&s->roster);
	write_keys(s, "");
}

static void stage_fini(struct stage *s)
{
	roster_clear(&s->roster);
	keyring_free(s->ring);
	relay_conf_free(s->conf);
	pk_free(s->key);
	free(s->proof.ptr);
	tmpdir_fini(&s->tmp);
}

static struct ipc_key question(const struct stage *s, uint32_t session, bool is_proven)
{
	return (struct ipc_key){.session = session,
		.user = "bob",
		.blob = bytes_of(s->blob, s->blob_len),
		.proof = bytes_of(s->proof.ptr, is_proven ? s->proof.len : 0),
		.signature = bytes_of(s->signature, is_proven ? s->signature_len : 0),
		.peer = "192.0.2.1",
		.local = "192.0.2.2",
		.local_port = 22};
}

static enum err admit(struct stage *s, const struct ipc_key *k)
{
	struct identity *id = NULL;
	enum err e;

	s->f = (struct fault){0};
	e = roster_admit(&s->roster, s->ring, s->conf, k, &id, &s->f);
	CHECK_EQ(e == E_OK, id != NULL);
	identity_free(id);
	return e;
}

TEST(roster_knows_who_has_signed)
{
	static struct stage s;
	struct ipc_key k;

	stage_init(&s);
	k = question(&s, 1, true);
	CHECK(roster_find(&s.roster, 1) == NULL);
	REQUIRE_EQ(admit(&s, &k), E_OK);
	REQUIRE(roster_find(&s.roster, 1) != NULL);
	CHECK_STR(roster_find(&s.roster, 1)->identity->user, "bob");
	CHECK(roster_find(&s.roster, 2) == NULL);
	roster_leave(&s.roster, roster_find(&s.roster, 1));
	CHECK(roster_find(&s.roster, 1) == NULL);
	stage_fini(&s);
}

TEST(roster_does_not_know_who_was_only_asked_about)
{
	static struct stage s;
	struct ipc_key k;

	stage_init(&s);
	k = question(&s, 1, false);
	CHECK_EQ(admit(&s, &k), E_OK); /* a query before the signature */
	CHECK(roster_find(&s.roster, 1) == NULL);
	stage_fini(&s);
}

TEST(roster_takes_no_signature_for_another)
{
	static struct stage s;
	struct ipc_key k;

	stage_init(&s);
	k = question(&s, 1, true);
	s.signature[s.signature_len - 1] ^= 1;
	CHECK_EQ(admit(&s, &k), E_DENIED);
	CHECK_STR(s.f.text, "the signature is wrong");
	s.signature[s.signature_len - 1] ^= 1;
	/* What bob has signed does not make him root. */
	strcpy(k.user, "root");
	CHECK_EQ(admit(&s, &k), E_DENIED);
	strcpy(k.user, "bob");
	k.signature.len = 0;
	CHECK_EQ(admit(&s, &k), E_DENIED);
	CHECK(roster_find(&s.roster, 1) == NULL);
	stage_fini(&s);
}

TEST(roster_takes_no_key_that_has_no_line)
{
	static struct stage s;
	struct ipc_key k;

	stage_init(&s);
	tmpdir_write(&s.tmp, "keys", "# nobody\n", 0600);
	k = question(&s, 1, true);
	CHECK_EQ(admit(&s, &k), E_DENIED);
	CHECK(roster_find(&s.roster, 1) == NULL);
	stage_fini(&s);
}

TEST(roster_judges_anew)
{
	static struct stage s;
	struct ipc_key k;
	struct member *m;

	stage_init(&s);
	k = question(&s, 1, true);
	REQUIRE_EQ(admit(&s, &k), E_OK);
	m = roster_find(&s.roster, 1);
	CHECK(m->identity->may_forward);
	write_keys(&s, "restrict");
	REQUIRE_EQ(roster_review(&s.roster, s.ring, s.conf, m, &s.f), E_OK);
	CHECK(!m->identity->may_forward);
	write_keys(&s, "from=\"198.51.100.1\"");
	CHECK_EQ(roster_review(&s.roster, s.ring, s.conf, m, &s.f), E_DENIED);
	CHECK(roster_find(&s.roster, 1) == NULL);
	stage_fini(&s);
}

TEST(roster_has_one_member_a_session)
{
	static struct stage s;
	struct ipc_key k;

	stage_init(&s);
	for (uint32_t n = 0; n < 100; n++) {
		k = question(&s, n % 10, true);
		REQUIRE_EQ(admit(&s, &k), E_OK);
	}
	CHECK_EQ(s.roster.count, 10);
	stage_fini(&s);
}
