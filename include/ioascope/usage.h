/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process and its user have locked and pinned, as the kernel counts it.
 * Kernel addresses tell which processes share a counter; they are not printed.
 */
#ifndef IOASCOPE_USAGE_H
#define IOASCOPE_USAGE_H

#include <ioascope/event.h>
#include <linux/types.h>

struct usage_task {
	__u64 mm; /* address */
	__u64 user; /* address */
	__u64 user_locked; /* pages, user_struct.locked_vm */
	__u64 mm_locked; /* pages, mm->locked_vm: VmLck */
	__u64 mm_pinned; /* pages, mm->pinned_vm: VmPin */
	__u64 memlock; /* bytes, the soft RLIMIT_MEMLOCK; ~0: no limit */
	__u32 tgid;
	__u32 uid; /* of the user, in the initial user namespace */
	__u32 ipc_lock; /* 1: CAP_IPC_LOCK is effective: no limit */
	__u32 pad;
	char comm[IOAS_COMM_LEN];
};

_Static_assert(sizeof(struct usage_task) == 80, "usage_task layout");

#endif
