/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The actions of 'ioascope policy' that change or read what is applied. */
#ifndef IOASCOPE_CLI_POLICY_APPLY_H
#define IOASCOPE_CLI_POLICY_APPLY_H

#include <linux/types.h>
#include <stdbool.h>

#include "core/limits.h"

struct policy_options {
	const char *action; /* check, explain, apply, status or remove */
	const char *file;
	const char *user, *pid, *cgroup; /* explain */
	const char *gate, *strength; /* apply */
	bool follow; /* status */
	bool json;
};

/* A strength that can be asked for: enum policy_strength, or 0. */
__u32 policy_strength(const char *name);

/* 0, or an error (said); *status is set where an exit status says more. */
int policy_apply(const struct policy_options *o, const struct limits *l);
int policy_status(const struct policy_options *o, int *status);
int policy_remove(void);

#endif
