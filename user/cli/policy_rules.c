// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/policy_rules.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <mntent.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/policy_who.h"
#include "live/log.h"

#define PAGE 4096

_Static_assert((int)LIMIT_TYPE1 == POLICY_TYPE1 && (int)LIMIT_IOMMUFD == POLICY_IOMMUFD &&
		       (int)LIMIT_BUNDLED == POLICY_BUNDLED && (int)LIMIT_OTHER == POLICY_OTHER &&
		       (int)LIMIT_SCOPES == POLICY_SCOPES,
	       "one order of those who pin");
_Static_assert((int)LIMIT_AUDIT == POLICY_AUDIT && (int)LIMIT_DENY == POLICY_DENY &&
		       (int)LIMIT_KILL == POLICY_KILL,
	       "one order of actions");

void policy_rules_clear(struct policy_rules *r)
{
	free(r->rules);
	*r = (struct policy_rules){};
}

static struct enforce_rule *add(struct policy_rules *r, __u32 kind, __u64 id)
{
	struct enforce_rule *bigger = reallocarray(r->rules, r->n + 1, sizeof(*bigger)), *one;

	if (!bigger) {
		log_err(-ENOMEM, "rules of the policy");
		return NULL;
	}
	r->rules = bigger;
	one = &bigger[r->n++];
	*one = (struct enforce_rule){ .key = { .kind = kind, .id = id } };
	for (int s = 0; s < POLICY_SCOPES; s++)
		one->rule.max[s] = POLICY_NO_LIMIT;
	return one;
}

static void set_limit(struct policy_rule *rule, const struct limits *l,
		      const struct limits_section *s, unsigned int scope, __u32 together)
{
	rule->line[scope] = s->line;
	if (s->max[LIMIT_PINNED] == LIMIT_NONE)
		return;
	rule->max[scope] = s->max[LIMIT_PINNED] / PAGE;
	rule->together[scope] = together;
	rule->action[scope] = limits_action(l, s);
	rule->error[scope] = s->error ?: EDQUOT;
}

/* What one section decides for a user counts together. */
static void fill_user(struct policy_rule *rule, const struct limits *l,
		      const struct limits_found *found)
{
	const struct limits_section *const *by = found->user[LIMIT_PINNED];

	rule->exempt = found->exempt ? found->exempt->line : 0;
	for (unsigned int s = 0; s < LIMIT_SCOPES; s++) {
		__u32 together = 0;

		for (unsigned int t = 0; t < LIMIT_SCOPES; t++)
			together |= by[t] == by[s] ? 1U << t : 0;
		if (by[s])
			set_limit(rule, l, by[s], s, together);
	}
}

static bool same(const struct limits_found *a, const struct limits_found *b)
{
	return a->exempt == b->exempt &&
	       !memcmp(a->user[LIMIT_PINNED], b->user[LIMIT_PINNED], sizeof(a->user[LIMIT_PINNED]));
}

/* ---- users ---- */

static bool has_user(const struct policy_rules *r, uint32_t uid)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->rules[i].key.kind == POLICY_USER && r->rules[i].key.id == uid)
			return true;
	}
	return false;
}

/* Nobody has this number; whom no section names has what it has. */
static void find_default(const struct limits *l, struct limits_found *out)
{
	struct limits_who nobody = { .uid = UINT32_MAX };

	limits_find(l, &nobody, out);
}

static int add_user(struct policy_rules *r, const struct limits *l, const char *user, uint32_t uid)
{
	struct policy_person p = {};
	struct limits_found found, rest;
	struct enforce_rule *one;
	int err;

	if (has_user(r, uid))
		return 0;
	err = policy_person_of_user(user, &p);
	if (err)
		return err;
	find_default(l, &rest);
	limits_find(l, &p.view.who, &found);
	policy_person_clear(&p);
	if (same(&found, &rest))
		return 0;
	one = add(r, POLICY_USER, uid);
	if (!one)
		return -ENOMEM;
	fill_user(&one->rule, l, &found);
	return 0;
}

/* By number: two may have one. */
static int add_uid(struct policy_rules *r, const struct limits *l, uint32_t uid)
{
	char number[16];

	snprintf(number, sizeof(number), "%" PRIu32, uid);
	return add_user(r, l, number, uid);
}

/* Those whom a database does not list are found by the groups that name them. */
static int add_members(struct policy_rules *r, const struct limits *l, uint32_t gid)
{
	struct group *gr = getgrgid(gid);
	char **names = gr ? gr->gr_mem : NULL;
	int err = 0;

	while (names && *names && !err) {
		struct passwd *pw = getpwnam(*names++);

		if (pw)
			err = add_uid(r, l, pw->pw_uid);
	}
	return err;
}

static int add_listed(struct policy_rules *r, const struct limits *l)
{
	uint32_t *uids = NULL;
	struct passwd *pw;
	size_t n = 0;
	int err = 0;

	/* Asking for one user ends a walk through all. */
	setpwent();
	while (!err && (pw = getpwent())) {
		uint32_t *more = reallocarray(uids, n + 1, sizeof(*more));

		if (more) {
			uids = more;
			uids[n++] = pw->pw_uid;
		} else {
			err = log_err(-ENOMEM, "users of this host");
		}
	}
	endpwent();
	for (size_t i = 0; i < n && !err; i++)
		err = add_uid(r, l, uids[i]);
	free(uids);
	return err;
}

static int add_users(struct policy_rules *r, const struct limits *l)
{
	struct limits_found rest;
	struct enforce_rule *one;
	int err = 0;

	for (size_t i = 0; i < l->n && !err; i++) {
		if (l->sections[i].subject == LIMIT_USER)
			err = add_uid(r, l, l->sections[i].id);
		else if (l->sections[i].subject == LIMIT_GROUP)
			err = add_members(r, l, l->sections[i].id);
	}
	if (!err)
		err = add_listed(r, l);
	one = err ? NULL : add(r, POLICY_DEFAULT, 0);
	if (!one)
		return err ?: -ENOMEM;
	find_default(l, &rest);
	fill_user(&one->rule, l, &rest);
	return 0;
}

/* ---- cgroups ---- */

static int cgroup_mount(char *out, size_t size)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	struct mntent *m;
	int err = -ENOENT;

	while (f && err && (m = getmntent(f))) {
		if (!strcmp(m->mnt_type, "cgroup2") &&
		    (size_t)snprintf(out, size, "%s", m->mnt_dir) < size)
			err = 0;
	}
	if (f)
		endmntent(f);
	return err ? log_err(err, "no file system of cgroups (v2) is mounted") : 0;
}

static unsigned int depth(const char *path)
{
	unsigned int n = 0;

	for (; *path; path++)
		n += *path == '/' && path[1];
	return n;
}

/* The number of a cgroup is that of its folder. */
static int cgroup_id(const struct limits_section *s, __u64 *id)
{
	char mount[256], path[4096];
	struct stat st;
	int err = cgroup_mount(mount, sizeof(mount));

	if (err)
		return err;
	if (depth(s->name) >= POLICY_CGROUPS)
		return log_err(-E2BIG, "line %d: cgroup %s is more than %d levels deep", s->line,
			       s->name, POLICY_CGROUPS - 1);
	if ((size_t)snprintf(path, sizeof(path), "%s%s", mount, s->name) >= sizeof(path))
		return log_err(-ENAMETOOLONG, "line %d: cgroup %s", s->line, s->name);
	if (stat(path, &st))
		return log_err(-errno, "line %d: cgroup %s", s->line, s->name);
	*id = st.st_ino;
	return 0;
}

static int add_cgroup(struct policy_rules *r, const struct limits *l,
		      const struct limits_section *s)
{
	struct enforce_rule *one;
	size_t len = strlen(s->name);
	__u64 id;
	int err = cgroup_id(s, &id);

	if (err)
		return err;
	one = add(r, POLICY_CGROUP, id);
	if (!one)
		return -ENOMEM;
	one->rule.exempt = s->exempt ? s->line : 0;
	snprintf(one->rule.name, POLICY_NAME, "%s",
		 len < POLICY_NAME ? s->name : s->name + len - POLICY_NAME + 1);
	for (unsigned int i = 0; i < LIMIT_SCOPES && s->has[LIMIT_PINNED]; i++) {
		if (s->scope & 1U << i)
			set_limit(&one->rule, l, s, i, s->scope);
	}
	return 0;
}

static int add_about(struct policy_rules *r, const struct limits *l, const char *file)
{
	struct enforce_rule *one = add(r, POLICY_ABOUT, 0);
	size_t len = strlen(file);
	struct timespec now;

	if (!one)
		return -ENOMEM;
	clock_gettime(CLOCK_REALTIME, &now);
	one->rule.max[0] = now.tv_sec * 1000000000ULL + now.tv_nsec;
	one->rule.line[0] = l->n;
	one->rule.action[0] = l->audit ? POLICY_AUDIT : POLICY_DENY;
	snprintf(one->rule.name, POLICY_NAME, "%s",
		 len < POLICY_NAME ? file : file + len - POLICY_NAME + 1);
	return 0;
}

int policy_rules_make(const struct limits *l, const char *file, struct policy_rules *out)
{
	struct policy_rules r = {};
	int err = add_users(&r, l);

	for (size_t i = 0; i < l->n && !err; i++) {
		if (l->sections[i].subject == LIMIT_CGROUP)
			err = add_cgroup(&r, l, &l->sections[i]);
	}
	if (!err)
		err = add_about(&r, l, file);
	if (err) {
		policy_rules_clear(&r);
		return err;
	}
	*out = r;
	return 0;
}
