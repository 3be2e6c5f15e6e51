/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Enforcement of limits on pinned memory: one instance on a host, pinned in bpffs, which goes on
 * when the tool has ended. docs/enforcement.md says what each strength can stop.
 */
#ifndef IOASCOPE_LIVE_ENFORCE_H
#define IOASCOPE_LIVE_ENFORCE_H

#include <ioascope/policy.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/enforced.h"

#define ENFORCE_DIR "/sys/fs/bpf/ioascope/policy"

/* A limit as the programs have it. */
struct enforce_rule {
	struct policy_key key;
	struct policy_rule rule;
};

struct enforce_options {
	__u32 most; /* enum policy_strength: no stronger one */
	const char *gate; /* file of the module, to load if it is not there; NULL: do not */
};

/*
 * Makes `rules` (of `n`) the policy of this host, in one step: whenever this ends, even half-way,
 * either what held before holds or all of the new one. Programs that are attached stay, or make
 * room for stronger ones. 0 and how it holds for each in `out`; -EPERM, -EOPNOTSUPP (no BTF, no
 * bpffs, or nothing could be attached), -EBUSY (another apply runs), others; the cause is said.
 */
int enforce_apply(const struct enforce_rule *rules, size_t n, const struct enforce_options *opt,
		  struct enforce_backend out[POLICY_SCOPES]);

/* Lets go of everything. -ENOENT: nothing was there (not said); others are said. */
int enforce_remove(void);

/*
 * Reads what is applied. 0 and *out, for enforce_state_clear(); -ENOENT: no policy is applied (not
 * said); -EPROTO: by another version of the tool; others. *out is untouched then.
 */
int enforce_read(struct enforce_state *out);

/* Calls fn for each event that waits; waits for one until `ms` are over. Number of events, or
 * -errno. */
typedef void (*enforce_event_fn)(const struct policy_event *e, void *arg);
int enforce_events(enforce_event_fn fn, void *arg, int ms, volatile int *stop);

#endif
