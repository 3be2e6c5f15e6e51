/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that is mapped more than once, as text and as JSON (docs/event-schema.md). */
#ifndef IOASCOPE_VIEW_ALIASES_H
#define IOASCOPE_VIEW_ALIASES_H

#include <stdio.h>

#include "core/aliases.h"

/* @shared: also what areas share of one pages object. 0, or -ENOMEM, -E2BIG. */
int aliases_text(FILE *out, const struct state *s, bool shared);
int aliases_json(FILE *out, const struct state *s, bool shared);

#endif
