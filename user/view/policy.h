/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies of limits, as text and as JSON. */
#ifndef IOASCOPE_VIEW_POLICY_H
#define IOASCOPE_VIEW_POLICY_H

#include <stdio.h>

#include "core/limits.h"

/* Somebody of whom is told what holds. */
struct policy_who {
	struct limits_who who;
	const char *name; /* of the user; NULL: has none */
};

/* The sections of a policy that was read from `file`: one a line. */
void policy_text(FILE *out, const struct limits *l, const char *file);
void policy_json(FILE *out, const struct limits *l, const char *file);

/* What holds for somebody, and which section says so. */
void policy_explain_text(FILE *out, const struct limits *l, const struct policy_who *who);
void policy_explain_json(FILE *out, const struct limits *l, const struct policy_who *who);

#endif
