/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who called: the stacks of ops that map and unmap, where they are wanted. They are
 * taken as the op begins, by the task that runs it, and found by the op's number. The
 * oldest make room for new ones.
 */
#ifndef IOASCOPE_STACKS_BPF_H
#define IOASCOPE_STACKS_BPF_H

#include "emit.bpf.h"

/* Set by the loader: without it nothing of this is there. */
const volatile bool stacks_wanted;

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct ioas_stack);
} ioas_stacks SEC(".maps");

static const struct ioas_stack no_stack;

static __noinline int stack_take(__u64 op)
{
	struct task_struct *me = bpf_get_current_task_btf();
	struct ioas_stack *s;

	if (!stacks_wanted || bpf_map_update_elem(&ioas_stacks, &op, &no_stack, BPF_ANY))
		return 0;
	s = bpf_map_lookup_elem(&ioas_stacks, &op);
	if (!s)
		return 0;
	bpf_get_task_stack(me, s->kernel, sizeof(s->kernel), 0);
	bpf_get_task_stack(me, s->user, sizeof(s->user), BPF_F_USER_STACK);
	return 0;
}

/* Ops after which something is mapped that was not, or is not any more. */
static __always_inline bool stack_worth(__u32 what)
{
	switch (what) {
	case IOAS_OP_MAP:
	case IOAS_OP_COPY:
	case IOAS_OP_UNMAP:
	case IOAS_OP_DETACH:
	case IOAS_OP_DESTROY:
	case IOAS_OP_RELEASE:
	case IOAS_OP_CLOSE:
		return stacks_wanted;
	default:
		return false;
	}
}

#endif
