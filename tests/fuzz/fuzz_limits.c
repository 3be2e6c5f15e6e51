// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzing the reader of policies of limits. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "fuzz.h"

/* Short names are there; of longer ones some cannot be looked up. */
static int find_name(const char *name, uint32_t *id, void *arg)
{
	size_t len = strlen(name);

	(void)arg;
	if (len > 12)
		return len % 2 ? -EIO : -ENOENT;
	*id = (uint32_t)len + (unsigned char)name[0] * 256U;
	return 0;
}

static const struct limits_names names = { .user = find_name, .group = find_name };

static void check_section(const struct limits *l, const struct limits_section *s)
{
	bool sets = false;

	for (int i = 0; i < LIMIT_ITEMS; i++) {
		sets |= s->has[i];
		if (s->has[i] && s->max[i] != LIMIT_NONE && s->max[i] > INT64_MAX)
			abort();
	}
	if (s->exempt == sets || !s->scope || (s->scope & ~LIMIT_SCOPE_ALL) || s->line < 1)
		abort();
	if ((s->action == LIMIT_DENY) != (s->error > 0))
		abort();
	if (l->audit && limits_action(l, s) != LIMIT_AUDIT)
		abort();
}

/* Whoever a section is about is limited or exempted by some section. */
static void check_found(const struct limits *l, const struct limits_section *s)
{
	struct limits_who who = { .uid = s->id, .gids = &s->id, .ngids = 1, .cgroup = s->name };
	struct limits_found found;

	if (s->subject == LIMIT_CGROUP) {
		if (!s->exempt && !limits_next_cgroup(l, s->name, NULL))
			abort();
		return;
	}
	who.cgroup = NULL;
	limits_find(l, &who, &found);
	for (int i = 0; i < LIMIT_ITEMS * LIMIT_SCOPES; i++) {
		int item = i / LIMIT_SCOPES, scope = i % LIMIT_SCOPES;

		if (s->has[item] && s->scope & 1U << scope && !found.exempt &&
		    !found.user[item][scope])
			abort();
	}
}

static void check_limits(struct limits *l)
{
	if (!l->n)
		abort();
	for (size_t i = 0; i < l->n; i++) {
		check_section(l, &l->sections[i]);
		check_found(l, &l->sections[i]);
	}
	limits_clear(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* fmemopen() refuses a file of no bytes. */
	FILE *in = size ? fmemopen((void *)(uintptr_t)data, size, "r") : fopen("/dev/null", "r");
	struct limits limits, before;
	char why[200];

	if (!in)
		abort();
	memset(&limits, 0x5a, sizeof(limits));
	memset(why, 0x5a, sizeof(why));
	before = limits;
	if (!limits_read(in, "limits", &names, &limits, why, sizeof(why)))
		check_limits(&limits);
	else if (memcmp(&limits, &before, sizeof(limits)) || !memchr(why, '\0', sizeof(why)))
		abort();
	fclose(in);
	return 0;
}
