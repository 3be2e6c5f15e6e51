/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy as programs can have it: numbers of users and cgroups instead of names. */
#ifndef IOASCOPE_CLI_POLICY_RULES_H
#define IOASCOPE_CLI_POLICY_RULES_H

#include "core/limits.h"
#include "live/enforce.h"

struct policy_rules {
	struct enforce_rule *rules;
	size_t n;
};

/*
 * What `l`, read from `file`, says for each user that this host knows and that a section does not
 * leave to [user *], for everybody else, and for each cgroup. Members of groups are those of the
 * host's databases, now. 0 and *out, for policy_rules_clear(); or, said, and *out untouched:
 * -ENOENT (a cgroup that is not there), -E2BIG (one that is too deep), -ENOMEM, others.
 */
int policy_rules_make(const struct limits *l, const char *file, struct policy_rules *out);
void policy_rules_clear(struct policy_rules *r);

#define _cleanup_policy_rules_ __attribute__((cleanup(policy_rules_clear)))

#endif
