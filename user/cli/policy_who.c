// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/policy_who.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "live/log.h"
#include "live/proc.h"

static int find_user(const char *name, uint32_t *uid, void *arg)
{
	struct passwd *pw;

	(void)arg;
	errno = 0;
	pw = getpwnam(name);
	if (!pw)
		return errno ? -errno : -ENOENT;
	*uid = pw->pw_uid;
	return 0;
}

static int find_group(const char *name, uint32_t *gid, void *arg)
{
	struct group *gr;

	(void)arg;
	errno = 0;
	gr = getgrnam(name);
	if (!gr)
		return errno ? -errno : -ENOENT;
	*gid = gr->gr_gid;
	return 0;
}

const struct limits_names policy_names = { .user = find_user, .group = find_group };

void policy_person_clear(struct policy_person *p)
{
	free(p->gids);
	free(p->name);
	free(p->cgroup);
	*p = (struct policy_person){};
}

static void refresh(struct policy_person *p)
{
	p->view.name = p->name;
	p->view.who.gids = p->gids;
	p->view.who.cgroup = p->cgroup;
}

static int take_name(struct policy_person *p, const char *name)
{
	p->name = strdup(name);
	return p->name ? 0 : log_err(-ENOMEM, "user %s", name);
}

/* getgrouplist() says how many there are if they do not fit. */
static int take_groups(struct policy_person *p, const struct passwd *pw)
{
	int n = 16, fit = -1;

	while (fit < 0) {
		uint32_t *more = reallocarray(p->gids, n, sizeof(*more));

		if (!more)
			return log_err(-ENOMEM, "groups of %s", pw->pw_name);
		p->gids = more;
		fit = getgrouplist(pw->pw_name, pw->pw_gid, p->gids, &n);
	}
	p->view.who.ngids = n;
	return 0;
}

int policy_person_of_user(const char *user, struct policy_person *out)
{
	struct policy_person p = {};
	struct passwd *pw;
	__u64 uid = 0;
	int err = 0;

	if (!isdigit((unsigned char)*user))
		pw = getpwnam(user);
	else if (parse_number(user, false, 0, UINT32_MAX - 1, &uid))
		return log_err(-EINVAL, "'%s' is no number of a user", user);
	else
		pw = getpwuid(uid);
	if (!pw && !isdigit((unsigned char)*user))
		return log_err(-ENOENT, "there is no user '%s' here", user);
	p.view.who.uid = pw ? pw->pw_uid : uid;
	if (pw)
		err = take_name(&p, pw->pw_name) ?: take_groups(&p, pw);
	if (err) {
		policy_person_clear(&p);
		return err;
	}
	refresh(&p);
	*out = p;
	return 0;
}

static int add_gid(struct policy_person *p, uint32_t gid)
{
	size_t n = p->view.who.ngids;
	uint32_t *more = reallocarray(p->gids, n + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	p->gids = more;
	p->gids[n] = gid;
	p->view.who.ngids = n + 1;
	return 0;
}

static int take_gids(struct policy_person *p, const char *list)
{
	uint32_t gid;
	int n, err = 0;

	while (!err && sscanf(list, " %" SCNu32 "%n", &gid, &n) == 1) {
		err = add_gid(p, gid);
		list += n;
	}
	return err;
}

/* proc_pid_status(5): real, effective, saved and file system ids; the kernel checks the third and
 * last sort of groups against files only, so that all groups count here. */
static int take_status(struct policy_person *p, FILE *status)
{
	char *line = NULL;
	size_t size = 0;
	bool found = false;
	int err = 0;

	while (!err && getline(&line, &size, status) > 0) {
		if (sscanf(line, "Uid: %" SCNu32, &p->view.who.uid) == 1)
			found = true;
		else if (!strncmp(line, "Gid:", 4))
			err = take_gids(p, line + 4);
		else if (!strncmp(line, "Groups:", 7))
			err = take_gids(p, line + 7);
	}
	free(line);
	return err ?: found ? 0 : -ESRCH;
}

static int read_status(uint32_t pid, struct policy_person *p)
{
	char path[64];
	FILE *in;
	int err;

	snprintf(path, sizeof(path), "/proc/%u/status", pid);
	in = fopen(path, "re");
	if (!in)
		return log_err(-errno, "%s", path);
	err = take_status(p, in);
	fclose(in);
	return err ? log_err(err, "%s", path) : 0;
}

int policy_person_of_process(const char *pid, struct policy_person *out)
{
	struct policy_person p = {};
	struct passwd *pw;
	__u64 number;
	int err;

	if (parse_number(pid, false, 1, INT32_MAX, &number))
		return log_err(-EINVAL, "'%s' is no number of a process", pid);
	err = read_status(number, &p);
	/* Without cgroup v2 there are no limits of cgroups. */
	if (!err && proc_cgroup(number, &p.cgroup) == -ENOMEM)
		err = log_err(-ENOMEM, "process %s", pid);
	pw = err ? NULL : getpwuid(p.view.who.uid);
	if (pw)
		err = take_name(&p, pw->pw_name);
	if (err) {
		policy_person_clear(&p);
		return err;
	}
	refresh(&p);
	*out = p;
	return 0;
}
