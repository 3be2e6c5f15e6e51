// SPDX-License-Identifier: GPL-2.0-or-later
/* Limits: what of a policy holds for whom. */
#include "core/limits.h"

#include <stdlib.h>
#include <string.h>

static const char *const items[LIMIT_ITEMS] = {
	[LIMIT_PINNED] = "pinned",
	[LIMIT_MAPPINGS] = "mappings",
};

static const char *const subjects[LIMIT_SUBJECTS] = {
	[LIMIT_DEFAULT] = "user",
	[LIMIT_USER] = "user",
	[LIMIT_GROUP] = "group",
	[LIMIT_CGROUP] = "cgroup",
};

static const char *const actions[LIMIT_ACTIONS] = {
	[LIMIT_AUDIT] = "audit",
	[LIMIT_DENY] = "deny",
	[LIMIT_KILL] = "kill",
};

static const char *const scopes[LIMIT_SCOPES] = {
	[LIMIT_TYPE1] = "type1",
	[LIMIT_IOMMUFD] = "iommufd",
	[LIMIT_BUNDLED] = "bundled",
	[LIMIT_OTHER] = "other",
};

const char *limit_item_name(unsigned int item)
{
	return item < LIMIT_ITEMS ? items[item] : NULL;
}

const char *limit_subject_name(unsigned int subject)
{
	return subject < LIMIT_SUBJECTS ? subjects[subject] : NULL;
}

const char *limit_action_name(unsigned int action)
{
	return action < LIMIT_ACTIONS ? actions[action] : NULL;
}

const char *limit_scope_name(unsigned int scope)
{
	return scope < LIMIT_SCOPES ? scopes[scope] : NULL;
}

void limits_clear(struct limits *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->sections[i].name);
	free(l->sections);
	*l = (struct limits){};
}

/* No part of it is empty, "." or "..". */
bool limits_is_cgroup(const char *path)
{
	if (!strcmp(path, "/"))
		return true;
	while (*path == '/') {
		size_t len = strcspn(++path, "/");

		if (!len || (len <= 2 && !strncmp(path, "..", len)))
			return false;
		path += len;
	}
	return !*path;
}

static bool in_group(const struct limits_who *who, uint32_t gid)
{
	for (size_t i = 0; i < who->ngids; i++) {
		if (who->gids[i] == gid)
			return true;
	}
	return false;
}

static bool is_above(const char *cgroup, const char *path)
{
	size_t len = strlen(cgroup);

	if (len == 1)
		return true; /* the root */
	return !strncmp(cgroup, path, len) && (!path[len] || path[len] == '/');
}

static bool holds(const struct limits_section *s, const struct limits_who *who)
{
	switch (s->subject) {
	case LIMIT_USER:
		return s->id == who->uid;
	case LIMIT_GROUP:
		return in_group(who, s->id);
	case LIMIT_CGROUP:
		return who->cgroup && is_above(s->name, who->cgroup);
	default:
		return true;
	}
}

/* The first section of that kind which holds. */
static const struct limits_section *first(const struct limits *l, const struct limits_who *who,
					  enum limit_subject subject)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->sections[i].subject == subject && holds(&l->sections[i], who))
			return &l->sections[i];
	}
	return NULL;
}

/* The same, and sets the item for that way to pin. */
static const struct limits_section *find(const struct limits *l, const struct limits_who *who,
					 enum limit_subject subject, enum limit_item item,
					 enum limit_scope scope)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct limits_section *s = &l->sections[i];

		if (s->subject == subject && s->has[item] && s->scope & 1U << scope &&
		    holds(s, who))
			return s;
	}
	return NULL;
}

static const struct limits_section *exempts(const struct limits *l, const struct limits_who *who)
{
	const struct limits_section *own = first(l, who, LIMIT_USER) ?: first(l, who, LIMIT_GROUP);

	if (own && own->exempt)
		return own;
	for (size_t i = 0; i < l->n; i++) {
		const struct limits_section *s = &l->sections[i];

		if (s->subject == LIMIT_CGROUP && s->exempt && holds(s, who))
			return s;
	}
	return NULL;
}

static const struct limits_section *decides(const struct limits *l, const struct limits_who *who,
					    enum limit_item item, enum limit_scope scope)
{
	static const enum limit_subject order[] = { LIMIT_USER, LIMIT_GROUP, LIMIT_DEFAULT };
	const struct limits_section *s = NULL;

	for (size_t i = 0; !s && i < sizeof(order) / sizeof(order[0]); i++)
		s = find(l, who, order[i], item, scope);
	return s;
}

void limits_find(const struct limits *l, const struct limits_who *who, struct limits_found *out)
{
	*out = (struct limits_found){ .exempt = exempts(l, who) };
	for (unsigned int i = 0; i < LIMIT_ITEMS && !out->exempt; i++) {
		for (unsigned int s = 0; s < LIMIT_SCOPES; s++)
			out->user[i][s] = decides(l, who, i, s);
	}
}

const struct limits_section *limits_next_cgroup(const struct limits *l, const char *path,
						const struct limits_section *last)
{
	for (size_t i = last ? last - l->sections + 1 : 0; i < l->n; i++) {
		const struct limits_section *s = &l->sections[i];

		if (s->subject == LIMIT_CGROUP && !s->exempt && is_above(s->name, path))
			return s;
	}
	return NULL;
}

enum limit_action limits_action(const struct limits *l, const struct limits_section *s)
{
	return l->audit ? LIMIT_AUDIT : s->action;
}
