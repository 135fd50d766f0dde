/* SPDX-License-Identifier: ISC */
#include "client/hostcert.h"

#include <time.h>

#include "base/log.h"

/* The first of the names that says something. */
static void find_authority(const struct known_from *from, const char *const *names, size_t count,
	struct bytes key, struct known_answer *out)
{
	*out = (struct known_answer){.verdict = HOST_UNKNOWN};
	for (size_t i = 0; i < count && out->verdict == HOST_UNKNOWN; i++)
		known_check_authority(from, names[i], key, out);
}

/* Its authority may speak for the host. May it say this? */
static enum hostcert_verdict check(
	const struct client_settings *s, const char *host, const struct cert *c)
{
	struct fault f = {0};

	if (cert_verify(c, s->ca_algorithms, &f) == VERDICT_GOOD &&
		cert_is_for_host(c, host, (uint64_t)time(NULL), &f) == VERDICT_GOOD)
		return HOSTCERT_GOOD;
	log_write(LOG_LEVEL_ERROR, "%s", f.text);
	return HOSTCERT_BAD;
}

enum hostcert_verdict hostcert_judge(const struct known_from *from, const char *const *names,
	size_t count, const char *host, const struct cert *c, struct known_answer *authority)
{
	find_authority(from, names, count, c->authority, authority);
	switch (authority->verdict) {
	case HOST_KNOWN:
		return check(from->settings, host, c);
	case HOST_UNKNOWN:
	case HOST_OTHER_TYPE:
		log_write(LOG_LEVEL_DEBUG1, "No matching CA found. Retry with plain key");
		return HOSTCERT_PLAIN;
	case HOST_CHANGED:
		log_write(LOG_LEVEL_DEBUG1, "Host certificate authority does not match %s in %s:%u",
			"@cert-authority", authority->path, authority->line);
		return HOSTCERT_PLAIN;
	case HOST_REVOKED:
		log_write(LOG_LEVEL_ERROR,
			"The authority of the certificate of %s is marked as revoked in %s:%u.",
			names[0], authority->path, authority->line);
		return HOSTCERT_BAD;
	case HOST_UNDECIDED:
		break;
	}
	log_write(LOG_LEVEL_ERROR, "%s could not be searched for the authority of %s.",
		authority->path, names[0]);
	return HOSTCERT_BAD;
}
