/* SPDX-License-Identifier: ISC */
/*
 * What the other side calls itself changes nothing: it goes into the exchange hash and into words
 * for people, and nowhere else (docs/security-rules.md, R21).
 */
#include "sim/pair.h"
#include "support/harness.h"
#include "wire/msgs.h"

/* As sent by programs of the last twenty-five years, those with a list of workarounds in OpenSSH
 * among them, and a few by nobody. */
static const char *const idents[] = {
	"SSH-2.0-OpenSSH_10.0",
	"SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13.5",
	"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3",
	"SSH-2.0-OpenSSH_8.9p1",
	"SSH-2.0-OpenSSH_7.4",
	"SSH-2.0-OpenSSH_6.6.1p1 Debian-4~bpo70+1",
	"SSH-2.0-OpenSSH_6.5",
	"SSH-2.0-OpenSSH_5.3",
	"SSH-2.0-OpenSSH_4.3",
	"SSH-2.0-OpenSSH_3.9p1",
	"SSH-2.0-OpenSSH_3.0p1",
	"SSH-2.0-OpenSSH_2.5.3",
	"SSH-2.0-OpenSSH_2.3.0",
	"SSH-2.0-OpenSSH_for_Windows_9.5",
	"SSH-2.0-OpenSSH_9.9 FreeBSD-20250219",
	"SSH-2.0-dropbear_2024.86",
	"SSH-2.0-dropbear_2012.55",
	"SSH-2.0-PuTTY_Release_0.83",
	"SSH-2.0-PuTTY_Release_0.52",
	"SSH-2.0-WinSCP_release_6.3.3",
	"SSH-2.0-FileZilla_3.67.0",
	"SSH-2.0-libssh_0.11.1",
	"SSH-2.0-libssh-0.2",
	"SSH-2.0-libssh2_1.11.0",
	"SSH-2.0-libssh2_0.18",
	"SSH-2.0-paramiko_2.12.0",
	"SSH-2.0-AsyncSSH_2.10.1",
	"SSH-2.0-JSCH_0.2.18",
	"SSH-2.0-JSCH-0.1.54",
	"SSH-2.0-Go",
	"SSH-2.0-russh_0.45.0",
	"SSH-2.0-Erlang/5.1.4",
	"SSH-2.0-APACHE-SSHD-2.13.1",
	"SSH-2.0-ssh2js1.15.0",
	"SSH-2.0-wolfSSHv1.4.17",
	"SSH-2.0-TeraTerm Pro",
	"SSH-2.0-SecureCRT_9.5.2 (build 3267) SecureCRT",
	"SSH-2.0-VanDyke SecureFX_2.0",
	"SSH-2.0-2.0.13",
	"SSH-2.0-2.0.11 SSH Secure Shell (non-commercial)",
	"SSH-2.0-3.2.9 SSH Secure Shell",
	"SSH-2.0-Sun_SSH_1.1",
	"SSH-2.0-Cisco-1.25",
	"SSH-2.0-ROSSSH",
	"SSH-2.0-HUAWEI-1.5",
	"SSH-2.0-mod_sftp/0.9.9",
	"SSH-2.0-Twisted",
	"SSH-2.0-conker_1.0",
	"SSH-2.0-babeld-8405e9f3",
	"SSH-2.0-tinyssh_20230101-1 LPjNUbd1",
	"SSH-2.0-Probe-1",
	"SSH-2.0-scanner",
	"SSH-2.0-Sallyport_0.1",
	"SSH-1.99-OpenSSH_3.4p1",
	"SSH-2.0- ",
	"SSH-2.0-%s%n",
};
enum { IDENTS = sizeof(idents) / sizeof(idents[0]) };

/* The client's first bytes with another line in front. Returns how many there are. */
static size_t speak_as(struct side *client, const char *ident, uint8_t *out)
{
	const uint8_t *end = memchr(client->queue, '\n', client->queue_len);
	size_t line = strlen(ident), rest;

	REQUIRE(end != NULL);
	rest = client->queue_len - (size_t)(end + 1 - client->queue);
	memcpy(out, ident, line);
	memcpy(out + line, "\r\n", 2);
	memcpy(out + line + 2, end + 1, rest);
	return line + 2 + rest;
}

/* Everything a server says until it waits for the client's NEWKEYS: how many bytes, and all of
 * those whose values are not of this one exchange. */
static size_t answer_to(const char *ident, uint8_t *kexinit, size_t *kexinit_len)
{
	struct pair_options o = {.seed = 77};
	static uint8_t said[64 * 1024];
	struct pair p;
	size_t len;

	REQUIRE(pair_init(&p, &o));
	pair_turn(&p, &p.server, &p.client, 0);
	*kexinit_len = p.server.queue_len;
	memcpy(kexinit, p.server.queue, p.server.queue_len);
	pair_turn(&p, &p.client, &p.server, p.server.queue_len); /* offer, and the first value */
	len = speak_as(&p.client, ident, said);
	memcpy(p.client.queue, said, len);
	p.client.queue_len = len;
	pair_turn(&p, &p.server, &p.client, len);
	if (p.server.dead)
		FAIL("%s: %s", ident, p.server.fault.text);
	CHECK_EQ(transport_expects(session_transport(p.server.s)), MSG_NEWKEYS);
	len = p.server.queue_len;
	pair_fini(&p);
	return len;
}

TEST(r21_cve_2023_25136_what_a_peer_calls_itself_changes_nothing)
{
	uint8_t first[4096], other[4096];
	size_t first_len, other_len, answer = answer_to(idents[0], first, &first_len);

	CHECK(IDENTS >= 50 && answer > 300 && first_len > 500);
	for (size_t i = 1; i < IDENTS; i++) {
		harness_note("%s", idents[i]);
		CHECK_EQ(answer_to(idents[i], other, &other_len), answer);
		CHECK_BYTES(bytes_of(other, other_len), bytes_of(first, first_len));
	}
}
