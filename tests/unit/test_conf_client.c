/* SPDX-License-Identifier: ISC */
/* Collection, defaults and refusals of conf/client*.c. That it agrees with ssh: tests/interop. */
#include "conf/client.h"
#include "conf/expand.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/cipher.h"
#include "failalloc.h"
#include "harness.h"

/* The files that Include finds: path and text in turn. */
static const char *const *files;
static char said[2048], asked[512];

static enum err read_file(void *ctx, const char *path, char **text, size_t *len, struct fault *f)
{
	for (const char *const *at = files; at != NULL && *at != NULL; at += 2) {
		if (strcmp(at[0], path) != 0)
			continue;
		*text = strdup(at[1]);
		if (*text == NULL)
			return E_NOMEM;
		*len = strlen(*text);
		return E_OK;
	}
	return E_UNKNOWN;
}

static void glob_paths(
	void *ctx, const char *pattern, void (*found)(void *arg, const char *path), void *arg)
{
	size_t len = strlen(pattern);

	snprintf(asked, sizeof(asked), "%s", pattern);
	for (const char *const *at = files; at != NULL && *at != NULL; at += 2)
		if (strcmp(at[0], pattern) == 0 ||
			(pattern[len - 1] == '*' && strncmp(at[0], pattern, len - 1) == 0))
			found(arg, at[0]);
	found(arg, "/vanished/meanwhile");
}

static const char *env(void *ctx, const char *name)
{
	return strcmp(name, "COLOUR") == 0 ? "blue" : NULL;
}

static void complain(void *ctx, const char *sentence)
{
	size_t len = strlen(said);

	snprintf(said + len, sizeof(said) - len, "%s\n", sentence);
}

static const struct conf_reader quiet = {.read = read_file, .glob = glob_paths, .env = env};
static const struct conf_reader loud = {
	.read = read_file, .glob = glob_paths, .env = env, .complain = complain};
static const struct conf_local local = {
	.user = "me", .home = "/home/me", .host = "box.example", .uid = 1000};

static struct client_conf *c;
static const struct client_settings *s;
static struct fault fault;

static void start(const struct conf_reader *reader)
{
	fault = (struct fault){0};
	said[0] = asked[0] = '\0';
	s = NULL;
	c = client_conf_new("Host", reader, &local);
	REQUIRE(c != NULL);
}

static enum err file(const char *text)
{
	return client_conf_file(c, "FILE", bytes_str(text), true, &fault);
}

/* One file from start to finish. */
static enum err whole(const char *text)
{
	enum err e;

	start(&quiet);
	e = file(text);
	return e == E_OK ? client_conf_finish(c, &s, &fault) : e;
}

static void end(void)
{
	client_conf_free(c);
	files = NULL;
}

TEST(client_defaults)
{
	REQUIRE_EQ(whole(""), E_OK);
	CHECK_STR(s->host_alias, "Host");
	CHECK_STR(s->hostname, "host");
	CHECK_STR(s->user, "me");
	CHECK_EQ(s->port, 22);
	CHECK_EQ(s->alive_interval_ms, 15000);
	CHECK_EQ(s->alive_count_max, 3);
	CHECK_EQ(s->strict_hosts, STRICT_ASK);
	CHECK_EQ(s->connection_attempts, 1);
	CHECK(s->tcp_keepalive && s->wants_session && !s->hash_known_hosts && !s->batch_mode);
	CHECK(!s->exit_on_forward_failure && s->forward_count == 0);
	CHECK_EQ(s->log_level, LOG_LEVEL_INFO);
	REQUIRE_EQ(s->identity_count, 5);
	CHECK_STR(s->identity_files[0], "/home/me/.ssh/id_rsa");
	CHECK_STR(s->identity_files[1], "/home/me/.ssh/id_ecdsa");
	CHECK_STR(s->identity_files[3], "/home/me/.ssh/id_ed25519");
	CHECK_STR(s->identity_files[4], "/home/me/.ssh/id_ed25519_sk");
	CHECK_STR(s->login_methods, "publickey,keyboard-interactive,password");
	CHECK_EQ(s->password_prompts, 3);
	CHECK(s->agent_socket == NULL && s->certificate_count == 0);
	REQUIRE_EQ(s->known_hosts_count, 2);
	CHECK_STR(s->known_hosts[0], "/home/me/.ssh/known_hosts");
	CHECK_STR(s->known_hosts[1], "/home/me/.ssh/known_hosts2");
	REQUIRE_EQ(s->global_known_hosts_count, 2);
	CHECK_STR(s->global_known_hosts[1], "/etc/ssh/ssh_known_hosts2");
	CHECK_STR(s->ciphers, cipher_default_list());
	CHECK_STR(s->macs, mac_default_list());
	end();
}

TEST(client_order_is_precedence)
{
	start(&quiet);
	REQUIRE_EQ(client_conf_option(c, "Port=1", &fault), E_OK);
	REQUIRE_EQ(client_conf_forward(c, CLIENT_REMOTE, "1:h:1", &fault), E_OK);
	REQUIRE_EQ(client_conf_value(c, "IdentityFile", "/a b", &fault), E_OK);
	REQUIRE_EQ(file("Port 2\nUser u\nRemoteForward 2 h:2\nIdentityFile /c\n"), E_OK);
	REQUIRE_EQ(client_conf_file(
			   c, "OTHER", bytes_str("User v\nRemoteForward 1 h:1\n"), false, &fault),
		E_OK);
	REQUIRE_EQ(client_conf_log_file(c, "/log1"), E_OK);
	REQUIRE_EQ(client_conf_log_file(c, "/log2"), E_OK);
	REQUIRE_EQ(client_conf_finish(c, &s, &fault), E_OK);
	CHECK_EQ(s->port, 1);
	CHECK_STR(s->user, "u");
	CHECK_STR(s->log_file, "/log1");
	REQUIRE_EQ(s->identity_count, 2);
	CHECK_STR(s->identity_files[0], "/a b");
	REQUIRE_EQ(s->forward_count, 2);
	CHECK_EQ(s->forwards[0].listen_port, 1);
	CHECK_EQ(s->forwards[1].listen_port, 2);
	end();
}

TEST(client_lists_of_one_line)
{
	REQUIRE_EQ(whole("Host other\nUserKnownHostsFile /no\nHost *\nUserKnownHostsFile /a /b\n"
			 "UserKnownHostsFile /c\n"),
		E_OK);
	REQUIRE_EQ(s->known_hosts_count, 2);
	CHECK_STR(s->known_hosts[0], "/a");
	CHECK_STR(s->known_hosts[1], "/b");
	end();
}

/* What is tried, from what is wished. */
TEST(client_login_methods)
{
	static const struct {
		const char *text, *methods;
	} rows[] = {
		{"PreferredAuthentications password,publickey", "password,publickey"},
		{"PreferredAuthentications gssapi-with-mic,keyboard-interactive,hostbased",
			"keyboard-interactive"},
		{"PreferredAuthentications password,password,publickey,password",
			"password,publickey"},
		{"PreferredAuthentications none", ""},
		{"PasswordAuthentication no", "publickey,keyboard-interactive"},
		{"KbdInteractiveAuthentication no", "publickey,password"},
		{"PubkeyAuthentication no", "keyboard-interactive,password"},
		{"PubkeyAuthentication unbound", "publickey,keyboard-interactive,password"},
		{"BatchMode yes", "publickey"},
		{"BatchMode yes\nPreferredAuthentications password", ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		harness_note("%s", rows[i].text);
		REQUIRE_EQ(whole(rows[i].text), E_OK);
		CHECK_STR(s->login_methods, rows[i].methods);
		end();
	}
}

TEST(client_agent_socket)
{
	static const struct {
		const char *text, *path;
	} rows[] = {
		{"IdentityAgent none", NULL},
		{"IdentityAgent SSH_AUTH_SOCK", NULL}, /* it is not set here */
		{"IdentityAgent $COLOUR", "blue"},
		{"IdentityAgent $NOTHING", NULL},
		{"IdentityAgent ~/a-%h", "/home/me/a-host"},
		{"IdentityAgent /${COLOUR}/%%", "/blue/%"},
		{"IdentityAgent /first\nIdentityAgent /second", "/first"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		harness_note("%s", rows[i].text);
		REQUIRE_EQ(whole(rows[i].text), E_OK);
		if (rows[i].path == NULL)
			CHECK(s->agent_socket == NULL);
		else
			CHECK_STR(s->agent_socket, rows[i].path);
		end();
	}
	CHECK_EQ(whole("IdentityAgent $-"), E_VALUE);
	CHECK_STR(fault.text, "FILE line 1: Invalid environment name $-.");
	end();
}

TEST(client_tokens)
{
	REQUIRE_EQ(whole("Hostname x%h\nPort 7\nUser u\nHostKeyAlias Alias\n"
			 "IdentityFile ~/%h-%n-%p-%r-%u-%d-%i-%l-%L-%k-%j-%%\n"
			 "IdentityFile ${COLOUR}\nIdentityFile blue\nIdentityFile /%C\n"
			 "UserKnownHostsFile ~/%h\nGlobalKnownHostsFile ~/%h\n"),
		E_OK);
	REQUIRE_EQ(s->identity_count, 3);
	CHECK_STR(s->identity_files[0],
		"/home/me/xhost-Host-7-u-me-/home/me-1000-box.example-box-alias--%");
	CHECK_STR(s->identity_files[1], "blue");
	/* printf box.examplexhost7u | sha1sum */
	CHECK_STR(s->identity_files[2], "/fdf03a678dd17337bea7d381fa081e3a507a3703");
	CHECK_STR(s->known_hosts[0], "/home/me/xhost");
	CHECK_STR(s->global_known_hosts[0], "/home/me/%h");
	CHECK_STR(s->host_key_alias, "alias");
	end();
}

TEST(client_user_tokens)
{
	REQUIRE_EQ(whole("User %u-${COLOUR}-%h\n"), E_OK);
	CHECK_STR(s->user, "me-blue-host");
	end();
	CHECK_EQ(whole("User %r\n"), E_UNKNOWN);
	end();
	CHECK_EQ(whole("User a;%u\n"), E_VALUE);
	end();
	start(&quiet);
	REQUIRE_EQ(client_conf_value(c, "User", "%u", &fault), E_OK);
	REQUIRE_EQ(client_conf_finish(c, &s, &fault), E_OK);
	CHECK_STR(s->user, "%u");
	end();
}

TEST(client_second_pass)
{
	static const char text[] = "Match final host new.example\nPort 5\nHost *\nPort 6\n"
				   "Host new.example\nBindAddress 192.0.2.1\nHost *\n"
				   "Hostname NEW.example\nIdentityFile /a\n";

	start(&quiet);
	REQUIRE_EQ(client_conf_option(c, "Port=4", &fault), E_OK);
	REQUIRE_EQ(file(text), E_OK);
	REQUIRE(client_conf_wants_final(c));
	REQUIRE_EQ(client_conf_begin_final(c, &fault), E_OK);
	REQUIRE_EQ(file(text), E_OK);
	REQUIRE_EQ(client_conf_finish(c, &s, &fault), E_OK);
	CHECK_STR(s->hostname, "new.example");
	CHECK_STR(s->bind_address, "192.0.2.1");
	CHECK_EQ(s->port, 4);
	CHECK_EQ(s->identity_count, 1);
	end();
}

TEST(client_override)
{
	start(&quiet);
	REQUIRE_EQ(client_conf_override(c, "Ciphers", "aes128-ctr", &fault), E_OK);
	REQUIRE_EQ(client_conf_option(c, "Ciphers=aes256-ctr", &fault), E_OK);
	REQUIRE_EQ(client_conf_option(c, "BindAddress=192.0.2.1", &fault), E_OK);
	REQUIRE_EQ(client_conf_override(c, "BindAddress", "192.0.2.2", &fault), E_OK);
	REQUIRE_EQ(client_conf_finish(c, &s, &fault), E_OK);
	CHECK_STR(s->ciphers, "aes128-ctr");
	CHECK_STR(s->bind_address, "192.0.2.2");
	end();
}

TEST(client_bad_tokens)
{
	static const char *const bad[] = {"IdentityFile %x", "IdentityFile ${NONE}",
		"IdentityFile ~other/x", "Hostname %p", "UserKnownHostsFile %T"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		harness_note("%s", bad[i]);
		CHECK_EQ(whole(bad[i]), E_UNKNOWN);
		CHECK(fault.text[0] != '\0');
		end();
	}
}

TEST(client_none)
{
	REQUIRE_EQ(whole("IdentityFile none\nUserKnownHostsFile NONE\nGlobalKnownHostsFile none\n"),
		E_OK);
	CHECK_EQ(s->identity_count, 0);
	CHECK_EQ(s->known_hosts_count, 0);
	CHECK_EQ(s->global_known_hosts_count, 0);
	end();
}

/* Refused where it would take effect, accepted where it says what is so anyway. */
TEST(client_not_served)
{
	static const struct {
		const char *refused, *harmless;
	} rows[] = {
		{"PermitLocalCommand yes", "LocalCommand date"},
		{"RemoteCommand date", "RemoteCommand none"},
		{"RequiredRSASize 4096", "RequiredRSASize 2048"},
		{"BindInterface eth0", "BindAddress 192.0.2.1"},
		{"CanonicalizeHostname yes", "CanonicalizeHostname no"},
		{"ChannelTimeout global=5m", "ChannelTimeout none"},
		{"Ciphers 3des-cbc", "Ciphers aes256-ctr,3des-cbc"},
	};
	char text[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		enum err e;

		harness_note("%s", rows[i].refused);
		e = whole(rows[i].refused);
		CHECK(e == E_UNKNOWN || e == E_NOALG);
		CHECK(strstr(fault.text, "FILE line 1: ") == fault.text);
		CHECK(strstr(fault.text, "supported") != NULL);
		end();
		/* In a block that does not hold it is of no account. */
		snprintf(text, sizeof(text), "Host other\n%s\n", rows[i].refused);
		CHECK_EQ(whole(text), E_OK);
		end();
		harness_note("%s", rows[i].harmless);
		CHECK_EQ(whole(rows[i].harmless), E_OK);
		end();
	}
}

static void check_text(const char *got, const char *want)
{
	CHECK((got == NULL) == (want == NULL));
	if (got != NULL && want != NULL)
		CHECK_STR(got, want);
}

/* Of both the first counts, and "none" does, too. */
TEST(client_proxies)
{
	static const struct {
		const char *text, *jump, *user, *through, *command;
		uint16_t port;
	} rows[] = {
		{"ProxyJump a", "a", NULL, NULL, NULL, 0},
		{"ProxyJump u@a:22,ssh://v@[::1]:2200/", "::1", "v", "u@a:22", NULL, 2200},
		{"ProxyJump=a,b,c  # far", "c", NULL, "a,b", NULL, 0},
		{"ProxyJump a\nProxyCommand x\nProxyJump b", "a", NULL, NULL, NULL, 0},
		{"ProxyCommand nc  \"%h\" # x\nProxyJump a", NULL, NULL, NULL, "nc  \"%h\" # x", 0},
		{"ProxyJump none\nProxyCommand x\nProxyJump a", NULL, NULL, NULL, "x", 0},
		{"ProxyCommand none\nProxyJump a", NULL, NULL, NULL, NULL, 0},
		{"ProxyJump NONE\nProxyJump a", NULL, NULL, NULL, NULL, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		harness_note("%s", rows[i].text);
		REQUIRE_EQ(whole(rows[i].text), E_OK);
		check_text(s->jump_host, rows[i].jump);
		check_text(s->jump_user, rows[i].user);
		check_text(s->jump_through, rows[i].through);
		check_text(s->proxy_command, rows[i].command);
		CHECK_EQ(s->jump_port, rows[i].port);
		end();
	}
}

TEST(client_proxies_that_are_none)
{
	static const char *const bad[] = {"ProxyJump @a", "ProxyJump a:0",
		"ProxyJump a,,b", "ProxyJump [::1", "ProxyJump ssh://a/b", "ProxyJump a:b:c",
		"ProxyJump ,a", "Host other\nProxyJump a:x"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		harness_note("%s", bad[i]);
		CHECK_EQ(whole(bad[i]), E_VALUE);
		CHECK(strstr(fault.text, "Invalid ProxyJump \"") != NULL);
		end();
	}
	CHECK_EQ(whole("Hostname x\nPort 22\nUser me\nProxyJump x"), E_VALUE);
	CHECK_STR(fault.text, "jumphost loop via x");
	end();
	CHECK_EQ(whole("Hostname x\nPort 2\nProxyJump x"), E_OK);
	end();
}

TEST(client_proxy_tokens)
{
	char line[EXPAND_MAX];

	REQUIRE_EQ(whole("Hostname real\nPort 7\nUser me\nHostKeyAlias k\n"
			 "ProxyCommand x %h %n %p %r %k %% ${HOME}"),
		E_OK);
	REQUIRE_EQ(client_proxy_line(s, line, &fault), E_OK);
	CHECK_STR(line, "x real Host 7 me k % ${HOME}");
	end();
	REQUIRE_EQ(whole("ProxyCommand x %u"), E_OK);
	CHECK_EQ(client_proxy_line(s, line, &fault), E_UNKNOWN);
	end();
}

/* -J is stricter than a file, and may be there once. */
TEST(client_jump_flag)
{
	static const char *const bad[] = {"a;b", "$(x)", "-a", "u;v@a", "-u@a", "a b", ""};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		start(&quiet);
		harness_note("%s", bad[i]);
		CHECK_EQ(client_conf_jump(c, bad[i], &fault), E_VALUE);
		CHECK_STR(fault.text, "Invalid -J argument");
		end();
	}
	start(&quiet);
	CHECK_EQ(client_conf_jump(c, "a", &fault), E_OK);
	CHECK_EQ(client_conf_jump(c, "b", &fault), E_VALUE);
	CHECK(strstr(fault.text, "Only a single -J option") != NULL);
	end();
	start(&quiet);
	CHECK_EQ(client_conf_option(c, "ProxyCommand=x", &fault), E_OK);
	CHECK_EQ(client_conf_jump(c, "b", &fault), E_VALUE);
	CHECK_STR(fault.text, "Cannot specify -J with ProxyCommand");
	end();
}

static void remark(void *ctx, const char *sentence)
{
	snprintf(said, sizeof(said), "%s", sentence);
}

/* What is passed over is named, once and where it counts. */
TEST(client_algorithms_left_out)
{
	static const struct conf_reader curious = {.remark = remark};
	static const struct {
		const char *text, *sentence;
	} rows[] = {
		{"Ciphers +aes128-cbc", "FILE line 1: Ciphers: left out, for it is not supported: "
					"aes128-cbc"},
		{"Ciphers ^3des-cbc,aes256-ctr,aes256-cbc",
			"FILE line 1: Ciphers: left out, for it is not supported: "
			"3des-cbc,aes256-cbc"},
		{"MACs hmac-sha1,hmac-sha2-256",
			"FILE line 1: MACs: left out, for it is not supported: hmac-sha1"},
		{"HostKeyAlgorithms +ssh-rsa",
			"FILE line 1: HostKeyAlgorithms: left out, for it is not supported: "
			"ssh-rsa"},
		{"Ciphers -aes128-cbc", ""},
		{"Ciphers aes256-ctr", ""},
		{"Ciphers aes256-ctr\nCiphers +aes128-cbc", ""},
		{"Host other\nCiphers +aes128-cbc", ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		harness_note("%s", rows[i].text);
		start(&curious);
		REQUIRE_EQ(file(rows[i].text), E_OK);
		CHECK_STR(said, rows[i].sentence);
		end();
	}
}

TEST(client_known_hosts_command_is_kept_as_it_stands)
{
	REQUIRE_EQ(whole("KnownHostsCommand  /c \"a  b\" %H # c\nKnownHostsCommand /d\n"), E_OK);
	CHECK_STR(s->known_hosts_command, "/c \"a  b\" %H # c");
	CHECK(s->tokens != NULL);
	end();
}

TEST(client_mistakes_are_told_one_by_one)
{
	start(&loud);
	CHECK_EQ(file("Foo 1\nPort 5\nBAR\nUser a b\n"), E_UNKNOWN);
	CHECK_STR(said, "FILE: line 1: Bad configuration option: foo\n"
			"FILE line 3: no argument after keyword \"bar\"\n"
			"FILE line 4: keyword user extra arguments at end of line\n");
	CHECK_STR(fault.text, "FILE: terminating, 3 bad configuration options");
	end();
	start(&quiet);
	CHECK_EQ(file("Port 5\nFoo 1\nBar 1\n"), E_UNKNOWN);
	CHECK_STR(fault.text, "FILE: line 2: Bad configuration option: foo");
	end();
	CHECK_EQ(whole("=Port 5\n"), E_UNKNOWN);
	end();
	/* A block with a bad condition does not hold: one complaint, not two. */
	start(&loud);
	CHECK_EQ(file("Match foo x\nProxyJump a\n"), E_UNKNOWN);
	CHECK_STR(fault.text, "FILE: terminating, 1 bad configuration options");
	end();
}

TEST(client_mistakes_on_the_command_line)
{
	static const struct {
		const char *option, *sentence;
	} rows[] = {
		{"Foo=1", "command-line: line 0: Bad configuration option: foo"},
		{"Port=x", "command-line line 0: Bad port 'x'."},
		{"Port=0", "command-line line 0: Bad port '0'."},
		{"Port", "command-line line 0: no argument after keyword \"port\""},
		{"Host=a", "Host directive not supported as a command-line option"},
		{"Include=a", "Include directive not supported as a command-line option"},
		{"LocalForward 80", "command-line line 0: Missing target argument."},
		{"DynamicForward 80 h:1", "command-line line 0: keyword dynamicforward extra "
					  "arguments at end of line"},
		{"LocalForward a 80",
			"command-line line 0: Bad forwarding specification 'a:80': "
			"[bind_address:]port:host:hostport is wanted, with the path of a Unix "
			"socket on either side"},
		{"StreamLocalBindMask 8", "command-line line 0: Bad mask."},
		{"StreamLocalBindMask 01777", "command-line line 0: Bad mask."},
		{"PermitRemoteOpen any h:1", "command-line line 0: keyword permitremoteopen "
					     "\"any\" argument must appear alone."},
		{"PermitRemoteOpen h", "command-line line 0: bad port number in "
				       "permitremoteopen: 'h' is not host:port or "
				       "[address]:port"},
		{"PermitRemoteOpen h:0",
			"command-line line 0: bad port number in permitremoteopen: bad port "
			"number in 'h:0': 1 to 65535 or * is wanted"},
		{"RemoteForward 80:h:80", "command-line line 0: Bad forwarding specification "
					  "'80:h:80': two words are "
					  "wanted, [bind_address:]port and host:hostport"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		start(&quiet);
		CHECK(client_conf_option(c, rows[i].option, &fault) != E_OK);
		CHECK_STR(fault.text, rows[i].sentence);
		end();
	}
	start(&quiet);
	CHECK_EQ(client_conf_option(c, "", &fault), E_OK);
	CHECK_EQ(client_conf_value(c, "Port", "22 23", &fault), E_VALUE);
	end();
}

TEST(client_include_places)
{
	start(&quiet);
	REQUIRE_EQ(file("Include x\n"), E_OK);
	CHECK_STR(asked, "/home/me/.ssh/x");
	REQUIRE_EQ(file("Include ~/y ${COLOUR}\n"), E_OK);
	REQUIRE_EQ(client_conf_file(c, "F", bytes_str("Include z*\n"), false, &fault), E_OK);
	CHECK_STR(asked, "/etc/ssh/z*");
	REQUIRE_EQ(file("Include /abs\n"), E_OK);
	CHECK_STR(asked, "/abs");
	/* Where it does not hold it is read for its mistakes. */
	REQUIRE_EQ(file("Host other\nInclude /other\n"), E_OK);
	CHECK_STR(asked, "/other");
	/* Homes of others are the reader's to know, and none of the system's. */
	REQUIRE_EQ(file("Include ~you/z\n"), E_OK);
	CHECK_STR(asked, "~you/z");
	CHECK_EQ(client_conf_file(c, "F", bytes_str("Include ~/z\n"), false, &fault), E_VALUE);
	end();
}

TEST(client_include_reads)
{
	static const char *const tree[] = {"/a1", "Host other\nPort 5\nHost *\nUser one\n", "/a2",
		"User two\nPort 6\n", "/bad", "Foo 1\nBar 2\n", NULL};

	files = tree;
	REQUIRE_EQ(whole("Include /a*\nPort 7\n"), E_OK);
	CHECK_STR(s->user, "one");
	CHECK_EQ(s->port, 6);
	end();
	/* A block that an included file ends in is not carried outside. */
	static const char *const ends[] = {"/a", "Host other\n", NULL};
	files = ends;
	REQUIRE_EQ(whole("Include /a\nPort 7\n"), E_OK);
	CHECK_EQ(s->port, 7);
	end();
	files = tree;
	start(&loud);
	CHECK_EQ(file("Include /bad\nPort x\n"), E_UNKNOWN);
	CHECK_STR(said, "/bad: line 1: Bad configuration option: foo\n"
			"/bad: line 2: Bad configuration option: bar\n");
	CHECK_STR(fault.text, "/bad: terminating, 2 bad configuration options");
	end();
}

TEST(client_include_depth)
{
	static const char *const loop[] = {"/loop", "Include /loop\n", NULL};

	files = loop;
	CHECK_EQ(whole("Include /loop\n"), E_LIMIT);
	CHECK(strstr(fault.text, "Too many recursive configuration includes") != NULL);
	end();
}

TEST(client_limits)
{
	char text[64];

	start(&quiet);
	for (int i = 0; i < CLIENT_FORWARDS_MAX; i++) {
		snprintf(text, sizeof(text), "%d:h:1", i);
		REQUIRE_EQ(client_conf_forward(c, CLIENT_REMOTE, text, &fault), E_OK);
	}
	CHECK_EQ(client_conf_forward(c, CLIENT_REMOTE, "1:h:1", &fault), E_OK);
	CHECK_EQ(client_conf_forward(c, CLIENT_REMOTE, "9999:h:1", &fault), E_LIMIT);
	end();
	start(&quiet);
	for (int i = 0; i < CLIENT_FILES_MAX; i++) {
		snprintf(text, sizeof(text), "IdentityFile=/%d", i);
		REQUIRE_EQ(client_conf_option(c, text, &fault), E_OK);
	}
	CHECK_EQ(client_conf_option(c, "IdentityFile=/x", &fault), E_LIMIT);
	end();
}

TEST(client_ignore_unknown)
{
	REQUIRE_EQ(whole("IgnoreUnknown foo,B*\nFOO x\nbaz\ty z\nPort 5\n"), E_OK);
	CHECK_EQ(s->port, 5);
	end();
	CHECK_EQ(whole("Foo x\nIgnoreUnknown foo\n"), E_UNKNOWN);
	end();
	CHECK_EQ(whole("IgnoreUnknown foo\nFoo \"x\n"), E_FORMAT);
	end();
}

TEST(client_tag)
{
	REQUIRE_EQ(whole("Tag work\nMatch tagged work\nPort 5\n"), E_OK);
	CHECK_EQ(s->port, 5);
	end();
}

static void count_line(void *ctx, const char *text)
{
	CHECK(text[0] != '\0');
	++*(unsigned *)ctx;
}

/* Whatever allocation fails: an error or a whole result, and no leak. */
TEST(client_out_of_memory)
{
	static const char *const tree[] = {"/a", "User u\nIdentityFile /i\n", NULL};
	unsigned rounds = 0;

	for (;;) {
		enum err e = E_NOMEM;
		struct client_conf *one;
		unsigned lines = 0;

		files = tree;
		fault = (struct fault){0};
		failalloc_arm(++rounds);
		one = client_conf_new("h", &quiet, &local);
		if (one != NULL)
			e = client_conf_option(one, "Ciphers=aes256-ctr", &fault);
		if (e == E_OK)
			e = client_conf_file(one, "FILE",
				bytes_str("Include /a\nRemoteForward 1 h:1\nHostname x%h\n"), true,
				&fault);
		if (e == E_OK)
			e = client_conf_finish(one, &s, &fault);
		if (e == E_OK)
			client_conf_dump(s, count_line, &lines);
		client_conf_free(one);
		if (!failalloc_disarm())
			break;
		CHECK(e == E_OK || e == E_NOMEM || e == E_CRYPTO);
	}
	CHECK(rounds > 5);
	files = NULL;
}

static const struct forward_spec *local_at(size_t i)
{
	REQUIRE(i < s->local_count);
	return &s->locals[i];
}

TEST(client_local_forwards)
{
	REQUIRE_EQ(whole("LocalForward 80 h:1\nDynamicForward *:81\nLocalForward 80 h:1\n"
			 "LocalForward /a/%p /b/%%\nRemoteForward 82\nRemoteForward /c/%r /d\n"
			 "GatewayPorts yes\nStreamLocalBindMask 022\nStreamLocalBindUnlink yes\n"),
		E_OK);
	CHECK_EQ(s->local_count, 3);
	CHECK(local_at(0)->listen_port == 80 && !local_at(0)->is_socks);
	CHECK(local_at(1)->listen_port == 81 && local_at(1)->is_socks && local_at(1)->has_bind);
	CHECK_STR(local_at(2)->listen_path, "/a/22");
	CHECK_STR(local_at(2)->path, "/b/%");
	REQUIRE_EQ(s->forward_count, 2);
	CHECK(s->forwards[0].is_socks && s->forwards[0].listen_port == 82);
	CHECK_STR(s->forwards[1].listen_path, "/c/me");
	CHECK(s->gateway_ports && s->bind_unlink);
	CHECK_EQ(s->bind_mask, 022);
	CHECK(s->stdio == NULL && !s->clear_all_forwardings);
	end();
	REQUIRE_EQ(
		whole("ClearAllForwardings yes\nLocalForward 80 h:1\nDynamicForward 81\n"), E_OK);
	CHECK_EQ(s->local_count, 0);
	CHECK_EQ(s->bind_mask, 0177);
	CHECK(!s->gateway_ports && !s->bind_unlink);
	end();
	CHECK_EQ(whole("LocalForward /%x /b\n"), E_UNKNOWN);
	end();
}

/* -W clears all others unless it is said that they stay. */
TEST(client_stdio)
{
	start(&quiet);
	REQUIRE_EQ(client_conf_forward(c, CLIENT_STDIO, "h:22", &fault), E_OK);
	REQUIRE_EQ(client_conf_forward(c, CLIENT_REMOTE, "1:h:1", &fault), E_OK);
	REQUIRE_EQ(client_conf_finish(c, &s, &fault), E_OK);
	REQUIRE(s->stdio != NULL);
	CHECK_STR(s->stdio->host, "h");
	CHECK(s->forward_count == 0 && s->clear_all_forwardings && s->exit_on_forward_failure);
	CHECK(client_conf_forward(c, CLIENT_STDIO, "h:23", &fault) != E_OK);
	CHECK_STR(fault.text, "stdio forward already specified");
	end();
	start(&quiet);
	REQUIRE_EQ(client_conf_forward(c, CLIENT_STDIO, "/a/%h", &fault), E_OK);
	REQUIRE_EQ(file("ClearAllForwardings no\nExitOnForwardFailure no\nLocalForward 1 h:1\n"),
		E_OK);
	REQUIRE_EQ(client_conf_finish(c, &s, &fault), E_OK);
	CHECK_STR(s->stdio->path, "/a/host");
	CHECK(s->local_count == 1 && !s->exit_on_forward_failure);
	end();
}

TEST(client_remote_opens)
{
	REQUIRE_EQ(whole("PermitRemoteOpen h:1 [::1]:* *:80\nPermitRemoteOpen none\n"), E_OK);
	CHECK(s->remote_opens_are_limited);
	REQUIRE_EQ(s->remote_open_count, 3);
	CHECK(permit_open_allows(&s->remote_opens[0], "h", 1));
	CHECK(!permit_open_allows(&s->remote_opens[0], "h", 2));
	CHECK(!permit_open_allows(&s->remote_opens[0], "H", 1));
	CHECK(permit_open_allows(&s->remote_opens[1], "::1", 99));
	CHECK(permit_open_allows(&s->remote_opens[2], "x", 80));
	end();
	REQUIRE_EQ(whole("PermitRemoteOpen none\n"), E_OK);
	CHECK(s->remote_opens_are_limited && s->remote_open_count == 0);
	end();
	REQUIRE_EQ(whole("PermitRemoteOpen any\n"), E_OK);
	CHECK(!s->remote_opens_are_limited);
	end();
	REQUIRE_EQ(whole(""), E_OK);
	CHECK(!s->remote_opens_are_limited);
	end();
}

TEST(client_control_socket)
{
	REQUIRE_EQ(whole("ControlMaster auto\nControlPath ~/c-%C-%r\nControlPersist 10m\n"), E_OK);
	CHECK_EQ(s->control_master, CONTROL_AUTO);
	CHECK(strstr(s->control_path, "/c-") != NULL && strchr(s->control_path, '%') == NULL);
	CHECK(s->reconnect); /* forwards may come */
	end();
	REQUIRE_EQ(whole("ControlMaster yes\nControlPath none\n"), E_OK);
	CHECK(s->control_path == NULL && !s->reconnect);
	end();
}

TEST(client_forward_rates)
{
	static const struct {
		const char *words, *sentence;
	} bad[] = {{"fast", "bytes a second from 1K up are wanted"},
		{"1023", "bytes a second from 1K up are wanted"},
		{"80=", "bytes a second from 1K up are wanted"}, {"x=1M", "'x' is no port"}};
	char text[128];

	REQUIRE_EQ(whole("ForwardRate 1M 81=2K 82=none\nRemoteForward 80 a:1\nRemoteForward 81 a:1\n"
			 "LocalForward 82 a:1\nLocalForward 81 a:1\n"),
		E_OK);
	CHECK_EQ(s->forwards[0].rate_bytes, 1 << 20);
	CHECK_EQ(s->forwards[1].rate_bytes, 2048);
	CHECK_EQ(s->locals[0].rate_bytes, 0);
	CHECK_EQ(s->locals[1].rate_bytes, 2048);
	end();
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(text, sizeof(text), "ForwardRate %s\n", bad[i].words);
		CHECK_EQ(whole(text), E_VALUE);
		CHECK(strstr(fault.text, bad[i].sentence) != NULL);
		end();
	}
}
