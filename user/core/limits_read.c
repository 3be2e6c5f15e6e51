// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading policy files of limits. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/ini.h"
#include "core/limits.h"

#define PAGE_BYTES 4096ULL
#define ERROR_DEFAULT EDQUOT

/* What a caller can be given without being led astray. */
static const struct {
	const char *name;
	int error;
} errors[] = {
	{ "EDQUOT", EDQUOT }, { "ENOMEM", ENOMEM }, { "EPERM", EPERM },
	{ "EACCES", EACCES }, { "ENOSPC", ENOSPC }, { "EAGAIN", EAGAIN },
};

#define ERRORS "EDQUOT, ENOMEM, EPERM, EACCES, ENOSPC, EAGAIN"

/* Which keys the section at hand has had. */
enum key {
	KEY_PINNED = LIMIT_PINNED,
	KEY_MAPPINGS = LIMIT_MAPPINGS,
	KEY_ACTION,
	KEY_ERRNO,
	KEY_BACKENDS,
	KEY_EXEMPT,
	KEYS,
};

static const char *const keys[KEYS] = {
	[KEY_PINNED] = "pinned", [KEY_MAPPINGS] = "mappings", [KEY_ACTION] = "action",
	[KEY_ERRNO] = "errno",	 [KEY_BACKENDS] = "backends", [KEY_EXEMPT] = "exempt",
};

struct limits_file {
	struct limits limits;
	const struct limits_names *names;
	unsigned int had; /* bits by enum key */
	bool in_policy; /* the section at hand is [policy] */
	bool had_policy, had_mode;
};

/* The section at hand; NULL: none, or [policy]. */
static struct limits_section *current(struct limits_file *f)
{
	struct limits *l = &f->limits;

	return f->in_policy || !l->n ? NULL : &l->sections[l->n - 1];
}

/* ---- sections ---- */

/* A section must say something, and nothing that has no effect: said when it ends. */
static int end_section(struct ini *ini, struct limits_file *f)
{
	const struct limits_section *s = current(f);

	if (!s)
		return 0;
	if (s->exempt && f->had != 1U << KEY_EXEMPT)
		return ini_refuse_at(ini, s->line, -EINVAL,
				     "[%s %s] exempts: it can have no other key",
				     limit_subject_name(s->subject), s->name);
	if (!s->exempt && !s->has[LIMIT_PINNED] && !s->has[LIMIT_MAPPINGS])
		return ini_refuse_at(ini, s->line, -EINVAL,
				     "[%s %s] has neither pinned nor mappings nor exempt = yes",
				     s->subject == LIMIT_DEFAULT ? "user"
								 : limit_subject_name(s->subject),
				     s->name);
	if ((f->had & 1U << KEY_ERRNO) && s->action != LIMIT_DENY)
		return ini_refuse_at(ini, s->line, -EINVAL,
				     "[%s %s] has an errno, but does not deny",
				     limit_subject_name(s->subject), s->name);
	return 0;
}

static int number_of(struct ini *ini, const struct limits_file *f, const char *name, bool group,
		     uint32_t *out)
{
	int (*find)(const char *name, uint32_t *id, void *arg);
	unsigned long v;
	char *end;
	int err;

	if (isdigit((unsigned char)*name)) {
		errno = 0;
		v = strtoul(name, &end, 10);
		if (errno || *end || v >= UINT32_MAX)
			return ini_refuse(ini, "'%s' is no number of a %s", name,
					  group ? "group" : "user");
		*out = (uint32_t)v;
		return 0;
	}
	find = group ? f->names->group : f->names->user;
	err = find(name, out, f->names->arg);
	if (err == -ENOENT)
		return ini_refuse(ini, "there is no %s '%s' here", group ? "group" : "user", name);
	if (err)
		return ini_refuse_at(ini, ini_line(ini), err, "%s '%s' cannot be looked up",
				     group ? "group" : "user", name);
	return 0;
}

static int check_twice(struct ini *ini, const struct limits_file *f, const struct limits_section *s)
{
	for (size_t i = 0; i < f->limits.n; i++) {
		const struct limits_section *o = &f->limits.sections[i];

		if (o->subject == s->subject && o->id == s->id &&
		    (s->subject != LIMIT_CGROUP || !strcmp(o->name, s->name)))
			return ini_refuse(ini, "%s '%s' has a section already, in line %d",
					  limit_subject_name(s->subject), s->name, o->line);
	}
	return 0;
}

static int add_section(struct ini *ini, struct limits_file *f, struct limits_section *s,
		       const char *name)
{
	struct limits *l = &f->limits;
	struct limits_section *p = reallocarray(l->sections, l->n + 1, sizeof(*p));

	if (p)
		l->sections = p;
	s->name = p ? strdup(name) : NULL;
	if (!s->name)
		return ini_refuse_at(ini, ini_line(ini), -ENOMEM, "no memory");
	l->sections[l->n++] = *s;
	return 0;
}

static int unknown_section(struct ini *ini, const char *name)
{
	return ini_refuse(ini,
			  "unknown section [%s]; there are [policy], [user NAME], [user *], "
			  "[group NAME] and [cgroup /PATH]",
			  name);
}

static int begin_subject(struct ini *ini, struct limits_file *f, const char *kind, size_t len,
			 const char *name)
{
	struct limits_section s = { .line = ini_line(ini),
				    .action = LIMIT_AUDIT,
				    .scope = LIMIT_SCOPE_ALL };
	int err = 0;

	if (len == 4 && !strncmp(kind, "user", len)) {
		s.subject = strcmp(name, "*") ? LIMIT_USER : LIMIT_DEFAULT;
		if (s.subject == LIMIT_USER)
			err = number_of(ini, f, name, false, &s.id);
	} else if (len == 5 && !strncmp(kind, "group", len)) {
		s.subject = LIMIT_GROUP;
		err = number_of(ini, f, name, true, &s.id);
	} else if (len == 6 && !strncmp(kind, "cgroup", len)) {
		s.subject = LIMIT_CGROUP;
		if (!limits_is_cgroup(name))
			err = ini_refuse(ini, "'%s' is no path of a cgroup, as /machine.slice is",
					 name);
	} else {
		err = unknown_section(ini, kind);
	}
	if (!err) {
		s.name = (char *)name;
		err = check_twice(ini, f, &s);
	}
	return err ?: add_section(ini, f, &s, name);
}

static int take_section(struct ini *ini, const char *name, void *arg)
{
	struct limits_file *f = arg;
	size_t len = strcspn(name, " \t");
	const char *subject = name + len + strspn(name + len, " \t");
	int err = end_section(ini, f);

	if (err)
		return err;
	f->had = 0;
	f->in_policy = !strcmp(name, "policy");
	if (!f->in_policy)
		return *subject ? begin_subject(ini, f, name, len, subject)
				: unknown_section(ini, name);
	if (f->had_policy)
		return ini_refuse(ini, "[policy] is there twice");
	f->had_policy = true;
	return 0;
}

/* ---- values ---- */

/* @bytes: with a unit, K to P, of 1024; without one only 0 is clear. */
static int take_max(struct ini *ini, const char *key, const char *value, bool bytes, uint64_t *out)
{
	static const char units[] = "KMGTP";
	const char *unit;
	uint64_t v;
	char *end;

	if (!strcmp(value, "unlimited")) {
		*out = LIMIT_NONE;
		return 0;
	}
	if (!isdigit((unsigned char)*value))
		return ini_refuse(ini, "%s: '%s' is neither a number nor 'unlimited'", key, value);
	errno = 0;
	v = strtoull(value, &end, 10);
	unit = *end && !end[1] ? strchr(units, *end) : NULL;
	if (bytes ? !unit && (*end || v) : *end != '\0')
		return ini_refuse(ini,
				  bytes ? "%s: '%s' needs a unit: K, M, G, T or P (of 1024)"
					: "%s: '%s' is no plain number",
				  key, value);
	if (errno || (unit && __builtin_mul_overflow(v, 1ULL << (10 * (unit - units + 1)), &v)) ||
	    v > INT64_MAX)
		return ini_refuse(ini, "%s: '%s' is more than any machine has; say 'unlimited'",
				  key, value);
	if (bytes && v % PAGE_BYTES)
		return ini_refuse(ini, "%s: '%s' is no whole number of pages (4K)", key, value);
	*out = v;
	return 0;
}

static int take_action(struct ini *ini, const char *value, struct limits_section *s)
{
	for (unsigned int i = 0; i < LIMIT_ACTIONS; i++) {
		if (strcmp(value, limit_action_name(i)))
			continue;
		s->action = i;
		if (i == LIMIT_DENY && !s->error)
			s->error = ERROR_DEFAULT;
		return 0;
	}
	return ini_refuse(ini, "action: unknown value '%s'; there are audit, deny and kill", value);
}

static int take_errno(struct ini *ini, const char *value, struct limits_section *s)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (!strcmp(value, errors[i].name)) {
			s->error = errors[i].error;
			return 0;
		}
	}
	return ini_refuse(ini, "errno: '%s' is none that can be given; there are " ERRORS, value);
}

static unsigned int scope_bit(const char *name, size_t len)
{
	for (unsigned int i = 0; i < LIMIT_SCOPES; i++) {
		if (strlen(limit_scope_name(i)) == len && !strncmp(name, limit_scope_name(i), len))
			return 1U << i;
	}
	return 0;
}

static int take_scope(struct ini *ini, const char *value, struct limits_section *s)
{
	s->scope = 0;
	while (*value) {
		size_t len = strcspn(value, ", \t");
		unsigned int bit = scope_bit(value, len);

		if (!bit)
			return ini_refuse(ini,
					  "backends: unknown '%.*s'; there are type1, iommufd, "
					  "bundled and other",
					  (int)len, value);
		s->scope |= bit;
		value += len + strspn(value + len, ", \t");
	}
	return s->scope ? 0 : ini_refuse(ini, "backends: none is named");
}

static int take_exempt(struct ini *ini, const char *value, struct limits_section *s)
{
	if (s->subject == LIMIT_DEFAULT)
		return ini_refuse(ini, "exempt: [user *] is everybody; leave the section out");
	if (strcmp(value, "yes"))
		return ini_refuse(ini, "exempt: unknown value '%s'; there is yes", value);
	s->exempt = true;
	return 0;
}

static int take_mode(struct ini *ini, struct limits_file *f, const char *name, const char *value)
{
	if (strcmp(name, "mode"))
		return ini_refuse(ini, "unknown key '%s' in [policy]; there is mode", name);
	if (f->had_mode)
		return ini_refuse(ini, "mode is set twice");
	f->limits.audit = !strcmp(value, "audit");
	if (!f->limits.audit && strcmp(value, "enforce"))
		return ini_refuse(ini, "mode: unknown value '%s'; there are audit and enforce",
				  value);
	f->had_mode = true;
	return 0;
}

static int take_value(struct ini *ini, enum key key, const char *value, struct limits_section *s)
{
	switch (key) {
	case KEY_PINNED:
	case KEY_MAPPINGS:
		s->has[key] = true;
		return take_max(ini, keys[key], value, key == KEY_PINNED, &s->max[key]);
	case KEY_ACTION:
		return take_action(ini, value, s);
	case KEY_ERRNO:
		return take_errno(ini, value, s);
	case KEY_BACKENDS:
		return take_scope(ini, value, s);
	default:
		return take_exempt(ini, value, s);
	}
}

static int take_entry(struct ini *ini, const char *name, const char *value, void *arg)
{
	struct limits_file *f = arg;
	struct limits_section *s = current(f);

	if (f->in_policy)
		return take_mode(ini, f, name, value);
	if (!s)
		return ini_refuse(ini, "'%s' is in no section", name);
	for (enum key k = 0; k < KEYS; k++) {
		if (strcmp(name, keys[k]))
			continue;
		if (f->had & 1U << k)
			return ini_refuse(ini, "%s is set twice", name);
		f->had |= 1U << k;
		return take_value(ini, k, value, s);
	}
	return ini_refuse(ini,
			  "unknown key '%s'; there are pinned, mappings, action, errno, backends "
			  "and exempt",
			  name);
}

/* Without limits there is no policy: an empty file is a mistake, not a wish. */
static int end_file(struct ini *ini, void *arg)
{
	struct limits_file *f = arg;
	int err = end_section(ini, f);

	if (!err && !f->limits.n)
		err = ini_refuse(ini, "there is no section of a user, group or cgroup");
	if (!err && !f->had_mode)
		err = ini_refuse(ini, "[policy] with mode = audit or mode = enforce is missing");
	return err;
}

int limits_read(FILE *in, const char *name, const struct limits_names *names, struct limits *out,
		char *why, size_t size)
{
	struct limits_file f = { .names = names };
	const struct ini_reader reader = {
		.section = take_section, .entry = take_entry, .end = end_file, .arg = &f
	};
	int err = ini_read(in, name, &reader, why, size);

	if (err) {
		limits_clear(&f.limits);
		return err;
	}
	*out = f.limits;
	return 0;
}
