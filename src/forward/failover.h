/* SPDX-License-Identifier: ISC */
/*
 * Several targets of one forward, ours: ssh has one. They stand behind the specification, with commas
 * between: "80:web1:8080,web2:8080,[2001:db8::1]:80".
 */
#ifndef FORWARD_FAILOVER_H
#define FORWARD_FAILOVER_H

#include "forward/spec.h"

/* Cuts text in front of the first comma that stands outside brackets, and reads what follows into
 * more. Texts with a slash are left whole: a comma may be part of a path. first gets the rest, for
 * forward_spec_remote. */
enum err failover_split(const char *text, char first[static FORWARD_SPEC_MAX],
	struct forward_spec *spec, struct fault *f) MUST_USE;

#endif
