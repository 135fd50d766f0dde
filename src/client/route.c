/* SPDX-License-Identifier: ISC */
#include "client/route.h"

enum err route_load(
	struct route *r, const struct cmdline *o, const struct settings_who *who, struct fault *f)
{
	struct leg *leg = &r->legs[0];
	const struct client_settings *s;
	enum err e;

	*r = (struct route){.count = 1};
	e = settings_load(o, who, &leg->conf, &s, f);
	if (e == E_OK)
		leg->settings = *s;
	return e;
}

void route_fini(struct route *r)
{
	for (size_t i = 0; i < r->count; i++)
		client_conf_free(r->legs[i].conf);
	*r = (struct route){0};
}

void route_load_keys(struct route *r, const struct settings_who *who)
{
	for (size_t i = 0; i < r->count; i++)
		identities_load(&r->legs[i].identities, &r->legs[i].settings, who->local.home);
}

void route_fini_keys(struct route *r)
{
	for (size_t i = 0; i < r->count; i++)
		identities_fini(&r->legs[i].identities);
}
