/* SPDX-License-Identifier: ISC */
/* Keys that ssh-keygen made (tests/data/keys), in files that change under the relay's feet. */
#include "relay/keyring.h"

#include "base/log.h"
#include "datafile.h"
#include "harness.h"
#include "keys/keyalg.h"
#include "keys/pubkey.h"
#include "tmpdir.h"

static char said[4096]; /* what was logged */
static const char *user = "me";

static void listen_in(void *ctx, enum log_level level, const char *line)
{
	if (level <= LOG_LEVEL_INFO && strlen(said) + strlen(line) + 2 < sizeof(said)) {
		strcat(said, line);
		strcat(said, "\n");
	}
}

struct stage {
	struct tmpdir tmp;
	struct keyring *ring;
	char *alice, *bob; /* lines */
	uint8_t alice_blob[1024], bob_blob[1024];
	size_t alice_len, bob_len;
};

static char *line_of(const char *path, uint8_t *blob, size_t *len)
{
	size_t n;
	char *text = datafile_read(path, &n);
	struct bytes rest;

	REQUIRE_EQ(
		pubkey_from_text(bytes_of(text, n), (struct span){blob, 1024}, len, &rest), E_OK);
	return text;
}

static void stage_init(struct stage *s)
{
	char *path;

	said[0] = '\0';
	log_setup(LOG_LEVEL_INFO, listen_in, NULL);
	tmpdir_init(&s->tmp);
	s->alice = line_of("tests/data/keys/ed25519.pub", s->alice_blob, &s->alice_len);
	s->bob = line_of("tests/data/keys/ecdsa256.pub", s->bob_blob, &s->bob_len);
	path = strdup(tmpdir_file(&s->tmp, "keys"));
	REQUIRE_EQ(keyring_new(&path, 1, &s->ring), E_OK);
	free(path);
}

static void stage_fini(struct stage *s)
{
	keyring_free(s->ring);
	tmpdir_fini(&s->tmp);
	free(s->alice);
	free(s->bob);
	log_setup(LOG_LEVEL_INFO, log_to_stderr, NULL);
}

static enum err admit(
	struct stage *s, const uint8_t *blob, size_t len, struct keyring_place *at, struct fault *f)
{
	struct candidate who = {user, bytes_of(blob, len), "192.0.2.5", 1700000000, 1700000000};

	keyring_refresh(s->ring, user);
	return keyring_admit(s->ring, &who, at, f);
}

static bool alice_in(struct stage *s)
{
	struct keyring_place at;

	return admit(s, s->alice_blob, s->alice_len, &at, NULL) == E_OK;
}

static bool bob_in(struct stage *s)
{
	struct keyring_place at;

	return admit(s, s->bob_blob, s->bob_len, &at, NULL) == E_OK;
}

TEST(a_new_key_needs_no_restart)
{
	struct stage s;
	struct keyring_place at;
	struct keyring_file info;
	char both[4096];

	stage_init(&s);
	CHECK(!alice_in(&s));
	keyring_file_info(s.ring, 0, &info);
	CHECK_STR(info.why, "");
	tmpdir_write(&s.tmp, "keys", s.alice, 0600);
	CHECK_EQ(admit(&s, s.alice_blob, s.alice_len, &at, NULL), E_OK);
	CHECK_EQ(at.key->line, 1);
	CHECK_STR(at.path, tmpdir_file(&s.tmp, "keys"));
	CHECK(!bob_in(&s));
	snprintf(both, sizeof(both), "# two\n%s%s", s.alice, s.bob);
	tmpdir_write(&s.tmp, "keys", both, 0600);
	CHECK(alice_in(&s));
	CHECK_EQ(admit(&s, s.bob_blob, s.bob_len, &at, NULL), E_OK);
	CHECK_EQ(at.key->line, 3);
	keyring_file_info(s.ring, 0, &info);
	CHECK_EQ(info.keys, 2);
	CHECK(info.why == NULL);
	CHECK_STR(said, "");
	stage_fini(&s);
}

TEST(a_file_that_is_gone_admits_nobody)
{
	struct stage s;

	stage_init(&s);
	tmpdir_write(&s.tmp, "keys", s.alice, 0600);
	CHECK(alice_in(&s));
	unlink(s.tmp.file);
	CHECK(!alice_in(&s));
	CHECK(strstr(said, "keys is gone") != NULL);
	said[0] = '\0';
	CHECK(!alice_in(&s));
	CHECK_STR(said, "");
	stage_fini(&s);
}

TEST(a_file_that_turns_bad_leaves_the_old_keys)
{
	struct stage s;
	struct keyring_file info;
	char both[4096];

	stage_init(&s);
	tmpdir_write(&s.tmp, "keys", s.alice, 0600);
	CHECK(alice_in(&s));
	snprintf(both, sizeof(both), "%s%s", s.alice, s.bob);
	tmpdir_write(&s.tmp, "keys", both, 0666);
	CHECK(alice_in(&s));
	CHECK(!bob_in(&s));
	CHECK(strstr(said, "mode 0666") != NULL);
	CHECK(strstr(said, "read before stay in force") != NULL);
	keyring_file_info(s.ring, 0, &info);
	CHECK(info.why != NULL && strstr(info.why, "mode 0666") != NULL);
	/* It is said once. */
	said[0] = '\0';
	CHECK(!bob_in(&s));
	CHECK_STR(said, "");
	CHECK_EQ(chmod(s.tmp.file, 0644), 0);
	CHECK(bob_in(&s));
	/* Its folder counts as well, and is looked at although the file has not changed. */
	CHECK_EQ(chmod(s.tmp.path, 0777), 0);
	CHECK(bob_in(&s));
	CHECK(strstr(said, "mode 0777") != NULL);
	CHECK_EQ(chmod(s.tmp.path, 0700), 0);
	stage_fini(&s);
}

TEST(r22_a_file_with_a_line_too_long_is_refused_whole)
{
	struct stage s;
	char *text = malloc(AUTHKEYS_LINE_MAX + 4096);

	stage_init(&s);
	strcpy(text, s.alice);
	strcat(text, "command=\"");
	memset(text + strlen(text), 'x', AUTHKEYS_LINE_MAX + 2000 - strlen(text));
	text[AUTHKEYS_LINE_MAX + 2000] = '\0';
	tmpdir_write(&s.tmp, "keys", text, 0600);
	CHECK(!alice_in(&s));
	CHECK(strstr(said, "keys") != NULL);
	free(text);
	stage_fini(&s);
}

TEST(bad_lines_are_named_and_left_out)
{
	struct stage s;
	struct keyring_file info;
	char text[4096];

	stage_init(&s);
	snprintf(text, sizeof(text), "%snonsense %s", s.alice, s.bob);
	tmpdir_write(&s.tmp, "keys", text, 0600);
	CHECK(alice_in(&s));
	CHECK(!bob_in(&s));
	CHECK(strstr(said, "keys line 2: ") != NULL);
	keyring_file_info(s.ring, 0, &info);
	CHECK_EQ(info.bad_lines, 1);
	CHECK_EQ(info.keys, 1);
	stage_fini(&s);
}

TEST(r45_cve_2026_46595_cve_2026_56854_from_and_expiry_are_reasons)
{
	struct stage s;
	struct keyring_place at;
	struct fault f = {0};
	char text[4096];

	stage_init(&s);
	snprintf(text, sizeof(text), "from=\"10.0.0.0/8\" %s", s.alice);
	tmpdir_write(&s.tmp, "keys", text, 0600);
	CHECK_EQ(admit(&s, s.alice_blob, s.alice_len, &at, &f), E_DENIED);
	CHECK(strstr(f.text, "keys line 1: from= does not admit 192.0.2.5") != NULL);
	/* 1700000000 is 2023-11-14 22:13:20 UTC. */
	snprintf(text, sizeof(text), "expiry-time=\"20231114221319Z\" %s", s.alice);
	tmpdir_write(&s.tmp, "keys", text, 0600);
	f = (struct fault){0};
	CHECK_EQ(admit(&s, s.alice_blob, s.alice_len, &at, &f), E_DENIED);
	CHECK(strstr(f.text, "line 1: the key has expired") != NULL);
	snprintf(text, sizeof(text), "expiry-time=\"20231114221321Z\" %s", s.alice);
	tmpdir_write(&s.tmp, "keys", text, 0600);
	CHECK_EQ(admit(&s, s.alice_blob, s.alice_len, &at, NULL), E_OK);
	/* A later line of the same key is tried when an earlier one refuses. */
	snprintf(text, sizeof(text), "from=\"10.0.0.0/8\" %s%s", s.alice, s.alice);
	tmpdir_write(&s.tmp, "keys", text, 0600);
	CHECK_EQ(admit(&s, s.alice_blob, s.alice_len, &at, NULL), E_OK);
	CHECK_EQ(at.key->line, 2);
	f = (struct fault){0};
	CHECK_EQ(admit(&s, s.bob_blob, s.bob_len, &at, &f), E_DENIED);
	CHECK_STR(f.text, "the key is on no line of the relay's keys");
	stage_fini(&s);
}

static void folder_init(struct stage *s, const char *words)
{
	char *path;

	stage_init(s);
	keyring_free(s->ring);
	REQUIRE_EQ(mkdir(tmpdir_file(&s->tmp, "tenants"), 0700), 0);
	path = strdup(tmpdir_file(&s->tmp, words));
	REQUIRE_EQ(keyring_new(&path, 1, &s->ring), E_OK);
	free(path);
}

/* A file is a tenant, and its name is theirs. */
TEST(a_folder_of_tenants)
{
	struct stage s;
	struct keyring_place at;
	struct keyring_spot spot;

	folder_init(&s, "tenants");
	CHECK(!alice_in(&s));
	tmpdir_write(&s.tmp, "tenants/lab-7", s.alice, 0600);
	tmpdir_write(&s.tmp, "tenants/.hidden", s.bob, 0600);
	tmpdir_write(&s.tmp, "tenants/odd name", s.bob, 0600);
	CHECK_EQ(admit(&s, s.alice_blob, s.alice_len, &at, NULL), E_OK);
	CHECK_STR(at.name, "lab-7");
	CHECK(!bob_in(&s));
	CHECK(strstr(said, "tenants/odd name is passed over") != NULL);
	keyring_spot_info(s.ring, 0, &spot);
	CHECK(spot.is_folder && !spot.is_users);
	CHECK_EQ(spot.files, 1);
	CHECK_EQ(spot.keys, 1);
	/* Who comes and goes is seen at once. */
	tmpdir_write(&s.tmp, "tenants/bob", s.bob, 0600);
	CHECK_EQ(admit(&s, s.bob_blob, s.bob_len, &at, NULL), E_OK);
	CHECK_STR(at.name, "bob");
	REQUIRE_EQ(unlink(tmpdir_file(&s.tmp, "tenants/lab-7")), 0);
	CHECK(!alice_in(&s));
	CHECK(bob_in(&s));
	/* What changes inside a file is seen within a second, or when all is read again. */
	tmpdir_write(&s.tmp, "tenants/bob", s.alice, 0600);
	keyring_refresh(s.ring, NULL);
	CHECK(alice_in(&s));
	CHECK(!bob_in(&s));
	stage_fini(&s);
}

/* One tenant whose file others may write is shut out, and nobody else. */
TEST(a_folder_with_a_bad_file)
{
	struct stage s;

	folder_init(&s, "tenants");
	tmpdir_write(&s.tmp, "tenants/alice", s.alice, 0666);
	tmpdir_write(&s.tmp, "tenants/bob", s.bob, 0600);
	CHECK(!alice_in(&s));
	CHECK(bob_in(&s));
	CHECK(strstr(said, "tenants/alice") != NULL);
	stage_fini(&s);
}

TEST(a_file_of_the_user)
{
	struct stage s;

	folder_init(&s, "tenants/\1/keys");
	REQUIRE_EQ(mkdir(tmpdir_file(&s.tmp, "tenants/alice"), 0700), 0);
	tmpdir_write(&s.tmp, "tenants/alice/keys", s.alice, 0600);
	tmpdir_write(&s.tmp, "tenants/keys", s.bob, 0600);
	user = "alice";
	CHECK(alice_in(&s));
	CHECK(!bob_in(&s));
	/* What was read for one says nothing of another. */
	user = "bob";
	CHECK(!alice_in(&s));
	CHECK_EQ(keyring_files(s.ring), 1); /* nothing is kept of who has no file */
	/* Nor of who has one that is not taken. */
	user = "carol";
	REQUIRE_EQ(mkdir(tmpdir_file(&s.tmp, "tenants/carol"), 0700), 0);
	tmpdir_write(&s.tmp, "tenants/carol/keys", s.alice, 0666);
	CHECK(!alice_in(&s));
	CHECK_EQ(keyring_files(s.ring), 1);
	/* No name leads out of its place. */
	tmpdir_write(&s.tmp, "keys", s.bob, 0600);
	user = ".";
	CHECK(!bob_in(&s));
	user = "..";
	CHECK(!bob_in(&s));
	user = "";
	CHECK(!bob_in(&s));
	user = "alice/../alice";
	CHECK(!alice_in(&s));
	user = "alice";
	REQUIRE_EQ(unlink(tmpdir_file(&s.tmp, "tenants/alice/keys")), 0);
	CHECK(!alice_in(&s));
	CHECK_EQ(keyring_files(s.ring), 0);
	user = "me";
	stage_fini(&s);
}

TEST(revoked_keys_are_not_taken)
{
	struct stage s;
	struct keyring_place at;
	struct fault f = {0};
	char both[4096];

	stage_init(&s);
	snprintf(both, sizeof(both), "%s%s", s.alice, s.bob);
	tmpdir_write(&s.tmp, "keys", both, 0600);
	REQUIRE_EQ(keyring_revoke(s.ring, tmpdir_file(&s.tmp, "revoked")), E_OK);
	/* Without the list nobody knows. */
	CHECK(!alice_in(&s));
	CHECK(strstr(said, "no key is taken until RevokedKeys can be read") != NULL);
	CHECK(keyring_shut(s.ring) != NULL);
	said[0] = '\0';
	CHECK(!alice_in(&s));
	CHECK_STR(said, ""); /* it is said once */
	tmpdir_write(&s.tmp, "revoked", "", 0600);
	CHECK(alice_in(&s));
	CHECK(keyring_shut(s.ring) == NULL);
	tmpdir_write(&s.tmp, "revoked", s.bob, 0600);
	CHECK(alice_in(&s));
	CHECK_EQ(admit(&s, s.bob_blob, s.bob_len, &at, &f), E_DENIED);
	CHECK(strstr(f.text, "revoked: line 1 revokes the key") != NULL);
	tmpdir_write(&s.tmp, "revoked", "nonsense\n", 0600);
	CHECK(!alice_in(&s));
	CHECK(strstr(said, "line 1 is neither a key nor a SHA256 fingerprint") != NULL);
	tmpdir_write(&s.tmp, "revoked", s.bob, 0666);
	CHECK(!alice_in(&s));
	tmpdir_write(&s.tmp, "revoked", "", 0600);
	CHECK(alice_in(&s));
	CHECK(bob_in(&s));
	stage_fini(&s);
}

/* --- certificates: tests/data/usercerts, good for alice and bob from 2020 to 2030 ----------------
 */

enum { YEAR_2030 = 1893456000 };

struct papers {
	struct stage s;
	char *authority, *text;
	uint8_t blob[1024], authority_blob[1024];
	size_t len, authority_len;
};

static void papers_init(struct papers *p, const char *name)
{
	char path[128];

	stage_init(&p->s);
	snprintf(path, sizeof(path), "tests/data/usercerts/%s.pub", name);
	p->text = line_of(path, p->blob, &p->len);
	p->authority =
		line_of("tests/data/usercerts/authority.pub", p->authority_blob, &p->authority_len);
}

static void papers_fini(struct papers *p)
{
	free(p->authority);
	free(p->text);
	stage_fini(&p->s);
}

static enum err show(struct papers *p, const char *name, const char *address, time_t now,
	time_t since, struct keyring_place *at, struct fault *f)
{
	struct candidate who = {name, bytes_of(p->blob, p->len), address, now, since};

	keyring_refresh(p->s.ring, name);
	return keyring_admit(p->s.ring, &who, at, f);
}

TEST(certificates_on_lines)
{
	struct keyring_place at;
	struct fault f = {0};
	struct papers p;
	char text[4096];

	papers_init(&p, "plain");
	snprintf(text, sizeof(text), "cert-authority,max-visitors=\"3\" %s", p.authority);
	tmpdir_write(&p.s.tmp, "keys", text, 0600);
	/* Nobody said that certificates are taken at all. */
	CHECK_EQ(show(&p, "alice", "192.0.2.5", 1700000000, 1700000000, &at, NULL), E_DENIED);
	REQUIRE_EQ(keyring_trust(p.s.ring, NULL, NULL, keyalg_authority_list()), E_OK);
	REQUIRE_EQ(show(&p, "alice", "192.0.2.5", 1700000000, 1700000000, &at, NULL), E_OK);
	CHECK_EQ(at.key->line, 1);
	CHECK_EQ(at.key->max_visitors, 3);
	CHECK(at.key->port_forwarding);
	CHECK_EQ(show(&p, "carol", "192.0.2.5", 1700000000, 1700000000, &at, &f), E_DENIED);
	CHECK(strstr(f.text, "Certificate invalid: name is not a listed principal: "
			     "certificate ID \"plain\" (serial 7), ") == f.text);
	/* Its time counts when somebody logs in; who is inside stays. */
	f = (struct fault){0};
	CHECK_EQ(show(&p, "alice", "192.0.2.5", YEAR_2030, YEAR_2030, &at, &f), E_DENIED);
	CHECK(strstr(f.text, "Certificate invalid: expired") == f.text);
	CHECK_EQ(show(&p, "alice", "192.0.2.5", YEAR_2030, YEAR_2030 - 1, &at, NULL), E_OK);
	/* That of the line ends it all the same. */
	snprintf(text, sizeof(text), "cert-authority,expiry-time=\"20291231Z\" %s", p.authority);
	tmpdir_write(&p.s.tmp, "keys", text, 0600);
	CHECK_EQ(show(&p, "alice", "192.0.2.5", YEAR_2030, YEAR_2030 - 1, &at, NULL), E_DENIED);
	/* The key of an authority is none to log in with, and what is certified needs its
	 * certificate. */
	tmpdir_write(&p.s.tmp, "keys", p.authority, 0600);
	CHECK_EQ(show(&p, "alice", "192.0.2.5", 1700000000, 1700000000, &at, NULL), E_DENIED);
	tmpdir_write(&p.s.tmp, "keys", p.text, 0600);
	CHECK_EQ(show(&p, "alice", "192.0.2.5", 1700000000, 1700000000, &at, NULL), E_DENIED);
	papers_fini(&p);
}

TEST(certificates_of_trusted_authorities)
{
	struct keyring_place at;
	struct keyring_file info;
	struct fault f = {0};
	struct papers p;
	char text[4096];

	papers_init(&p, "plain");
	tmpdir_write(&p.s.tmp, "keys", "", 0600);
	REQUIRE_EQ(keyring_trust(p.s.ring, tmpdir_file(&p.s.tmp, "authorities"), NULL,
			   keyalg_authority_list()),
		E_OK);
	CHECK_EQ(show(&p, "alice", "192.0.2.5", 1700000000, 1700000000, &at, &f), E_DENIED);
	CHECK(strstr(f.text, "nobody here trusts the certificate's authority, ED25519 SHA256:") ==
		f.text);
	tmpdir_write(&p.s.tmp, "authorities", p.authority, 0600);
	REQUIRE_EQ(show(&p, "alice", "192.0.2.5", 1700000000, 1700000000, &at, NULL), E_OK);
	CHECK(strstr(at.path, "/authorities") != NULL);
	CHECK_EQ(at.key->line, 1);
	CHECK(at.name == NULL);
	/* Who may change the list could let anybody in: it is not read, and what was read stays. */
	tmpdir_write(&p.s.tmp, "authorities", "", 0666);
	CHECK_EQ(show(&p, "alice", "192.0.2.5", 1700000000, 1700000000, &at, NULL), E_OK);
	snprintf(text, sizeof(text), "restrict %s", p.authority);
	tmpdir_write(&p.s.tmp, "authorities", text, 0600);
	CHECK_EQ(show(&p, "alice", "192.0.2.5", 1700000000, 1700000000, &at, NULL), E_DENIED);
	CHECK_EQ(keyring_files(p.s.ring), 2);
	keyring_file_info(p.s.ring, 1, &info);
	CHECK(info.is_authorities);
	CHECK_EQ(info.bad_lines, 1);
	papers_fini(&p);
}

TEST(certificates_and_files_of_principals)
{
	struct keyring_place at;
	struct fault f = {0};
	struct papers p;

	papers_init(&p, "plain");
	tmpdir_write(&p.s.tmp, "keys", "", 0600);
	tmpdir_write(&p.s.tmp, "authorities", p.authority, 0600);
	REQUIRE_EQ(keyring_trust(p.s.ring, strdupa(tmpdir_file(&p.s.tmp, "authorities")),
			   strdupa(tmpdir_file(&p.s.tmp, "for-\1")), keyalg_authority_list()),
		E_OK);
	CHECK_EQ(show(&p, "alice", "192.0.2.5", 1700000000, 1700000000, &at, &f), E_DENIED);
	CHECK(strstr(f.text, "for-alice: ") != NULL);
	tmpdir_write(&p.s.tmp, "for-web", "max-forwards=\"2\" bob\n", 0600);
	REQUIRE_EQ(show(&p, "web", "192.0.2.5", 1700000000, 1700000000, &at, NULL), E_OK);
	CHECK_EQ(at.key->max_forwards, 2);
	CHECK_EQ(show(&p, "../for-web", "192.0.2.5", 1700000000, 1700000000, &at, NULL), E_DENIED);
	tmpdir_write(&p.s.tmp, "for-web", "bob\n", 0666);
	CHECK_EQ(show(&p, "web", "192.0.2.5", 1700000000, 1700000000, &at, NULL), E_DENIED);
	tmpdir_write(&p.s.tmp, "for-web", "from=\"10.0.0.0/8\" bob\nbob\n", 0600);
	CHECK_EQ(show(&p, "web", "192.0.2.5", 1700000000, 1700000000, &at, NULL), E_DENIED);
	CHECK_EQ(show(&p, "web", "10.1.2.3", 1700000000, 1700000000, &at, NULL), E_OK);
	papers_fini(&p);
}

TEST(certificates_that_are_revoked)
{
	struct keyring_place at;
	struct fault f = {0};
	struct papers p;

	papers_init(&p, "plain");
	tmpdir_write(&p.s.tmp, "keys", "", 0600);
	tmpdir_write(&p.s.tmp, "authorities", p.authority, 0600);
	REQUIRE_EQ(keyring_trust(p.s.ring, tmpdir_file(&p.s.tmp, "authorities"), NULL,
			   keyalg_authority_list()),
		E_OK);
	REQUIRE_EQ(keyring_revoke(p.s.ring, tmpdir_file(&p.s.tmp, "revoked")), E_OK);
	tmpdir_write(&p.s.tmp, "revoked", p.s.bob, 0600);
	CHECK_EQ(show(&p, "alice", "192.0.2.5", 1700000000, 1700000000, &at, NULL), E_OK);
	tmpdir_write(&p.s.tmp, "revoked", p.s.alice, 0600); /* whose key it is */
	CHECK_EQ(show(&p, "alice", "192.0.2.5", 1700000000, 1700000000, &at, &f), E_DENIED);
	CHECK(strstr(f.text, "line 1 revokes the key") != NULL);
	tmpdir_write(&p.s.tmp, "revoked", p.authority, 0600);
	f = (struct fault){0};
	CHECK_EQ(show(&p, "alice", "192.0.2.5", 1700000000, 1700000000, &at, &f), E_DENIED);
	CHECK(strstr(f.text, "line 1 revokes the certificate's authority") != NULL);
	papers_fini(&p);
}
