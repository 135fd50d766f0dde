/* SPDX-License-Identifier: ISC */
#include "relay/hello.h"
#include "relay/paths.h"

#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>


enum { NAMES_MAX = 8, SSH_PORT = 22, EXAMPLE_PORT = 2222 };

struct names { /* by which this host can be reached from elsewhere */
	char name[NAMES_MAX][SOCK_TEXT_MAX];
	size_t count;
};

/* Numeric addresses of the interfaces that are up; link-local ones need a zone and help nobody. */
static void find_names(struct names *n)
{
	uv_interface_address_t *all;
	int count;

	n->count = 0;
	if (uv_interface_addresses(&all, &count) != 0)
		return;
	for (int i = 0; i < count && n->count < NAMES_MAX; i++) {
		const struct sockaddr_in6 *v6 = &all[i].address.address6;
		int rc;

		if (all[i].is_internal ||
			(v6->sin6_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr)))
			continue;
		if (v6->sin6_family == AF_INET6)
			rc = uv_ip6_name(v6, n->name[n->count], SOCK_TEXT_MAX);
		else
			rc = uv_ip4_name(
				&all[i].address.address4, n->name[n->count], SOCK_TEXT_MAX);
		if (rc == 0)
			n->count++;
	}
	uv_free_interface_addresses(all, count);
}

static bool is_wildcard(const struct sock_addr *a)
{
	char host[SOCK_TEXT_MAX];

	sock_host(a, host);
	return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

static void say_addresses(FILE *out, const struct supervisor *s, const struct names *n)
{
	bool has_wildcard = false;

	fprintf(out, "Sallyport relay, pid %ld, listening on", (long)getpid());
	for (size_t i = 0; i < s->listening.count; i++) {
		char text[SOCK_TEXT_MAX];

		sock_text(&s->listening.addr[i], text);
		fprintf(out, "%s %s", i ? "," : "", text);
		has_wildcard |= is_wildcard(&s->listening.addr[i]);
	}
	fprintf(out, "\n");
	if (!has_wildcard || n->count == 0)
		return;
	fprintf(out, "  addresses of this host:");
	for (size_t i = 0; i < n->count; i++)
		fprintf(out, " %s", n->name[i]);
	fprintf(out, "\n");
}

/* Places of many files, in a line each. */
static void say_folders(FILE *out, const struct keyring *k)
{
	for (size_t i = 0; i < keyring_spots(k); i++) {
		struct keyring_spot spot;

		keyring_spot_info(k, i, &spot);
		if (spot.is_folder)
			fprintf(out,
				"  takes the keys of the files in %s: %zu key%s in %zu file%s\n",
				spot.path, spot.keys, spot.keys == 1 ? "" : "s", spot.files,
				spot.files == 1 ? "" : "s");
		if (!spot.is_users)
			continue;
		fprintf(out, "  takes the keys of ");
		for (const char *c = spot.path; *c; c++)
			if (*c == PATHS_USER)
				fprintf(out, "%%u");
			else
				fputc(*c, out);
		fprintf(out, ", %%u being the user who logs in\n");
	}
}

static void say_authorities(FILE *out, const struct keyring_file *k)
{
	if (k->why)
		fprintf(out, "  would trust the authorities in %s, but: %s\n", k->path,
			k->why[0] ? k->why : "there is no such file");
	else
		fprintf(out, "  takes certificates of the authorities in %s: %zu%s\n", k->path,
			k->keys, k->bad_lines ? " (some lines are bad, see the log)" : "");
}

static void say_keys(FILE *out, const struct supervisor *s)
{
	const struct keeper_keys *keys = keeper_keys(s->keeper);

	for (size_t i = 0; i < keys->count; i++)
		fprintf(out, "  host key %s %s\n", pubkey_type_name(keys->key[i].type),
			keys->key[i].fingerprint);
	if (keyring_spots(s->keyring) == 0)
		fprintf(out, "  takes no keys: AuthorizedKeysFile is none\n");
	say_folders(out, s->keyring);
	for (size_t i = 0; i < keyring_files(s->keyring); i++) {
		struct keyring_file k;

		keyring_file_info(s->keyring, i, &k);
		if (k.is_one_of_many)
			continue;
		if (k.is_authorities) {
			say_authorities(out, &k);
			continue;
		}
		if (k.why && k.why[0])
			fprintf(out, "  would take the keys of %s, but: %s\n", k.path, k.why);
		else if (k.why || k.keys == 0)
			fprintf(out,
				"  takes the keys of %s: there are none yet, so nobody can log "
				"in;\n"
				"  add the inner machine's public key there, no restart is "
				"needed\n",
				k.path);
		else
			fprintf(out, "  takes the keys of %s: %zu key%s%s\n", k.path, k.keys,
				k.keys == 1 ? "" : "s",
				k.bad_lines ? " (some lines are bad, see the log)" : "");
	}
}

/* How the inner machine would call this relay: the address listened on, or one of the host. */
static void relay_name(const struct supervisor *s, const struct names *n, char out[static SOCK_TEXT_MAX],
	uint16_t *port)
{
	const struct sock_addr *a = &s->listening.addr[0];

	*port = sock_port(a);
	sock_host(a, out);
	if (!is_wildcard(a))
		return;
	if (n->count > 0)
		snprintf(out, SOCK_TEXT_MAX, "%s", n->name[0]);
	else if (gethostname(out, SOCK_TEXT_MAX) != 0)
		snprintf(out, SOCK_TEXT_MAX, "this-host");
	out[SOCK_TEXT_MAX - 1] = '\0';
}

static void say_lines(FILE *out, const struct supervisor *s, const struct names *n)
{
	const struct passwd *pw = getpwuid(geteuid());
	const char *user = pw && pw->pw_name ? pw->pw_name : "relay";
	char name[SOCK_TEXT_MAX], p[16] = "";
	uint16_t port;
	bool is_open = s->settings->gateway_ports != GATEWAY_NO;
	const char *bind = s->settings->gateway_ports == GATEWAY_CLIENT ? "*:" : "";
	const char *quote = bind[0] ? "'" : "";

	relay_name(s, n, name, &port);
	if (port != SSH_PORT)
		snprintf(p, sizeof(p), "-p %u ", port);
	fprintf(out, "On the inner machine, to let visitors in to its port 22, either of\n");
	fprintf(out, "  sally -fnNT -R %s%s%d:localhost:22%s %s%s@%s\n", quote, bind, EXAMPLE_PORT,
		quote, p, user, name);
	fprintf(out, "  ssh -fnNT -R %s%s%d:localhost:22%s %s%s@%s\n", quote, bind, EXAMPLE_PORT,
		quote, p, user, name);
	if (is_open)
		fprintf(out, "A visitor then comes in from anywhere with\n  ssh -p %d %s@%s\n",
			EXAMPLE_PORT, "USER", name);
	else
		fprintf(out,
			"A visitor then comes in from this host (GatewayPorts no: ports are open "
			"on "
			"loopback only) with\n  ssh -p %d %s@localhost\n",
			EXAMPLE_PORT, "USER");
}

char *hello_text(const struct supervisor *s)
{
	char *text = NULL;
	size_t len;
	struct names names;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	find_names(&names);
	say_addresses(out, s, &names);
	say_keys(out, s);
	say_lines(out, s, &names);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
