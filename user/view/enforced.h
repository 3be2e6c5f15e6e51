/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy that is applied, as text and as JSON. */
#ifndef IOASCOPE_VIEW_ENFORCED_H
#define IOASCOPE_VIEW_ENFORCED_H

#include <stdint.h>
#include <stdio.h>

#include "core/enforced.h"

/* The name of a user, or NULL. */
typedef const char *(*enforced_name_fn)(uint32_t uid);

/* How strongly limits hold, for each who pins, and why not more so. */
void enforced_backends_text(FILE *out, const struct enforce_backend b[POLICY_SCOPES]);
void enforced_backends_json(FILE *out, const struct enforce_backend b[POLICY_SCOPES]);

/* All of it: 0 or -ENOMEM. */
int enforced_text(FILE *out, const struct enforce_state *s, enforced_name_fn name);
void enforced_json(FILE *out, const struct enforce_state *s);

/* A line for each time that a limit is reached. */
void enforced_event_text(FILE *out, const struct policy_event *e, enforced_name_fn name);
void enforced_event_json(FILE *out, const struct policy_event *e);

#endif
