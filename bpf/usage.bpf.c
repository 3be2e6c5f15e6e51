// SPDX-License-Identifier: GPL-2.0
/*
 * Reads the counters that limits on locked memory are held against, of each
 * process: one of them, user_struct.locked_vm, stands in no file.
 *
 * The iterator holds a reference of the task; mm and cred are read without one,
 * by reads that cannot fault, and may be a moment old.
 */
#include "flavours.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <ioascope/usage.h>
#include <linux/bpf.h>

char LICENSE[] SEC("license") = "GPL";

#define RLIMIT_MEMLOCK 8 /* include/uapi/asm-generic/resource.h */
#define CAP_IPC_LOCK 14 /* include/uapi/linux/capability.h */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct atomic64___usage {
	__s64 counter;
};

struct user_struct___usage {
	struct atomic64___usage locked_vm;
	kuid_t uid;
};

struct kernel_cap_struct {
	int pad;
};

struct cred___usage {
	struct kernel_cap_struct cap_effective;
	struct user_struct___usage *user;
};

struct mm_struct___usage {
	struct atomic64___usage pinned_vm;
	unsigned long locked_vm;
};

struct task_struct___usage {
	int pid;
	int tgid;
	struct mm_struct___usage *mm;
	const struct cred___usage *cred;
	struct signal_struct *signal;
	struct task_struct___usage *group_leader;
	char comm[16];
};

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct___usage *task;
};

#pragma clang attribute pop

/* Its lowest word, whether the kernel has it as one of 64 bits or two of 32. */
static __always_inline __u32 effective_caps(const struct cred___usage *cred)
{
	__u32 word = 0;

	bpf_probe_read_kernel(&word, sizeof(word),
			      (const void *)cred +
				      bpf_core_field_offset(struct cred___usage, cap_effective));
	return word;
}

/* A process whose first thread has ended is told by those that it left. */
static __always_inline bool speaks(const struct task_struct___usage *task)
{
	return BPF_CORE_READ(task, pid) == BPF_CORE_READ(task, tgid) ||
	       !BPF_CORE_READ(task, group_leader, mm);
}

SEC("iter/task")
int usage_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct___usage *task = ctx->task;
	struct mm_struct___usage *mm;
	const struct cred___usage *cred;
	struct user_struct___usage *user;
	struct usage_task t = {};

	if (!task)
		return 0;
	mm = BPF_CORE_READ(task, mm);
	if (!mm || !speaks(task))
		return 0;
	cred = BPF_CORE_READ(task, cred);
	user = BPF_CORE_READ(cred, user);
	t.mm = (__u64)mm;
	t.user = (__u64)user;
	t.user_locked = BPF_CORE_READ(user, locked_vm.counter);
	t.uid = BPF_CORE_READ(user, uid.val);
	t.mm_locked = BPF_CORE_READ(mm, locked_vm);
	t.mm_pinned = BPF_CORE_READ(mm, pinned_vm.counter);
	t.memlock = BPF_CORE_READ(task, signal, rlim[RLIMIT_MEMLOCK].rlim_cur);
	t.tgid = BPF_CORE_READ(task, tgid);
	t.ipc_lock = effective_caps(cred) >> CAP_IPC_LOCK & 1;
	BPF_CORE_READ_STR_INTO(&t.comm, task, comm);
	bpf_seq_write(ctx->meta->seq, &t, sizeof(t));
	return 0;
}
