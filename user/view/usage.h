/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who has locked and pinned how much, as tables and as JSON. */
#ifndef IOASCOPE_VIEW_USAGE_H
#define IOASCOPE_VIEW_USAGE_H

#include <stdio.h>

#include "core/usage.h"

enum usage_by {
	USAGE_BY_USER,
	USAGE_BY_PROCESS,
	USAGE_BY_CGROUP,
};

struct usage_view {
	enum usage_by by;
	bool all; /* also who has nothing */
	/* The name of a user, or NULL; valid until the next call. */
	const char *(*name)(uint32_t uid);
};

/* One table. 0 or -ENOMEM. */
int usage_text(FILE *out, const struct usage *u, const struct usage_view *v);

/* All of it: users, processes. */
void usage_json(FILE *out, const struct usage *u, const struct usage_view *v);

#endif
