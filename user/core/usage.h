/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has locked and pinned how much, by the kernel's counters, and how much of
 * that I/O address spaces explain. Limits hold for a counter: a user's
 * (user_struct.locked_vm), or an mm's (mm->locked_vm, mm->pinned_vm).
 */
#ifndef CORE_USAGE_H
#define CORE_USAGE_H

#include <ioascope/usage.h>

#include "core/state.h"

#define USAGE_COUNTERS (IOAS_COUNTER_MM_PINNED + 1) /* by enum ioas_counter */
#define USAGE_NO_LIMIT UINT64_MAX

/* One mm: processes that share it are the first of them. Pages are 4 KiB. */
struct usage_process {
	struct usage_task task; /* as the kernel has it; .comm is terminated */
	char *cgroup; /* path in cgroup v2; NULL: not known */
	uint32_t shared; /* further processes with this mm */
	uint64_t charged[USAGE_COUNTERS]; /* pages, by IOASes, for memory of this process */
};

struct usage_user {
	uint32_t uid;
	size_t processes; /* mms */
	uint64_t locked; /* pages, user_struct.locked_vm */
	uint64_t mm_locked; /* pages, sums over its mms */
	uint64_t mm_pinned;
	uint64_t charged[USAGE_COUNTERS]; /* pages, by IOASes */
	uint64_t limit_min; /* bytes: the lowest and highest limit among its processes, */
	uint64_t limit_max; /* USAGE_NO_LIMIT for those with CAP_IPC_LOCK */
};

struct usage {
	struct usage_process *processes; /* by user, then by number */
	size_t nprocesses;
	struct usage_user *users; /* by number */
	size_t nusers;
	uint64_t unowned[USAGE_COUNTERS]; /* pages charged for processes or users that are gone */
};

/* Adds a process: 0, or -ENOMEM with nothing changed. `cgroup` is copied; NULL: not known. */
int usage_add(struct usage *u, const struct usage_task *task, const char *cgroup);

/*
 * Sorts, makes the users, and takes from a state what IOASes have charged to them.
 * After the last usage_add(), once. 0 or -ENOMEM.
 */
int usage_finish(struct usage *u, const struct state *s);

/* Empties *u and frees what it owns. */
void usage_clear(struct usage *u);

/* The limit that the next map of a process is held against, bytes or USAGE_NO_LIMIT. */
uint64_t usage_limit(const struct usage_task *task);

/*
 * Bytes that are left below a limit when so many pages are counted: 0 if there are
 * more, USAGE_NO_LIMIT without one. The kernel compares whole pages of the limit.
 */
uint64_t usage_left(uint64_t limit, uint64_t pages);

#define _cleanup_usage_ __attribute__((cleanup(usage_clear)))

#endif
