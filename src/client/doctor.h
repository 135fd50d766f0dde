/* SPDX-License-Identifier: ISC */
/*
 * sally --doctor: does what a run would do, step by step, says at each step what is so, and ends.
 * Findings go to standard output, as lines while they come or as one JSON document at the end.
 */
#ifndef CLIENT_DOCTOR_H
#define CLIENT_DOCTOR_H

#include "client/route.h"

enum { DOCTOR_WELL = 0, DOCTOR_FAULT = 1, DOCTOR_ERROR = 255 };

/* Returns the exit code: ERROR when there could be no examination, which was said. The settings of the
 * route are changed as an examination needs them. */
int doctor_run(struct route *route, bool is_json);

#endif
