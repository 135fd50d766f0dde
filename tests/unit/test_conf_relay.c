/* SPDX-License-Identifier: ISC */
#include "conf/relay.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/cipher.h"
#include "failalloc.h"
#include "harness.h"

static struct relay_conf *c;
static const struct relay_settings *s;
static struct fault fault;

static void start(void)
{
	fault = (struct fault){0};
	s = NULL;
	c = relay_conf_new();
	REQUIRE(c != NULL);
}

static enum err whole(const char *text)
{
	enum err e;

	start();
	e = relay_conf_file(c, "FILE", bytes_str(text), &fault);
	return e == E_OK ? relay_conf_finish(c, &s, &fault) : e;
}

static void end(void)
{
	relay_conf_free(c);
}

TEST(relay_defaults)
{
	REQUIRE_EQ(whole(""), E_OK);
	REQUIRE_EQ(s->listen_count, 1);
	CHECK(s->listen[0].host == NULL);
	CHECK_EQ(s->listen[0].port, 2200);
	CHECK_EQ(s->family, 0);
	CHECK_EQ(s->host_key_count, 0);
	CHECK_EQ(s->authorized_keys_count, 0);
	CHECK_EQ(s->gateway_ports, GATEWAY_NO);
	CHECK(s->allow_remote && !s->allow_local);
	CHECK(!s->permit_listen_is_set);
	CHECK_EQ(s->alive_interval_ms, 15000);
	CHECK_EQ(s->alive_count_max, 3);
	CHECK_EQ(s->login_grace_ms, 30000);
	CHECK_EQ(s->max_auth_tries, 6);
	CHECK_EQ(s->startups_begin, 10);
	CHECK_EQ(s->startups_rate, 30);
	CHECK_EQ(s->startups_full, 100);
	CHECK_EQ(s->log_level, LOG_LEVEL_INFO);
	CHECK(s->tcp_keepalive);
	CHECK(s->pid_file == NULL && s->control_socket == NULL);
	CHECK_STR(s->ciphers, cipher_default_list());
	end();
}

TEST(relay_every_keyword)
{
	REQUIRE_EQ(whole("Port 1\nListenAddress 192.0.2.1\nHostKey /k1\nHostKey /k2\n"
			 "AuthorizedKeysFile /a /b\nGatewayPorts clientspecified\n"
			 "AllowTcpForwarding yes\nPermitListen 80 localhost:*\n"
			 "ClientAliveInterval 1m\nClientAliveCountMax 5\nLoginGraceTime 9\n"
			 "MaxAuthTries 2\nMaxStartups 1:50:7\nRekeyLimit 1G 1h\n"
			 "Ciphers aes256-ctr\nKexAlgorithms ecdh-sha2-nistp256\n"
			 "MACs hmac-sha2-256\nHostKeyAlgorithms ssh-ed25519\n"
			 "PubkeyAcceptedAlgorithms rsa-sha2-512\nLogLevel DEBUG2\n"
			 "PidFile /pid\nAddressFamily inet6\nTCPKeepAlive no\n"
			 "ControlSocket /sock\nPubkeyAuthOptions verify-required touch-required\n"
			 "CASignatureAlgorithms sk-*\nTrustedUserCAKeys /ca\n"
			 "AuthorizedPrincipalsFile /p/%u\n"),
		E_OK);
	CHECK_STR(s->trusted_user_ca_keys, "/ca");
	CHECK_STR(s->authorized_principals, "/p/%u");
	CHECK(s->touch_required && s->verify_required);
	CHECK_STR(
		s->ca_algorithms, "sk-ssh-ed25519@openssh.com,sk-ecdsa-sha2-nistp256@openssh.com");
	CHECK_STR(s->listen[0].host, "192.0.2.1");
	CHECK_EQ(s->listen[0].port, 1);
	REQUIRE_EQ(s->host_key_count, 2);
	CHECK_STR(s->host_keys[1], "/k2");
	REQUIRE_EQ(s->authorized_keys_count, 2);
	CHECK_STR(s->authorized_keys[1], "/b");
	CHECK_EQ(s->gateway_ports, GATEWAY_CLIENT);
	CHECK(s->allow_remote && s->allow_local);
	REQUIRE(s->permit_listen_is_set && s->permit_listen_count == 2);
	CHECK_EQ(s->permit_listen[0].first, 80);
	CHECK_STR(s->permit_listen[1].host, "localhost");
	CHECK_EQ(s->alive_interval_ms, 60000);
	CHECK_EQ(s->alive_count_max, 5);
	CHECK_EQ(s->login_grace_ms, 9000);
	CHECK_EQ(s->max_auth_tries, 2);
	CHECK_EQ(s->startups_begin, 1);
	CHECK_EQ(s->startups_rate, 50);
	CHECK_EQ(s->startups_full, 7);
	CHECK_EQ(s->rekey_bytes, 1 << 30);
	CHECK_EQ(s->rekey_ms, 3600000);
	CHECK_STR(s->ciphers, "aes256-ctr");
	CHECK_STR(s->kex, "ecdh-sha2-nistp256");
	CHECK_STR(s->macs, "hmac-sha2-256");
	CHECK_STR(s->host_key_algorithms, "ssh-ed25519");
	CHECK_STR(s->pubkey_algorithms, "rsa-sha2-512");
	CHECK_EQ(s->log_level, LOG_LEVEL_DEBUG2);
	CHECK_STR(s->pid_file, "/pid");
	CHECK_EQ(s->family, 6);
	CHECK(!s->tcp_keepalive);
	CHECK_STR(s->control_socket, "/sock");
	end();
}

/* Addresses as "host:port host:port"; "*" for all. */
static const char *listens(const char *text)
{
	static char out[512];
	size_t len = 0;

	if (whole(text) != E_OK) {
		end();
		return fault.text;
	}
	out[0] = '\0';
	for (size_t i = 0; i < s->listen_count; i++)
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%s/%u", i > 0 ? " " : "",
			s->listen[i].host != NULL ? s->listen[i].host : "*", s->listen[i].port);
	end();
	return out;
}

TEST(relay_listen)
{
	CHECK_STR(listens("Port 1\nPort 2\n"), "*/1 */2");
	CHECK_STR(listens("Port 0\n"), "*/0");
	CHECK_STR(listens("ListenAddress a\n"), "a/2200");
	CHECK_STR(listens("ListenAddress a\nPort 1\nListenAddress b:9\nPort 2\n"), "a/1 a/2 b/9");
	CHECK_STR(listens("ListenAddress ::1\n"), "::1/2200");
	CHECK_STR(listens("ListenAddress [::1]\nListenAddress [::]:7\n"), "::1/2200 ::/7");
	CHECK_STR(listens("ListenAddress *\nListenAddress *:5\n"), "*/2200 */5");
	CHECK_STR(listens("ListenAddress a:http\n"), "a/80");
	CHECK_STR(listens("ListenAddress [::1\n"), "FILE line 1: bad address:port usage");
	CHECK_STR(listens("ListenAddress [::1]x\n"), "FILE line 1: bad address:port usage");
	CHECK_STR(listens("ListenAddress a[::1]:7\n"), "FILE line 1: bad port number ':1]:7'");
	CHECK_STR(listens("ListenAddress :5\n"), "FILE line 1: bad address:port usage");
	CHECK_STR(listens("ListenAddress a:nosuch\n"), "FILE line 1: bad port number 'nosuch'");
	CHECK_STR(listens("Port 65536\n"), "FILE line 1: Badly formatted port number '65536'.");
	CHECK_STR(
		listens("Port 1 2\n"), "FILE line 1: keyword Port extra arguments at end of line");
}

TEST(relay_listen_limits)
{
	char text[64];

	start();
	for (int i = 1; i <= RELAY_LISTEN_MAX; i++) {
		snprintf(text, sizeof(text), "Port %d", i);
		REQUIRE_EQ(relay_conf_option(c, text, &fault), E_OK);
	}
	CHECK_EQ(relay_conf_option(c, "Port 999", NULL), E_LIMIT);
	REQUIRE_EQ(relay_conf_option(c, "ListenAddress a", &fault), E_OK);
	REQUIRE_EQ(relay_conf_option(c, "ListenAddress b", &fault), E_OK);
	CHECK_EQ(relay_conf_finish(c, &s, &fault), E_LIMIT);
	end();
	start();
	for (int i = 1; i <= RELAY_LISTEN_MAX; i++)
		REQUIRE_EQ(relay_conf_option(c, "ListenAddress a:1", &fault), E_OK);
	CHECK_EQ(relay_conf_option(c, "ListenAddress a:1", &fault), E_LIMIT);
	end();
}

TEST(relay_port_of_the_command_line)
{
	start();
	REQUIRE_EQ(relay_conf_port(c, "7", &fault), E_OK);
	REQUIRE_EQ(relay_conf_port(c, "8", &fault), E_OK);
	REQUIRE_EQ(
		relay_conf_file(c, "FILE", bytes_str("Port 9\nListenAddress a\n"), &fault), E_OK);
	CHECK_EQ(relay_conf_file(c, "FILE", bytes_str("Port x\n"), NULL), E_VALUE);
	CHECK_EQ(relay_conf_port(c, "x", NULL), E_VALUE);
	REQUIRE_EQ(relay_conf_finish(c, &s, &fault), E_OK);
	REQUIRE_EQ(s->listen_count, 2);
	CHECK_EQ(s->listen[0].port, 7);
	CHECK_EQ(s->listen[1].port, 8);
	end();
}

TEST(relay_first_value_wins)
{
	start();
	REQUIRE_EQ(relay_conf_option(c, "GatewayPorts=yes", &fault), E_OK);
	REQUIRE_EQ(relay_conf_option(c, "PermitListen none", &fault), E_OK);
	REQUIRE_EQ(relay_conf_file(c, "FILE",
			   bytes_str("GatewayPorts no\nPermitListen 80\nAllowTcpForwarding no\n"
				     "AllowTcpForwarding yes\nMaxStartups 5\nMaxStartups 6\n"),
			   &fault),
		E_OK);
	REQUIRE_EQ(relay_conf_finish(c, &s, &fault), E_OK);
	CHECK_EQ(s->gateway_ports, GATEWAY_YES);
	CHECK(s->permit_listen_is_set && s->permit_listen_count == 0);
	CHECK(!s->allow_remote && !s->allow_local);
	CHECK_EQ(s->startups_begin, 5);
	CHECK_EQ(s->startups_full, 5);
	end();
}

TEST(relay_forwarding_words)
{
	static const struct {
		const char *text;
		bool remote, local;
	} rows[] = {
		{"AllowTcpForwarding yes", true, true},
		{"AllowTcpForwarding all", true, true},
		{"AllowTcpForwarding no", false, false},
		{"AllowTcpForwarding local", false, true},
		{"AllowTcpForwarding Remote", true, false},
		{"AllowTcpForwarding yes\nPermitOpen none", true, false},
		{"AllowTcpForwarding yes\nPermitOpen any", true, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		harness_note("%s", rows[i].text);
		REQUIRE_EQ(whole(rows[i].text), E_OK);
		CHECK_EQ(s->allow_remote, rows[i].remote);
		CHECK_EQ(s->allow_local, rows[i].local);
		end();
	}
}

/* Each is refused with file and line. */
TEST(relay_mistakes)
{
	static const struct {
		const char *text, *start;
	} rows[] = {
		{"\nFoo x", "FILE: line 2: Bad configuration option: Foo"},
		{"=Port 5", "FILE: line 1: Bad configuration option: "},
		{"Foo \"x", "FILE: line 1: Bad configuration option: Foo"},
		{"Port", "FILE line 1: no argument after keyword \"Port\""},
		{"PidFile \"x", "FILE line 1: invalid quotes"},
		{"GatewayPorts x", "FILE line 1: unsupported option \"x\"."},
		{"AllowTcpForwarding maybe", "FILE line 1: unsupported option \"maybe\"."},
		{"MaxStartups 0", "FILE line 1: Invalid MaxStartups spec"},
		{"MaxStartups 1:2", "FILE line 1: Invalid MaxStartups spec"},
		{"MaxStartups 10:0:100", "FILE line 1: Invalid MaxStartups spec"},
		{"MaxStartups 10:101:100", "FILE line 1: Invalid MaxStartups spec"},
		{"MaxStartups 100:30:10", "FILE line 1: Invalid MaxStartups spec"},
		{"MaxStartups 1:2:3:4", "FILE line 1: Invalid MaxStartups spec"},
		{"MaxStartups 1:2:", "FILE line 1: Invalid MaxStartups spec"},
		{"MaxAuthTries x", "FILE line 1: MaxAuthTries integer value invalid"},
		{"LoginGraceTime 5x", "FILE line 1: invalid time value"},
		{"PermitListen a:b:c", "FILE line 1: PermitListen bad port number"},
		{"PermitListen 22 any", "FILE line 1: PermitListen bad port number"},
		{"PermitListen any 22", "FILE line 1: any must appear alone"},
		{"PermitListen a:0", "FILE line 1: PermitListen bad port number"},
		{"PermitOpen h", "FILE line 1: PermitOpen bad port number in 'h'"},
		{"PermitOpen 22", "FILE line 1: PermitOpen '22' has no host"},
		{"PermitOpen none h:22", "FILE line 1: none must appear alone"},
		{"MaxSessions x", "FILE line 1: MaxSessions integer value invalid"},
		{"LogLevel loud", "FILE line 1: unsupported log level 'loud'"},
		{"Ciphers foo", "FILE line 1: Bad SSH2 cipher spec 'foo'"},
		{"AuthorizedKeysFile none /a", "FILE line 1: keyword AuthorizedKeysFile"},
		{"PermitTTY yes", "FILE line 1: PermitTTY yes is not supported: this relay only "
				  "forwards TCP ports"},
		{"X11Forwarding yes", "FILE line 1: X11Forwarding yes is not supported"},
		{"Subsystem sftp internal-sftp", "FILE line 1: Subsystem sftp is not supported"},
		{"UsePAM yes", "FILE line 1: UsePAM yes is not supported"},
		{"AllowUsers a", "FILE line 1: AllowUsers a is not supported"},
		{"Match group a", "FILE line 1: Unsupported Match attribute group"},
		{"Match", "FILE line 1: no argument after keyword \"Match\""},
		{"Match user", "FILE line 1: missing argument for Match 'user'"},
		{"Match user=", "FILE line 1: missing argument for Match 'user'"},
		{"Match all user a", "FILE line 1: 'all' cannot be combined"},
		{"Match user a all", "FILE line 1: 'all' cannot be combined"},
		{"Match address 192.0.2.1/24", "FILE line 1: Invalid Match address argument"},
		{"Match localport 0", "FILE line 1: Invalid LocalPort '0' on Match line"},
		{"Match user a address b,,c", "FILE line 1: Invalid Match address argument"},
		{"Match user a\nPort 5",
			"FILE line 2: Directive 'Port' is not allowed within a Match "
			"block"},
		{"Match all\nHostKey /k", "FILE line 2: Directive 'HostKey' is not allowed"},
		/* Whether the block holds or not. */
		{"Match user a\nFoo x", "FILE: line 2: Bad configuration option: Foo"},
		{"Match user a\nPermitListen x:y", "FILE line 2: PermitListen bad port number"},
		{"Match user a\nGatewayPorts x", "FILE line 2: unsupported option \"x\"."},
		{"X11Forwarding no\nMatch user a\nX11Forwarding yes",
			"FILE line 3: X11Forwarding yes is not supported"},
		{"AuthorizedPrincipalsCommand /x",
			"FILE line 1: AuthorizedPrincipalsCommand /x is not supported"},
		{"PubkeyAuthOptions touch",
			"FILE line 1: PubkeyAuthOptions: unsupported option \"touch\""},
		{"CASignatureAlgorithms foo", "FILE line 1: Bad key types 'foo'"},
		{"StrictModes no", "FILE line 1: StrictModes no is not supported"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		harness_note("%s", rows[i].text);
		CHECK(whole(rows[i].text) != E_OK);
		if (!CHECK(strstr(fault.text, rows[i].start) == fault.text))
			printf("# %s\n", fault.text);
		end();
	}
	start();
	CHECK_EQ(relay_conf_option(c, "Foo=1", &fault), E_UNKNOWN);
	CHECK_STR(fault.text, "command-line: line 0: Bad configuration option: Foo");
	end();
	start();
	CHECK_EQ(relay_conf_option(c, "Match=all", &fault), E_FORMAT);
	end();
}

TEST(relay_what_is_true_anyway)
{
	REQUIRE_EQ(whole("PermitTTY no\nX11Forwarding no\nSubsystem none\nUsePAM no\n"
			 "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
			 "ChallengeResponseAuthentication no\nPubkeyAuthentication yes\n"
			 "AuthenticationMethods publickey\nPermitRootLogin no\nUseDNS no\n"
			 "AllowAgentForwarding no\nAllowStreamLocalForwarding no\nPermitTunnel no\n"
			 "Banner none\nForceCommand none\nChrootDirectory none\nStrictModes yes\n"
			 "PrintMotd no\nAcceptEnv LANG LC_*\nMaxSessions 0\nProtocol 2\n"
			 "SyslogFacility AUTH\nDebianBanner no\nPidFile none\n"
			 "AuthorizedKeysFile none\nControlSocket none\n"),
		E_OK);
	CHECK(s->pid_file == NULL);
	REQUIRE_EQ(s->authorized_keys_count, 1);
	CHECK_STR(s->authorized_keys[0], "none");
	CHECK_STR(s->control_socket, "none");
	end();
}

struct lines {
	char text[8192];
	size_t len;
};

static void add_line(void *ctx, const char *text)
{
	struct lines *l = ctx;

	l->len += (size_t)snprintf(l->text + l->len, sizeof(l->text) - l->len, "%s\n", text);
}

/* What -T says can be read again, and then says the same. */
TEST(relay_dump_reads_back)
{
	static const char *const texts[] = {
		"",
		"Port 1\nPort 2\nListenAddress a\nListenAddress [::1]:9\nListenAddress *:3\n",
		"PermitListen 80 [::1]:90 *:* localhost:*\nGatewayPorts clientspecified\n",
		"TrustedUserCAKeys /c\nAuthorizedPrincipalsFile /p\nRevokedKeys none\n",
		"PubkeyAuthOptions touch-required\nCASignatureAlgorithms rsa-sha2-512\n",
		"PermitListen none\nAllowTcpForwarding local\nRekeyLimit 1M 1h\n",
		"HostKey /a\nHostKey /b\nAuthorizedKeysFile /x /y\nControlSocket none\n",
		"AllowTcpForwarding no\nMaxStartups 3\nAddressFamily inet\nPidFile /p\n",
		"PidFile \"/a b#\\\"c\"\nAuthorizedKeysFile =x '#y' /z\nHostKey ==\n",
		"ListenAddress [[x]\nPermitListen [[x]:5 :7 'a b:8'\n",
		"Ciphers -*ctr\nMACs hmac-sha2-512\nLogLevel VERBOSE\nTCPKeepAlive no\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct lines first = {.len = 0}, second = {.len = 0};

		harness_note("%s", texts[i]);
		REQUIRE_EQ(whole(texts[i]), E_OK);
		relay_conf_dump(s, add_line, &first);
		end();
		REQUIRE_EQ(whole(first.text), E_OK);
		relay_conf_dump(s, add_line, &second);
		end();
		CHECK_STR(second.text, first.text);
	}
}

TEST(relay_dump_shows_every_setting)
{
	static const char *const lines[] = {"listenaddress *:2200\n", "addressfamily any\n",
		"tcpkeepalive yes\n", "maxstartups 10:30:100\n", "logingracetime 30\n",
		"maxauthtries 6\n", "maxsessions 10\n", "revokedkeys none\n", "gatewayports no\n",
		"allowtcpforwarding remote\n", "permitlisten any\n", "clientaliveinterval 15\n",
		"clientalivecountmax 3\n", "forwardlease 10\n", "takeover refuse\n",
		"takeovergrace 2\n", "rekeylimit 0 0\n", "ciphers ", "macs ", "kexalgorithms ",
		"hostkeyalgorithms ", "pubkeyacceptedalgorithms ", "casignaturealgorithms ",
		"pubkeyauthoptions none\n", "trustedusercakeys none\n",
		"authorizedprincipalsfile none\n", "loglevel INFO\n", "pidfile none\n",
		"hostkey /k\n", "authorizedkeysfile /a\n", "controlsocket /s\n"};
	struct lines l = {.len = 0};

	REQUIRE_EQ(whole("HostKey /k\nAuthorizedKeysFile /a\nControlSocket /s\n"), E_OK);
	relay_conf_dump(s, add_line, &l);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		harness_note("%s", lines[i]);
		CHECK(strstr(l.text, lines[i]) != NULL);
	}
	end();
}

/* --- Match ------------------------------------------------------------------------------------ */

static struct relay_facts alice = {
	"alice", "192.0.2.7", "198.51.100.1", 2200, "lab-7", "SHA256:abc"};

static const char blocks[] =
	"GatewayPorts no\nPermitListen 1\nMaxSessions 3\n"
	"Match User alice\nPermitListen 2 3\nGatewayPorts yes\n"
	"Match Address 192.0.2.0/24,!192.0.2.8\nPermitListen 4\nMaxSessions 5\n"
	"Match Key lab-*,SHA256:x*\nAllowTcpForwarding no\n"
	"Match LocalPort 2201 User *\nMaxSessions 9\n"
	"Match all\nMaxSessions 7\n";

/* The settings for some facts as "gateway permits sessions remote". */
static const char *for_facts(const char *text, const struct relay_facts *facts)
{
	static char out[256];
	const struct relay_settings *own;
	struct relay_conf *one;
	size_t len;

	REQUIRE_EQ(whole(text), E_OK);
	REQUIRE_EQ(relay_conf_for(c, facts, &one, &fault), E_OK);
	own = relay_conf_settings(one);
	len = (size_t)snprintf(out, sizeof(out), "%d", (int)own->gateway_ports);
	for (size_t i = 0; i < own->permit_listen_count; i++)
		len += (size_t)snprintf(
			out + len, sizeof(out) - len, " %u", own->permit_listen[i].first);
	snprintf(out + len, sizeof(out) - len, " s%u %s", own->max_sessions,
		own->allow_remote ? "yes" : "no");
	relay_conf_free(one);
	end();
	return out;
}

/* What holds comes before what stands outside; of those that hold the first counts. */
TEST(relay_match)
{
	struct relay_facts bob = alice, nobody = {"", "", "", 0, "", ""};

	CHECK_STR(for_facts(blocks, &alice), "1 2 3 s5 no");
	bob.user = "bob";
	CHECK_STR(for_facts(blocks, &bob), "0 4 s5 no");
	bob.address = "192.0.2.8";
	CHECK_STR(for_facts(blocks, &bob), "0 1 s7 no");
	bob.key_name = "";
	CHECK_STR(for_facts(blocks, &bob), "0 1 s7 yes");
	bob.fingerprint = "SHA256:xyz";
	CHECK_STR(for_facts(blocks, &bob), "0 1 s7 no");
	bob.local_port = 2201;
	CHECK_STR(for_facts(blocks, &bob), "0 1 s9 no");
	CHECK_STR(for_facts(blocks, &nobody), "0 1 s7 yes");
	/* What stands in no block for this connection is as it was. */
	REQUIRE_EQ(whole(blocks), E_OK);
	CHECK_EQ(s->max_sessions, 3);
	CHECK_EQ(s->permit_listen_count, 1);
	CHECK(relay_conf_has_match(c));
	end();
}

TEST(relay_match_conditions)
{
	static const struct {
		const char *line;
		bool holds;
	} rows[] = {
		{"all", true},
		{"All", true},
		{"user alice", true},
		{"User=alice", true},
		{"user ALICE", false},
		{"user a*,!alice", false},
		{"user bob,al?ce", true},
		{"user alice address 192.0.2.8", false},
		{"user alice address 192.0.2.*", true},
		{"address 2001:db8::/32", false},
		{"localaddress 198.51.100.0/24", true},
		{"localport 2200", true},
		{"localport 2201", false},
		{"key lab-7", true},
		{"key SHA256:abc", true},
		{"key lab-*,!SHA256:abc", false},
		{"key *,!lab-7", false},
		{"key lab-8", false},
		{"key lab-7 user bob", false},
	};
	char text[200];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		harness_note("%s", rows[i].line);
		snprintf(text, sizeof(text), "Match %s\nMaxSessions 1\n", rows[i].line);
		CHECK_STR(for_facts(text, &alice), rows[i].holds ? "0 s1 yes" : "0 s10 yes");
	}
}

TEST(relay_match_stands_before_the_command_line)
{
	const struct relay_settings *own;
	struct relay_conf *one;

	start();
	REQUIRE_EQ(relay_conf_option(c, "MaxSessions=4", &fault), E_OK);
	REQUIRE_EQ(relay_conf_port(c, "77", &fault), E_OK);
	REQUIRE_EQ(relay_conf_file(c, "FILE",
			   bytes_str("Port 5\nMatch User alice\nMaxSessions 1\n"), &fault),
		E_OK);
	REQUIRE_EQ(relay_conf_finish(c, &s, &fault), E_OK);
	REQUIRE_EQ(relay_conf_for(c, &alice, &one, &fault), E_OK);
	own = relay_conf_settings(one);
	CHECK_EQ(own->max_sessions, 1);
	CHECK_EQ(own->listen_count, 1);
	CHECK_EQ(own->listen[0].port, 77);
	CHECK_EQ(s->max_sessions, 4);
	end();
	CHECK_EQ(own->max_sessions, 1); /* it stands by itself */
	relay_conf_free(one);
}

TEST(relay_without_match_is_shared)
{
	struct relay_conf *one;

	REQUIRE_EQ(whole("MaxSessions 2\n"), E_OK);
	REQUIRE_EQ(relay_conf_for(c, &alice, &one, &fault), E_OK);
	CHECK(one == c);
	CHECK(!relay_conf_has_match(c));
	end();
	CHECK_EQ(relay_conf_settings(one)->max_sessions, 2);
	relay_conf_free(one);
}

TEST(relay_again_with_another_file)
{
	struct bytes text = bytes_str("GatewayPorts clientspecified\nMaxSessions 8\n");
	struct relay_conf *one;

	start();
	REQUIRE_EQ(relay_conf_option(c, "MaxSessions=4", &fault), E_OK);
	REQUIRE_EQ(relay_conf_port(c, "77", &fault), E_OK);
	REQUIRE_EQ(relay_conf_file(c, "FILE", bytes_str("GatewayPorts yes\n"), &fault), E_OK);
	REQUIRE_EQ(relay_conf_again(c, "FILE", &text, &one, &fault), E_OK);
	end();
	REQUIRE_EQ(relay_conf_finish(one, &s, &fault), E_OK);
	CHECK_EQ(s->gateway_ports, GATEWAY_CLIENT);
	CHECK_EQ(s->max_sessions, 4);
	CHECK_EQ(s->listen[0].port, 77);
	text = bytes_str("Bogus 1\n");
	CHECK_EQ(relay_conf_again(one, "FILE", &text, &c, &fault), E_UNKNOWN);
	CHECK_STR(fault.text, "FILE: line 1: Bad configuration option: Bogus");
	REQUIRE_EQ(relay_conf_again(one, "FILE", NULL, &c, &fault), E_OK);
	REQUIRE_EQ(relay_conf_finish(c, &s, NULL), E_OK);
	CHECK_EQ(s->gateway_ports, GATEWAY_NO);
	relay_conf_free(one);
	end();
}

TEST(relay_out_of_memory)
{
	unsigned rounds = 0;

	for (;;) {
		enum err e = E_NOMEM;
		struct relay_conf *one, *own;

		failalloc_arm(++rounds);
		one = relay_conf_new();
		if (one != NULL)
			e = relay_conf_file(one, "FILE",
				bytes_str("HostKey /a\nPermitListen 1 2 3\nListenAddress a\n"
					  "Match User alice\nPermitListen 4 5\n"),
				NULL);
		if (e == E_OK)
			e = relay_conf_finish(one, &s, NULL);
		if (e == E_OK)
			e = relay_conf_for(one, &alice, &own, NULL);
		if (e == E_OK)
			relay_conf_free(own);
		relay_conf_free(one);
		if (!failalloc_disarm())
			break;
		CHECK_EQ(e, E_NOMEM);
	}
	CHECK(rounds > 3);
}
