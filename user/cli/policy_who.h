/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users, groups and processes of this host, as policies see them. */
#ifndef IOASCOPE_CLI_POLICY_WHO_H
#define IOASCOPE_CLI_POLICY_WHO_H

#include "view/policy.h"

/* The host's names of users and groups. */
extern const struct limits_names policy_names;

/* Somebody, with the memory behind it; all zero: nobody. */
struct policy_person {
	struct policy_who view;
	uint32_t *gids;
	char *name;
	char *cgroup;
};

/*
 * A user, by number or name, with the groups that the host's files give it: 0, or
 * -errno (said). A number without a name is in no group.
 */
int policy_person_of_user(const char *user, struct policy_person *out);

/*
 * The user that the kernel charges for what a process pins (its real uid: struct
 * cred.user, kernel/sys.c set_user()), with its groups and its cgroup. 0, or
 * -errno (said).
 */
int policy_person_of_process(const char *pid, struct policy_person *out);

void policy_person_clear(struct policy_person *p);

#endif
